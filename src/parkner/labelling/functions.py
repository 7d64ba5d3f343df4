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
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from parkner.labelling.lexicon import Lexicons
from parkner.spans import UsageError

# (start, end) in characters of the clean text for a function of one label; (start, end, label) for one of several.
Found = tuple[int, int] | tuple[int, int, str]
Finder = Callable[["Article"], Iterable[Found]]
F = TypeVar("F", bound=Finder)
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


REGISTER: dict[str, LabellingFunction] = {}


def labelling_function(*labels: str, name: str | None = None) -> Callable[[F], F]:
    """Registers a labelling function.

    Args:
        labels: The labels it votes for. With one label it yields ``(start, end)``, with several
            ``(start, end, label)``.
        name: Its name; the function's own name by default.

    Raises:
        UsageError: If no label is given, or another function has the name.
    """
    if not labels:
        raise UsageError("a labelling function needs at least one label")

    def register(function: F) -> F:
        chosen = name or function.__name__
        known = REGISTER.get(chosen)
        if (
            known is not None
            and inspect.unwrap(known.find).__code__.co_filename != function.__code__.co_filename
        ):
            raise UsageError(f"labelling function {chosen!r} is registered twice")
        summary = (inspect.getdoc(function) or "").partition("\n")[0]
        REGISTER[chosen] = LabellingFunction(chosen, labels, function, summary)
        return function

    return register
