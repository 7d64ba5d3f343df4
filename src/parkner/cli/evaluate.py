"""``parkner evaluate``: scores, comparison, gates and report (tier 4)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parkner.errors import UsageError

if TYPE_CHECKING:
    from parkner.comparison import Comparison
    from parkner.evaluation import Evaluation
    from parkner.spans import Document


def evaluate_command(
    gold: Annotated[Path, typer.Option(help="Gold file (JSONL; with texts, or stand-off with sha256).")],
    out: Annotated[Path, typer.Option(help="Folder for metrics.json, report.html, report.md, junit.xml.")],
    pred: Annotated[Path | None, typer.Option(help="Predictions (JSONL).")] = None,
    model: Annotated[Path | None, typer.Option(help="Model folder: tag the gold texts now.")] = None,
    texts: Annotated[Path | None, typer.Option(help="JSONL with the texts of stand-off gold.")] = None,
    split: Annotated[
        str | None, typer.Option(help="Only gold records with this split (dev, train, ...).")
    ] = None,
    label: Annotated[list[str] | None, typer.Option(help="Score only this label (repeat for more).")] = None,
    ids: Annotated[
        str, typer.Option(help="strict: both files have the same ids; common: score what both have.")
    ] = "strict",
    baseline: Annotated[Path | None, typer.Option(help="metrics.json or predictions of another run.")] = None,
    fail_under: Annotated[
        list[str] | None, typer.Option(help="Gate: micro.f1=0.85, PARK.recall=0.8, partial.micro.f1=0.9.")
    ] = None,
    max_drop: Annotated[
        list[str] | None,
        typer.Option(help="Gate: the most a score may lie under the baseline, micro.f1=0.01."),
    ] = None,
    resamples: Annotated[int, typer.Option(min=0, help="Bootstrap samples; 0 for no intervals.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 13,
    title: Annotated[str | None, typer.Option(help="Headline of the report.")] = None,
) -> int:
    """Score predictions or a model against gold; compare, gate, report. Exit code 1 if a gate is broken."""
    from parkner.comparison import compare, evaluate_baseline
    from parkner.evaluation import evaluate
    from parkner.gate import check_gates, parse_gate
    from parkner.pairing import IDS, ids_outside_split, read_texts, read_unique
    from parkner.report import write_report
    from parkner.runtime import run_manifest

    # All that can be wrong with the command line, before any work.
    if (pred is None) == (model is None):
        raise UsageError("evaluate needs --pred FILE or --model DIR, one of them")
    if ids not in IDS:
        raise UsageError(f"--ids {ids}: must be {' or '.join(IDS)}")
    gates = [parse_gate(text, "fail-under") for text in fail_under or ()]
    gates += [parse_gate(text, "max-drop") for text in max_drop or ()]
    if max_drop and baseline is None:
        raise UsageError(f"--max-drop {max_drop[0]}: needs --baseline")
    for path in filter(None, (gold, pred, texts, baseline)):
        if not path.is_file():
            raise UsageError(f"{path}: no such file")
    for package in ("jinja2", "seqeval"):
        if find_spec(package) is None:
            raise UsageError(f"{package} is not installed: pip install 'parkner[report]'")

    known = read_texts(texts) if texts else {}
    predicted = read_unique(pred, texts=known) if pred else []
    documents = read_unique(gold, texts=known, split=split, other=predicted)
    if model:
        predicted = _tag(model, documents)
    evaluation = evaluate(
        documents,
        predicted,
        labels=label or (),
        ids=ids,
        known=ids_outside_split(gold, split) if split else (),
        resamples=resamples,
        seed=seed,
    )
    comparison = None
    if baseline:
        other = evaluate_baseline(baseline, evaluation, labels=label or ())
        comparison = compare(evaluation, other, name=_name(baseline))
    results = check_gates(gates, evaluation.scores, comparison.scores if comparison else None)
    config: dict[str, Any] = {
        "gold": gold.name,
        "split": split,
        "predictions": pred.name if pred else None,
        "model": model.name if model else None,
        "baseline": baseline.name if baseline else None,
        "fail_under": fail_under or [],
        "max_drop": max_drop or [],
    }
    used = [path for path in (gold, pred, baseline) if path]
    files = write_report(
        out,
        evaluation,
        comparison=comparison,
        gates=results,
        title=title or f"{_name(pred or model or gold)} on {_name(gold)}{f' ({split})' if split else ''}",
        run=run_manifest(config, used),
    )
    _show(evaluation, comparison)
    for note in (*evaluation.notes, *(comparison.notes if comparison else ())):
        typer.echo(f"note: {note}", err=True)
    for result in results:
        if not result.passed:
            typer.echo(f"gate broken: {result.message}", err=True)
    typer.echo(f"report: {next(path for path in files if path.suffix == '.html')}")
    return int(not all(result.passed for result in results))


def _tag(model: Path, documents: list[Document]) -> list[Document]:
    from dataclasses import replace

    from parkner.inference import Tagger

    bare = [replace(document, spans=()) for document in documents]
    return list(Tagger.from_pretrained(model).tag(bare))


def _name(path: Path) -> str:
    # "metrics.json" and "pred.jsonl" say little without the folder they lie in.
    return f"{path.parent.name}/{path.name}" if path.parent.name else path.name


def _show(evaluation: Evaluation, comparison: Comparison | None) -> None:
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    strict = evaluation.scores["strict"]
    table = Table(box=box.SIMPLE_HEAD, caption="strict; 95 % interval over documents")
    table.add_column("")
    columns = ["precision", "recall", "F1", "interval", "gold", "predicted", "type F1", "partial F1"]
    for name in columns + (["change", "p"] if comparison else []):
        table.add_column(name, justify="right", no_wrap=True)
    for target in (*evaluation.labels, "micro", "macro"):
        score = strict[target]
        spread = evaluation.intervals.get("strict", {}).get(target, {}).get("f1")
        cells = [f"{score.precision:.4f}", f"{score.recall:.4f}", f"{score.f1:.4f}"]
        cells += [
            f"{spread[0]:.3f}–{spread[1]:.3f}" if spread else "",
            f"{score.support:,}",
            f"{score.predicted:,}",
        ]
        cells += [f"{evaluation.scores[mode][target].f1:.4f}" for mode in ("type", "partial")]
        if comparison:
            change = comparison.differences[target]["f1"]
            cells += [f"{change.change:+.4f}", "" if change.p_value is None else f"{change.p_value:.3f}"]
        bold = "bold" if target == "micro" else None
        table.add_row(escape(target), *cells, style=bold)
    # Not cut to 80 columns where there is no terminal, as in the log of a CI job.
    console = Console()
    console.width = max(console.width, 120)
    console.print(table)
