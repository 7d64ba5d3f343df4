"""Documents as Parquet: one schema for every engine (tier 3)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any

from parkner.corpus import document_to_dict
from parkner.spans import Document

ROW_GROUP = 1000  # rows; the same however a job was cut into parts, so that the file is the same too
BUFFERED_ROWS = 64  # of a part; merging makes row groups of full size of them


def parquet_schema() -> Any:
    """Columns ``id, text, spans, meta``; ``meta`` and the values of spans are JSON strings, as their keys vary."""
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


def parquet_row(document: Document) -> dict[str, Any]:
    """A document as a row of `parquet_schema`."""
    row = document_to_dict(document)
    for span in row["spans"]:
        if span.get("value") is not None:
            span["value"] = json.dumps(span["value"], ensure_ascii=False)
        span.pop("sources", None)
    row["meta"] = json.dumps(row["meta"], ensure_ascii=False)
    return row


def parquet_table(documents: Iterable[Document]) -> Any:
    """Documents as an Arrow table of `parquet_schema`."""
    import pyarrow as pa

    return pa.Table.from_pylist([parquet_row(document) for document in documents], schema=parquet_schema())


class RowWriter:
    """Writes documents to one Parquet file as they come."""

    def __init__(self, target: IO[bytes]) -> None:
        """Begins a file; the target stays open in the end."""
        import pyarrow.parquet as pq

        self._writer = pq.ParquetWriter(target, parquet_schema(), compression="zstd")
        self._waiting: list[Document] = []

    def add(self, document: Document) -> None:
        """Adds a row."""
        self._waiting.append(document)
        if len(self._waiting) >= BUFFERED_ROWS:
            self._flush()

    def close(self) -> None:
        """Ends the file."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(parquet_table(self._waiting))
            self._waiting = []


def merge_parquet(files: Sequence[Path], out: Path) -> None:
    """Puts files of `parquet_schema` together in row groups of `ROW_GROUP`; a few of these are in memory at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = parquet_schema()
    rest = schema.empty_table()
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for file in files:
            for batch in pq.ParquetFile(file).iter_batches(batch_size=ROW_GROUP):
                rest = pa.concat_tables([rest, pa.Table.from_batches([batch])])
                while rest.num_rows >= ROW_GROUP:
                    writer.write_table(rest.slice(0, ROW_GROUP))
                    rest = rest.slice(ROW_GROUP)
        if rest.num_rows:
            writer.write_table(rest)
