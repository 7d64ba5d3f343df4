"""The visible lines of a page and their places in it (tier 1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from parkner.offsets import OffsetMap


@dataclass(slots=True, eq=False)
class Node:
    """An element.

    Attributes:
        tag: Name in lower case.
        parent: The element around it; None for the page itself.
        label: Class and id, joined by spaces, in lower case.
        depth: Number of elements around it.
    """

    tag: str
    parent: Node | None = None
    label: str = ""
    depth: int = 0

    def path(self) -> Iterator[Node]:
        """The element and those around it, innermost first."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent


@dataclass(slots=True, eq=False)
class Line:
    """A line of visible text.

    Attributes:
        text: White space collapsed to single blanks, none at the ends; never empty.
        node: The block element it lies in.
        linked: Characters inside links.
        pieces: ``(text, start, width)``: characters from ``start`` of the page on, side by side where ``width`` is 0,
            else all standing for one stretch of that many page characters (an entity).
    """

    text: str
    node: Node
    linked: int
    pieces: list[tuple[str, int, int]] = field(repr=False)

    @property
    def start(self) -> int:
        """Place of the first character in the page."""
        return self.pieces[0][1]

    @property
    def end(self) -> int:
        """Place behind the last character in the page."""
        text, start, width = self.pieces[-1]
        return start + (width or len(text))

    def within(self, *tags: str) -> bool:
        """Whether it lies in one of these elements."""
        return any(node.tag in tags for node in self.node.path())


@dataclass(slots=True)
class Page:
    """The visible text of a page.

    Attributes:
        lines: Lines of its body in order.
        title: The text of its title element; None without one.
        length: Characters of the page.
        metadata: ``name`` or ``property`` -> ``content`` of meta elements, names in lower case.
    """

    lines: list[Line]
    title: str | None
    length: int
    metadata: dict[str, str]


def text_of_lines(lines: list[Line], page_length: int) -> tuple[str, OffsetMap]:
    """Joins lines with line breaks.

    Args:
        lines: Lines in the order of the page.
        page_length: Characters of the page.

    Returns:
        The text and the place of each of its characters in the page. A line break stands for the stretch between its
        two lines' characters (for the character before it where there is none).
    """
    starts: list[npt.NDArray[np.int64]] = []
    ends: list[npt.NDArray[np.int64]] = []
    for number, line in enumerate(lines):
        if number:
            left, right = lines[number - 1].end, line.start
            starts.append(np.array([left if left < right else left - 1], dtype=np.int64))
            ends.append(np.array([max(left, right)], dtype=np.int64))
        for text, start, width in line.pieces:
            if width:
                starts.append(np.full(len(text), start, dtype=np.int64))
                ends.append(np.full(len(text), start + width, dtype=np.int64))
            else:
                places = np.arange(start, start + len(text), dtype=np.int64)
                starts.append(places)
                ends.append(places + 1)
    if not starts:
        return "", OffsetMap.identity(0)
    text = "\n".join(line.text for line in lines)
    return text, OffsetMap(np.concatenate(starts), np.concatenate(ends), source_length=page_length)
