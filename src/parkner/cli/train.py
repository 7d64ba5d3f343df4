"""``parkner train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parkner.errors import DataError, UsageError


def train_command(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Run folder: model/, metrics.json, manifest.json.")
    ],
    train: Annotated[
        list[Path],
        typer.Option("--train", help="JSON Lines with spans, weak (scored) or gold; repeat for more."),
    ],
    dev: Annotated[
        Path | None, typer.Option("--dev", help="Gold spans to choose the best checkpoint on.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="Recipe (YAML).")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")
    ] = False,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help="key=value over the recipe, e.g. train.epochs=3 or labels=[ORG,PERSON]."),
    ] = None,
) -> int:
    """Train a tagger on labelled documents."""
    from parkner.config import load_config

    recipe = load_config(config, overrides or [])
    for path in [*train, *([dev] if dev else [])]:
        if not path.is_file():
            raise UsageError(f"{path}: no such file")
    if importlib_missing("torch", "transformers", "accelerate"):
        raise UsageError("training needs torch and transformers: pip install 'parkner[train]'")

    from parkner.training import train as run_training

    try:
        result = run_training(recipe, train_files=train, dev_file=dev, out=out, resume=resume)
    except DataError as error:
        raise UsageError(str(error)) from None
    steps = result.metrics["train"]["steps"]
    score = result.metrics["dev"].get("micro_f1")
    shown = f", dev micro F1 {score:.3f}" if score is not None else ""
    print(f"{steps} steps{shown}; model in {result.model}")
    return 0


def importlib_missing(*names: str) -> bool:
    """Whether one of the packages is not installed (looked up without importing it)."""
    from importlib.util import find_spec

    return any(find_spec(name) is None for name in names)
