"""``parkner label``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parkner.cli.batching import SIGNALLED, fingerprint_of_inputs, run_job
from parkner.errors import UsageError

if TYPE_CHECKING:
    from parkner.spans import Document


def label_command(
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT...", help="Files, folders, globs, or - for stdin.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Output: .jsonl or .parquet.")],
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Recipe; configs/default.yaml by default.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Folder for a report on the labelling functions.")
    ] = None,
    gold: Annotated[
        Path | None,
        typer.Option("--gold", help="Gold spans: score the functions in the report; calibrate with --fit."),
    ] = None,
    fit: Annotated[
        Path | None,
        typer.Option("--fit", help="Estimate the label model on INPUT first; write its parameters here."),
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", help="Take only gold records with this split (train, dev).")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes.")] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")] = False,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a config key.")
    ] = None,
) -> int:
    """Make weak labels with labelling functions and a label model."""
    from parkner.batch import Job
    from parkner.config import load_config
    from parkner.labelling.stream import label_stream
    from parkner.runtime import project_path, sha256_of_file

    recipe = load_config(config or project_path("configs/default.yaml"), settings or ())
    truth = None
    if gold is not None:
        from parkner.labelling.scoring import read_gold

        truth = read_gold(gold, split=split)
    if fit is not None:
        from parkner.labelling.fitting import fit_and_store

        recipe = fit_and_store(recipe, inputs, fit, truth, workers=workers)
    found = None
    if report is not None:
        from parkner.labelling.report import Report

        if resume:
            raise UsageError("--report needs a whole run: leave out --resume")
        found = Report(recipe, truth)
    try:
        parameters = sha256_of_file(project_path(recipe.labelling.label_model_file))
    except UsageError:
        parameters = None  # the label model does without
    job = Job(out)
    fingerprint, sources = fingerprint_of_inputs(inputs, job.out)
    job.fingerprint = {
        "config": recipe.model_dump(mode="json"),
        "parameters": parameters,
        **fingerprint,
    }

    def labelled(documents: Iterator[Document]) -> Iterator[Document]:
        for item in label_stream(documents, recipe, workers=workers):
            if found is not None:
                found.add(item)
            yield item.document

    code = run_job(
        job,
        inputs,
        sources,
        labelled,
        prepare=lambda document: document,
        resume=resume,
        done_line=lambda total: f"{total} articles labelled; {out}",
    )
    if found is not None and report is not None and code < SIGNALLED:
        found.write(report)
        print(f"report: {report / 'report.html'}")
    return code
