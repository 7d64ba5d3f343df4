"""One date (no range) in normalised spelling -> what it names: an interval, or a part of a year or month."""

from __future__ import annotations

import re
from dataclasses import dataclass

from parkner.values.anchors import Anchors
from parkner.values.date_text import normalise
from parkner.values.intervals import (
    DateInterval,
    DatePartError,
    Grain,
    InMonth,
    Within,
    day,
    month_of,
    months_on,
    moved_to_year,
    years,
)
from parkner.values.periods import century, month_word, plan, quarter_word, shifted, two_years, week
from parkner.values.vocabulary import (
    CONTEXT_DAY_WORDS,
    CONTEXT_YEAR_WORDS,
    DAY_WORDS,
    FESTIVAL,
    YEAR_WORDS,
)
from parkner.values.within import (
    DAY,
    SHORT_NUMBER,
    THIRD,
    THIRDS,
    TYPED_MONTH,
    days_of_month,
    festival_day,
    in_year,
    month_day,
)


@dataclass(frozen=True, slots=True)
class Bare:
    """A number whose unit stands elsewhere (the ``1`` of ``1-8月``)."""

    grain: Grain = "period"


Part = DateInterval | Within | InMonth | Bare


_YEARS = sorted([*YEAR_WORDS, *CONTEXT_YEAR_WORDS], key=len, reverse=True)
_YEAR = re.compile(
    rf"(?:(?P<number>[0-9]{{4}}|[0-9]{{2}})年|(?P<bare>[12][0-9]{{3}})(?=全年|[上下]半年|第?[1-4]季|年|前|Q|H)"
    rf"|(?P<word>{'|'.join(_YEARS)})|(?P<season>[今去明])年?(?=[春夏秋冬]))(?P<rest>.*)"
)


def read_part(text: str, anchors: Anchors) -> Part | None:
    """Reads one date in normalised spelling.

    Args:
        text: As `normalise` writes it.
        anchors: Publication date and dates before.

    Returns:
        What it names; None if it is not of a known form.

    Raises:
        DatePartError: If the form is known but names no day (30 February), or an anchor is missing.
    """
    if text.isdigit() and text.isascii():
        return years(int(text), int(text), "year") if len(text) == 4 else Bare()
    first = text[0] if text else ""
    if "0" <= first <= "9":
        found = DAY.fullmatch(text)
        if found:
            return days_of_month(int(found[1]))
        part: Part | None = month_day(text)
        if part is not None:
            return part
    year = _YEAR.fullmatch(text)
    if year:
        part = _of_year(year, anchors)
        if part is not None:
            return part
    return _word(text, anchors)


def _word(text: str, anchors: Anchors) -> Part | None:
    if text in DAY_WORDS:
        return day(shifted(anchors.need_reference(), DAY_WORDS[text]))
    if text in CONTEXT_DAY_WORDS:
        return day(shifted(anchors.last("day").start, CONTEXT_DAY_WORDS[text]))
    for read in (plan, _festival, month_word, week, century, two_years, quarter_word):
        part = read(text, anchors)
        if part is not None:
            return part
    third = THIRD.fullmatch(text)
    if third and text not in ("初", "中", "底", "末"):
        interval = InMonth(*THIRDS[text], "period")
        if text.endswith("旬") or "半月" in text:
            return interval
        return interval.of(*months_on(anchors.need_reference(), 0))
    if text == "年内":
        return years(anchors.need_reference().year, anchors.need_reference().year, "year")
    if text == "月内":
        return month_of(anchors.need_reference().month).of(anchors.need_reference().year)
    return in_year(text)


_WHOLE_YEAR = frozenset(("", "度", "份", "全年", "度全年", "年度", "年内", "内", "全年度"))


def _of_year(found: re.Match[str], anchors: Anchors) -> Part | None:
    rest = found["rest"].removeprefix("的").removeprefix("这个")
    if rest in ("同期", "度同期"):
        return _same_period(found, anchors)
    if SHORT_NUMBER.fullmatch(rest):
        return Bare()
    part = _part_of_year(rest)
    return part.of(_year(found, anchors)) if part else None


def _part_of_year(text: str) -> Within | None:
    """What stands behind a year."""
    if text in _WHOLE_YEAR:
        return Within(1, 1, 12, None, "year")
    typed = TYPED_MONTH.fullmatch(text)  # 今年11底, the 月 forgotten.
    festival = FESTIVAL.fullmatch(text)
    if typed:
        return month_day(f"{typed[1]}月{typed[2]}")
    if festival:
        return festival_day(festival["name"])
    return month_day(text) or in_year(text.removeprefix("度"))


def _year(found: re.Match[str], anchors: Anchors) -> int:
    if found["number"] or found["bare"]:
        number = found["number"] or found["bare"]
        if len(number) == 4:
            return int(number)
        return _full_year(int(number), anchors)
    if found["season"]:
        return anchors.need_reference().year + {"今": 0, "去": -1, "明": 1}[found["season"]]
    word = found["word"]
    if word in CONTEXT_YEAR_WORDS:
        return anchors.last().start.year + CONTEXT_YEAR_WORDS[word]
    return anchors.need_reference().year + YEAR_WORDS[word]


def _full_year(two_digits: int, anchors: Anchors) -> int:
    """98 and 08 of an article of 2011 are 1998 and 2008; 15 is 2015, for plans reach ahead (20 years at most)."""
    reference = anchors.need_reference()
    year = reference.year - reference.year % 100 + two_digits
    return year if year <= reference.year + 20 else year - 100


def _same_period(found: re.Match[str], anchors: Anchors) -> DateInterval:
    """去年同期, 2019年同期: the last period named before, in that year. Of a year that is not over, the part so far."""
    try:
        base = anchors.last("month", "quarter", "half", "year", "period")
    except DatePartError:
        base = anchors.last()
    if anchors.reference and base.grain == "year" and base.start <= anchors.reference < base.end:
        base = DateInterval(base.start, anchors.reference, "period")
    if found["word"] and YEAR_WORDS.get(found["word"]) == -1:
        return moved_to_year(base, base.start.year - 1)
    return moved_to_year(base, _year(found, anchors))


def _festival(text: str, anchors: Anchors) -> Part | None:
    found = FESTIVAL.fullmatch(text)
    if not found:
        return None
    if not found["year"]:
        return festival_day(found["name"])
    year = _YEAR.fullmatch(normalise(found["year"]))
    if not year or year["rest"]:
        return None
    return festival_day(found["name"]).of(_year(year, anchors))
