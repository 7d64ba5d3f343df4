"""doccano JSON Lines, both layouts (tier 1).

Sequence labelling exports ``{"id", "text", "label": [[start, end, label]]}``, projects with relations export
``{"id", "text", "entities": [{"id", "label", "start_offset", "end_offset"}], "relations": []}``. doccano 1.x stores
what its browser side counts: UTF-16 code units (issue doccano/doccano#2290; v-annotator hands on
``Selection`` offsets). Characters beyond U+FFFF, such as emoji, therefore count twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from parkner.corpus import write_lines
from parkner.formats.border import ReadOptions, Utf16, meta_of, read_json_lines, span_of, with_meta
from parkner.spans import DataError, Document

_LABELS = ("label", "labels", "entities")
_KNOWN = ("id", "text", "data", "date", "source", "title", "meta", "relations", "Comments", "cats", *_LABELS)
# Written in every line: doccano reads lines into one table, and a gap in a column would come back as NaN.
_META = ("date", "source", "title")


def read_doccano(path: Path, options: ReadOptions) -> Iterator[Document]:
    """Reads doccano lines of either layout; relations and comments are left out and counted."""

    def record(line: Mapping[str, Any], identity: str) -> list[dict[str, Any]]:
        items: Any = next((line[key] for key in _LABELS if line.get(key) is not None), [])
        if not isinstance(items, list):
            raise DataError(f"labels must be a list of spans, not {items!r}")
        for key, name in (("relations", "relations"), ("Comments", "comments")):
            if line.get(key):
                options.left_out[name] += len(line[key])
        spans = [
            span_of(item, "start_offset", "end_offset")
            if isinstance(item, Mapping) and "start_offset" in item
            else span_of(item)
            for item in items
        ]
        text = line.get("text", line.get("data"))
        out: dict[str, Any] = {"id": line.get("id", identity), "text": text, "spans": spans}
        for key in (*_META, "meta"):
            value = line.get(key)
            if value is not None and value == value:
                out[key] = value
        return [with_meta(out, {key: value for key, value in line.items() if key not in _KNOWN})]

    return read_json_lines(path, options, record, "utf-16")


def _shared(document: Document) -> tuple[dict[str, Any], list[tuple[int, int, str]]]:
    meta = meta_of(document)
    head = {"id": document.id, "text": document.text}
    tail = {key: meta.pop(key, None) for key in _META} | {"meta": meta}
    count = Utf16(document.text)
    spans = [
        (count.from_code_points(s.start), count.from_code_points(s.end), s.label) for s in document.spans
    ]
    return head | tail, spans


def write_doccano(path: Path, documents: Iterable[Document]) -> int:
    """Writes ``label: [[start, end, label]]``; scores and values of spans have no place in it."""

    def line(document: Document) -> str:
        out, spans = _shared(document)
        return json.dumps(out | {"label": [list(span) for span in spans]}, ensure_ascii=False)

    return write_lines(path, map(line, documents))


def write_doccano_relations(path: Path, documents: Iterable[Document]) -> int:
    """Writes ``entities`` and empty ``relations``, as projects with relations have it."""
    number = 0

    def line(document: Document) -> str:
        nonlocal number
        out, spans = _shared(document)
        entities = []
        for start, end, label in spans:
            number += 1  # doccano numbers them through the project
            entities.append({"id": number, "label": label, "start_offset": start, "end_offset": end})
        return json.dumps(out | {"entities": entities, "relations": []}, ensure_ascii=False)

    return write_lines(path, map(line, documents))
