"""One record -> one document: texts, pages, JSON Lines, Parquet and WARC records (tier 1).

Reading and parsing are apart: the readers yield `Record`, which parses when it is called and can be sent to another
process before.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import IO, Any

from parkner.charset import ContentError, declared_charset, decode
from parkner.corpus import document_from_dict
from parkner.debris import debris_ranges
from parkner.heads import date_in, date_in_address, headline, published
from parkner.spans import DataError, Document
from parkner.streams import InputError, Limits

# A record as it was read, not yet parsed: calling it gives the document, or what is wrong with it. It can be pickled.
Record = Callable[[], Document | InputError]


def document_of_text(text: str, identity: str, meta: Mapping[str, Any] | None = None) -> Document:
    """A plain text as document: the text untouched, debris marked, title and date from its head.

    Args:
        text: The text exactly as it was.
        identity: The document's id.
        meta: Entries to travel along; ``debris`` is added, ``[start, end]`` ranges that are not article text.
    """
    debris = debris_ranges(text)
    entries = dict(meta or {})
    if debris:
        entries["debris"] = [list(item) for item in debris]
    return Document(identity, text, date=published(text, debris), title=headline(text, debris), meta=entries)


def from_bytes(
    data: bytes,
    *,
    name: str,
    identity: str,
    page: bool,
    limits: Limits,
    charset: str | None = None,
    url: str | None = None,
) -> Document:
    """A file's or response's bytes as document.

    Args:
        data: The bytes.
        name: Name for messages.
        identity: The document's id.
        page: Whether it is HTML.
        limits: For the depth of pages.
        charset: What the server declared.
        url: Where it came from.

    Raises:
        ContentError: If the bytes are no text, or the page holds none.
    """
    declared = charset or (declared_charset(data) if page else None)
    decoded = decode(data, declared=declared, where=name)
    meta: dict[str, Any] = {"file": name, "encoding": decoded.encoding}
    if decoded.undecodable:
        meta["undecodable"] = decoded.undecodable
    if decoded.declared_wrong:
        meta["declared_encoding"] = decoded.declared
    return _document(decoded.text, identity, page, meta, name, limits, url)


def _document(
    text: str, identity: str, page: bool, meta: dict[str, Any], name: str, limits: Limits, url: str | None
) -> Document:
    if url:
        meta["url"] = url
    if page:
        from parkner.pages import document_of_page

        found = document_of_page(text, identity, meta=meta, where=name, max_depth=limits.max_depth)
    else:
        found = document_of_text(text, identity, meta)
    return replace(
        found, source=found.source or url or name, date=found.date or date_in_address(url or identity)
    )


def document_of_record(record: Any, *, where: str, identity: str, limits: Limits) -> Document:
    """A JSON object (``text`` or ``html``, optional ``id, date, url, title, source, spans, meta``) as document.

    Raises:
        ContentError: If it has neither ``text`` nor ``html`` (``no_text``), or a field is wrong (``record``).
    """
    if not isinstance(record, Mapping):
        raise ContentError(f"{where}: a record is a JSON object, not {type(record).__name__}", "record")
    record = {"id": identity, **{key: value for key, value in record.items() if value is not None}}
    url = record.pop("url", None)
    if url is not None and not isinstance(url, str):
        raise ContentError(f"{where}: url must be a string, not {url!r}", "record")
    html = record.pop("html", None)
    if "text" not in record and html is None:
        raise ContentError(f"{where}: the record has neither text nor html", "no_text")
    if (given := record.get("date")) is not None:
        day = date_in(given) if isinstance(given, str) else None
        if day is None:
            raise ContentError(f"{where}: date {given!r} holds no day such as 2021-12-22", "record")
        record["date"] = day.isoformat()
    for field in ("text", "id", "title", "source"):
        _check_string(record.get(field), f"{where}: {field}")
    if "text" in record:
        found = _from_text_record(record, where)
    else:
        _check_string(html, f"{where}: html")
        if not isinstance(html, str):
            raise ContentError(f"{where}: html must be a string, not {type(html).__name__}", "record")
        base = _checked({**record, "text": "", "spans": ()}, where)
        page = _document(html, base.id, True, dict(base.meta), where, limits, None)
        found = replace(
            page,
            date=base.date or page.date,
            title=base.title or page.title,
            source=base.source or page.source,
        )
    if url:
        found = replace(found, source=found.source or url, meta={**found.meta, "url": url})
    return found if found.date else replace(found, date=date_in_address(url or found.id))


def _from_text_record(record: dict[str, Any], where: str) -> Document:
    found = _checked(record, where)
    if found.raw is not None or "debris" in found.meta or not found.text:
        return found  # a document of ours: it has been looked at
    read = document_of_text(found.text, found.id, found.meta)
    return replace(found, date=found.date or read.date, title=found.title or read.title, meta=read.meta)


def _checked(record: dict[str, Any], where: str) -> Document:
    try:
        return document_from_dict(record, where=where)
    except DataError as error:
        raise ContentError(str(error), "record") from None


def _check_string(value: Any, what: str) -> None:
    if not isinstance(value, str):
        return
    for position, character in enumerate(value) if not value.isascii() else ():
        if "\ud800" <= character <= "\udfff":
            raise ContentError(
                f"{what} holds a lone surrogate ({character!r} at {position}), which no UTF-8 file can hold",
                "surrogate",
            )
    if "\0" in value:
        raise ContentError(f"{what} holds a NUL character at {value.index(chr(0))}", "nul")


def from_file(data: bytes, *, name: str, identity: str, page: bool, limits: Limits) -> Document | InputError:
    """A file that is one record; arguments as for `from_bytes`."""
    try:
        return from_bytes(data, name=name, identity=identity, page=page, limits=limits)
    except ContentError as error:
        return InputError(name, str(error), error.kind)
    except DataError as error:
        return InputError(name, str(error), "record")


def from_jsonl(stream: IO[bytes], name: str, identity: str, limits: Limits) -> Iterator[Record | InputError]:
    """The records of a JSON Lines stream; a line that cannot be read becomes an `InputError`, the next one is read."""
    number = 0
    while line := stream.readline(limits.max_bytes + 1):
        number += 1
        if len(line) > limits.max_bytes:
            while line and not line.endswith(b"\n"):
                line = stream.readline(1_000_000)
            yield InputError(
                name, f"line longer than the limit of {limits.max_bytes} bytes", "too_large", number
            )
            continue
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line.strip():
            continue
        where = f"{name}:{number}"
        try:
            record = json.loads(line)
        except UnicodeDecodeError:
            yield InputError(name, "not UTF-8", "encoding", number)
            continue
        except (json.JSONDecodeError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deep"
            shown = line[:60].decode("utf-8", "replace").rstrip()
            yield InputError(name, f"not JSON ({reason}): {shown!r}", "json", number)
            continue
        yield partial(_guarded, record, name, number, where, f"{identity}:{number}", limits)


def _guarded(
    record: Any, name: str, number: int, where: str, identity: str, limits: Limits
) -> Document | InputError:
    try:
        return document_of_record(record, where=where, identity=identity, limits=limits)
    except ContentError as error:
        return InputError(name, str(error), error.kind, number)


_COLUMNS = ("id", "text", "html", "date", "url", "title", "source", "spans", "meta")


def from_parquet(
    stream: IO[bytes], name: str, identity: str, limits: Limits
) -> Iterator[Record | InputError]:
    """The rows of a Parquet file with the columns of a JSON Lines record.

    Raises:
        ContentError: If the file is damaged or has neither a ``text`` nor an ``html`` column.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not stream.seekable():  # packed, or standard input; Parquet is read from its end
        with tempfile.TemporaryFile() as unpacked:
            shutil.copyfileobj(stream, unpacked)
            yield from from_parquet(unpacked, name, identity, limits)
        return
    try:
        file = pq.ParquetFile(stream)
        columns = [column for column in _COLUMNS if column in file.schema_arrow.names]
        if not {"text", "html"} & set(columns):
            raise ContentError(
                f"{name}: neither a text nor an html column, only {', '.join(file.schema_arrow.names)}",
                "no_text",
            )
        number = 0
        for batch in file.iter_batches(batch_size=64, columns=columns):
            for row in batch.to_pylist():
                number += 1
                where, own = f"{name}:{number}", f"{identity}:{number}"
                yield partial(_guarded, _plain(row), name, number, where, own, limits)
    except (pa.ArrowException, OSError) as error:
        raise ContentError(
            f"{name}: damaged Parquet file: {str(error).splitlines()[0]}", "damaged_parquet"
        ) from None


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """A Parquet row as the JSON record it stands for: dates as text, JSON strings of spans and meta parsed."""
    if (day := row.get("date")) is not None and not isinstance(day, str):
        row["date"] = day.isoformat()[:10] if hasattr(day, "isoformat") else str(day)
    for key in ("spans", "meta"):
        if isinstance(row.get(key), str):
            try:
                row[key] = json.loads(row[key])
            except json.JSONDecodeError:
                row.pop(key)
        elif isinstance(row.get(key), list) and key == "meta":
            row[key] = dict(row[key])
    return row


