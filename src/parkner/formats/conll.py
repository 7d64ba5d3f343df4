"""CoNLL: a character a line, its tag behind it (tier 1).

What is written can be read back without loss, and by other programs that read CoNLL-2003's layout:

- A document begins with ``-DOCSTART-``, its id and metadata as JSON, and ``O``: three columns, for JSON is written
  without spaces. An empty line follows.
- A character and its tag stand on a line, with one space between. White space and the backslash are written
  ``\\uXXXX``, so that every program finds two columns.
- A line feed of the text is an empty line (a sentence break), or ``\\u000a`` where it lies inside a span.

Files of others are read too: columns by spaces or tabs, tag in the last one; IOB2, IOB1, BIOES, BILOU and BMES; words
in place of characters; runs of empty lines are one sentence break.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from parkner.corpus import write_lines
from parkner.formats.border import ReadOptions, document_of, meta_of
from parkner.spans import DataError, Document, UsageError
from parkner.streams import InputError
from parkner.tagging import OUTSIDE, spans_to_tags

DOCSTART = "-DOCSTART-"
Scheme = Literal["bio", "bioes"]
_TO_ESCAPE = re.compile(r"[\s\\]")
_SPACE = re.compile(r"\s")
_ESCAPED = re.compile(r"\\u([0-9a-f]{4})")
# What a prefix does: begins a span, and ends it. B, I, E/L, S/U of IOB2, IOB1, BIOES, BILOU; M of BMES.
_BEGINS, _ENDS, _PREFIXES = frozenset("BSU"), frozenset("ELSU"), frozenset("BIMELSU")


def _escape(text: str, characters: re.Pattern[str] = _TO_ESCAPE) -> str:
    return characters.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _unescape(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), text)


def _bioes(tags: Sequence[str]) -> list[str]:
    """IOB2 tags as BIOES."""
    out = []
    for tag, after in zip(tags, [*tags[1:], OUTSIDE], strict=False):
        ends = tag != OUTSIDE and after != f"I-{tag[2:]}"
        out.append({"B": "S", "I": "E"}[tag[0]] + tag[1:] if ends else tag)
    return out


def _lines_of(document: Document, scheme: Scheme) -> Iterator[str]:
    head = json.dumps(
        {"id": document.id, "meta": meta_of(document)}, ensure_ascii=False, separators=(",", ":")
    )
    # White space stands inside JSON strings only here, where \uXXXX means the same character.
    yield f"{DOCSTART} {_escape(head, _SPACE)} {OUTSIDE}"
    yield ""
    tags = spans_to_tags(document.spans, len(document.text))
    for character, tag in zip(document.text, tags if scheme == "bio" else _bioes(tags), strict=True):
        yield "" if character == "\n" and tag == OUTSIDE else f"{_escape(character)} {_escape(tag)}"


def write_conll(path: Path, documents: Iterable[Document], scheme: Scheme = "bio") -> int:
    """Writes documents as CoNLL; scores and values of spans have no place in it.

    Args:
        path: The file; ``.gz`` is packed.
        documents: What to write.
        scheme: ``bio`` (IOB2) or ``bioes``.

    Returns:
        How many documents were written.
    """
    count = 0

    def lines() -> Iterator[str]:
        nonlocal count
        for document in documents:
            yield from _lines_of(document, scheme)
            count += 1

    write_lines(path, lines())
    return count


def read_conll(path: Path, options: ReadOptions, *, sentences: bool = False) -> Iterator[Document]:
    """Reads CoNLL, ours or that of others.

    Args:
        path: The file; ``.gz`` is unpacked.
        options: How to read.
        sentences: Whether every sentence is a document of its own (for corpora of unrelated sentences); otherwise a
            document lasts to the next ``-DOCSTART-``, or is the whole file.
    """
    file = str(path)
    pending: _Pending | None = None
    count = 0

    def finished(done: _Pending) -> Iterator[Document]:
        if done.error is not None:
            options.fail(InputError(file, *done.error))
            return
        document = document_of(done.record(), file=file, line=done.line, options=options)
        if document is not None:
            yield document

    for number, line in _numbered(path):
        columns = line.split()
        if columns and columns[0] == DOCSTART:
            if pending:
                yield from finished(pending)
            count += 1
            pending = _begin(columns, number, f"{path.stem}:{count}")
            continue
        if not columns and sentences and pending is not None and not pending.ours:
            if pending:
                yield from finished(pending)
            pending = None
            continue
        if pending is None:
            if not columns:
                continue
            count += 1
            pending = _Pending(f"{path.stem}:{count}", number)
        pending.take(line, columns, number)
    if pending:
        yield from finished(pending)


def _numbered(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            # Lines of bytes end at line feeds only; str.splitlines would also cut at U+2028 and others.
            for number, line in enumerate(file, 1):
                try:
                    text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError:
                    raise DataError(f"{path}:{number}: not UTF-8") from None
                yield number, text.removesuffix("\n")
    except OSError as error:
        raise UsageError(f"{path}: cannot read: {error.strerror or error}") from None


def _begin(columns: Sequence[str], number: int, identity: str) -> _Pending:
    """The document that a ``-DOCSTART-`` line begins: ours where its second column is JSON with an id."""
    if len(columns) == 3 and columns[1].startswith("{"):
        try:
            head = json.loads(columns[1])
        except json.JSONDecodeError:
            head = {}
        if isinstance(head, dict) and "id" in head:
            return _Pending(head["id"], number, meta=head.get("meta"), ours=True)
    return _Pending(identity, number)


class _TagReader:
    """Spans from tags of any of the schemes, token by token."""

    def __init__(self) -> None:
        self.spans: list[dict[str, Any]] = []
        self.length = 0
        self._open: dict[str, Any] | None = None

    def outside(self, length: int) -> None:
        """Characters that no tag stands for."""
        self.length += length
        self._open = None

    def add(self, tag: str, length: int) -> None:
        """One token's tag.

        Raises:
            DataError: If it is neither ``O`` nor a prefix with a label.
        """
        start = self.length
        if tag == OUTSIDE:
            self.outside(length)
            return
        prefix, _, label = tag.partition("-")
        if prefix not in _PREFIXES or not label:
            raise DataError(
                f"tag {tag!r} is neither O nor one of B, I, M, E, L, S, U with a label, such as B-ORG"
            )
        self.length += length
        # An I- that continues nothing begins a span: so it is in IOB1.
        if self._open is None or self._open["label"] != label or prefix in _BEGINS:
            self._open = {"start": start, "end": start, "label": label}
            self.spans.append(self._open)
        self._open["end"] = self.length
        if prefix in _ENDS:
            self._open = None


def spans_of_tokens(tokens: Sequence[str], tags: Sequence[str]) -> tuple[str, list[dict[str, Any]]]:
    """The text of tokens, joined as they are, and its spans as mappings of our JSON Lines form.

    Raises:
        DataError: If a tag is of no known scheme, or there are not as many tags as tokens.
    """
    if len(tokens) != len(tags):
        raise DataError(f"{len(tokens)} tokens have {len(tags)} tags")
    reader = _TagReader()
    for token, tag in zip(tokens, tags, strict=True):
        reader.add(tag, len(token))
    return "".join(tokens), reader.spans


class _Pending:
    """A document that is being read."""

    def __init__(self, identity: Any, line: int, *, meta: Any = None, ours: bool = False) -> None:
        self.identity, self.line, self.meta, self.ours = identity, line, meta or {}, ours
        self.error: tuple[str, str, int] | None = None  # what, kind, line
        self._text: list[str] = []
        self._tags = _TagReader()
        self._break = False  # a sentence break that waits for the next sentence
        self._begun = False  # whether the empty line that belongs to -DOCSTART- has come

    def __bool__(self) -> bool:
        """Whether there is a document: ours may be empty, that of others is not."""
        return self.ours or bool(self._text) or self.error is not None

    def record(self) -> dict[str, Any]:
        return {
            "id": self.identity,
            "text": "".join(self._text),
            "spans": self._tags.spans,
            "meta": self.meta,
        }

    def take(self, line: str, columns: Sequence[str], number: int) -> None:
        """Reads one line; the first error is kept, for it spoils this document and no other one."""
        if self.error is not None:
            return
        if not columns:
            self._sentence_break()
            return
        if len(columns) > 1:
            token = _unescape(columns[0])
        elif line[0].isspace():
            token = line[0]  # a white space character as it is, with its tag
        else:
            self.error = (f"needs a character and a tag, not {line!r}", "record", number)
            return
        if self._break:
            self._line_feed()
            self._break = False
        try:
            self._tags.add(_unescape(columns[-1]), len(token))
        except DataError as error:
            self.error = (str(error), "record", number)
        self._text.append(token)

    def _line_feed(self) -> None:
        self._text.append("\n")
        self._tags.outside(1)

    def _sentence_break(self) -> None:
        if not self.ours:
            self._break = bool(self._text)
        elif self._begun:
            self._line_feed()
        self._begun = True
