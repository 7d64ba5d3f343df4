"""``parkner predict``."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from parkner.spans import Document

TERMINATED = 143  # 128 + SIGTERM, as shells report it


class Backends(StrEnum):
    """Choices of ``--backend``."""

    auto = "auto"
    onnx = "onnx"
    torch = "torch"


class _Terminated(BaseException):
    """SIGTERM arrived: what is pending is written, then the program ends."""


def predict_command(
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT...", help="Files, folders, globs, or - for stdin.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Output: .jsonl or .parquet.")],
    model: Annotated[
        Path | None, typer.Option("--model", "-m", help="Model folder [default: the shipped one].")
    ] = None,
    backend: Annotated[Backends, typer.Option("--backend", help="What runs the network.")] = Backends.auto,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda (torch only).")] = "auto",
    threads: Annotated[
        int, typer.Option("--threads", min=0, help="CPU threads; 0: the library's choice.")
    ] = 0,
    minimum_score: Annotated[
        float, typer.Option("--min-score", min=0, max=1, help="Leave out spans with a lower score.")
    ] = 0.0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")] = False,
) -> int:
    """Find spans and their values in articles."""
    from parkner.batch import FailedRecord, Job, skip_done
    from parkner.inference import Tagger
    from parkner.inputs import InputError, iter_documents
    from parkner.model_folder import DESCRIPTION, shipped_model
    from parkner.runtime import sha256_of_file

    job = Job(out)
    folder = model if model is not None else shipped_model()
    tagger = Tagger.from_pretrained(
        folder, backend=backend.value, device=device, threads=threads, minimum_score=minimum_score
    )
    job.fingerprint = {
        "model": sha256_of_file(folder / DESCRIPTION),
        "backend": tagger.backend.name,
        "min_score": minimum_score,
        "inputs": list(inputs),
    }
    read = 0

    def count(documents: Iterable[Document]) -> Iterator[Document]:
        nonlocal read
        for document in documents:
            yield document
            read += 1

    def on_error(error: InputError) -> None:
        print(f"parkner: {error}", file=sys.stderr)
        job.failed.append(FailedRecord(read, error.to_dict()))

    source = iter_documents(inputs, on_error=on_error)  # raises at once where an input is not there
    with job.locked():
        done = job.begin(resume=resume)
        if done < 0:
            print(f"{out} is complete already")
            return 0
        documents = skip_done(count(source), done)
        previous = signal.signal(signal.SIGTERM, _terminate)
        try:
            for _ in _with_progress(job.write(tagger.tag(documents), done), done):
                pass
        except _Terminated:
            print(f"parkner: stopped by SIGTERM; go on with --resume --out {out}", file=sys.stderr)
            return TERMINATED
        except KeyboardInterrupt:
            print(f"parkner: interrupted; go on with --resume --out {out}", file=sys.stderr)
            return 130
        finally:
            signal.signal(signal.SIGTERM, previous)
        tagged, failed = job.finish()
    print(f"{tagged} articles tagged by {tagger.backend.name}; {out}")
    if failed:
        print(f"{failed} records could not be read; see {job.errors_file}", file=sys.stderr)
    return 1 if failed else 0


def _terminate(number: int, frame: Any) -> None:
    raise _Terminated


def _with_progress(documents: Iterator[Document], done: int) -> Iterator[Document]:
    """Passes documents on; shows articles/s and characters/s on a terminal."""
    if not sys.stderr.isatty():
        yield from documents
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    started = time.monotonic()
    characters = 0
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("loading")
        for articles, document in enumerate(documents, 1):
            yield document
            characters += len(document.text)
            seconds = time.monotonic() - started
            progress.update(
                task,
                description=f"{done + articles} articles  {articles / seconds:.1f} articles/s  "
                f"{characters / seconds:,.0f} characters/s",
            )
