"""The main job on the five seeds: clean, label weakly, train on four, evaluate on the fifth, predict all.

``make run`` calls it. A step whose inputs have not changed since the last run is skipped.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from parkner.cli import main as parkner
from parkner.corpus import read_documents, write_documents
from parkner.spans import Document
from parkner.steps import StepError, Steps

ROOT = Path(__file__).resolve().parents[1]
HELD_OUT = "000_d46360a96ab76e96"
COLOURS = {"ORG": "cyan", "PARK": "green", "INDUSTRY": "magenta", "AMOUNT": "yellow", "DATE": "blue"}
CODE = sorted((ROOT / "src" / "parkner").rglob("*.py")) + sorted((ROOT / "configs").rglob("*.*"))


def main() -> int:
    """Runs the demo; returns the exit code."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, default=Path("runs/demo"), help="run folder")
    options.add_argument("--config", type=Path, default=ROOT / "configs" / "demo.yaml", help="recipe")
    chosen = options.parse_args()
    out: Path = chosen.out
    console = Console()
    steps = Steps(out, console, code=CODE)
    seeds, gold = ROOT / "seeds", ROOT / "annotations" / "seeds.jsonl"
    docs, weak, four = out / "docs.jsonl", out / "weak.jsonl", out / "train.jsonl"
    fifth_gold, fifth_weak = out / "held_out.gold.jsonl", out / "held_out.weak.jsonl"
    model, predictions, report = out / "model", out / "predictions.jsonl", out / "report"
    recipe = str(chosen.config)

    def split() -> int:
        labelled = list(read_documents(weak))
        write_documents(four, [d for d in labelled if d.id != HELD_OUT])
        write_documents(fifth_weak, [d for d in labelled if d.id == HELD_OUT])
        write_documents(fifth_gold, [d for d in read_documents(gold) if d.id == HELD_OUT])
        return 0

    def predict_and_evaluate() -> int:
        held_out = out / "held_out.pred.jsonl"
        write_documents(held_out, [d for d in read_documents(predictions) if d.id == HELD_OUT])
        files = ["--gold", str(fifth_gold), "--pred", str(held_out), "--baseline", str(fifth_weak)]
        title = f"Demo: seed {HELD_OUT}, held out"
        return parkner(["evaluate", *files, "--out", str(report), "--title", title])

    raw = sorted(seeds.iterdir())
    steps.run("clean", raw, [docs], lambda: parkner(["clean", str(seeds), "--out", str(docs)]))
    steps.run(
        "weak labels",
        [docs],
        [weak],
        lambda: parkner(["label", str(docs), "--config", recipe, "--out", str(weak)]),
    )
    steps.run("hold one seed out", [weak, gold], [four, fifth_gold, fifth_weak], split)
    steps.run(
        "train",
        [four, chosen.config],
        [model],
        lambda: parkner(["train", "--config", recipe, "--train", str(four), "--out", str(out)]),
    )
    steps.run(
        "predict",
        [docs, model / "parkner.json"],
        [predictions],
        lambda: parkner(["predict", str(docs), "--model", str(model), "--out", str(predictions)]),
    )
    steps.run("evaluate", [predictions, fifth_gold], [report], predict_and_evaluate)
    console.rule("[bold]the held-out seed", align="left")
    show_scores(json.loads((report / "metrics.json").read_text(encoding="utf-8")), console)
    show_lines(next(d for d in read_documents(predictions) if d.id == HELD_OUT), console)
    console.print(f"report: {report / 'report.html'}\nmodel: {model}\npredictions: {predictions}")
    return 0


def show_scores(metrics: dict[str, Any], console: Console) -> None:
    """Prints strict scores of the model beside the F1 of the weak labels on the same article."""
    table = Table("strict", *("precision", "recall", "F1", "weak labels' F1", "gold"), box=None)
    baseline = metrics["comparison"]["strict"]
    for name in (*metrics["labels"], "micro"):
        score = metrics["strict"][name]
        figures = [score["precision"], score["recall"], score["f1"], baseline[name]["f1"]["baseline"]]
        table.add_row(name, *(f"{figure:.3f}" for figure in figures), str(score["support"]))
    console.print(table)


def show_lines(document: Document, console: Console, count: int = 4) -> None:
    """Prints the lines with the most spans, spans in colour."""
    console.print(" ".join(f"[{colour}]{label}[/{colour}]" for label, colour in COLOURS.items()))
    lines, start = [], 0
    for line in document.text.split("\n"):
        end = start + len(line)
        spans = [span for span in document.spans if start <= span.start and span.end <= end]
        if 0 < len(line) <= 400:
            lines.append((len(spans), start, line, spans))
        start = end + 1
    for _, start, line, spans in sorted(sorted(lines, key=lambda item: -item[0])[:count], key=lambda x: x[1]):
        shown = Text(line)
        for span in spans:
            shown.stylize(f"bold {COLOURS.get(span.label, 'red')}", span.start - start, span.end - start)
        console.print(shown, soft_wrap=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StepError as failed:
        sys.exit(failed.code)
