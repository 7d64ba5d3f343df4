"""Documents as JSON Lines, the project's own format (tier 1).

A line is ``{"id", "text", "spans": [...], "date"?, "source"?, "title"?, "meta"?}``. A span is
``{"start", "end", "label", "text"?, "score"?, "value"?, "raw_start"?, "raw_end"?}`` or, in gold files,
``[start, end, label]``. A stand-off line has ``sha256`` of the UTF-8 text in place of the text.
Other formats are converted at the border (`parkner.formats`), pages are read by `parkner.inputs`.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from parkner.offsets import OffsetMap
from parkner.runtime import sha256_of_text
from parkner.spans import DataError, Document, Span, UsageError


def span_to_dict(document: Document, span: Span) -> dict[str, Any]:
    """A span of a document as JSON-ready mapping, with its text and, for pages, its place in the page."""
    out: dict[str, Any] = {
        "start": span.start,
        "end": span.end,
        "label": span.label,
        "text": document.text_of(span),
    }
    if span.score is not None:
        out["score"] = round(span.score, 4)
    if span.value is not None or span.value_error is not None:
        out["value"] = dict(span.value) if span.value is not None else None
    if span.value_error is not None:
        out["value_error"] = span.value_error
    if span.sources:
        out["sources"] = list(span.sources)
    if document.raw is not None:
        out["raw_start"], out["raw_end"] = document.raw.to_source(span.start, span.end)
    return out


def document_to_dict(document: Document) -> dict[str, Any]:
    """A document as JSON-ready mapping (reversed by `document_from_dict`)."""
    meta = dict(document.meta)
    if document.date is not None:
        meta["date"] = document.date.isoformat()
    for key, value in (("source", document.source), ("title", document.title)):
        if value is not None:
            meta[key] = value
    if document.raw is not None:
        meta["raw"] = {"length": document.raw.source_length, "runs": document.raw.runs()}
    return {
        "id": document.id,
        "text": document.text,
        "spans": [span_to_dict(document, span) for span in document.spans],
        "meta": meta,
    }


def document_from_dict(
    record: Mapping[str, Any], *, where: str, texts: Mapping[str, str] | None = None
) -> Document:
    """Reads one record of our format.

    Args:
        record: The parsed JSON object.
        where: File and line, for messages.
        texts: Texts by SHA-256, for stand-off records.

    Raises:
        DataError: If a field is missing or wrong; names ``where`` and the value.
    """
    if not isinstance(record, Mapping):
        raise DataError(f"{where}: a record is a JSON object, not {type(record).__name__}")
    identity = record.get("id", where)
    if not isinstance(identity, str | int):
        raise DataError(f"{where}: id must be a string, not {identity!r}")
    text = _text_of_record(record, where, texts)
    meta = record.get("meta") or {}
    if not isinstance(meta, Mapping):
        raise DataError(f"{where}: meta must be an object, not {meta!r}")
    meta = dict(meta)
    fields: dict[str, Any] = {}
    for key in ("date", "source", "title"):
        inner = meta.pop(key, None)
        value = record[key] if record.get(key) is not None else inner
        if value is not None and not isinstance(value, str):
            raise DataError(f"{where}: {key} must be a string, not {value!r}")
        fields[key] = value or None
    if fields["date"] is not None:
        try:
            fields["date"] = dt.date.fromisoformat(fields["date"][:10])
        except ValueError:
            raise DataError(f"{where}: date {fields['date']!r} is not of the form YYYY-MM-DD") from None
    raw = meta.pop("raw", None)
    try:
        if raw is not None:
            fields["raw"] = OffsetMap.from_runs(raw["runs"], source_length=raw["length"])
        spans = tuple(_span_from(item, text) for item in record.get("spans") or ())
        return Document(str(identity), text, spans, meta=meta, **fields)
    except (DataError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{where}: {error}") from None


def _text_of_record(record: Mapping[str, Any], where: str, texts: Mapping[str, str] | None) -> str:
    text = record.get("text")
    digest = record.get("sha256")
    if text is None and digest is not None:
        if texts is None or digest not in texts:
            raise DataError(f"{where}: no text is known for sha256 {digest} (stand-off record)")
        text = texts[digest]
    if text is None:
        raise DataError(f"{where}: the record has no text")
    if not isinstance(text, str):
        raise DataError(f"{where}: text must be a string, not {type(text).__name__}")
    return text


def _span_from(item: Any, text: str) -> Span:
    if isinstance(item, Mapping):
        if missing := {"start", "end", "label"} - item.keys():
            raise DataError(f"a span needs {', '.join(sorted(missing))}, not only {dict(item)!r}")
        span = Span(
            item["start"],
            item["end"],
            item["label"],
            score=item.get("score"),
            value=item.get("value"),
            value_error=item.get("value_error"),
            sources=tuple(item.get("sources") or ()),
        )
        expected = item.get("text")
        if expected is not None and text[span.start : span.end] != expected:
            raise DataError(
                f"span [{span.start}, {span.end}) {span.label} should read {expected!r}, "
                f"the text there is {text[span.start : span.end]!r}"
            )
        return span
    if isinstance(item, list | tuple) and len(item) == 3:
        return Span(*item)
    raise DataError(f"a span is an object or [start, end, label], not {item!r}")


def iterate_jsonl(
    path: Path, on_error: Callable[[int, DataError], None] | None = None
) -> Iterator[tuple[int, Any]]:
    """Line number and parsed JSON of every line that is not blank; ``.gz`` is unpacked.

    Args:
        path: The file.
        on_error: Gets the number of every line that cannot be read and what is wrong, and the next line is read;
            without it the first such line is raised.

    Raises:
        UsageError: If the file cannot be opened.
        DataError: If a line is not UTF-8 or not JSON; names file and line.
    """
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    record = json.loads(line)
                except UnicodeDecodeError:
                    problem = DataError(f"{path}:{number}: not UTF-8")
                except (json.JSONDecodeError, RecursionError) as error:
                    shown = line[:60].decode("utf-8", "replace").rstrip()
                    reason = getattr(error, "msg", "nested too deep")
                    problem = DataError(f"{path}:{number}: not JSON ({reason}): {shown!r}")
                else:
                    yield number, record
                    continue
                if on_error is None:
                    raise problem
                on_error(number, problem)
    except (gzip.BadGzipFile, EOFError) as error:
        raise DataError(f"{path}: damaged gzip file: {error}") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot read: {error.strerror}") from None


def read_documents(path: Path | str, *, texts: Mapping[str, str] | None = None) -> Iterator[Document]:
    """Streams the documents of a JSON Lines file (``.jsonl``, ``.jsonl.gz``).

    Args:
        path: The file.
        texts: Texts by SHA-256, for stand-off files.

    Raises:
        UsageError: If the file cannot be opened.
        DataError: At the first record that cannot be read; names file, line and value.
    """
    path = Path(path)
    for number, record in iterate_jsonl(path):
        yield document_from_dict(record, where=f"{path}:{number}", texts=texts)


def write_lines(path: Path, lines: Iterable[str]) -> int:
    """Writes lines as UTF-8, each ended by one line feed, in one step (never half a file under the final name).

    Args:
        path: The file; ``.gz`` is packed. Its folder is made where it is missing.
        lines: The lines without their ends.

    Returns:
        How many were written.

    Raises:
        UsageError: If the file cannot be written.
        DataError: If a line holds a lone surrogate, which UTF-8 cannot.
    """
    partial = path.with_name(path.name + ".partial")
    count = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            gzip.open(partial, "wt", encoding="utf-8", newline="")
            if path.suffix == ".gz"
            else partial.open("w", encoding="utf-8", newline="")
        ) as file:
            for line in lines:
                file.write(line + "\n")
                count += 1
        partial.replace(path)
    except UnicodeEncodeError as error:
        raise DataError(
            f"{path}: line {count + 1} holds a lone surrogate ({error.object[error.start]!r}), which UTF-8 cannot"
        ) from None
    except OSError as error:
        raise UsageError(f"{path}: cannot write: {error.strerror}") from None
    finally:
        partial.unlink(missing_ok=True)
    return count


def write_documents(path: Path | str, documents: Iterable[Document]) -> int:
    """Writes documents as JSON Lines (reversed by `read_documents`); raises what `write_lines` raises.

    Returns:
        How many were written.
    """
    return write_lines(
        Path(path), (json.dumps(document_to_dict(document), ensure_ascii=False) for document in documents)
    )


def standoff_record(document: Document) -> dict[str, Any]:
    """A gold record without its text: SHA-256 of the text and ``[start, end, label]`` spans."""
    return {
        "id": document.id,
        "sha256": sha256_of_text(document.text),
        "spans": [[span.start, span.end, span.label] for span in document.spans],
    }
