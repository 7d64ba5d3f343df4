"""Batch prediction that can die and go on: parts, resume, lock (tier 4).

Documents are written in order to parts in ``<out>.parts/``; a part is complete or not there. When all is done the
parts become the output in one step. A run that was killed goes on behind its last part; it refuses where the model or
an option differs from the run it resumes. One output is written by one job at a time.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from parkner.corpus import document_to_dict
from parkner.runtime import write_json
from parkner.spans import Document, UsageError

PART_DOCUMENTS = 1000
PART_CHARACTERS = (
    4_000_000  # a part is written at the latest then, so that long articles do not pile up in memory
)


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
        failed: Records that could not be read; the reader of the inputs appends to it.
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

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the output against a second job.

        Raises:
            UsageError: If another job is writing it, or its folder cannot be written.
        """
        path = self.out.with_name(self.out.name + ".lock")
        try:
            self.out.parent.mkdir(parents=True, exist_ok=True)
            lock = path.open("w")
        except OSError as error:
            raise UsageError(f"--out {self.out}: cannot write: {error.strerror}") from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise UsageError(
                    f"--out {self.out}: another job is writing it ({path.name} is held)"
                ) from None
            try:
                yield
            finally:
                path.unlink(missing_ok=True)

    def begin(self, *, resume: bool) -> int:
        """Prepares the parts folder.

        Args:
            resume: Keep the parts that a killed run left.

        Returns:
            How many documents are done already.

        Raises:
            UsageError: If the run to resume had another model or other options; names which.
        """
        plan = self.parts_folder / "job.json"
        if resume and not plan.is_file() and self.out.is_file() and not self.parts_folder.exists():
            return -1
        if resume and plan.is_file():
            before = json.loads(plan.read_text(encoding="utf-8"))
            now = json.loads(json.dumps(self.fingerprint))
            differs = [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
            if differs:
                shown = "; ".join(f"{key} was {before.get(key)!r}, is {now.get(key)!r}" for key in differs)
                raise UsageError(f"--resume: {self.out} was begun differently: {shown}")
            return sum(part["documents"] for part in self._parts())
        shutil.rmtree(self.parts_folder, ignore_errors=True)
        self.parts_folder.mkdir(parents=True)
        write_json(plan, dict(self.fingerprint))
        return 0

    def write(self, documents: Iterable[Document], done: int) -> Iterator[Document]:
        """Writes documents to parts as they come and passes them on; what is pending is written however it ends.

        Args:
            documents: The documents behind the first ``done``.
            done: Documents in parts already.
        """
        pending: list[Document] = []
        characters = 0
        try:
            for document in documents:
                pending.append(document)
                characters += len(document.text)
                yield document
                if len(pending) >= PART_DOCUMENTS or characters >= PART_CHARACTERS:
                    self._write_part(pending, done)
                    done += len(pending)
                    pending, characters = [], 0
        finally:
            if pending:
                self._write_part(pending, done)

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
        if self.out.suffix == ".jsonl":
            with partial.open("wb") as target:
                for file in files:
                    with file.open("rb") as source:
                        shutil.copyfileobj(source, target)
        else:
            _merge_parquet(files, partial)
        if reports:
            with self.errors_file.open("w", encoding="utf-8") as target_text:
                for report in reports:
                    target_text.write(json.dumps(report, ensure_ascii=False) + "\n")
        else:
            self.errors_file.unlink(missing_ok=True)
        partial.replace(self.out)
        shutil.rmtree(self.parts_folder)
        return covered, len(reports)

    def _parts(self) -> list[dict[str, Any]]:
        found = sorted(self.parts_folder.glob("part-*.json"))
        return [json.loads(path.read_text(encoding="utf-8")) for path in found]

    def _write_part(self, documents: Sequence[Document], first: int) -> None:
        name = f"part-{first:010d}"
        file = self.parts_folder / f"{name}{self.out.suffix}"
        if self.out.suffix == ".jsonl":
            with file.open("w", encoding="utf-8") as target:
                for document in documents:
                    target.write(json.dumps(document_to_dict(document), ensure_ascii=False) + "\n")
                target.flush()
                os.fsync(target.fileno())
        else:
            _write_parquet(documents, file)
        end = first + len(documents)
        failed = [f.report for f in self.failed if first <= f.position < end]
        # The description is written last: a part without one was cut short and is written again.
        write_json(
            self.parts_folder / f"{name}.json",
            {"file": file.name, "documents": len(documents), "failed": failed},
        )


def _parquet_schema() -> Any:
    import pyarrow as pa

    span = pa.struct(
        [
            ("start", pa.int64()),
            ("end", pa.int64()),
            ("label", pa.string()),
            ("text", pa.string()),
            ("score", pa.float64()),
            ("value", pa.string()),
            ("value_error", pa.string()),
            ("raw_start", pa.int64()),
            ("raw_end", pa.int64()),
        ]
    )
    return pa.schema(
        [("id", pa.string()), ("text", pa.string()), ("spans", pa.list_(span)), ("meta", pa.string())]
    )


def _write_parquet(documents: Sequence[Document], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = []
    for document in documents:
        row = document_to_dict(document)
        for span in row["spans"]:
            if span.get("value") is not None:
                span["value"] = json.dumps(span["value"], ensure_ascii=False)
            span.pop("sources", None)
        row["meta"] = json.dumps(row["meta"], ensure_ascii=False)
        rows.append(row)
    pq.write_table(pa.Table.from_pylist(rows, schema=_parquet_schema()), path, compression="zstd")


def _merge_parquet(files: Sequence[Path], out: Path) -> None:
    import pyarrow.parquet as pq

    with pq.ParquetWriter(out, _parquet_schema(), compression="zstd") as writer:
        for file in files:
            writer.write_table(pq.read_table(file))


def skip_done(documents: Iterable[Document], done: int) -> Iterator[Document]:
    """Passes by the documents that are in parts already."""
    return islice(documents, done, None)
