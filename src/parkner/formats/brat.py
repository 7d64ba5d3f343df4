"""brat: a folder of ``.txt`` files with their ``.ann`` files (tier 1).

https://brat.nlplab.org/standoff.html: ``T1<TAB>ORG 0 5<TAB>text`` a text-bound annotation, offsets in code points. Beside
them stands ``documents.jsonl``, which brat passes over: file, id and metadata of every document, in order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

from parkner.corpus import iterate_jsonl, write_lines
from parkner.formats.border import ReadOptions, document_of, meta_of, new_folder, settled_unit
from parkner.runtime import sha256_of_text
from parkner.spans import DataError, Document, UsageError
from parkner.streams import InputError

INDEX = "documents.jsonl"
_KINDS = {
    "R": "relations",
    "*": "equivalences",
    "E": "events",
    "A": "attributes",
    "M": "attributes",
    "N": "normalisations",
    "#": "notes",
}


def _stem(identity: str, taken: set[str]) -> str:
    """A file name for an id: other characters than letters and digits percent-encoded, distinct without case."""
    stem = "".join(c if c.isalnum() or c in "-_." else quote(c, safe="") for c in identity).lstrip(".")
    if not stem or len(stem.encode()) > 200:  # file systems allow 255 bytes
        stem = f"{stem[:40]}-{sha256_of_text(identity)[:16]}".lstrip("-")
    name, number = stem, 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem}~{number}"
    taken.add(name.casefold())
    return name


def _seen(text: str) -> str:
    """The text of a span as it stands in an ``.ann`` line, where brat writes a space for each line break."""
    return re.sub(r"[\n\r]", " ", text)


def _same(text: str, given: str) -> bool:
    return _seen(text) == _seen(given)


def write_brat(path: Path, documents: Iterable[Document]) -> int:
    """Writes a folder that did not exist or was empty; scores and values of spans have no place in it.

    Raises:
        UsageError: If the folder holds something.
        DataError: If a label has white space, which brat's types cannot have.
    """
    partial = new_folder(path)
    taken: set[str] = set()
    labels: dict[str, None] = {}
    index = []
    for document in documents:
        stem = _stem(document.id, taken)
        index.append(
            json.dumps({"file": stem, "id": document.id, "meta": meta_of(document)}, ensure_ascii=False)
        )
        lines = []
        for number, span in enumerate(document.spans, 1):
            if re.search(r"\s|;", span.label):
                raise DataError(
                    f"{document.id}: label {span.label!r} has white space, which brat's types cannot have"
                )
            labels[span.label] = None
            lines.append(f"T{number}\t{span.label} {span.start} {span.end}\t{_seen(document.text_of(span))}")
        (partial / f"{stem}.txt").write_bytes(document.text.encode())
        write_lines(partial / f"{stem}.ann", lines)
    write_lines(partial / INDEX, index)
    sections = ["[entities]", *labels, "[relations]", "[events]", "[attributes]"]
    write_lines(partial / "annotation.conf", sections)
    if path.exists():
        path.rmdir()
    partial.rename(path)
    return len(index)


def read_brat(path: Path, options: ReadOptions) -> Iterator[Document]:
    """Reads a folder to the bottom, or the files of one document (its ``.txt`` or ``.ann``).

    Relations, events, attributes and notes are left out and counted. A discontinuous span is an error, unless only
    white space lies between its parts: brat writes spans over several lines so.

    Yields:
        Documents, in the order of ``documents.jsonl`` or by path; without that file an id is the path without suffix.
    """
    if path.is_file():
        yield from _one(path.with_suffix(".txt"), path.stem, {}, options)
        return
    if not path.is_dir():
        raise UsageError(f"{path}: no such folder of .txt and .ann files")
    index_file = path / INDEX
    known: set[Path] = set()
    if index_file.is_file():
        for number, entry in iterate_jsonl(index_file):
            if not isinstance(entry, dict) or not {"file", "id"} <= entry.keys():
                raise DataError(f"{index_file}:{number}: needs file and id, not {entry!r}")
            text_file = path / f"{entry['file']}.txt"
            known.add(text_file)
            yield from _one(text_file, entry["id"], entry.get("meta") or {}, options)
    files = [f for f in sorted(path.rglob("*.txt")) if f not in known]
    if not files and not known:
        raise UsageError(f"{path}: holds no .txt files")
    for text_file in files:
        identity = text_file.relative_to(path).with_suffix("").as_posix()
        yield from _one(text_file, identity, {}, options)


def _one(text_file: Path, identity: str, meta: Any, options: ReadOptions) -> Iterator[Document]:
    try:
        text = text_file.read_bytes().decode()
        spans = list(_spans(text_file.with_suffix(".ann"), text, options))
    except DataError as error:
        options.fail(InputError(str(text_file), str(error), "record"))
        return
    except UnicodeDecodeError:
        options.fail(InputError(str(text_file), f"{text_file}: not UTF-8", "encoding"))
        return
    except OSError as error:
        options.fail(InputError(str(text_file), f"{text_file}: cannot read: {error.strerror}", "record"))
        return
    record = {"id": identity, "text": text, "spans": spans, "meta": meta}
    unit = settled_unit(text, spans, _same)
    document = document_of(record, file=str(text_file), line=None, options=options, unit=unit, same=_same)
    if document is not None:
        yield document


def _spans(ann_file: Path, text: str, options: ReadOptions) -> Iterator[dict[str, Any]]:
    if not ann_file.exists():
        return  # not annotated yet
    for number, raw in enumerate(ann_file.read_bytes().split(b"\n"), 1):
        line = raw.decode().removesuffix("\r")
        if not line.strip():
            continue
        where = f"{ann_file}:{number}"
        if not line.startswith("T"):
            kind = _KINDS.get(line[0])
            if kind is None:
                raise DataError(f"{where}: not an annotation of brat: {line[:60]!r}")
            options.left_out[kind] += 1
            continue
        columns = line.split("\t", 2)
        match = re.fullmatch(r"(\S+) (\d+ \d+(?:;\d+ \d+)*)", columns[1]) if len(columns) > 1 else None
        if match is None:
            raise DataError(f"{where}: needs the form T1<TAB>LABEL START END<TAB>TEXT, not {line[:60]!r}")
        parts = [[int(offset) for offset in part.split()] for part in match.group(2).split(";")]
        for (_, end), (start, _) in pairwise(parts):
            if text[end:start].strip():
                raise DataError(
                    f"{where}: the span {match.group(2)} is discontinuous, which spans here cannot be"
                )
        span: dict[str, Any] = {"start": parts[0][0], "end": parts[-1][1], "label": match.group(1)}
        # The text of a span in parts is the parts joined by single spaces, whatever lies between them.
        if len(columns) > 2 and len(parts) == 1:
            span["text"] = columns[2]
        yield span
