"""Documents and spans: the one vocabulary of the project (tier 0).

Offsets are Unicode code points of ``Document.text``, end exclusive. Both classes check themselves once, when they are
made; everything after may trust them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from parkner.errors import DataError, ModelError, ParknerError, UsageError
from parkner.offsets import OffsetMap

__all__ = ["DataError", "Document", "ModelError", "ParknerError", "Span", "UsageError", "without_overlaps"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A labelled stretch of a document's text.

    Attributes:
        start, end: Code points of ``Document.text``, end exclusive; ``0 <= start < end``.
        label: The type, such as ``"ORG"``; not empty.
        score: Confidence in [0, 1], or None where there is none (gold).
        value: What the span stands for (an amount, a date interval) as JSON-ready mapping, or None.
        value_error: Why there is no value, where one was asked for.
        sources: Names of the labelling functions that voted for a weak span.

    Raises:
        DataError: If the offsets or the score are out of range or the label is empty.
    """

    start: int
    end: int
    label: str
    score: float | None = field(default=None, compare=False)
    value: Mapping[str, Any] | None = field(default=None, compare=False)
    value_error: str | None = field(default=None, compare=False)
    sources: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if type(self.start) is not int or type(self.end) is not int:
            raise DataError(f"span offsets must be integers, not {self.start!r}, {self.end!r}")
        if not 0 <= self.start < self.end:
            raise DataError(f"span needs 0 <= start < end, not [{self.start}, {self.end})")
        if not isinstance(self.label, str) or not self.label:
            raise DataError(f"span label must be a non-empty string, not {self.label!r}")
        if self.score is not None and not 0.0 <= self.score <= 1.0:
            raise DataError(f"span score must lie in [0, 1], not {self.score!r}")

    def overlaps(self, other: Span) -> bool:
        """Whether the two share a character."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Document:
    """A text with its spans.

    Attributes:
        id: Name of the document, unique in a run.
        text: The text that all offsets refer to.
        spans: Flat (not overlapping) and sorted; given in any order.
        date: Publication date, the reference of relative dates.
        source: Where it came from: a site, a file.
        title: The headline, where one was found.
        meta: Anything else that is to travel along (JSON-ready).
        raw: Place of every character of ``text`` in the decoded page it was taken from; None where ``text`` is
            all there was.

    Raises:
        DataError: If a span ends behind the text, or two spans overlap.
    """

    id: str
    text: str
    spans: tuple[Span, ...] = ()
    date: dt.date | None = None
    source: str | None = None
    title: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    raw: OffsetMap | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise DataError(f"document {self.id!r}: text must be a string, not {type(self.text).__name__}")
        object.__setattr__(self, "spans", tuple(sorted(self.spans)))
        for left, right in zip(self.spans, self.spans[1:], strict=False):
            if left.overlaps(right):
                raise DataError(
                    f"document {self.id!r}: spans overlap: "
                    f"[{left.start}, {left.end}) {left.label} and [{right.start}, {right.end}) {right.label}"
                )
        if self.spans and self.spans[-1].end > len(self.text):
            last = self.spans[-1]
            raise DataError(
                f"document {self.id!r}: span [{last.start}, {last.end}) {last.label} ends behind the text "
                f"({len(self.text)} characters)"
            )
        if self.raw is not None and len(self.raw) != len(self.text):
            raise DataError(
                f"document {self.id!r}: raw places for {len(self.raw)} characters, text has {len(self.text)}"
            )

    def text_of(self, span: Span) -> str:
        """The characters of a span."""
        return self.text[span.start : span.end]


def without_overlaps(spans: Sequence[Span]) -> list[Span]:
    """Picks a flat subset: higher score first, then the longer, then the earlier ("longest name wins").

    Args:
        spans: Any spans of one text; a missing score counts as 1.

    Returns:
        Spans that share no character, sorted by start.
    """
    ranked = sorted(
        spans, key=lambda s: (-(1.0 if s.score is None else s.score), s.start - s.end, s.start, s.label)
    )
    kept: list[Span] = []
    for span in ranked:
        if not any(span.overlaps(other) for other in kept):
            kept.append(span)
    return sorted(kept)
