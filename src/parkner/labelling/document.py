"""Second pass over a document: what was found surely once votes for its other mentions (tier 2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parkner.labelling.functions import Article, Found, document_function
from parkner.spans import Span

SURE = 0.8  # score from which on a name counts as found
_LEAST = 3  # characters


@document_function("ORG", "PARK")
def same_name_elsewhere(article: Article, spans: Sequence[Span]) -> Iterator[Found]:
    """Other mentions of a name found surely once: 江天科技, 高竹新区. Misses mentions inside other spans.

    Names of fewer than three characters are left out: they occur inside other words.
    """
    names: dict[str, set[str]] = {}
    for span in spans:
        if span.label in ("ORG", "PARK") and (span.score or 0.0) >= SURE and span.end - span.start >= _LEAST:
            names.setdefault(article.text[span.start : span.end], set()).add(span.label)
    taken = bytearray(len(article.text))
    for span in spans:
        taken[span.start : span.end] = b"\1" * (span.end - span.start)
    for name, labels in names.items():
        if len(labels) != 1:
            continue  # the article itself is of two minds
        label = next(iter(labels))
        at = article.text.find(name)
        while at >= 0:
            if not any(taken[at : at + len(name)]):  # inside a longer name it is that name's part
                yield at, at + len(name), label
            at = article.text.find(name, at + 1)
