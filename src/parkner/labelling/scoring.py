"""Gold for the labelling functions: found by the text it was made for (tier 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from parkner.corpus import document_from_dict, iterate_jsonl
from parkner.runtime import sha256_of_text
from parkner.spans import Span, UsageError

Gold = Mapping[str, Sequence[Span]]


def read_gold(path: Path, *, split: str | None = None) -> Gold:
    """Gold spans by the SHA-256 of the text; records with texts and stand-off records alike.

    Args:
        path: JSON Lines.
        split: Take only records whose ``split`` is this.

    Raises:
        UsageError: If there is no record.
        DataError: If a record cannot be read; names file, line and value.
    """
    out: dict[str, Sequence[Span]] = {}
    for number, record in iterate_jsonl(path):
        if split is not None and isinstance(record, dict) and record.get("split") != split:
            continue
        where = f"{path}:{number}"
        if isinstance(record, dict) and record.get("text") is None and isinstance(record.get("sha256"), str):
            spans = record.get("spans") or []
            longest = max((item[1] for item in spans), default=0)
            # Offsets are checked against a text that is long enough; the real one is not at hand.
            document = document_from_dict({**record, "text": " " * longest}, where=where)
            out[record["sha256"]] = document.spans
        else:
            document = document_from_dict(record, where=where)
            out[sha256_of_text(document.text)] = document.spans
    if not out:
        raise UsageError(f"{path}: no gold record{f' of split {split}' if split else ''}")
    return out


def gold_of(gold: Gold, text: str) -> Sequence[Span] | None:
    """The gold spans of a text, or None if there is no gold for it."""
    return gold.get(sha256_of_text(text))
