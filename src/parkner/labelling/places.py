"""The gazetteer: places by name, looked up at either end of a stretch of text (tier 2)."""

from __future__ import annotations

from collections.abc import Mapping

FOREIGN = ("country", "abroad")


class Places:
    """Places by name and kind (province, city, county, country, abroad).

    Args:
        kinds: Name -> kind, as the lexicon ``places`` has it.
    """

    def __init__(self, kinds: Mapping[str, str]) -> None:
        self.kinds = kinds
        self._longest = max(map(len, kinds), default=0)

    def __contains__(self, name: object) -> bool:
        return name in self.kinds

    def starting_at(self, text: str, start: int, end: int | None = None) -> int:
        """End of the longest place that starts at `start` and does not reach beyond `end`; `start` if there is none."""
        last = min(len(text) if end is None else end, start + self._longest)
        for stop in range(last, start + 1, -1):
            if text[start:stop] in self.kinds:
                return stop
        return start

    def chain(self, text: str, start: int, end: int | None = None) -> int:
        """End of the run of places that starts at `start` (湖北省武汉市江夏区); `start` if there is none."""
        while (stop := self.starting_at(text, start, end)) > start:
            start = stop
        return start

    def ending_at(self, text: str, end: int, start: int = 0) -> int:
        """Start of the longest place that ends at `end` and does not reach before `start`; `end` if there is none."""
        for begin in range(max(start, end - self._longest), end - 1):
            if text[begin:end] in self.kinds:
                return begin
        return end

    def chain_before(self, text: str, end: int, start: int = 0) -> int:
        """Start of the run of places that ends at `end`; `end` if there is none."""
        while (begin := self.ending_at(text, end, start)) < end:
            end = begin
        return end

    def is_foreign(self, name: str) -> bool:
        """Whether the name is a country other than China, or a place abroad."""
        return self.kinds.get(name) in FOREIGN and name not in ("中国", "中华人民共和国")
