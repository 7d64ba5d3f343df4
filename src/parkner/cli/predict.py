"""``parkner predict``."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parkner.cli.batching import fingerprint_of_inputs, run_job
from parkner.errors import ModelError, UsageError

if TYPE_CHECKING:
    from parkner.agreed_tagger import AgreedTagger
    from parkner.inference import Tagger
    from parkner.rules import RuleTagger


class Backends(StrEnum):
    """Choices of ``--backend``."""

    auto = "auto"
    onnx = "onnx"
    torch = "torch"


class Engines(StrEnum):
    """Choices of ``--engine``."""

    local = "local"
    ray = "ray"


def predict_command(
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT...", help="Files, folders, globs, or - for stdin.")
    ],
    out: Annotated[str, typer.Option("--out", "-o", help="Output: .jsonl or .parquet.")],
    model: Annotated[
        Path | None, typer.Option("--model", "-m", help="Model folder; the shipped one by default.")
    ] = None,
    backend: Annotated[Backends, typer.Option("--backend", help="What runs the network.")] = Backends.auto,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda (torch only).")] = "auto",
    threads: Annotated[
        int, typer.Option("--threads", min=0, help="CPU threads; 0: the library's choice.")
    ] = 0,
    minimum_score: Annotated[
        float, typer.Option("--min-score", min=0, max=1, help="Leave out spans with a lower score.")
    ] = 0.0,
    with_rules: Annotated[
        bool,
        typer.Option(
            "--with-rules",
            help="Ask the labelling functions as well: what both find, and what one is sure of.",
        ),
    ] = False,
    workers: Annotated[
        int,
        typer.Option(
            "--workers",
            min=0,
            help="Processes that parse and clean while the model tags; with --engine ray: taggers. 0: as fits.",
        ),
    ] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")] = False,
    engine: Annotated[
        Engines, typer.Option("--engine", help="local, or ray: a cluster (RAY_ADDRESS), Parquet out.")
    ] = Engines.local,
) -> int:
    """Find spans and their values in articles."""
    options: dict[str, Any] = {
        "backend": backend.value,
        "device": device,
        "threads": threads,
        "minimum_score": minimum_score,
    }
    if engine is Engines.ray:
        from parkner.distributed import predict_on_ray

        if resume:
            raise UsageError("--resume: is for --engine local; Ray does what was lost again by itself")
        return predict_on_ray(inputs, out, model=model, taggers=workers, with_rules=with_rules, **options)

    from parkner.batch import Job

    job = Job(Path(out))  # names a wrong --out before the model is loaded
    fingerprint, found = fingerprint_of_inputs(inputs, job.out)
    tagger, name = open_tagger(model, with_rules=with_rules, **options)
    job.fingerprint = {
        "model": name,
        "backend": tagger.backend.name,
        "min_score": minimum_score,
        **fingerprint,
    }
    return run_job(
        job,
        inputs,
        found,
        tagger.tag_prepared,
        prepare=tagger.preparer,
        workers=workers or 1,
        resume=resume,
        done_line=lambda total: f"{total} articles tagged by {tagger.backend.name}; {out}",
    )


def open_tagger(
    model: Path | None, *, backend: str, minimum_score: float, with_rules: bool = False, **options: Any
) -> tuple[Tagger | RuleTagger | AgreedTagger, str]:
    """The tagger for a model folder, with the SHA-256 that names it.

    Without a folder the shipped model is taken; where none ships and no backend was asked for, the labelling functions.
    ``with_rules`` asks both.

    Raises:
        ModelError: If a model is named, or a backend asked for, and cannot be had.
    """
    from parkner.model_folder import DESCRIPTION, shipped_model
    from parkner.runtime import sha256_of_file

    try:
        folder = model if model is not None else shipped_model()
    except ModelError:
        if backend != "auto":
            raise
        from parkner.rules import RuleTagger

        print("parkner: no model ships with this version: tagging with labelling functions", file=sys.stderr)
        rules = RuleTagger(minimum_score=minimum_score)
        return rules, rules.fingerprint()
    options |= {"backend": backend, "minimum_score": minimum_score}
    if with_rules:
        from parkner.agreed_tagger import AgreedTagger

        both = AgreedTagger.from_pretrained(folder, **options)
        return both, f"{sha256_of_file(folder / DESCRIPTION)} {both.rules.fingerprint()}"
    from parkner.inference import Tagger

    tagger = Tagger.from_pretrained(folder, **options)  # names what is wrong with the folder
    return tagger, sha256_of_file(folder / DESCRIPTION)
