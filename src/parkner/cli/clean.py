"""``parkner clean``."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parkner.cli.input_options import Inputs, MaxBytes, MaxDepth, MaxRatio
from parkner.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from parkner.spans import Document
    from parkner.streams import InputError

ROWS = 1000  # documents in a row group of a Parquet file


class Forms(StrEnum):
    """Choices of ``--text``."""

    original = "original"
    clean = "clean"


def clean_command(
    inputs: Inputs,
    out: Annotated[Path, typer.Option("--out", "-o", help="Output: .jsonl, .jsonl.gz or .parquet.")],
    text: Annotated[
        Forms,
        typer.Option(
            "--text",
            help="original: the article as it stands in the page. clean: as the model reads it (simplified, no pinyin).",
        ),
    ] = Forms.original,
    max_bytes: MaxBytes = 10_000_000,
    max_ratio: MaxRatio = 200,
    max_depth: MaxDepth = 2_000,
) -> int:
    """Turn pages and texts into documents: id, text, title, date, source, meta."""
    from parkner.inputs import Limits, iter_documents

    limits = Limits(max_bytes=max_bytes, max_ratio=max_ratio, max_depth=max_depth)
    errors: list[dict[str, Any]] = []

    def on_error(error: InputError) -> None:
        print(f"parkner: {error}", file=sys.stderr)
        errors.append(error.to_dict())

    documents = iter_documents(
        inputs, limits=limits, on_error=on_error
    )  # raises at once if an input is missing
    count = 0
    with _writer(out) as write:
        for document in documents:
            write(record_of(_in_clean_form(document) if text is Forms.clean else document))
            count += 1
    errors_file = out.with_name(out.name + ".errors.jsonl")
    errors_file.unlink(missing_ok=True)
    print(f"{count} documents; {out}")
    if not errors:
        return 0
    with errors_file.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(error, ensure_ascii=False) + "\n" for error in errors)
    print(f"{len(errors)} records could not be read; see {errors_file}", file=sys.stderr)
    return 1


def record_of(document: Document) -> dict[str, Any]:
    """A document as a line of the output; read again by every command.

    Args:
        document: The document; spans that the input had are kept.

    Returns:
        ``id, text, title, date, source, meta`` (and ``spans`` where there are any). ``meta.raw`` holds the places of
        the text's characters in the page, ``meta.debris`` the ranges that are not article text.
    """
    from parkner.corpus import document_to_dict

    record = document_to_dict(document)
    meta = record["meta"]
    out = {"id": record["id"], "text": record["text"]}
    for key in ("title", "date", "source"):
        out[key] = meta.pop(key, None)
    if record["spans"]:
        out["spans"] = record["spans"]
    return {**out, "meta": meta}


def _in_clean_form(document: Document) -> Document:
    from dataclasses import replace

    from parkner.clean import clean_document

    cleaned, places = clean_document(document)
    # Offsets on the clean text lead back to the page, or to the text where that was all there was.
    return replace(cleaned, raw=places.on_source(document.raw))


@contextmanager
def _writer(out: Path) -> Iterator[Callable[[dict[str, Any]], None]]:
    """A function that writes one record; the file appears under its name when all are written."""
    if not out.name.endswith((".jsonl", ".jsonl.gz", ".parquet")):
        raise UsageError(f"--out {out}: must end in .jsonl, .jsonl.gz or .parquet")
    if out.is_dir():
        raise UsageError(f"--out {out}: is a folder")
    partial = out.with_name(out.name + ".partial")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.suffix == ".parquet":
            with _parquet_writer(partial) as write:
                yield write
        else:
            with (
                gzip.open(partial, "wt", encoding="utf-8")
                if out.suffix == ".gz"
                else partial.open("w", encoding="utf-8") as file
            ):
                yield lambda record: print(json.dumps(record, ensure_ascii=False), file=file)
        partial.replace(out)
    except OSError as error:
        raise UsageError(f"--out {out}: cannot write: {error.strerror or error}") from None
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _parquet_writer(path: Path) -> Iterator[Callable[[dict[str, Any]], None]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = ("id", "text", "title", "date", "source", "spans", "meta")
    schema = pa.schema([(name, pa.string()) for name in names])
    rows: list[dict[str, Any]] = []
    with pq.ParquetWriter(path, schema) as writer:

        def flush() -> None:
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
            rows.clear()

        def write(record: dict[str, Any]) -> None:
            packed: dict[str, Any] = {
                key: json.dumps(record[key], ensure_ascii=False) for key in ("spans", "meta") if key in record
            }
            rows.append({**record, **packed})
            if len(rows) >= ROWS:
                flush()

        yield write
        if rows:
            flush()
