"""Word lists that labelling functions read (tier 2).

A lexicon is a UTF-8 text file, one entry a line; ``#`` starts a comment (the head says where the entries come from).
A second column, after a tab, may carry a note such as a kind or a code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from parkner.spans import DataError, UsageError


class Lexicons(Mapping[str, Mapping[str, str]]):
    """The lexicons of a folder by file name without ``.txt``; each maps an entry to its second column (or ``""``)."""

    def __init__(self, folder: Path) -> None:
        """Opens a folder; files are read on first use.

        Raises:
            UsageError: If the folder is not there.
        """
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder of lexicons")
        self.folder = folder
        self._read: dict[str, dict[str, str]] = {}

    def __getitem__(self, name: str) -> Mapping[str, str]:
        if name not in self._read:
            path = self.folder / f"{name}.txt"
            if not path.is_file():
                raise KeyError(f"{path}: no such lexicon")
            self._read[name] = read_lexicon(path)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(path.stem for path in self.folder.glob("*.txt")))

    def __len__(self) -> int:
        return sum(1 for _ in self.folder.glob("*.txt"))


def read_lexicon(path: Path) -> dict[str, str]:
    """Reads one lexicon file.

    Returns:
        Entry -> second column (``""`` where there is none), in file order.

    Raises:
        DataError: If the file is not UTF-8 or an entry has more than two columns; names file, line and value.
    """
    entries: dict[str, str] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 ({error.reason} at byte {error.start})") from None
    for number, line in enumerate(lines, 1):
        content = line.partition("#")[0].strip()
        if not content:
            continue
        columns = content.split("\t")
        if len(columns) > 2:
            raise DataError(f"{path}:{number}: at most two columns, not {len(columns)}: {content!r}")
        entries[columns[0].strip()] = columns[1].strip() if len(columns) == 2 else ""
    return entries


class Matcher:
    """Finds the entries of word lists in a text: the longest one at each place, left to right, not overlapping."""

    def __init__(self, entries: Iterable[str]) -> None:
        """Builds the index.

        Args:
            entries: The words; empty ones are passed over.
        """
        self._entries = {entry for entry in entries if entry}
        lengths: dict[str, set[int]] = {}
        for entry in self._entries:
            lengths.setdefault(entry[0], set()).add(len(entry))
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}

    def at(self, text: str, position: int) -> int:
        """End of the longest entry that starts at a position; -1 if none does."""
        if position >= len(text):
            return -1
        for length in self._lengths.get(text[position], ()):
            word = text[position : position + length]
            if word in self._entries:
                return position + len(word)  # near the end of the text the slice is shorter than asked
        return -1

    def finditer(self, text: str) -> Iterator[tuple[int, int]]:
        """Start and end of the entries found, in characters."""
        position = 0
        while position < len(text):
            end = self.at(text, position)
            if end < 0:
                position += 1
            else:
                yield position, end
                position = end