def from_warc(stream: IO[bytes], name: str, identity: str, limits: Limits) -> Iterator[Record | InputError]:
    """The HTML and text responses of a WARC file; its requests, images and error pages are passed over.

    Raises:
        ContentError: If the file is damaged (``damaged_warc``).
    """
    from warcio.archiveiterator import ArchiveIterator
    from warcio.exceptions import ArchiveLoadFailed

    number = 0
    try:
        for record in ArchiveIterator(stream):
            number += 1
            if record.rec_type is None:
                raise ValueError("a record without a type")
            if record.rec_type not in ("response", "resource", "conversion"):
                continue
            http = record.http_headers
            if http is not None and (http.get_statuscode() or "200")[:1] != "2":
                continue
            kind = (
                (http.get_header("Content-Type") if http is not None else None) or record.content_type or ""
            )
            media, _, parameters = kind.partition(";")
            media = media.strip().lower()
            if media not in ("text/html", "application/xhtml+xml", "text/plain", ""):
                continue
            charset = (
                parameters.lower().rpartition("charset=")[2].strip(" \"'")
                if "charset=" in parameters.lower()
                else None
            )
            url = record.rec_headers.get_header("WARC-Target-URI")
            try:
                data = record.content_stream().read(limits.max_bytes + 1)
                if len(data) > limits.max_bytes:
                    raise ContentError(
                        f"larger than the limit of {limits.max_bytes} bytes a record", "too_large"
                    )
                if getattr(record.raw_stream, "limit", 0) > 0:
                    raise ContentError("the file ends inside this record", "damaged_warc")
                if not data:
                    raise ContentError("the response is empty", "empty")
                yield partial(
                    _response,
                    data,
                    name,
                    number,
                    identity=url or f"{identity}:{number}",
                    page=media != "text/plain",
                    limits=limits,
                    charset=charset,
                    url=url,
                )
            except ContentError as error:
                if error.kind in ("damaged_gzip", "gzip_bomb"):
                    raise
                yield InputError(name, str(error), error.kind, number)
        if not number:
            raise ContentError(f"{name}: damaged WARC file: no record in it", "damaged_warc")
    except (ArchiveLoadFailed, ValueError, EOFError) as error:
        raise ContentError(
            f"{name}: damaged WARC file after record {number}: {error}", "damaged_warc"
        ) from None


def _response(data: bytes, name: str, number: int, **how: Any) -> Document | InputError:
    try:
        return from_bytes(data, name=f"{name}:{number}", **how)
    except ContentError as error:
        return InputError(name, str(error), error.kind, number)
