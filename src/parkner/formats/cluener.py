"""CLUENER2020: fine-grained Chinese entities, a sentence a line, ends inclusive (tier 1).

Xu et al. 2020, https://arxiv.org/abs/2001.04351. A line is ``{"text", "label": {"name": {"叶老桂": [[9, 11]]}}}``: by
label and text of the entity, first and last character of each mention.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from parkner.corpus import write_lines
from parkner.formats.border import ReadOptions, meta_of, read_json_lines, with_meta
from parkner.spans import DataError, Document

_KNOWN = ("id", "text", "label", "meta")


def _record(line: Mapping[str, Any], identity: str) -> list[dict[str, Any]]:
    labels = line.get("label")
    if labels is None:
        labels = {}  # the test file has none
    if not isinstance(labels, Mapping):
        raise DataError(f"label must be an object of labels, not {labels!r}")
    spans: list[dict[str, Any]] = []
    for label, names in labels.items():
        if not isinstance(names, Mapping):
            raise DataError(f"label {label!r} must be an object of entity texts, not {names!r}")
        for name, places in names.items():
            for place in places:
                if not (isinstance(place, list) and len(place) == 2 and all(type(p) is int for p in place)):
                    raise DataError(f"{label} {name!r}: a place is [first, last], not {place!r}")
                spans.append({"start": place[0], "end": place[1] + 1, "label": label, "text": name})
    record = {
        "id": line.get("id", identity),
        "text": line.get("text"),
        "spans": spans,
        "meta": line.get("meta"),
    }
    return [with_meta(record, {key: value for key, value in line.items() if key not in _KNOWN})]


def read_cluener(path: Path, options: ReadOptions) -> Iterator[Document]:
    """Reads CLUENER lines; ends become exclusive, and each span is checked against the text given for it."""
    return read_json_lines(path, options, _record, "code-point")


def _line(document: Document) -> str:
    labels: dict[str, dict[str, list[list[int]]]] = {}
    for span in document.spans:
        places = labels.setdefault(span.label, {}).setdefault(document.text_of(span), [])
        places.append([span.start, span.end - 1])
    out = {"id": document.id, "text": document.text, "label": labels}
    if meta := meta_of(document):
        out["meta"] = meta
    return json.dumps(out, ensure_ascii=False)


def write_cluener(path: Path, documents: Iterable[Document]) -> int:
    """Writes CLUENER lines, with ``id`` and ``meta`` beside; scores and values of spans have no place in it."""
    return write_lines(path, map(_line, documents))
