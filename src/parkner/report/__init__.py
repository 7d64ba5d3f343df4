"""Evaluation reports: ``metrics.json``, ``report.md``, ``report.html``, ``junit.xml`` (tier 4)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from parkner.comparison import Comparison
from parkner.evaluation import Evaluation
from parkner.gate import GateResult
from parkner.report.html import render_html
from parkner.report.junit import render_junit
from parkner.report.markdown import render_markdown


def write_report(
    out: Path | str,
    evaluation: Evaluation,
    *,
    comparison: Comparison | None = None,
    gates: Sequence[GateResult] = (),
    title: str = "Evaluation",
    run: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Writes the four files of a report into a folder (made where it is missing).

    Args:
        out: The folder.
        evaluation: The scores.
        comparison: With a baseline.
        gates: What was checked.
        title: Headline of the page.
        run: How the scores came about (`parkner.runtime.run_manifest`), kept in ``metrics.json``.

    Returns:
        The files.

    Raises:
        UsageError: If Jinja2 is not installed.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    metrics = metrics_dict(evaluation, comparison=comparison, gates=gates, run=run)
    contents = {
        "metrics.json": metrics_json(metrics),
        "report.md": render_markdown(evaluation, comparison=comparison, gates=gates, title=title),
        "junit.xml": render_junit(evaluation, gates),
        "report.html": render_html(evaluation, comparison=comparison, gates=gates, title=title, run=run),
    }
    paths = []
    for name, content in contents.items():
        path = out / name
        partial = out / f"{name}.partial"
        # "surrogatepass" would write what no reader takes; a lone surrogate in a text is shown as "?".
        partial.write_bytes(content.encode("utf-8", "replace"))
        partial.replace(path)
        paths.append(path)
    return paths


def metrics_dict(
    evaluation: Evaluation,
    *,
    comparison: Comparison | None = None,
    gates: Sequence[GateResult] = (),
    run: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The content of ``metrics.json``: `Evaluation.to_dict` with comparison, gates and run."""
    body = evaluation.to_dict()
    documents = body.pop("documents")
    return {
        **body,
        "comparison": comparison.to_dict() if comparison else None,
        "gates": [
            {
                "kind": result.gate.kind,
                "name": result.gate.name,
                "limit": result.gate.limit,
                "value": round(result.value, 6),
                "baseline": None if result.baseline is None else round(result.baseline, 6),
                "passed": result.passed,
                "message": result.message,
            }
            for result in gates
        ],
        "run": dict(run) if run else None,
        "documents": documents,
    }


def metrics_json(metrics: Mapping[str, Any]) -> str:
    """JSON text of `metrics_dict`: indented for people, but one line a document and one a list of numbers."""
    marks: dict[str, str] = {}

    def fold(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: fold(item) for key, item in value.items()}
        if isinstance(value, list) and value and all(isinstance(x, (int, float)) for x in value):
            return mark(value)
        return [fold(item) for item in value] if isinstance(value, list) else value

    def mark(value: Any) -> str:
        key = f"\x00{len(marks)}\x00"
        marks[json.dumps(key)] = json.dumps(value, ensure_ascii=False)
        return key

    body = {key: value for key, value in metrics.items() if key != "documents"}
    shown = json.dumps(fold(body), ensure_ascii=False, indent=2)
    lines = ",\n".join("    " + json.dumps(record, ensure_ascii=False) for record in metrics["documents"])
    for key, text in marks.items():
        shown = shown.replace(key, text, 1)
    return f'{shown[:-2]},\n  "documents": [\n{lines}\n  ]\n}}\n'
