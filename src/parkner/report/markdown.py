"""``report.md``: the summary for a pull-request comment or a job summary (tier 4)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from parkner.comparison import CHANGES, Comparison
from parkner.evaluation import Evaluation
from parkner.gate import GateResult
from parkner.matching import CORRECT
from parkner.metrics import MACRO, MICRO

# GitHub cuts a comment at 65,536 characters.
MOST_CHARACTERS = 60_000

KIND_NAMES = {
    "missed": "missed",
    "spurious": "spurious",
    "too_long": "too long",
    "too_short": "too short",
    "shifted": "shifted",
    "wrong_label": "wrong label",
    "wrong_label_and_boundary": "wrong label and place",
}
CHANGE_NAMES = {
    "found": "gold spans now found",
    "lost": "gold spans lost",
    "removed": "wrong spans gone",
    "added": "wrong spans new",
}
# Mark-up, and what GitHub makes of bare text: mentions, issue numbers, emoji, mathematics, links.
_SPECIAL = re.compile(r"[\\`*_{}\[\]#|~$@&<>]|:(?=//|\w+:)|(?<=www)\.", re.IGNORECASE)


def escape(text: str, most: int = 60) -> str:
    """Foreign text for a Markdown table: one line, at most so many characters, no mark-up, HTML, mention or link."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(line) > most:
        line = line[: most - 1] + "…"
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", line)


def render_markdown(
    evaluation: Evaluation,
    *,
    comparison: Comparison | None = None,
    gates: Sequence[GateResult] = (),
    title: str = "Evaluation",
    examples: int = 10,
) -> str:
    """Markdown of a report: gates, scores, comparison, errors with a few examples each.

    Args:
        evaluation, comparison, gates, title: As in `parkner.report.write_report`.
        examples: How many examples of errors and of changes to show.
    """
    parts = [f"## {escape(title)}", _headline(evaluation, gates)]
    parts += [_gates(gates), _scores(evaluation)]
    if comparison:
        parts.append(_comparison(comparison, examples))
    parts += [_sources(evaluation), _errors(evaluation, examples), _notes(evaluation, comparison)]
    out = ""
    for part in filter(None, parts):
        if len(out) + len(part) > MOST_CHARACTERS:
            out += "\n*The rest is in the HTML report.*\n"
            break
        out += ("\n" if out else "") + part.rstrip("\n") + "\n"
    return out


def _headline(evaluation: Evaluation, gates: Sequence[GateResult]) -> str:
    score = evaluation.scores["strict"][MICRO]
    line = (
        f"**Strict micro F1 {score.f1:.4f}**{_interval(evaluation, 'strict', MICRO, 'f1')} over "
        f"{len(evaluation.documents):,} documents, {score.support:,} gold and {score.predicted:,} predicted spans."
    )
    if gates:
        broken = sum(not result.passed for result in gates)
        line += f" **{broken} of {len(gates)} gates broken.**" if broken else f" All {len(gates)} gates hold."
    return line


def _interval(evaluation: Evaluation, mode: str, target: str, metric: str) -> str:
    values = evaluation.intervals.get(mode, {}).get(target, {}).get(metric)
    return f" ({values[0]:.3f}–{values[1]:.3f})" if values else ""


def _gates(gates: Sequence[GateResult]) -> str:
    if not gates:
        return ""
    lines = [f"- {'✅' if r.passed else '❌'} {escape(r.message, 200)}" for r in gates]
    return "\n".join(["### Gates", "", *lines])


