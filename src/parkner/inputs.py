"""Reads what users have, folders to WARC files, as a stream of documents (tier 1).

`iter_documents` is what every command reads its INPUT with; `iter_records` leaves parsing to the caller, who may do it
in other processes. A record that cannot be read is reported and the others are read; memory does not grow with the
input.
"""

from __future__ import annotations

import glob
import hashlib
import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from parkner import records
from parkner.charset import ContentError
from parkner.corpus import iterate_jsonl
from parkner.heads import date_in
from parkner.records import Record
from parkner.spans import DataError, Document, UsageError
from parkner.streams import HEAD, KNOWN_SUFFIXES, InputError, Limits, Unpacked, kind_of, read_whole

MANIFEST = "manifest.jsonl"

__all__ = [
    "InputError", "InputFile", "Limits", "Survey", "input_files", "iter_documents", "iter_records", "read_records",
    "survey",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is to read, by names and sizes.

    Attributes:
        files: How many files.
        bytes: Their size; None where standard input is among them.
        digest: SHA-256 over the names and sizes, hexadecimal: the same as long as the files are.
    """

    files: int
    bytes: int | None
    digest: str


class ReadBytes:
    """How far reading has come.

    Attributes:
        done: Bytes of the inputs that have been read, packed as they lie on disk.
    """

    def __init__(self) -> None:
        self.done = 0


def iter_documents(
    inputs: Sequence[str | Path],
    *,
    limits: Limits | None = None,
    on_error: Callable[[InputError], None] | None = None,
) -> Iterator[Document]:
    """Streams the documents of files, folders (searched to the bottom), glob patterns and ``-`` (standard input).

    Args:
        inputs: What to read, in order; files of a folder come sorted by name.
        limits: Sizes beyond which a record is an error.
        on_error: Gets every record that cannot be read; without it the first one is raised.

    Returns:
        Documents. A file's id is its path in the folder without suffix, or its name; a JSON Lines record's is its
        ``id`` or ``<file>:<line>``.

    Raises:
        UsageError: At once, if an input does not exist or a pattern matches nothing.
        InputError: At the first bad record, where ``on_error`` is None.
    """
    return _parsed(iter_records(inputs, limits=limits), on_error)


def _parsed(
    records_read: Iterator[Record | InputError], on_error: Callable[[InputError], None] | None
) -> Iterator[Document]:
    for record in records_read:
        item = record if isinstance(record, InputError) else record()
        if not isinstance(item, InputError):
            yield item
        elif on_error is None:
            raise item
        else:
            on_error(item)


def iter_records(
    inputs: Sequence[str | Path], *, limits: Limits | None = None, progress: ReadBytes | None = None
) -> Iterator[Record | InputError]:
    """Streams the records of inputs as they are read; arguments and errors as for `iter_documents`.

    Args:
        progress: Told how many bytes have been read.

    Returns:
        Records that parse when they are called, and an `InputError` for each that could not even be read.
    """
    return _read_all(_sources(inputs), limits or Limits(), progress or ReadBytes())


def input_files(inputs: Sequence[str | Path]) -> Iterator[InputFile]:
    """The files of inputs, each with the id its documents get; errors as for `iter_documents`."""
    return _distinct(_sources(inputs))


def survey(inputs: Sequence[str | Path]) -> Survey:
    """Looks at the names and sizes of all files of the inputs; raises as `iter_documents` does."""
    files, size = 0, 0
    known = True
    digest = hashlib.sha256()
    for file in input_files(inputs):
        files += 1
        if file.path is None:
            known = False
            continue
        try:
            bytes_here = file.path.stat().st_size
        except OSError:
            bytes_here = 0  # reading will say what is wrong with it
        size += bytes_here
        digest.update(f"{file.name}\0{bytes_here}\n".encode("utf-8", "surrogateescape"))
    return Survey(files, size if known else None, digest.hexdigest())


def _sources(inputs: Sequence[str | Path]) -> list[Path | None]:
    if not inputs:
        raise UsageError("no input: name files, folders, patterns or - for standard input")
    sources: list[Path | None] = []
    for item in inputs:
        sources += _expand(item)
    return sources


def _expand(item: str | Path) -> list[Path | None]:
    if str(item) == "-":
        return [None]
    path = Path(item)
    if path.exists():
        return [path]
    if glob.has_magic(str(item)):
        if found := sorted(glob.glob(str(item), recursive=True)):  # noqa: PTH207 (a pattern may be absolute)
            return [Path(name) for name in found]
        raise UsageError(f"{item}: the pattern matches no file")
    raise UsageError(f"{item}: no such file or folder")


def _read_all(
    sources: list[Path | None], limits: Limits, progress: ReadBytes
) -> Iterator[Record | InputError]:
    for file in _distinct(sources):
        yield from read_records(file, limits, progress=progress)


def _distinct(sources: list[Path | None]) -> Iterator[InputFile]:
    taken: set[str] = set()
    for source in sources:
        for file in _files(source):
            if len(sources) > 1 and file.path is not None:
                # Two inputs may hold files of one name; the whole path tells them apart.
                if file.identity in taken:
                    file = replace(file, identity=without_suffix(file.path.as_posix()).lstrip("./"))
                taken.add(file.identity)
            yield file


def read_records(
    file: InputFile,
    limits: Limits,
    *,
    progress: ReadBytes | None = None,
    open_stream: Callable[[], Any] | None = None,
) -> Iterator[Record | InputError]:
    """The records of one file; whatever is wrong with the file as a whole becomes its last item.

    Args:
        file: The file.
        limits: Sizes beyond which a record is an error.
        progress: Told how many bytes have been read.
        open_stream: Opens the file where it is not on this machine's file system.
    """
    for item in _guarded(file, limits, progress or ReadBytes(), open_stream):
        if file.known and not isinstance(item, InputError):
            yield partial(_with_known, item, file.known)
        else:
            yield item


def _with_known(record: Record, known: Mapping[str, Any]) -> Document | InputError:
    item = record()
    return item if isinstance(item, InputError) else replace(item, **known)


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file to read.

    Attributes:
        path: Where it is; None for standard input.
        name: Its name in messages.
        identity: The id of its document, or what the ids of its records begin with.
        known: What a manifest says of the document.
    """

    path: Path | None
    name: str
    identity: str
    known: Mapping[str, Any] = field(default_factory=dict)


def _files(source: Path | None) -> Iterator[InputFile]:
    if source is None:
        yield InputFile(None, "-", "stdin")
    elif source.is_dir():
        yield from _walk(source, source)
    else:
        yield InputFile(source, str(source), without_suffix(source.name))


def _walk(folder: Path, root: Path) -> Iterator[InputFile]:
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    stems = [without_suffix(entry.name) for entry in entries if is_known(entry.name) and not entry.is_dir()]
    manifest = _manifest(folder / MANIFEST)
    for entry in entries:
        if entry.is_dir():
            if not entry.is_symlink():  # a link to a folder above would never end
                yield from _walk(entry, root)
        elif is_known(entry.name) and not (entry.name == MANIFEST and manifest):
            relative = entry.relative_to(root)
            stem = without_suffix(entry.name)
            # page.html beside page.txt: both keep their suffixes, so that ids stay unique.
            own = stem if stems.count(stem) == 1 else entry.name
            identity = relative.with_name(own).as_posix()
            yield InputFile(entry, relative.as_posix(), identity, manifest.get(entry.name, {}))


def _manifest(path: Path) -> dict[str, dict[str, Any]]:
    """What a folder's ``manifest.jsonl`` says of its files: ``date`` and ``source`` by file name.

    Empty if there is none; a file of that name whose records hold texts is an input like any other.
    """
    if not path.is_file():
        return {}
    out: dict[str, dict[str, Any]] = {}
    for number, record in iterate_jsonl(path):
        if (
            not isinstance(record, dict)
            or not isinstance(record.get("file"), str)
            or {"text", "html"} & set(record)
        ):
            return {}
        known = {key: record[key] for key in ("date", "source") if isinstance(record.get(key), str)}
        if "date" in known and (day := date_in(known["date"])) is None:
            raise UsageError(f"{path}:{number}: date {known['date']!r} is not of the form YYYY-MM-DD")
        out[record["file"]] = {**known, "date": day} if "date" in known else known
    return out


def is_known(name: str) -> bool:
    """Whether a file of a folder is read, by its name."""
    return name.lower().removesuffix(".gz").endswith(KNOWN_SUFFIXES)


def without_suffix(name: str) -> str:
    """A file's name without the suffix that says what it holds."""
    base = name[:-3] if name.lower().endswith(".gz") else name
    for suffix in KNOWN_SUFFIXES:
        if base.lower().endswith(suffix) and len(base) > len(suffix):
            return base[: -len(suffix)]
    return base


def _guarded(
    source: InputFile, limits: Limits, progress: ReadBytes, open_stream: Callable[[], Any] | None
) -> Iterator[Record | InputError]:
    before = progress.done
    name, identity = source.name, source.identity
    try:
        if open_stream is not None:
            with open_stream() as stream:
                yield from _records(stream, name, identity, limits)
        elif source.path is None:
            yield from _records(sys.stdin.buffer, name, identity, limits)
        else:
            with source.path.open("rb", buffering=HEAD) as file:
                size = os.fstat(file.fileno()).st_size
                for item in _records(file, name, identity, limits):
                    # Parquet is not read from front to back: an estimate there, and never backwards.
                    progress.done = max(progress.done, before + min(size, file.tell()))
                    yield item
                progress.done = before + size
    except ContentError as error:
        yield InputError(name, str(error), error.kind)
    except DataError as error:
        yield InputError(name, str(error), "record")
    except OSError as error:
        yield InputError(name, f"cannot read: {error.strerror or error}", "unreadable")


def _records(file: Any, name: str, identity: str, limits: Limits) -> Iterator[Record | InputError]:
    stream: io.BufferedReader[Any] = file if isinstance(file, io.BufferedReader) else io.BufferedReader(file)
    inner = name
    head = _peek(stream)
    if head.startswith(b"\x1f\x8b"):
        stream = io.BufferedReader(Unpacked(stream, name, limits), HEAD)
        head = _peek(stream)
        inner = name[:-3] if name.lower().endswith(".gz") else name
    if not head:
        raise ContentError(f"{name}: the file is empty", "empty")
    kind = kind_of(head, inner)
    suffix = name[len(without_suffix(name)) :]
    file_id = identity if identity.endswith(suffix) else identity + suffix  # of which records have numbers
    if kind == "jsonl":
        yield from records.from_jsonl(stream, name, file_id, limits)
    elif kind == "parquet":
        yield from records.from_parquet(stream, name, file_id, limits)
    elif kind == "warc":
        yield from records.from_warc(stream, name, file_id, limits)
    else:
        data = read_whole(stream, name, limits)
        page = kind == "page"
        yield partial(records.from_file, data, name=name, identity=identity, page=page, limits=limits)


def _peek(stream: io.BufferedReader[Any]) -> bytes:
    """The first bytes, left in the stream: all of a small file, `HEAD` or a buffer of a large one."""
    return stream.peek(HEAD)[:HEAD]
