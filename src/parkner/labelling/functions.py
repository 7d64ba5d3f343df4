"""Labelling functions and their register (tier 2).

A labelling function looks at one clean text and yields the spans it believes in. It may be partial and it may be
wrong; the label model weighs it. To add one, write it in a module named in ``labelling.modules`` of the config::

    @labelling_function("PERCENT")
    def percent_sign(article: Article) -> Iterator[Found]:
        '''Numbers before a percent sign. Misses 百分之三.'''
        for match in re.finditer(r"\\d+(?:\\.\\d+)?%", article.text):
            yield match.span()
"""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from parkner.labelling.lexicon import Lexicons
from parkner.spans import Span, UsageError

# (start, end) in characters of the clean text for a function of one label; (start, end, label) for one of several.
Found = tuple[int, int] | tuple[int, int, str]
Finder = Callable[["Article"], Iterable[Found]]
DocumentFinder = Callable[["Article", Sequence[Span]], Iterable[Found]]
F = TypeVar("F", bound=Finder)
G = TypeVar("G", bound=DocumentFinder)
T = TypeVar("T")


@dataclass(frozen=True)
class Article:
    """What a labelling function sees: one clean text, and what is worked out from it once.

    Attributes:
        text: The clean text (simplified, no inserted pinyin; see `parkner.clean`).
        lexicons: Word lists by name, from the folder in the config.
        id: The document's id, for messages.
        date: Its publication date, where known.
    """

    text: str
    lexicons: Lexicons = field(repr=False)
    id: str = ""
    date: dt.date | None = None
    _memo: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def memo(self, key: str, build: Callable[[Article], T]) -> T:
        """What ``build(article)`` gives, worked out once an article and shared by all functions.

        Args:
            key: Names the thing, with the module in front (``"org.words"``); one key, one ``build``.
            build: Makes it on first use.
        """
        if key not in self._memo:
            self._memo[key] = build(self)
        value: T = self._memo[key]
        return value

    @cached_property
    def lines(self) -> list[tuple[int, int]]:
        """Start and end of every line that is not empty, in characters, without the line break."""
        out, start = [], 0
        for line in self.text.split("\n"):
            if line.strip():
                out.append((start, start + len(line)))
            start += len(line) + 1
        return out


@dataclass(frozen=True, slots=True)
class LabellingFunction:
    """A registered function.

    Attributes:
        name: Unique name, used in configs and reports.
        labels: Labels it may vote for.
        find: The function itself.
        summary: First line of its docstring: what it catches.
    """

    name: str
    labels: tuple[str, ...]
    find: Finder = field(repr=False)
    summary: str = ""


@dataclass(frozen=True, slots=True)
class DocumentFunction:
    """A registered function of the second pass: it sees the spans that the first pass found.

    Attributes:
        name, labels, summary: As for `LabellingFunction`.
        find: Gets the article and its spans so far (clean text, with scores).
    """

    name: str
    labels: tuple[str, ...]
    find: DocumentFinder = field(repr=False)
    summary: str = ""


REGISTER: dict[str, LabellingFunction] = {}
DOCUMENT_REGISTER: dict[str, DocumentFunction] = {}


def labelling_function(*labels: str, name: str | None = None) -> Callable[[F], F]:
    """Registers a labelling function.

    Args:
        labels: The labels it votes for. With one label it yields ``(start, end)``, with several
            ``(start, end, label)``.
        name: Its name; the function's own name by default.

    Raises:
        UsageError: If no label is given, or another function has the name.
    """

    def register(function: F) -> F:
        chosen, summary = _described(function, labels, name)
        REGISTER[chosen] = LabellingFunction(chosen, labels, function, summary)
        return function

    return register


def document_function(*labels: str, name: str | None = None) -> Callable[[G], G]:
    """Registers a function of the second pass, which gets the article and the spans of the first.

    Args and errors as for `labelling_function`.
    """

    def register(function: G) -> G:
        chosen, summary = _described(function, labels, name)
        DOCUMENT_REGISTER[chosen] = DocumentFunction(chosen, labels, function, summary)
        return function

    return register


def _described(function: Callable[..., Any], labels: tuple[str, ...], name: str | None) -> tuple[str, str]:
    if not labels:
        raise UsageError("a labelling function needs at least one label")
    chosen = name or function.__name__
    known = REGISTER.get(chosen) or DOCUMENT_REGISTER.get(chosen)
    if known is not None and _file_of(known.find) != _file_of(function):
        raise UsageError(f"labelling function {chosen!r} is registered twice")
    return chosen, (inspect.getdoc(function) or "").partition("\n")[0]


def _file_of(function: Callable[..., Any]) -> str:
    name: str = inspect.unwrap(function).__code__.co_filename
    return name
