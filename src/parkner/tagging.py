"""Spans <-> BIO tags, a tag a character (tier 1).

Tags are strict IOB2: every span begins with ``B-``; ``I-`` follows ``B-`` or ``I-`` of the same label only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from parkner.spans import DataError, Span

OUTSIDE = "O"


def bio_tags(labels: Sequence[str]) -> list[str]:
    """The tags of a label list, in the order of their ids: ``O``, then ``B-`` and ``I-`` of each label."""
    return [OUTSIDE] + [f"{prefix}-{label}" for label in labels for prefix in ("B", "I")]


def spans_to_tags(spans: Sequence[Span], length: int) -> list[str]:
    """Tags of a text from its spans.

    Args:
        spans: Flat spans in characters.
        length: Characters of the text.

    Raises:
        DataError: If spans overlap or end behind the text.
    """
    tags = [OUTSIDE] * length
    for span in spans:
        if span.end > length:
            raise DataError(f"span [{span.start}, {span.end}) {span.label} ends behind {length} characters")
        if any(tag != OUTSIDE for tag in tags[span.start : span.end]):
            raise DataError(f"span [{span.start}, {span.end}) {span.label} overlaps another")
        tags[span.start] = f"B-{span.label}"
        for position in range(span.start + 1, span.end):
            tags[position] = f"I-{span.label}"
    return tags


def tags_to_spans(tags: Sequence[str]) -> list[Span]:
    """Spans of a tag sequence, strictly: an ``I-`` that follows nothing of its label starts no span."""
    spans: list[Span] = []
    start, label = -1, ""
    for position, tag in enumerate([*tags, OUTSIDE]):
        if start >= 0 and tag != f"I-{label}":
            spans.append(Span(start, position, label))
            start = -1
        if tag.startswith("B-"):
            start, label = position, tag[2:]
    return spans


def allowed_transitions(tags: Sequence[str]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which tag may follow which in strict IOB2.

    Returns:
        ``(steps, starts)``: ``steps[i, j]`` whether tag j may follow tag i, *shape* (tags, tags); ``starts[j]``
        whether a sequence may begin with tag j, *shape* (tags,).
    """
    count = len(tags)
    steps = np.ones((count, count), dtype=np.bool_)
    starts = np.ones(count, dtype=np.bool_)
    for j, tag in enumerate(tags):
        if tag.startswith("I-"):
            starts[j] = False
            for i, before in enumerate(tags):
                steps[i, j] = before != OUTSIDE and before[2:] == tag[2:]
    return steps, starts
