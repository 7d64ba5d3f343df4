"""One set of spans from two taggers that err differently (tier 2, no torch).

Labelling functions and a network that was finished on gold are wrong in different places: where they agree they are
nearly always right (docs/training.md has the figures), so agreement is believed, and what only one of them finds has
to be surer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from parkner.spans import DataError, Document, Span


def agreed_spans(
    first: Sequence[Span], second: Sequence[Span], *, least_first: float, least_second: float
) -> list[Span]:
    """Flat spans that both have, and those of one alone that are sure enough.

    Args:
        first, second: Flat spans of two taggers on one text; no score counts as 1.
        least_first, least_second: Least score of a span that only this tagger found.

    Returns:
        Sorted by place. A span that both have gets the higher score. Of spans of one alone that overlap, the one that
        is further above its least score stays.
    """
    others = {(span.start, span.end, span.label): span for span in second}
    both = []
    alone: list[tuple[float, Span]] = []
    for span in first:
        twin = others.pop((span.start, span.end, span.label), None)
        if twin is not None:
            both.append(replace(span, score=max(_score(span), _score(twin))))
        elif _score(span) >= least_first:
            alone.append((_score(span) - least_first, span))
    alone += [(_score(s) - least_second, s) for s in others.values() if _score(s) >= least_second]
    chosen = list(both)
    for _, span in sorted(alone, key=lambda item: (-item[0], item[1].start)):
        if not any(span.overlaps(other) for other in chosen):
            chosen.append(span)
    return sorted(chosen, key=lambda span: span.start)


def agreed_documents(
    first: Iterable[Document], second: Iterable[Document], *, least_first: float, least_second: float
) -> Iterator[Document]:
    """The documents of two runs over the same articles, with their `agreed_spans`.

    Args:
        first, second: The same documents; of ``second`` the spans are looked at, and its order does not matter.
        least_first, least_second: See `agreed_spans`.

    Raises:
        DataError: If a document is missing from ``second`` or has another text there; names it.
    """
    known = {document.id: document for document in second}
    for document in first:
        other = known.get(document.id)
        if other is None or other.text != document.text:
            what = "is missing" if other is None else "has another text"
            raise DataError(f"document {document.id!r} {what} in the second file")
        spans = agreed_spans(document.spans, other.spans, least_first=least_first, least_second=least_second)
        yield replace(document, spans=tuple(spans))


def _score(span: Span) -> float:
    return 1.0 if span.score is None else span.score
