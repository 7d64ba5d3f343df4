"""Charts as inline SVG: small, sharp, coloured by the page's style sheet (tier 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from parkner.calibration import Calibration, Curve

WIDTH, HEIGHT = 420, 320
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 40


def curve_chart(curves: Mapping[str, Curve], colours: Mapping[str, str]) -> str:
    """Precision against recall, a line for each label; the dot is where all spans are kept.

    Args:
        curves: By label; those without points are left out.
        colours: CSS class of each label.
    """
    shown = {label: curve for label, curve in curves.items() if curve.points}
    # The first few spans alone make any precision: they do not set the axis.
    points = [point for curve in shown.values() for point in curve.points if point[2] >= 0.1]
    low = _floor(min((precision for _, precision, _ in points), default=0))
    x, y = _scale(0, 1, LEFT, WIDTH - RIGHT), _scale(low, 1, HEIGHT - BOTTOM, TOP)
    parts = _axes(low, "recall", "precision")
    for label, curve in shown.items():
        path = " ".join(
            f"{x(recall):.1f},{y(max(precision, low)):.1f}" for _, precision, recall in curve.points
        )
        name = escape(label)
        parts.append(
            f'<polyline class="line {colours[label]}" points="{path}"><title>{name}</title></polyline>'
        )
        _, precision, recall = curve.points[-1]
        parts.append(
            f'<circle class="dot {colours[label]}" cx="{x(recall):.1f}" cy="{y(max(precision, low)):.1f}" r="4">'
            f"<title>{name}: precision {precision:.3f}, recall {recall:.3f} with all spans</title></circle>"
        )
    return _svg(parts, "Precision against recall for every label")


def reliability_chart(calibration: Calibration) -> str:
    """Precision of the spans of each score bin, against the diagonal; bars show how many spans a bin holds."""
    x, y = _scale(0, 1, LEFT, WIDTH - RIGHT), _scale(0, 1, HEIGHT - BOTTOM, TOP)
    parts = _axes(0, "score", "precision")
    most = max((line[2] for line in calibration.bins), default=1)
    for low, high, count, _, _ in calibration.bins:
        tall = (HEIGHT - TOP - BOTTOM) * 0.35 * count / most
        parts.append(
            f'<rect class="bin" x="{x(low) + 1:.1f}" y="{y(0) - tall:.1f}" width="{x(high) - x(low) - 2:.1f}" '
            f'height="{tall:.1f}"><title>score {low:.1f} to {high:.1f}: {count:,} spans</title></rect>'
        )
    parts.append(f'<line class="ideal" x1="{x(0)}" y1="{y(0)}" x2="{x(1)}" y2="{y(1)}"/>')
    path = " ".join(f"{x(score):.1f},{y(precision):.1f}" for *_, score, precision in calibration.bins)
    parts.append(f'<polyline class="line accent" points="{path}"/>')
    for _, _, count, score, precision in calibration.bins:
        parts.append(
            f'<circle class="dot accent" cx="{x(score):.1f}" cy="{y(precision):.1f}" r="4">'
            f"<title>mean score {score:.3f}, precision {precision:.3f}, {count:,} spans</title></circle>"
        )
    return _svg(parts, "Precision of predicted spans by score")


class _Scale:
    def __init__(self, low: float, high: float, first: float, last: float) -> None:
        self._low, self._span = low, high - low
        self._first, self._length = first, last - first

    def __call__(self, value: float) -> float:
        return self._first + (value - self._low) / self._span * self._length


def _scale(low: float, high: float, first: float, last: float) -> _Scale:
    return _Scale(low, high, first, last)


def _floor(value: float) -> float:
    """Down to a tenth, at most 0.9, so that an axis of good scores is not empty for the most part."""
    return min(0.9, max(0.0, int(value * 10) / 10))


def _axes(low: float, name_x: str, name_y: str) -> list[str]:
    x, y = _scale(0, 1, LEFT, WIDTH - RIGHT), _scale(low, 1, HEIGHT - BOTTOM, TOP)
    parts = []
    for value in _ticks(0):
        parts.append(f'<line class="grid" x1="{x(value):.1f}" y1="{TOP}" x2="{x(value):.1f}" y2="{y(low)}"/>')
        parts.append(f'<text x="{x(value):.1f}" y="{HEIGHT - 22}" text-anchor="middle">{value:g}</text>')
    for value in _ticks(low):
        parts.append(
            f'<line class="grid" x1="{LEFT}" y1="{y(value):.1f}" x2="{WIDTH - RIGHT}" y2="{y(value):.1f}"/>'
        )
        parts.append(f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g}</text>')
    parts.append(
        f'<text class="axis" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 4}" text-anchor="middle">{name_x}</text>'
    )
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text class="axis" transform="translate(11 {middle}) rotate(-90)" text-anchor="middle">{name_y}</text>'
    )
    return parts


def _ticks(low: float) -> list[float]:
    step = 0.2 if low < 0.5 else 0.1 if low < 0.8 else 0.05
    count = round((1 - low) / step)
    return [round(1 - step * index, 2) for index in range(count, -1, -1) if 1 - step * index >= low - 1e-9]


def _svg(parts: Sequence[str], title: str) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        + "".join(parts)
        + "</svg>"
    )
