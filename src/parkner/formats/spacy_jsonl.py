"""spaCy-style JSON Lines, as Prodigy reads and writes them (tier 1).

A line is ``{"text", "spans": [{"start", "end", "label"}], "meta"}``. ``ents`` (spaCy's ``Doc.to_json``) and
``entities`` (its training data up to version 2, ``[start, end, label]``) are read in place of ``spans``. Offsets are
Python's: code points.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from parkner.corpus import document_to_dict, write_lines
from parkner.formats.border import ReadOptions, read_json_lines, span_of, with_meta
from parkner.spans import DataError, Document

_KEYS = ("spans", "ents", "entities")
# What Prodigy and spaCy add of their own accord and what says nothing of the text.
_PASSED_OVER = (
    "tokens",
    "sents",
    "_input_hash",
    "_task_hash",
    "_is_binary",
    "_view_id",
    "_session_id",
    "_timestamp",
)
_KNOWN = ("id", "text", "date", "source", "title", "meta", "answer", *_KEYS, *_PASSED_OVER)


def read_spacy(path: Path, options: ReadOptions) -> Iterator[Document]:
    """Reads spaCy-style lines; what was rejected or ignored in Prodigy is left out and counted."""

    def record(line: Mapping[str, Any], identity: str) -> list[dict[str, Any]]:
        if line.get("answer", "accept") != "accept":
            options.left_out[f"records answered {line['answer']!r}"] += 1
            return []
        items: Any = next((line[key] for key in _KEYS if line.get(key) is not None), [])
        if not isinstance(items, list):
            raise DataError(f"spans must be a list, not {items!r}")
        out = {
            key: line[key] for key in ("text", "date", "source", "title", "meta") if line.get(key) is not None
        }
        out["id"] = identity if line.get("id") is None else line["id"]
        out["spans"] = [span_of(item) for item in items]
        return [with_meta(out, {key: value for key, value in line.items() if key not in _KNOWN})]

    return read_json_lines(path, options, record, "code-point")


def write_spacy(path: Path, documents: Iterable[Document]) -> int:
    """Writes spaCy-style lines; ``text``, ``score`` and ``value`` of spans go along, spaCy passes over them."""
    return write_lines(path, (json.dumps(document_to_dict(d), ensure_ascii=False) for d in documents))
