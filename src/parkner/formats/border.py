"""What the formats share: records, units of offsets, errors (tier 1).

A reader turns what it finds into a record of our own JSON Lines form and hands it to `document_of`, where offsets are
converted and every check is made once. Offsets in other units than code points exist in this package only.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from parkner.corpus import document_from_dict, document_to_dict, iterate_jsonl
from parkner.spans import DataError, Document, Span, UsageError, without_overlaps
from parkner.streams import InputError

OffsetUnit = Literal["code-point", "utf-16"]


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How a format is read.

    Attributes:
        on_error: Gets every record that cannot be read; without it the first one is raised.
        texts: Texts by SHA-256, for stand-off records.
        unit: What offsets count, where that differs from what the format's own tool writes.
        flatten: Of spans that overlap keep the longest, in place of an error.
        left_out: Filled while reading: what was passed over because a `Document` has no place for it, with counts.
    """

    on_error: Callable[[InputError], None] | None = None
    texts: Mapping[str, str] | None = None
    unit: OffsetUnit | None = None
    flatten: bool = False
    left_out: Counter[str] = field(default_factory=Counter)

    def fail(self, error: InputError) -> None:
        """Reports a record that cannot be read."""
        if self.on_error is None:
            raise error
        self.on_error(error)


class Utf16:
    """Offsets of a text in UTF-16 code units, as JavaScript counts: characters beyond U+FFFF count twice."""

    __slots__ = ("_starts", "_wide")

    def __init__(self, text: str) -> None:
        self._wide = [i for i, character in enumerate(text) if character > "\uffff"]
        self._starts = [i + before for before, i in enumerate(self._wide)]

    def from_code_points(self, offset: int) -> int:
        """The offset in code units of an offset in code points."""
        return offset + bisect_left(self._wide, offset)

    def to_code_points(self, offset: int) -> int:
        """Reverses `from_code_points`.

        Raises:
            DataError: If the offset lies inside a character.
        """
        before = bisect_left(self._starts, offset)
        if before and offset == self._starts[before - 1] + 1:
            raise DataError(
                f"offset {offset} lies inside a character when counted in UTF-16 code units; "
                "perhaps the file counts code points"
            )
        return offset - before


def document_of(
    record: Mapping[str, Any],
    *,
    file: str,
    line: int | None,
    options: ReadOptions,
    unit: OffsetUnit = "code-point",
    same: Callable[[str, str], bool] = str.__eq__,
) -> Document | None:
    """Makes a document of a record in our JSON Lines form; a record that cannot be one is reported.

    Args:
        record: ``id, text, spans, meta`` and so on (see `parkner.corpus`); spans as mappings.
        file, line: Where it stands, for messages.
        options: How to read.
        unit: What the offsets count, where ``options`` does not say.
        same: Whether the text of a span and the text that the file gives for it are the same.

    Returns:
        The document; None where it was reported.
    """
    where = file if line is None else f"{file}:{line}"
    try:
        text, spans = record.get("text"), record.get("spans") or ()
        if isinstance(text, str) and spans:
            chosen = options.unit or unit
            spans = [_in_code_points(span, text, chosen, same) for span in spans]
            if options.flatten:
                spans = _flat(spans, options)
        return document_from_dict({**record, "spans": spans}, where=where, texts=options.texts)
    except DataError as error:
        options.fail(InputError(file, str(error), "record", line))
        return None


def _in_code_points(item: Any, text: str, unit: OffsetUnit, same: Callable[[str, str], bool]) -> Any:
    if not isinstance(item, Mapping) or not {"start", "end", "label"} <= item.keys():
        return item  # document_from_dict says what is wrong
    span = Span(item["start"], item["end"], item["label"])  # checks the offsets
    start, end = span.start, span.end
    if unit == "utf-16":
        count = Utf16(text)
        start, end = count.to_code_points(start), count.to_code_points(end)
    out = {**item, "start": start, "end": end}
    given = out.pop("text", None)
    if isinstance(given, str) and (end > len(text) or not same(text[start:end], given)):
        raise DataError(
            f"span [{item['start']}, {item['end']}) {span.label} should read {given!r}, "
            f"the text there is {text[start:end]!r}"
        )
    return out


