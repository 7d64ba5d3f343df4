"""Batch prediction that can die and go on: parts, resume, lock (tier 4).

Documents are written in order to parts in ``<out>.parts/``; a part is complete or not there. When all is done the
parts become the output in one step, and ``<out>.job.json`` says how it was made. A run that was killed goes on behind
its last part; it refuses where the model, an option or an input differs from the run it resumes. One output is
written by one job at a time.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from parkner.corpus import document_to_dict
from parkner.parquet_output import RowWriter, merge_parquet
from parkner.runtime import write_json
from parkner.spans import DataError, Document, UsageError

# A part is closed at the latest when it holds this much: a kill loses no more than that.
PART_DOCUMENTS = 1000
PART_CHARACTERS = 4_000_000
PART_SECONDS = 60.0

COMPLETE = -1  # of `Job.begin`: there is nothing left to do


class OutputError(DataError):
    """The output cannot be written: a full disk, a folder that went away. What was written is kept."""


@dataclass(slots=True)
class FailedRecord:
    """An input record that could not be read, and how many documents had been read before it."""

    position: int
    report: Mapping[str, Any]


@dataclass
class Job:
    """One output being written.

    Attributes:
        out: Final file, ``.jsonl`` or ``.parquet``.
        fingerprint: What must be the same for a resumed run: model, options, inputs.
        failed: Records that could not be read and are in no part yet; the reader of the inputs appends to it.
    """

    out: Path
    fingerprint: Mapping[str, Any] = field(default_factory=dict)
    failed: list[FailedRecord] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.out.suffix not in (".jsonl", ".parquet"):
            raise UsageError(f"--out {self.out}: must end in .jsonl or .parquet")
        if self.out.is_dir():
            raise UsageError(f"--out {self.out}: is a folder")

    @property
    def parts_folder(self) -> Path:
        """Folder of the parts while the job is not done."""
        return self.out.with_name(self.out.name + ".parts")

    @property
    def errors_file(self) -> Path:
        """One line for every record that could not be read."""
        return self.out.with_name(self.out.name + ".errors.jsonl")

    @property
    def job_file(self) -> Path:
        """How the output was made: the fingerprint of its run, and the counts."""
        return self.out.with_name(self.out.name + ".job.json")

    @property
    def _done_folder(self) -> Path:
        """The parts of a job that is done, on their way out: deleting is not one step, renaming is."""
        return self.out.with_name(self.out.name + ".parts.done")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the output against a second job.

        Raises:
            UsageError: If another job is writing it, or its folder cannot be written.
        """
        path = self.out.with_name(self.out.name + ".lock")
        with self._take(path):
            try:
                yield
            finally:
                path.unlink(missing_ok=True)

    def _take(self, path: Path) -> IO[str]:
        while True:
            try:
                self.out.parent.mkdir(parents=True, exist_ok=True)
                lock = path.open("w")
            except OSError as error:
                raise UsageError(f"--out {self.out}: cannot write: {error.strerror}") from None
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                lock.close()
                raise UsageError(
                    f"--out {self.out}: another job is writing it ({path.name} is held)"
                ) from None
            # Between opening and locking, the job before may have removed the file: then the next one would lock another.
            if path.exists() and os.path.samestat(path.stat(), os.fstat(lock.fileno())):
                return lock
            lock.close()

    def begin(self, *, resume: bool) -> int:
        """Prepares the parts folder.

        Args:
            resume: Keep the parts that a killed run left.

        Returns:
            How many documents are done already; `COMPLETE` where the output is finished.

        Raises:
            UsageError: If the run to resume had another model, other options or other inputs; names which.
        """
        plan = self.parts_folder / "job.json"
        now = json.loads(json.dumps(self.fingerprint))
        try:
            shutil.rmtree(self._done_folder, ignore_errors=True)
            if resume and plan.is_file():
                self._refuse_other(_read_plan(plan), now)
                return self._keep_whole_parts()
            if resume and not self.parts_folder.exists() and self.out.is_file() and self.job_file.is_file():
                self._refuse_other(_read_plan(self.job_file), now)
                return COMPLETE
            shutil.rmtree(self.parts_folder, ignore_errors=True)
            self.parts_folder.mkdir(parents=True)
            write_json(plan, {"fingerprint": now})
        except OSError as error:
            raise UsageError(f"--out {self.out}: cannot write: {error.strerror}") from None
        return 0

    def _refuse_other(self, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        differs = [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
        if differs:
            shown = "; ".join(f"{key} was {before.get(key)!r}, is {now.get(key)!r}" for key in differs)
            raise UsageError(f"--resume: {self.out} was begun differently: {shown}")

    def _keep_whole_parts(self) -> int:
        parts = self._parts()
        kept = {name for part in parts for name in (part["file"], _description(part["file"]))}
        for path in self.parts_folder.glob("part-*"):
            if path.name not in kept:
                path.unlink()
        return sum(part["documents"] for part in parts)

    def records_done(self) -> int:
        """Records of the inputs, good and bad, that the parts cover: so many can be passed by without parsing them."""
        return sum(part["documents"] + len(part["failed"]) for part in self._parts())

    def write(self, documents: Iterable[Document], done: int) -> Iterator[Document]:
        """Writes documents to parts as they come and passes them on; what is pending is written however it ends.

        Args:
            documents: The documents behind the first ``done``.
            done: Documents in parts already.
        """
        part: _Part | None = None
        try:
            for document in documents:
                if part is None:
                    part = _Part(self.parts_folder / f"{_part_name(done)}{self.out.suffix}", done)
                with self._naming(part):
                    part.add(document)
                yield document
                if part.is_full():
                    self._close(part)
                    done += part.documents
                    part = None
        except OutputError:
            part = None  # there is no room for it; a resumed run makes it again
            raise
        finally:
            if part is not None:
                self._close(part)

    def finish(self) -> tuple[int, int]:
        """Puts the parts together as the output.

        Returns:
            ``(documents, failed records)``.
        """
        parts = self._parts()
        reports = [report for part in parts for report in part["failed"]]
        covered = sum(part["documents"] for part in parts)
        reports += [f.report for f in self.failed if f.position >= covered]
        partial = self.out.with_name(self.out.name + ".partial")
        files = [self.parts_folder / part["file"] for part in parts]
        try:
            if self.out.suffix == ".jsonl":
                with partial.open("wb") as target:
                    for file in files:
                        with file.open("rb") as source:
                            shutil.copyfileobj(source, target)
            else:
                merge_parquet(files, partial)
            if reports:
                partial_errors = self.errors_file.with_name(self.errors_file.name + ".partial")
                with partial_errors.open("w", encoding="utf-8") as target_text:
                    for report in reports:
                        target_text.write(json.dumps(report, ensure_ascii=False) + "\n")
                partial_errors.replace(self.errors_file)
            else:
                self.errors_file.unlink(missing_ok=True)
            write_json(
                self.job_file,
                {"fingerprint": dict(self.fingerprint), "documents": covered, "failed": len(reports)},
            )
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise self._cannot_write(partial, error) from None
        partial.replace(self.out)
        # Killed from here on, a resumed run finds all parts or none, and the output is the same.
        self.parts_folder.replace(self._done_folder)
        shutil.rmtree(self._done_folder, ignore_errors=True)
        return covered, len(reports)

    def _cannot_write(self, path: Path, error: OSError) -> OutputError:
        return OutputError(
            f"{path}: cannot write: {error.strerror or error}; the parts in {self.parts_folder} are kept: "
            "make room and go on with --resume"
        )

    def _parts(self) -> list[dict[str, Any]]:
        """Descriptions of the whole parts from the first on, without a gap."""
        out: list[dict[str, Any]] = []
        expected = 0
        for path in sorted(self.parts_folder.glob("part-*.json")):
            try:
                part = json.loads(path.read_text(encoding="utf-8"))
                whole = (self.parts_folder / part["file"]).stat().st_size == part["bytes"]
            except (OSError, ValueError, KeyError):
                whole = False  # cut short by a machine that went down
            if not whole or path.name != _description(_part_name(expected)):
                break
            out.append(part)
            expected += part["documents"]
        return out

    @contextmanager
    def _naming(self, part: _Part) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            part.remove()
            raise self._cannot_write(part.path, error) from None

    def _close(self, part: _Part) -> None:
        end = part.first + part.documents
        failed = [f.report for f in self.failed if part.first <= f.position < end]
        with self._naming(part):
            size = part.close()
            # The description is written last: a part without one was cut short and is written again.
            write_json(
                self.parts_folder / _description(part.path.name),
                {"file": part.path.name, "documents": part.documents, "bytes": size, "failed": failed},
            )
        self.failed[:] = [f for f in self.failed if f.position >= end]


class _Part:
    """A part being written; what it holds goes to disk as it comes, so that long or crowded articles do not pile up."""

    def __init__(self, path: Path, first: int) -> None:
        self.path, self.first = path, first
        self.documents = self._characters = 0
        self._begun = time.monotonic()
        self._file: IO[bytes] | None = None
        self._rows: RowWriter | None = None

    def add(self, document: Document) -> None:
        if self._file is None:
            self._file = self.path.open("wb")
            self._rows = RowWriter(self._file) if self.path.suffix == ".parquet" else None
        if self._rows is not None:
            self._rows.add(document)
        else:
            line = json.dumps(document_to_dict(document), ensure_ascii=False) + "\n"
            self._file.write(line.encode("utf-8"))
        self.documents += 1
        self._characters += len(document.text)

    def is_full(self) -> bool:
        return (
            self.documents >= PART_DOCUMENTS
            or self._characters >= PART_CHARACTERS
            or time.monotonic() - self._begun >= PART_SECONDS
        )

    def close(self) -> int:
        """Makes sure it is on disk; returns its size in bytes."""
        assert self._file is not None
        if self._rows is not None:
            self._rows.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        size = self._file.tell()
        self._file.close()
        return size

    def remove(self) -> None:
        if self._file is not None:
            with suppress(OSError):  # it would try to write the rest once more
                self._file.close()
        self.path.unlink(missing_ok=True)


def _part_name(first: int) -> str:
    return f"part-{first:010d}"


def _description(file: str) -> str:
    return file.partition(".")[0] + ".json"


def _read_plan(path: Path) -> dict[str, Any]:
    try:
        plan: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # differs from every fingerprint
    return plan
