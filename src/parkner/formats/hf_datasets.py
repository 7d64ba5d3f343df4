"""Hugging Face ``datasets`` folders, as ``save_to_disk`` writes them (tier 1).

Written: the columns ``id``, ``text``, ``spans`` (``start, end, label, score``; code points) and ``meta`` (JSON).
Read: those, and ``tokens`` with ``ner_tags`` as most public corpora have it. Needs the package ``datasets``.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from parkner.formats.border import ReadOptions, document_of, meta_of, new_folder, span_of, with_meta
from parkner.formats.conll import spans_of_tokens
from parkner.spans import DataError, Document, UsageError
from parkner.streams import InputError

_BATCH = 1000  # documents held in memory while writing
_TAG_COLUMNS = ("ner_tags", "tags", "labels")
_KNOWN = ("id", "text", "spans", "entities", "date", "source", "title", "meta", "tokens", *_TAG_COLUMNS)


def _library() -> Any:
    try:
        import datasets
    except ModuleNotFoundError:
        raise UsageError("the format datasets needs the package: pip install 'parkner[train]'") from None
    datasets.disable_progress_bars()
    return datasets


def write_datasets(path: Path, documents: Iterable[Document]) -> int:
    """Writes a folder that did not exist or was empty, with memory for some documents only.

    Raises:
        UsageError: If ``datasets`` is not installed or the folder holds something.
    """
    datasets = _library()
    import pyarrow as pa

    span = pa.struct(
        [("start", pa.int64()), ("end", pa.int64()), ("label", pa.string()), ("score", pa.float64())]
    )
    schema = pa.schema(
        [("id", pa.string()), ("text", pa.string()), ("spans", pa.list_(span)), ("meta", pa.string())]
    )
    partial = new_folder(path)
    count = 0
    with tempfile.TemporaryDirectory(dir=partial.parent) as scratch:
        table = Path(scratch) / "documents.arrow"
        with pa.OSFile(str(table), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
            rows = map(_row, documents)
            while batch := list(islice(rows, _BATCH)):
                writer.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
                count += len(batch)
        datasets.Dataset.from_file(str(table)).save_to_disk(str(partial))
    if path.exists():
        path.rmdir()
    partial.rename(path)
    return count


def _row(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "text": document.text,
        "spans": [
            {"start": s.start, "end": s.end, "label": s.label, "score": s.score} for s in document.spans
        ],
        "meta": json.dumps(meta_of(document), ensure_ascii=False),
    }


def read_datasets(path: Path, options: ReadOptions) -> Iterator[Document]:
    """Reads a folder that ``save_to_disk`` wrote; of a ``DatasetDict`` all splits, named in ``meta``.

    Raises:
        UsageError: If ``datasets`` is not installed or the folder is none of its.
    """
    datasets = _library()
    try:
        loaded = datasets.load_from_disk(str(path))
    except (FileNotFoundError, ValueError) as error:
        raise UsageError(f"{path}: no folder of the datasets library: {error}") from None
    splits = loaded.items() if isinstance(loaded, Mapping) else [(None, loaded)]
    for split, dataset in splits:
        names = _tag_names(dataset, path)
        for number, row in enumerate(dataset, 1):
            file = str(path) if split is None else f"{path}/{split}"
            try:
                record = _record(row, names, f"{split}:{number}" if split else str(number))
            except DataError as error:
                options.fail(InputError(file, f"{file}:{number}: {error}", "record", number))
                continue
            if split is not None:
                record["meta"].setdefault("split", str(split))
            document = document_of(record, file=file, line=number, options=options)
            if document is not None:
                yield document


def _tag_names(dataset: Any, path: Path) -> list[str] | None:
    """Names of the tag ids; None where tags are strings or there are none."""
    column = next((c for c in _TAG_COLUMNS if c in dataset.column_names), None)
    if "text" in dataset.column_names and "spans" in dataset.column_names:
        return None
    if "tokens" not in dataset.column_names or column is None:
        if "text" in dataset.column_names:
            return None
        raise UsageError(
            f"{path}: neither the columns text and spans nor tokens and ner_tags, "
            f"only {', '.join(dataset.column_names)}"
        )
    feature = getattr(dataset.features[column], "feature", None)
    names = getattr(feature, "names", None)
    if names is None and getattr(feature, "dtype", "") != "string":
        raise UsageError(f"{path}: the tags in {column} are numbers without names (no ClassLabel)")
    return list(names) if names is not None else None


def _record(row: Mapping[str, Any], names: list[str] | None, identity: str) -> dict[str, Any]:
    record: dict[str, Any] = {
        k: row[k] for k in ("id", "text", "date", "source", "title") if row.get(k) is not None
    }
    record.setdefault("id", identity)
    meta = row.get("meta")
    if isinstance(meta, str):
        try:
            meta = json.loads(meta)
        except json.JSONDecodeError:
            raise DataError(f"meta is no JSON: {meta[:60]!r}") from None
    record["meta"] = meta or {}
    if "text" in row:
        items = row.get("spans", row.get("entities")) or []
        record["spans"] = [span_of(item) for item in items]
    else:
        column = next(c for c in _TAG_COLUMNS if c in row)
        tags = [names[tag] if names is not None else tag for tag in row[column]]
        record["text"], record["spans"] = spans_of_tokens(row["tokens"], tags)
    return with_meta(record, {k: v for k, v in row.items() if k not in _KNOWN})
