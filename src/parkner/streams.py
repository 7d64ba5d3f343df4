"""Byte streams of input files: limits, unpacking, kind by content (tier 1)."""

from __future__ import annotations

import io
import json
import re
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Literal

from parkner.charset import ContentError
from parkner.spans import DataError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

HEAD = 65_536  # bytes that are looked at to tell what a file is
Kind = Literal["page", "text", "jsonl", "parquet", "warc"]

PAGE_SUFFIXES = (".html", ".htm", ".shtml", ".xhtml", ".jsp", ".php", ".asp", ".aspx")
TEXT_SUFFIXES = (".txt", ".text")
LINES_SUFFIXES = (".jsonl", ".ndjson")
# Suffixes that a folder is searched for. Files named by the user are read whatever their names.
KNOWN_SUFFIXES = (*PAGE_SUFFIXES, *TEXT_SUFFIXES, *LINES_SUFFIXES, ".parquet", ".warc")


class InputError(DataError):
    """A record that could not be read.

    Attributes:
        file: The file as the user named it, or its path inside the folder named.
        line: Line or record number from 1, where the file holds several records.
        error: What is wrong, with the value.
        kind: A word for the reason (listed in docs/cleaning.md).
    """

    def __init__(self, file: str, error: str, kind: str, line: int | None = None) -> None:
        place = file if line is None else f"{file}:{line}"
        super().__init__(error if error.startswith(place) else f"{place}: {error.removeprefix(file + ': ')}")
        self.file, self.line, self.error, self.kind = file, line, error.removeprefix(place + ": "), kind

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.file, self.error, self.kind, self.line)

    def to_dict(self) -> dict[str, Any]:
        """A line of ``<out>.errors.jsonl``."""
        return {"file": self.file, "line": self.line, "error": self.error, "kind": self.kind}


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes beyond which a record is an error, so that one bad file cannot take all time and memory.

    Attributes:
        max_bytes: Largest record (a page, a text, a line) in bytes after unpacking.
        max_ratio: Largest ratio of unpacked to packed size of a gzip file that unpacks to more than ``max_bytes``
            (text packs to a tenth, a gzip bomb to a thousandth).
        max_depth: Deepest nesting of elements in a page.
    """

    max_bytes: int = 10_000_000
    max_ratio: int = 200
    max_depth: int = 2_000


class Unpacked(io.RawIOBase):
    """The content of a gzip stream of any number of members, with a limit on how far it swells.

    Raises (on reading):
        ContentError: ``gzip_bomb`` beyond the limit, ``damaged_gzip`` if the stream is cut off or wrong.
    """

    def __init__(self, packed: IO[bytes], name: str, limits: Limits) -> None:
        super().__init__()
        self._packed, self._name, self._limits = packed, name, limits
        self._inflater: zlib._Decompress | None = None
        self._pending = b""
        self._taken = self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        while True:
            if not self._pending:
                self._pending = self._packed.read(HEAD)
                self._taken += len(self._pending)
            if self._inflater is None:
                self._pending = (
                    self._pending.lstrip(b"\0") if self._taken else self._pending
                )  # padding of tapes
                if not self._pending:
                    return 0
                self._inflater = zlib.decompressobj(wbits=31)
            elif not self._pending:
                raise ContentError(f"{self._name}: damaged gzip file: it ends too early", "damaged_gzip")
            try:
                out = self._inflater.decompress(self._pending, len(view))
            except zlib.error as error:
                raise ContentError(f"{self._name}: damaged gzip file: {error}", "damaged_gzip") from None
            self._pending = self._inflater.unconsumed_tail or self._inflater.unused_data
            if self._inflater.eof:
                self._inflater = None
            self._given += len(out)
            if self._given > self._limits.max_bytes and self._given > self._limits.max_ratio * self._taken:
                raise ContentError(
                    f"{self._name}: gzip bomb? {self._taken} bytes unpack to more than {self._given} "
                    f"(limit: {self._limits.max_bytes} bytes or {self._limits.max_ratio} times as many)",
                    "gzip_bomb",
                )
            if out:
                view[: len(out)] = out
                return len(out)


def read_whole(stream: IO[bytes], name: str, limits: Limits) -> bytes:
    """All bytes of a stream that holds one record.

    Raises:
        ContentError: ``too_large`` if there are more than ``limits.max_bytes``.
    """
    data = stream.read(limits.max_bytes + 1)
    if len(data) > limits.max_bytes:
        raise ContentError(
            f"{name}: larger than the limit of {limits.max_bytes} bytes a record (--max-bytes)", "too_large"
        )
    return data


_TAG = re.compile(rb"<(?:!doctype|!--|/?[a-z][a-z0-9]*[\s>/])", re.IGNORECASE)
_PAGE_START = re.compile(
    rb"\s*(?:<%.{0,2000}?%>\s*|<!--.{0,4000}?-->\s*|<\?.{0,400}?\?>\s*)*<(?:!doctype\s+html|html|head|body|meta|title|div|table|p|script|link|style|h[1-6])\b",
    re.IGNORECASE | re.DOTALL,
)


def kind_of(head: bytes, name: str) -> Kind:
    """What a file is, by its first bytes; its name decides only where they leave it open.

    Args:
        head: The first `HEAD` bytes, unpacked.
        name: File name without ``.gz``.
    """
    name = name.lower()
    if head.startswith(b"PAR1"):
        return "parquet"
    if re.match(rb"WARC/\d", head):
        return "warc"
    plain = head.replace(b"\0", b"") if head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in head[:64] else head
    plain = plain.removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    if _PAGE_START.match(plain):
        return "page"
    if _starts_with_json(plain):
        return "jsonl"
    if name.endswith(PAGE_SUFFIXES) and _TAG.search(plain):
        return "page"
    if name.endswith(LINES_SUFFIXES):
        return "jsonl"
    return "text"


def _starts_with_json(head: bytes) -> bool:
    if not head.lstrip().startswith(b"{"):
        return False
    line, newline, _ = head.lstrip().partition(b"\n")
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        # A line longer than the head: believe its start.
        return (
            not newline
            and len(head) >= HEAD // 2
            and re.match(rb'\s*\{\s*"(?:\\.|[^"\\]){1,60}"\s*:', head) is not None
        )