def _scores(evaluation: Evaluation) -> str:
    strict = evaluation.scores["strict"]
    lines = [
        "### Scores",
        "",
        "Strict: same place and same label. In brackets: 95 % bootstrap interval over documents.",
        "",
        "| | precision | recall | F1 | gold | predicted | type F1 | partial F1 | exact F1 |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for target in (*evaluation.labels, MICRO, MACRO):
        score = strict[target]
        name = f"**{target}**" if target in (MICRO, MACRO) else escape(target)
        cells = [f"{getattr(score, m):.4f}" for m in ("precision", "recall")]
        cells.append(f"{score.f1:.4f}{_interval(evaluation, 'strict', target, 'f1')}")
        cells += [f"{score.support:,}", f"{score.predicted:,}"]
        cells += [f"{evaluation.scores[mode][target].f1:.4f}" for mode in ("type", "partial", "exact")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    if evaluation.seqeval:
        lines += ["", "seqeval (strict, IOB2) gives the same strict scores."]
    return "\n".join(lines)


def _comparison(comparison: Comparison, examples: int) -> str:
    lines = [
        f"### Against {escape(comparison.name)}",
        "",
        f"{comparison.better:,} documents better, {comparison.worse:,} worse, {comparison.same:,} the same "
        f"(of {comparison.documents:,}).",
        "",
        "| | F1 before | F1 now | change | 95 % interval | p |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for target, values in comparison.differences.items():
        value = values["f1"]
        between = "" if value.low is None or value.high is None else f"{value.low:+.4f} to {value.high:+.4f}"
        p_value = "" if value.p_value is None else f"{value.p_value:.3f}"
        lines.append(
            f"| {escape(target)} | {value.baseline:.4f} | {value.current:.4f} | {value.change:+.4f} | {between} | {p_value} |"
        )
    lines += ["", "| | spans | examples |", "|---|---:|---|"]
    for kind in CHANGES:
        shown = [c for c in comparison.changes if c.kind == kind][
            :: max(1, comparison.count(kind) // max(1, examples))
        ]
        names = ", ".join(
            f"{escape(c.document.text[c.span.start : c.span.end], 24)} {escape(c.span.label)}"
            for c in shown[:examples]
        )
        lines.append(f"| {CHANGE_NAMES[kind]} | {comparison.count(kind):,} | {names} |")
    return "\n".join(lines)


def _sources(evaluation: Evaluation, most: int = 20) -> str:
    if len(evaluation.by_source) < 2:
        return ""
    ranked = sorted(evaluation.by_source.items(), key=lambda item: (-item[1][0], item[0]))
    lines = [
        "### Sources",
        "",
        "| | documents | gold | precision | recall | F1 |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, (count, strict) in ranked[:most]:
        s = strict[MICRO]
        lines.append(
            f"| {escape(name)} | {count:,} | {s.support:,} | {s.precision:.4f} | {s.recall:.4f} | {s.f1:.4f} |"
        )
    if len(ranked) > most:
        lines.append(f"| *and {len(ranked) - most} more* | | | | | |")
    return "\n".join(lines)


def _errors(evaluation: Evaluation, examples: int) -> str:
    total = sum(sum(found.values()) for found in evaluation.errors.values())
    if not total:
        return ""
    lines = [
        f"### Errors ({total:,})",
        "",
        "| | " + " | ".join(escape(label) for label in evaluation.labels) + " | all |",
        "|---|" + "---:|" * (len(evaluation.labels) + 1),
    ]
    for kind, found in evaluation.errors.items():
        cells = [f"{found[label]:,}" for label in evaluation.labels]
        lines.append(f"| {KIND_NAMES[kind]} | {' | '.join(cells)} | {sum(found.values()):,} |")
    wrong = [(d, m) for d in evaluation.documents for m in d.matches if m.kind != CORRECT]
    lines += ["", f"<details><summary>{min(examples, len(wrong))} examples</summary>", ""]
    lines += ["| document | error | gold | predicted |", "|---|---|---|---|"]
    for document, match in wrong[:: max(1, len(wrong) // max(1, examples))][:examples]:
        cells = [
            f"{escape(document.text[s.start : s.end], 30)} {escape(s.label)}" if s else ""
            for s in (match.gold, match.predicted)
        ]
        lines.append(f"| {escape(document.id)} | {KIND_NAMES[match.kind]} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", "</details>"])


def _notes(evaluation: Evaluation, comparison: Comparison | None) -> str:
    notes = [*evaluation.notes, *(comparison.notes if comparison else ())]
    return "\n".join(["### Notes", "", *(f"- {escape(note, 300)}" for note in notes)]) if notes else ""