def settled_unit(
    text: str, spans: Sequence[Mapping[str, Any]], same: Callable[[str, str], bool] = str.__eq__
) -> OffsetUnit:
    """UTF-16 code units where all spans that have their text fit so and not all fit in code points."""
    if not spans or text.isascii() or max(text) <= "\uffff":
        return "code-point"
    for unit in ("code-point", "utf-16"):
        try:
            for span in spans:
                _in_code_points(span, text, unit, same)
        except DataError:
            continue
        return unit
    return "code-point"


def _flat(spans: Sequence[Any], options: ReadOptions) -> list[Any]:
    """The longest of overlapping spans."""
    marked = {Span(item["start"], item["end"], item["label"]): item for item in reversed(spans)}
    kept = [marked[span] for span in without_overlaps(list(marked))]
    options.left_out["overlapping spans"] += len(spans) - len(kept)
    return kept


def read_json_lines(
    path: Path,
    options: ReadOptions,
    convert: Callable[[Any, str], Iterable[Mapping[str, Any]]],
    unit: OffsetUnit,
) -> Iterator[Document]:
    """Streams the documents of a JSON Lines format.

    Args:
        path: The file; ``.gz`` is unpacked.
        options: How to read.
        convert: Turns a parsed line and its default id into a record of our form, or into none where it is to be left
            out; raises DataError where it is not of the format.
        unit: What offsets count.
    """
    file = str(path)

    def failed(number: int, error: DataError) -> None:
        options.fail(InputError(file, str(error), "json", number))

    for number, line in iterate_jsonl(path, failed):
        try:
            if not isinstance(line, Mapping):
                raise DataError(f"a record is a JSON object, not {type(line).__name__}")
            records = list(convert(line, f"{path.name}:{number}"))
        except DataError as error:
            options.fail(InputError(file, f"{file}:{number}: {error}", "record", number))
            continue
        for record in records:
            document = document_of(record, file=file, line=number, options=options, unit=unit)
            if document is not None:
                yield document


def span_of(item: Any, start: str = "start", end: str = "end") -> dict[str, Any]:
    """A span given as ``[start, end, label]`` or as an object, as mapping of our form.

    Raises:
        DataError: If it is neither.
    """
    if isinstance(item, list | tuple) and len(item) == 3:
        return {"start": item[0], "end": item[1], "label": item[2]}
    if isinstance(item, Mapping) and {start, end, "label"} <= item.keys():
        known = ("text", "score", "value", "value_error", "sources")
        return {
            "start": item[start],
            "end": item[end],
            "label": item["label"],
            **{key: item[key] for key in known if item.get(key) is not None},
        }
    raise DataError(f"a span is an object with {start}, {end}, label or [start, end, label], not {item!r}")


def with_meta(record: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Adds entries that the format knows nothing of to a record's ``meta``, so that they travel along.

    Entries that are null or not a number are left out (pandas fills gaps so).
    """
    meta = record.get("meta")
    kept = {key: value for key, value in extra.items() if value is not None and value == value}
    record["meta"] = {**kept, **meta} if isinstance(meta, Mapping) else kept
    return record


def meta_of(document: Document) -> dict[str, Any]:
    """Date, source, title, raw places and further entries of a document as one JSON-ready mapping."""
    from dataclasses import replace

    meta: dict[str, Any] = document_to_dict(replace(document, spans=()))["meta"]
    return meta


def new_folder(path: Path) -> Path:
    """A folder beside ``path`` to write into before it is renamed to it.

    Raises:
        UsageError: If ``path`` is a file or a folder that is not empty: nothing is overwritten file by file.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UsageError(f"{path}: exists already and is {'not empty' if path.is_dir() else 'a file'}")
    partial = path.with_name(path.name + ".partial")
    if partial.exists():
        import shutil

        shutil.rmtree(partial)
    partial.mkdir(parents=True)
    return partial
