"""The articles of the report page: which ones, how much of their text, in which form (tier 4).

A page that is to open anywhere cannot hold ten thousand articles. While they fit, all of them are there in full;
beyond that the text away from errors is left out, then articles are sampled. The page says which.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parkner.evaluation import EvaluatedDocument
from parkner.matching import CORRECT, ERROR_KINDS, Match
from parkner.spans import Span

BUDGET = 3_600_000  # bytes of JSON; leaves the page well under 5 MB
CONTEXT = 60  # characters kept on either side of an error in a shortened article

KINDS = (CORRECT, *ERROR_KINDS)


@dataclass(frozen=True, slots=True)
class Articles:
    """Articles for the page.

    Attributes:
        json: JSON text, safe inside a ``<script>`` element of HTML.
        shown, total: How many articles are in it, and how many there are.
        shortened: Whether text away from errors was left out.
    """

    json: str
    shown: int
    total: int
    shortened: bool


def pack_articles(
    documents: Sequence[EvaluatedDocument],
    labels: Sequence[str],
    gains: Mapping[str, int] | None = None,
    *,
    budget: int = BUDGET,
) -> Articles:
    """Packs articles for the page, as many as fit.

    Half of a sample are the articles with most errors, half are drawn evenly from the rest that has any (by a hash of
    the id, so that the same run shows the same ones).

    Args:
        documents: All articles.
        labels: Labels in the order of their numbers.
        gains: For each id, how many errors fewer than the baseline has.
        budget: Bytes of JSON.
    """
    sources = sorted({document.source for document in documents})
    frame = {
        "labels": list(labels),
        "kinds": list(KINDS),
        "sources": sources[:1000],
        "compared": gains is not None,
    }
    number = {label: index for index, label in enumerate(labels)}
    place = {source: index for index, source in enumerate(sources[:1000])}

    def record(document: EvaluatedDocument, shorten: bool) -> str:
        return _script_json(_record(document, number, place.get(document.source, -1), gains, shorten))

    budget -= len(_script_json(frame).encode("utf-8", "replace"))
    shortened = sum(len(d.text.encode("utf-8", "replace")) for d in documents) > budget
    packed: dict[str, str] = {}
    if not shortened:
        packed = {document.id: record(document, False) for document in documents}
        shortened = sum(len(text.encode("utf-8", "replace")) + 1 for text in packed.values()) > budget
    if shortened:
        packed, used = {}, 0
        for document in _by_interest(documents):
            text = record(document, True)
            used += len(text.encode("utf-8", "replace")) + 1
            if used > budget:
                break
            packed[document.id] = text
    body = ",\n".join(packed[document.id] for document in documents if document.id in packed)
    return Articles(
        json=f'{{"frame":{_script_json(frame)},"articles":[\n{body}\n]}}',
        shown=len(packed),
        total=len(documents),
        shortened=shortened,
    )


def _by_interest(documents: Sequence[EvaluatedDocument]) -> list[EvaluatedDocument]:
    with_errors = [document for document in documents if document.errors]
    worst = sorted(with_errors, key=lambda d: (-d.errors, d.id))
    drawn = sorted(with_errors, key=lambda d: hashlib.sha256(d.id.encode("utf-8", "replace")).digest())
    order: dict[str, EvaluatedDocument] = {}
    for pair in zip(worst, drawn, strict=True):
        for document in pair:
            order[document.id] = document
    for document in documents:
        order.setdefault(document.id, document)
    return list(order.values())


def _record(
    document: EvaluatedDocument,
    number: Mapping[str, int],
    source: int,
    gains: Mapping[str, int] | None,
    shorten: bool,
) -> dict[str, Any]:
    matches = document.matches
    pieces = [[0, document.text]]
    if shorten:
        kept = _around_errors(document)
        pieces = [[start, document.text[start:end]] for start, end in kept]
        matches = tuple(m for m in matches if any(_inside(m, piece) for piece in kept))
    out: dict[str, Any] = {
        "id": document.id,
        "s": source,
        "n": len(document.text),
        "c": [len(document.gold), len(document.predicted), sum(m.kind == CORRECT for m in document.matches)],
        "p": pieces,
        "m": [[KINDS.index(m.kind), _span(m.gold, number), _span(m.predicted, number)] for m in matches],
    }
    if gains is not None:
        out["d"] = gains.get(document.id)
    return out


def _span(span: Span | None, number: Mapping[str, int]) -> list[float] | int:
    if span is None:
        return 0
    place: list[float] = [span.start, span.end, number[span.label]]
    return place if span.score is None else [*place, round(span.score, 3)]


def _around_errors(document: EvaluatedDocument) -> list[tuple[int, int]]:
    """Stretches of text around errors, merged where they meet; they never cut a span of an error."""
    kept: list[tuple[int, int]] = []
    for match in document.matches:
        spans = [span for span in (match.gold, match.predicted) if span]
        if match.kind == CORRECT:
            continue
        start = max(0, min(span.start for span in spans) - CONTEXT)
        end = min(len(document.text), max(span.end for span in spans) + CONTEXT)
        if kept and start <= kept[-1][1]:
            kept[-1] = (min(kept[-1][0], start), max(kept[-1][1], end))
        else:
            kept.append((start, end))
    return kept


def _inside(match: Match, piece: tuple[int, int]) -> bool:
    spans = [span for span in (match.gold, match.predicted) if span]
    return min(span.start for span in spans) >= piece[0] and max(span.end for span in spans) <= piece[1]


def _script_json(value: Any) -> str:
    """JSON that HTML cannot read as anything else: no ``<``, ``>`` or ``&``, nothing JavaScript takes for a line end."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
