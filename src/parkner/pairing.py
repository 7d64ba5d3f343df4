"""Gold and predictions of the same documents, side by side, or a clear word why not (tier 1).

A score over the wrong documents is worse than none: an id that is missing, occurs twice or names another text is an
error here, not a zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from parkner.corpus import document_from_dict, iterate_jsonl
from parkner.runtime import sha256_of_text
from parkner.spans import DataError, Document, UsageError

IDS = ("strict", "common")


def read_unique(
    path: Path | str,
    *,
    texts: Mapping[str, str] | None = None,
    split: str | None = None,
    other: Sequence[Document] = (),
) -> list[Document]:
    """Reads a JSON Lines file in which every id stands once.

    Args:
        path: The file.
        texts: Texts by SHA-256, for stand-off records.
        split: Keep only records with this ``split``.
        other: Documents to take the texts of stand-off records from that ``texts`` does not have.

    Raises:
        UsageError: If the file cannot be opened, or holds no record of the split.
        DataError: If a record cannot be read, an id occurs twice, ``other`` has another text under the id of a
            stand-off record, or there is no record at all.
    """
    path = Path(path)
    documents: list[Document] = []
    lines: dict[str, int] = {}
    splits: set[str] = set()
    known = dict(texts or {})
    by_id = {document.id: document for document in other}
    hashed = False
    for number, record in iterate_jsonl(path):
        where = f"{path}:{number}"
        if isinstance(record, Mapping):
            splits.add(str(record.get("split")))
            if split is not None and record.get("split") != split:
                continue
            if record.get("id") is None:
                raise DataError(f"{where}: the record has no id")
            digest = record.get("sha256")
            if record.get("text") is None and digest and digest not in known:
                if not hashed:
                    # Hashing every text costs time: only where a record asks for it.
                    known |= texts_by_digest(other)
                    hashed = True
                same = by_id.get(str(record["id"]))
                if digest not in known and same is not None:
                    raise DataError(
                        f"{where}: id {same.id!r} has another text in the predictions: sha256 {digest} here, "
                        f"{sha256_of_text(same.text)} there"
                    )
        document = document_from_dict(record, where=where, texts=known)
        if document.id in lines:
            raise DataError(f"{where}: id {document.id!r} stands in line {lines[document.id]} already")
        lines[document.id] = number
        documents.append(document)
    if not documents and split is not None and splits:
        raise UsageError(f"{path}: no record of split {split!r}; there are {', '.join(sorted(splits))}")
    if not documents:
        raise DataError(f"{path}: holds no documents")
    return documents


def ids_outside_split(path: Path | str, split: str) -> set[str]:
    """Ids of the records that `read_unique` leaves out for their split."""
    return {
        str(record.get("id"))
        for _, record in iterate_jsonl(Path(path))
        if isinstance(record, Mapping) and record.get("split") != split
    }


def texts_by_digest(documents: Iterable[Document]) -> dict[str, str]:
    """Texts by SHA-256 of their UTF-8, for stand-off files."""
    return {sha256_of_text(document.text): document.text for document in documents}


def read_texts(path: Path | str, *, standoff: Path | str | None = None) -> dict[str, str]:
    """Texts by SHA-256 from a JSON Lines file of records with ``text``; of the rest only ``id`` is looked at.

    Args:
        path: The texts.
        standoff: A stand-off file whose records may name a part of a text: ``article`` (the id of the text),
            ``start`` and ``end`` (characters). These parts are in the result, too.

    Raises:
        UsageError: If a file cannot be opened.
        DataError: If a record has no text.
    """
    parts: dict[str, list[tuple[int, int]]] = {}
    for _, record in iterate_jsonl(Path(standoff)) if standoff is not None else ():
        if isinstance(record, Mapping) and {"article", "start", "end"} <= record.keys():
            parts.setdefault(str(record["article"]), []).append((record["start"], record["end"]))
    texts: dict[str, str] = {}
    for number, record in iterate_jsonl(Path(path)):
        text: Any = record.get("text") if isinstance(record, Mapping) else None
        if not isinstance(text, str):
            raise DataError(f"{path}:{number}: the record has no text")
        texts[sha256_of_text(text)] = text
        for start, end in parts.get(str(record.get("id")), ()):
            texts[sha256_of_text(text[start:end])] = text[start:end]
    return texts


def pair_documents(
    gold: Sequence[Document],
    predicted: Sequence[Document],
    *,
    ids: str = "strict",
    known: Iterable[str] = (),
    names: tuple[str, str] = ("gold", "predictions"),
) -> tuple[list[tuple[Document, Document]], list[str]]:
    """Puts the two versions of every document side by side.

    Args:
        gold, predicted: The documents, in any order.
        ids: ``strict``: both sides must have the same ids; ``common``: ids that only one side has are left out.
        known: Ids that predictions may have although gold does not (another split of the gold file).
        names: What to call the two sides in messages.

    Returns:
        The pairs, sorted by id (so that no result depends on the order of a file), and what a reader should know.

    Raises:
        DataError: If a side is empty, an id occurs twice, ids differ (see ``ids``), or texts under one id differ.
    """
    sides = [_by_id(documents, name) for documents, name in zip((gold, predicted), names, strict=True)]
    mine, theirs = sides
    missing, unknown = sorted(mine.keys() - theirs.keys()), sorted(theirs.keys() - mine.keys() - set(known))
    notes: list[str] = []
    if len(missing) == len(mine):
        raise DataError(
            f"{names[1]} and {names[0]} have no id in common: {_some(sorted(theirs))} there, {_some(missing)} here"
        )
    for only, here, there in ((missing, names[0], names[1]), (unknown, names[1], names[0])):
        if not only:
            continue
        message = f"{_count(only, 'id')} of {here} {'is' if len(only) == 1 else 'are'} not in {there}: {_some(only)}"
        if ids == "strict":
            raise DataError(f"{message}; --ids common leaves them out")
        notes.append(f"{message}; left out")
    pairs = []
    for identity in sorted(mine.keys() & theirs.keys()):
        one, other = mine[identity], theirs[identity]
        if one.text != other.text:
            raise DataError(f"id {identity!r} has two texts: {_difference(one.text, other.text, names)}")
        pairs.append((one, other))
    return pairs, notes


def source_of(document: Document) -> str:
    """The document's source; without one, the part of its id before the first ``/``; else ``(none)``."""
    if document.source:
        return document.source
    first, slash, _ = document.id.partition("/")
    return first if slash and first else "(none)"


def _by_id(documents: Sequence[Document], name: str) -> dict[str, Document]:
    found: dict[str, Document] = {}
    for document in documents:
        if document.id in found:
            raise DataError(f"id {document.id!r} occurs twice in {name}")
        found[document.id] = document
    if not found:
        raise DataError(f"{name}: no documents")
    return found


def _difference(one: str, other: str, names: tuple[str, str]) -> str:
    place = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    return (
        f"{len(one)} characters in {names[0]}, {len(other)} in {names[1]}, different from character {place} on "
        f"({one[place : place + 10]!r} and {other[place : place + 10]!r})"
    )


def _count(items: Sequence[str], noun: str) -> str:
    return f"{len(items):,} {noun}{'' if len(items) == 1 else 's'}"


def _some(items: Sequence[str], most: int = 3) -> str:
    shown = ", ".join(repr(item) for item in items[:most])
    return shown + (", ..." if len(items) > most else "")
