"""``report.html``: one page that needs nothing else (tier 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from parkner.comparison import Comparison
from parkner.evaluation import Evaluation
from parkner.gate import GateResult
from parkner.spans import UsageError


def render_html(
    evaluation: Evaluation,
    *,
    comparison: Comparison | None = None,
    gates: Sequence[GateResult] = (),
    title: str = "Evaluation",
    run: Mapping[str, Any] | None = None,
) -> str:
    """HTML of a report.

    Raises:
        UsageError: If Jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError:
        raise UsageError("Jinja2 is not installed: pip install 'parkner[report]'") from None
    environment = Environment(
        loader=PackageLoader("parkner"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        evaluation=evaluation, comparison=comparison, gates=gates, title=title, run=run
    )
