"""Dates named by words that lean on the article or stand for years: 上月, 本周五, 当季, 十四五, 90年代."""

from __future__ import annotations

import datetime as dt
import re

from parkner.values.anchors import Anchors
from parkner.values.intervals import (
    DateInterval,
    DatePartError,
    InMonth,
    day,
    month_of,
    months_on,
    quarter_of,
    years,
)
from parkner.values.vocabulary import (
    CONTEXT_MONTH_WORDS,
    MONTH_WORDS,
    PLAN,
    PLANS,
    PLANS_IN_ORDER,
)
from parkner.values.within import DAY, THIRD, THIRDS, days_of_month, edge_of

_MONTH_NAMES = sorted([*MONTH_WORDS, *CONTEXT_MONTH_WORDS], key=len, reverse=True)
_MONTH = re.compile(rf"(?P<word>{'|'.join(_MONTH_NAMES)})(?P<rest>.*)")
_QUARTER_WORD = re.compile(r"(本|这个?|上1?个?|下1?个?|当|同)季度?(初|末|底)?")
_WEEK = re.compile(r"(上上|上|本|这|下下|下)?1?个?(?:周|星期|礼拜)([1-6日天末])?")
_WEEKS = {"上上": -2, "上": -1, "本": 0, "这": 0, "下": 1, "下下": 2}
_CENTURY = re.compile(
    r"(?:([12]?[0-9])|([上本])(?:1?个)?)世纪(?:的?(?:([0-9])0年代(初期|初|中期|中叶|末期|末|后期)?|第?1个10年|[前头]10年))?"
)
_DECADE = re.compile(r"([0-9])0年代(初期|初|中期|中叶|末期|末|后期)?")
_DECADE_IN_FULL = re.compile(r"([12][0-9]{2})0年代(初期|初|中期|中叶|末期|末|后期)?")
_TWO_YEARS = re.compile(r"([去今明])([今明后])(?:2年|年)")


def shifted(date: dt.date, days: int) -> dt.date:
    """Some days later (before)."""
    try:
        return date + dt.timedelta(days=days)
    except OverflowError as error:
        raise DatePartError("outside the calendar") from error


def plan(text: str, anchors: Anchors) -> DateInterval | None:
    """A five-year plan, or its first or last years."""
    found = PLAN.fullmatch(text)
    if not found:
        return None
    if found["name"]:
        first = PLANS[found["name"]]
    else:
        number = _small_number(found["nth"])
        if not 1 <= number <= len(PLANS_IN_ORDER):
            raise DatePartError("a plan that is not laid down yet")
        first = PLANS_IN_ORDER[number - 1]
    part = found["part"]
    if not part:
        return years(first, first + 4)
    if part[0] in "前头":
        return years(first, first + _small_number(part[1]) - 1)
    if part[0] in "后最":
        return years(first + 5 - _small_number(part[-2]), first + 4)
    year = first if part[0] in "初开" else first + 4
    return years(year, year, "year")


def _small_number(text: str) -> int:
    import cn2an

    return int(text) if text.isdigit() else int(cn2an.cn2an(text, "normal"))


def month_word(text: str, anchors: Anchors) -> DateInterval | None:
    """上月, 本月29日, 当月20日, 次月."""
    found = _MONTH.fullmatch(text)
    if not found:
        return None
    word, rest = found["word"], found["rest"].removeprefix("份")
    number = DAY.fullmatch(rest)
    third = THIRD.fullmatch(rest)
    if rest and not number and not third and rest != "内":
        return None
    if word in MONTH_WORDS:
        year, month = months_on(anchors.need_reference(), MONTH_WORDS[word])
    else:
        year, month = months_on(anchors.last("day", "month").start, CONTEXT_MONTH_WORDS[word])
    if number:
        return days_of_month(int(number[1])).of(year, month)
    if third:
        return InMonth(*THIRDS[rest], "period").of(year, month)
    return month_of(month).of(year)


def week(text: str, anchors: Anchors) -> DateInterval | None:
    """A week (Monday to Sunday), its weekend or one of its days."""
    found = _WEEK.fullmatch(text)
    if not found or not (found[1] or found[2]):
        return None
    reference = anchors.need_reference()
    monday = shifted(reference, -reference.weekday() + 7 * _WEEKS.get(found[1] or "本", 0))
    if not found[2]:
        return DateInterval(monday, shifted(monday, 6), "period")
    to_the_past = found[1] is None and not anchors.future
    if found[2] == "末":
        if to_the_past and shifted(monday, 5) > reference:
            monday = shifted(monday, -7)
        return DateInterval(shifted(monday, 5), shifted(monday, 6), "period")
    date = shifted(monday, 6 if found[2] in "日天" else int(found[2]) - 1)
    if to_the_past and date > reference:
        date = shifted(date, -7)
    return day(date)


def quarter_word(text: str, anchors: Anchors) -> DateInterval | None:
    """本季度, 上一季度, 当季."""
    found = _QUARTER_WORD.fullmatch(text)
    if not found:
        return None
    word = found[1]
    if word in ("当", "同"):
        date = anchors.last("quarter", "month", "day").start
        steps = 0
    else:
        date = anchors.need_reference()
        steps = {"上": -1, "下": 1}.get(word[0], 0)
    year, month = months_on(date, 3 * steps)
    return edge_of(quarter_of((month + 2) // 3), found[2]).of(year)


def century(text: str, anchors: Anchors) -> DateInterval | None:
    """A century or decade."""
    if found := _DECADE_IN_FULL.fullmatch(text):
        return _decade(int(found[1]) * 10, found[2])
    if found := _DECADE.fullmatch(text):
        reference = anchors.need_reference()
        first = reference.year - reference.year % 100 + 10 * int(found[1])
        return _decade(first if first <= reference.year or anchors.future else first - 100, found[2])
    found = _CENTURY.fullmatch(text)
    if not found:
        return None
    if found[1]:
        number = int(found[1])
    else:
        # A century starts with its year 1: 2000 is of the twentieth.
        number = (anchors.need_reference().year - 1) // 100 + 1 - (found[2] == "上")
    first = 100 * (number - 1)
    if found[3]:
        return _decade(first + 10 * int(found[3]), found[4])
    return years(first + 1, first + 10) if "10年" in text else years(first + 1, first + 100)


def _decade(first: int, part: str | None) -> DateInterval:
    """Ten years from the one that ends in 0; 初 its first four, 中 the three in the middle, 末 the last three."""
    if part is None:
        return years(first, first + 9)
    if part[0] == "初":
        return years(first, first + 3)
    return years(first + 4, first + 6) if part[0] == "中" else years(first + 7, first + 9)


def two_years(text: str, anchors: Anchors) -> DateInterval | None:
    """今明两年."""
    found = _TWO_YEARS.fullmatch(text)
    if not found:
        return None
    steps = {"去": -1, "今": 0, "明": 1, "后": 2}
    first, last = steps[found[1]], steps[found[2]]
    if last != first + 1:
        return None
    year = anchors.need_reference().year
    return years(year + first, year + last)
