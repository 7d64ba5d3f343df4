"""``report.html``: one page that needs nothing else, neither a network nor another file (tier 4).

Everything a page may be handed from outside (texts, ids, labels, file names) passes Jinja2's autoescape, or travels as
JSON data and is put on the page as text nodes. The content security policy lets only the page's own script run and
nothing be loaded, so that a slip in the one would still be stopped by the other.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from parkner.comparison import CHANGES, Comparison, SpanChange
from parkner.evaluation import NO_SPAN, Evaluation
from parkner.gate import GateResult
from parkner.metrics import MACRO, MICRO
from parkner.report.articles import pack_articles
from parkner.report.charts import curve_chart, reliability_chart
from parkner.report.markdown import CHANGE_NAMES, KIND_NAMES
from parkner.spans import UsageError

COLOURS = 8  # label colours in the style sheet
MOST_SOURCES = 40
MOST_CONFUSED = 20  # labels in the confusion table, whose size is their square
MOST_CURVES = COLOURS  # lines in one chart that the eye can tell apart
MOST_CHANGES = 40


def render_html(
    evaluation: Evaluation,
    *,
    comparison: Comparison | None = None,
    gates: Sequence[GateResult] = (),
    title: str = "Evaluation",
    run: Mapping[str, Any] | None = None,
) -> str:
    """HTML of a report.

    Args:
        evaluation, comparison, gates, title, run: As in `parkner.report.write_report`.

    Raises:
        UsageError: If Jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
        from markupsafe import Markup
    except ImportError:
        raise UsageError("Jinja2 is not installed: pip install 'parkner[report]'") from None
    environment = Environment(
        loader=PackageLoader("parkner"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["score"] = lambda value: f"{value:.4f}"
    environment.filters["percent"] = lambda value: f"{100 * value:.2f}%"
    environment.filters["number"] = lambda value: f"{value:,}"
    script, style = (_resource(name) for name in ("report.js", "report.css"))
    gains = None
    if comparison:
        gains = comparison.gains
    articles = pack_articles(evaluation.documents, evaluation.labels, gains)
    colours = {label: f"l{index % COLOURS}" for index, label in enumerate(evaluation.labels)}
    calibration = evaluation.calibration[MICRO]
    largest = _largest(evaluation, MOST_CURVES)
    return environment.get_template("report.html.j2").render(
        title=title,
        script=Markup(script),
        style=Markup(style),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        evaluation=evaluation,
        strict=evaluation.scores["strict"],
        intervals=evaluation.intervals.get("strict", {}),
        targets=(*evaluation.labels, MICRO, MACRO),
        best=(evaluation.curves[MICRO].best or ()),
        colours=colours,
        gates=gates,
        broken=sum(not result.passed for result in gates),
        comparison=comparison,
        scale=_scale(comparison),
        changes=_changes(comparison),
        change_names=CHANGE_NAMES,
        kind_names=KIND_NAMES,
        errors_total=sum(sum(found.values()) for found in evaluation.errors.values()),
        errors_most=max((sum(found.values()) for found in evaluation.errors.values()), default=0),
        confusion=_confusion(evaluation),
        confused=_largest(evaluation, MOST_CONFUSED),
        largest=largest,
        calibration=calibration,
        reliability=Markup(reliability_chart(calibration)) if calibration.count else "",
        curves=Markup(curve_chart({label: evaluation.curves[label] for label in largest}, colours))
        if calibration.count
        else "",
        sources=sorted(evaluation.by_source.items(), key=lambda item: (-item[1][0], item[0])),
        most_sources=MOST_SOURCES,
        notes=[*evaluation.notes, *(comparison.notes if comparison else ())],
        articles=articles,
        articles_json=Markup(articles.json),
        run=run or {},
    )


def _resource(name: str) -> str:
    return resources.files("parkner").joinpath("templates", name).read_text(encoding="utf-8")


def _scale(comparison: Comparison | None) -> float:
    """Half the width of the axis on which changes are drawn."""
    if comparison is None:
        return 0.01
    edges = [
        abs(edge)
        for values in comparison.differences.values()
        for edge in (values["f1"].change, values["f1"].low, values["f1"].high)
        if edge is not None
    ]
    return max(0.01, *edges)


def _changes(comparison: Comparison | None) -> dict[str, list[dict[str, Any]]]:
    """Examples of spans that changed, evenly over the documents, with the text around them."""
    if comparison is None:
        return {}
    out: dict[str, list[dict[str, Any]]] = {}
    for kind in CHANGES:
        found = [change for change in comparison.changes if change.kind == kind]
        out[kind] = [_shown(change) for change in found[:: max(1, -(-len(found) // MOST_CHANGES))]]
    return out


def _shown(change: SpanChange, around: int = 18) -> dict[str, Any]:
    text, span = change.document.text, change.span
    return {
        "id": change.document.id,
        "label": span.label,
        "before": text[max(0, span.start - around) : span.start],
        "text": text[span.start : span.end],
        "after": text[span.end : span.end + around],
    }


def _largest(evaluation: Evaluation, most: int) -> list[str]:
    """The labels with most gold and predicted spans, sorted by name."""
    strict = evaluation.scores["strict"]
    ranked = sorted(evaluation.labels, key=lambda label: -(strict[label].support + strict[label].predicted))
    return sorted(ranked[:most])


def _confusion(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Rows of the confusion table: a cell holds its count and its share of the row."""
    names = [*_largest(evaluation, MOST_CONFUSED), NO_SPAN]
    rows = []
    for gold in names:
        counts = [evaluation.confusion[gold, predicted] for predicted in names]
        total = sum(counts)
        cells = [
            {"predicted": predicted, "count": count, "share": count / total if total else 0.0}
            for predicted, count in zip(names, counts, strict=True)
        ]
        rows.append({"gold": gold, "total": total, "cells": cells})
    return rows
