"""``parkner label``."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parkner.spans import UsageError

if TYPE_CHECKING:
    from parkner.labelling.engine import Labelled
    from parkner.spans import Document

TERMINATED = 143  # 128 + SIGTERM, as shells report it


class _Terminated(BaseException):
    """SIGTERM arrived: what is pending is written, then the program ends."""


def label_command(
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT...", help="Files, folders, globs, or - for stdin.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Output: .jsonl or .parquet.")],
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Recipe [default: configs/default.yaml].")
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
    from parkner.batch import FailedRecord, Job, skip_done
    from parkner.config import load_config
    from parkner.inputs import InputError, iter_documents
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
    fingerprint: dict[str, Any] = {
        "config": recipe.model_dump(mode="json"),
        "parameters": parameters,
        "inputs": list(inputs),
    }
    job = Job(out, fingerprint)
    read = 0

    def count(documents: Iterable[Document]) -> Iterator[Document]:
        nonlocal read
        for document in documents:
            yield document
            read += 1

    def on_error(error: InputError) -> None:
        print(f"parkner: {error}", file=sys.stderr)
        job.failed.append(FailedRecord(read, error.to_dict()))

    with job.locked():
        done = job.begin(resume=resume)
        if done < 0:
            print(f"{out} is complete already")
            return 0
        documents = skip_done(count(iter_documents(inputs, on_error=on_error)), done)

        def labelled() -> Iterator[Document]:
            item: Labelled
            for item in label_stream(documents, recipe, workers=workers):
                if found is not None:
                    found.add(item)
                yield item.document

        previous = signal.signal(signal.SIGTERM, _terminate)
        try:
            for _ in _with_progress(job.write(labelled(), done)):
                pass
        except _Terminated:
            print(f"parkner: stopped by SIGTERM; go on with --resume --out {out}", file=sys.stderr)
            return TERMINATED
        except KeyboardInterrupt:
            print(f"parkner: interrupted; go on with --resume --out {out}", file=sys.stderr)
            return 130
        finally:
            signal.signal(signal.SIGTERM, previous)
        total, failed = job.finish()
    print(f"{total} articles labelled; {out}")
    if found is not None and report is not None:
        found.write(report)
        print(f"report: {report / 'report.html'}")
    if failed:
        print(f"{failed} records could not be read; see {job.errors_file}", file=sys.stderr)
    return 1 if failed else 0


def _terminate(number: int, frame: Any) -> None:
    raise _Terminated


def _with_progress(documents: Iterator[Document]) -> Iterator[Document]:
    """Passes documents on and counts them on a terminal."""
    if not sys.stderr.isatty():
        yield from documents
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.completed:,.0f} articles"),
        TextColumn("{task.fields[characters]:,} characters"),
        TextColumn("{task.speed:.0f} articles/s"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("label", total=None, characters=0)
        characters = 0
        for document in documents:
            characters += len(document.text)
            progress.update(task, advance=1, characters=characters)
            yield document
