"""The report on labelling functions as one HTML page (tier 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from parkner.spans import UsageError

_ROW, _LEFT, _WIDTH = 18, 230, 720


def render(report: Mapping[str, Any]) -> str:
    """HTML of `Report.as_dict`.

    Every text passes Jinja2's autoescape; only the plots, which hold numbers and escaped names, are markup.

    Raises:
        UsageError: If Jinja2 is not installed.
    """
    try:
        from jinja2 import Environment
    except ImportError:
        raise UsageError("--report: Jinja2 is not installed; pip install 'parkner[report]'") from None
    source = (resources.files("parkner") / "templates" / "labelling.html.j2").read_text(encoding="utf-8")
    template = Environment(autoescape=True).from_string(source)
    functions: Sequence[Mapping[str, Any]] = report["functions"]
    plots = {label: _votes_plot([f for f in functions if f["label"] == label]) for label in report["labels"]}
    wrong = sorted(functions, key=lambda f: f["right"] - f["scored"])
    return template.render(
        r=report,
        plots={label: plot for label, plot in plots.items() if plot},
        to_fix=[f for f in wrong if f["scored"] > f["right"]][:5],
        pct=lambda value: f"{value:.1%}",
        num=lambda value: "–" if value is None else f"{value:.3f}",
        share=lambda part, whole: f"{part / whole:.0%}" if whole else "–",
        histogram=_histogram,
    )


def _markup(parts: Sequence[str]) -> Any:
    from markupsafe import Markup

    return Markup("".join(parts))


def _histogram(counts: Sequence[int]) -> Any:
    """Ten bars, one a tenth of the score."""
    most = max(counts) or 1
    bars = [
        f'<rect class="bar" x="{i * 14}" y="{28 - 28 * count / most:.1f}" width="12" height="{28 * count / most:.1f}">'
        f"<title>{i / 10:.1f} to {(i + 1) / 10:.1f}: {count} spans</title></rect>"
        for i, count in enumerate(counts)
    ]
    return _markup(
        ['<svg viewBox="0 0 140 28" width="140" height="28" role="img" aria-label="scores">', *bars, "</svg>"]
    )


def _votes_plot(functions: Sequence[Mapping[str, Any]]) -> Any:
    """A bar of votes for every function; with gold split into right, wrong and not scored."""
    from markupsafe import escape

    shown = [f for f in functions if f["votes"]]
    if not shown:
        return ""
    most = max(f["votes"] for f in shown)
    height = _ROW * len(shown)
    parts = [f'<svg viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" role="img" aria-label="votes">']
    for row, figures in enumerate(shown):
        y = row * _ROW
        name = escape(figures["function"])
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{name}</text>')
        x = float(_LEFT)
        wrong = figures["scored"] - figures["right"]
        rest = figures["votes"] - figures["scored"]
        for kind, count in (("right", figures["right"]), ("wrong", wrong), ("bar", max(0, rest))):
            width = (_WIDTH - _LEFT - 70) * count / most
            if width > 0:
                parts.append(
                    f'<rect class="{kind}" x="{x:.1f}" y="{y + 3}" width="{width:.1f}" height="{_ROW - 6}">'
                    f"<title>{name}: {count:,} {'votes without gold' if kind == 'bar' else kind}</title></rect>"
                )
                x += width
        parts.append(f'<text x="{x + 6:.1f}" y="{y + 13}">{figures["votes"]:,}</text>')
    parts.append("</svg>")
    return _markup(parts)
