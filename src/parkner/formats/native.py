"""Our own JSON Lines, with texts and stand-off (tier 1)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from parkner.corpus import standoff_record, write_documents, write_lines
from parkner.formats.border import ReadOptions, read_json_lines, with_meta
from parkner.spans import Document

_KNOWN = ("id", "text", "sha256", "spans", "date", "source", "title", "meta")


def _record(line: Mapping[str, Any], identity: str) -> list[dict[str, Any]]:
    record = {"id": identity, **{key: line[key] for key in _KNOWN if line.get(key) is not None}}
    spans = record.get("spans")
    if isinstance(spans, list):
        record["spans"] = [
            {"start": item[0], "end": item[1], "label": item[2]}
            if isinstance(item, list) and len(item) == 3
            else item
            for item in spans
        ]
    return [with_meta(record, {key: value for key, value in line.items() if key not in _KNOWN})]


def read_native(path: Path, options: ReadOptions) -> Iterator[Document]:
    """Reads our JSON Lines; stand-off records find their text in ``options.texts`` by its SHA-256."""
    return read_json_lines(path, options, _record, "code-point")


def write_native(path: Path, documents: Iterable[Document]) -> int:
    """Writes our JSON Lines: everything a document holds."""
    return write_documents(path, documents)


def write_standoff(path: Path, documents: Iterable[Document]) -> int:
    """Writes id, SHA-256 of the text and ``[start, end, label]`` spans: gold that may be passed on without the text."""
    return write_lines(path, (json.dumps(standoff_record(d), ensure_ascii=False) for d in documents))
