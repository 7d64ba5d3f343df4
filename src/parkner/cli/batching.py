"""What every command that turns many inputs into one output does: read, count, report, stop, go on (tier 4)."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from parkner.errors import UsageError

if TYPE_CHECKING:
    from parkner.batch import Job
    from parkner.inputs import Survey
    from parkner.spans import Document

T = TypeVar("T")

SIGNALLED = 128  # plus the signal's number: the exit code as shells report it
LOG_SECONDS = 60.0  # between lines of progress where there is no terminal


class Stop:
    """Whether SIGTERM or Ctrl-C has asked to stop: what has been read is finished and written, then the program ends.

    Attributes:
        by: The signal's number; 0 as long as none came.
    """

    def __init__(self) -> None:
        self.by = 0

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Takes both signals; a second Ctrl-C interrupts at once."""
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread may take signals
            return
        before = {number: signal.signal(number, self._take) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _take(self, number: int, frame: Any) -> None:
        if self.by and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.by = number


def fingerprint_of_inputs(inputs: Sequence[str], out: Path) -> tuple[dict[str, Any], Survey]:
    """What a resumed run must find again, and what there is to read.

    Raises:
        UsageError: If an input is not there, or the output lies in a folder that is read.
    """
    from parkner.inputs import survey

    for item in inputs:
        folder = Path(item)
        if item != "-" and folder.is_dir() and out.resolve().is_relative_to(folder.resolve()):
            raise UsageError(f"--out {out}: lies in the input folder {item} and would be read as an input")
    found = survey(inputs)
    return {
        "inputs": list(inputs),
        "input files": f"{found.files} files, {found.bytes} bytes, names and sizes {found.digest[:16]}",
    }, found


def run_job(
    job: Job,
    inputs: Sequence[str],
    found: Survey,
    process: Callable[[Iterator[Any]], Iterator[Document]],
    *,
    prepare: Callable[[Document], Any],
    workers: int = 1,
    resume: bool = False,
    done_line: Callable[[int], str],
) -> int:
    """Runs a job over all records of the inputs, with progress, errors to ``<out>.errors.jsonl`` and a clean stop.

    Args:
        job: The output; its fingerprint is complete.
        inputs: What to read.
        found: What there is to read (`fingerprint_of_inputs`).
        process: Makes the output's documents, one for each item, in order.
        prepare: What is done to each document as it is read, in the worker processes.
        workers: Processes that parse and prepare; 1 does so in this one.
        resume: Go on with a run that was stopped.
        done_line: What to say in the end of so many documents.

    Returns:
        The exit code.
    """
    from parkner.batch import COMPLETE

    stop = Stop()
    with job.locked():
        done = job.begin(resume=resume)
        if done == COMPLETE:
            print(f"{job.out} is complete already")
            return int(job.errors_file.exists())
        feed = Feed(job, inputs, stop, done)
        with stop.listening():
            documents = job.write(process(feed.items(prepare, workers)), done)
            meter = Meter(feed, found.bytes)
            for document in meter.shown(documents):
                meter.count(document)
        if stop.by:
            print(
                f"parkner: stopped by {signal.Signals(stop.by).name}; go on with --resume --out {job.out}",
                file=sys.stderr,
            )
            return SIGNALLED + stop.by
        total, failed = job.finish()
    print(done_line(total))
    if failed:
        print(f"{failed} records could not be read; see {job.errors_file}", file=sys.stderr)
    return int(failed > 0)


class Feed:
    """The records of the inputs on their way into a job.

    Attributes:
        done: Documents that were done before this run.
        places: How many bytes of the inputs had been read at each document that is not written yet.
    """

    def __init__(self, job: Job, inputs: Sequence[str], stop: Stop, done: int) -> None:
        """Begins behind what the job's parts cover."""
        from parkner.inputs import ReadBytes, iter_records

        self.done = done
        self.places: deque[int] = deque()
        self._job = job
        self._stop = stop
        self._read = done
        self._bytes = ReadBytes()
        self._records = islice(iter_records(inputs, progress=self._bytes), job.records_done(), None)

    def items(self, prepare: Callable[[Document], T], workers: int) -> Iterator[T]:
        """Prepared documents in order, until the inputs end or a signal says stop; what cannot be read is noted."""
        from parkner.batch import FailedRecord
        from parkner.preparation import prepare_stream
        from parkner.streams import InputError

        for item in prepare_stream(self._records, prepare, workers=workers):
            if self._stop.by:
                return
            if isinstance(item, InputError):
                print(f"parkner: {item}", file=sys.stderr)
                self._job.failed.append(FailedRecord(self._read, item.to_dict()))
                continue
            self._read += 1
            self.places.append(self._bytes.done)
            yield item


class Meter:
    """Articles and characters a second, and the time left: a bar on a terminal, a line a minute elsewhere."""

    def __init__(self, feed: Feed, size: int | None) -> None:
        """Starts the clock.

        Args:
            feed: What is being read.
            size: Bytes there are to read; None if that is not known.
        """
        self._feed = feed
        self._size = size
        self._begun = self._logged = time.monotonic()
        self._first_place: int | None = None
        self._place = 0
        self._articles = self._characters = 0
        self._show: Callable[[], None] = self._log

    def count(self, document: Document) -> None:
        """Takes note of a document that was written, and shows it."""
        self._place = self._feed.places.popleft()
        if self._first_place is None:
            self._first_place = self._place
        self._articles += 1
        self._characters += len(document.text)
        self._show()

    def seconds_left(self) -> float | None:
        """Time left at the speed so far, over the bytes that are left; None where it cannot be told."""
        covered = self._place - (self._first_place or 0)
        if self._size is None or covered <= 0:
            return None
        return (self._size - self._place) * (time.monotonic() - self._begun) / covered

    def line(self) -> str:
        """One line of progress."""
        seconds = max(time.monotonic() - self._begun, 1e-9)
        left = self.seconds_left()
        return (
            f"{self._feed.done + self._articles} articles  {self._articles / seconds:.1f} articles/s  "
            f"{self._characters / seconds:,.0f} characters/s"
        ) + (f"  {_clock(left)} left" if left is not None else "")

    def shown(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Passes documents on while the bar is up."""
        if not sys.stderr.isatty():
            yield from documents
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        columns = (SpinnerColumn(), BarColumn(20), TextColumn("{task.description}"))
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("loading", total=self._size)
            self._show = lambda: progress.update(task, completed=self._place, description=self.line())
            yield from documents

    def _log(self) -> None:
        if time.monotonic() - self._logged >= LOG_SECONDS:
            self._logged = time.monotonic()
            print(f"parkner: {self.line()}", file=sys.stderr)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
