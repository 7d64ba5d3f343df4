"""One date (no range) in normalised spelling -> what it names: an interval, or a part of a year or month."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from parkner.values.intervals import (
    DateInterval,
    DatePartError,
    Grain,
    InMonth,
    Within,
    day,
    month_of,
    months_of,
    months_on,
    moved_to_year,
    quarter_of,
    years,
)
from parkner.values.vocabulary import (
    CONTEXT_DAY_WORDS,
    CONTEXT_MONTH_WORDS,
    CONTEXT_YEAR_WORDS,
    DAY_WORDS,
    FESTIVAL,
    FESTIVALS,
    MONTH_WORDS,
    PLAN,
    PLANS,
    PLANS_IN_ORDER,
    SEASON,
    SEASON_MONTHS,
    YEAR_WORDS,
)


@dataclass(frozen=True, slots=True)
class Bare:
    """A number whose unit stands elsewhere (the ``1`` of ``1-8月``)."""

    grain: Grain = "period"


Part = DateInterval | Within | InMonth | Bare


@dataclass(frozen=True, slots=True)
class Anchors:
    """What relative dates lean on; as the arguments of ``parse_date``."""

    reference: dt.date | None
    context: tuple[DateInterval, ...]
    future: bool

    def need_reference(self) -> dt.date:
        """The publication date.

        Raises:
            DatePartError: If there is none.
        """
        if self.reference is None:
            raise DatePartError("relative or without its year, and there is no reference date")
        return self.reference

    def last(self, *grains: Grain, days: int = 366) -> DateInterval:
        """The last date named before, of one of the grains, not longer than so many days.

        Raises:
            DatePartError: If there is none.
        """
        for interval in reversed(self.context):
            if (not grains or interval.grain in grains) and (interval.end - interval.start).days < days:
                return interval
        raise DatePartError("points back at a date, and none was named before")


_YEARS = sorted([*YEAR_WORDS, *CONTEXT_YEAR_WORDS], key=len, reverse=True)
_YEAR = re.compile(
    rf"(?:(?P<number>[0-9]{{4}}|[0-9]{{2}})年|(?P<bare>[12][0-9]{{3}})(?=全年|[上下]半年|第?[1-4]季|年|前|Q|H)"
    rf"|(?P<word>{'|'.join(_YEARS)})|(?P<season>[今去明])年?(?=[春夏秋冬]))(?P<rest>.*)"
)
_MONTH_NAMES = sorted([*MONTH_WORDS, *CONTEXT_MONTH_WORDS], key=len, reverse=True)
_MONTH = re.compile(rf"(?P<word>{'|'.join(_MONTH_NAMES)})(?P<rest>.*)")
_DAY = re.compile(r"([0-9]{1,2})[日号]")
_MONTH_DAY = re.compile(
    r"([0-9]{1,2})月(?:份?当月|份)?(?:([0-9]{1,2})[日号]?|(上中旬|中下旬|上旬|中旬|下旬|上半月|下半月|月?[初中底末]))?"
)
_TYPED_MONTH = re.compile(r"([0-9]{1,2})([初中底末])")
_SHORT_NUMBER = re.compile(r"[0-9]{1,2}")
_THIRD = re.compile(r"(上中旬|中下旬|上旬|中旬|下旬|上半月|下半月|月?[初中底末])")
_THIRDS: dict[str, tuple[int, int | None]] = {
    **dict.fromkeys(("上旬", "初", "月初"), (1, 10)),
    **dict.fromkeys(("中旬", "中", "月中"), (11, 20)),
    **dict.fromkeys(("下旬", "底", "末", "月底", "月末"), (21, None)),
    "上中旬": (1, 20),
    "中下旬": (11, None),
    "上半月": (1, 15),
    "下半月": (16, None),
}
_QUARTER = re.compile(r"(?:第?([1-4])(?:季度|季)|Q([1-4])|([首末])季度?)(初|末|底)?")
_QUARTER_WORD = re.compile(r"(本|这个?|上1?个?|下1?个?|当|同)季度?(初|末|底)?")
_HALF = re.compile(r"([上下])半年(?:度)?(初|末|底)?|H([12])")
_MONTHS_SO_FAR = re.compile(r"[前头]([0-9]{1,2})个?月")
_QUARTERS_SO_FAR = re.compile(r"[前头]([1-4])个?季度?")
_YEAR_PART = re.compile(r"(?:年|岁)?([底末初中])|年?(全年|内)")
_SPAN_OF_MONTHS = re.compile(r"([0-9]{1,2})-([0-9]{1,2})月份?")
_YEAR_EDGE: dict[str, int] = {"初": 1, "中": 6, "底": 12, "末": 12}
_WEEK = re.compile(r"(上上|上|本|这|下下|下)?1?个?(?:周|星期|礼拜)([1-6日天末])?")
_WEEKS = {"上上": -2, "上": -1, "本": 0, "这": 0, "下": 1, "下下": 2}
_CENTURY = re.compile(
    r"(?:([12]?[0-9])|([上本])(?:1?个)?)世纪(?:的?(?:([0-9])0年代(初期|初|中期|中叶|末期|末|后期)?|第?1个10年|[前头]10年))?"
)
_DECADE = re.compile(r"([0-9])0年代(初期|初|中期|中叶|末期|末|后期)?")
_DECADE_IN_FULL = re.compile(r"([12][0-9]{2})0年代(初期|初|中期|中叶|末期|末|后期)?")
_TWO_YEARS = re.compile(r"([去今明])([今明后])(?:2年|年)")


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
        found = _DAY.fullmatch(text)
        if found:
            return _days_of_month(int(found[1]))
        within = _month_day(text)
        if within is not None:
            return within
    year = _YEAR.fullmatch(text)
    if year:
        part = _of_year(year, anchors)
        if part is not None:
            return part
    return _word(text, anchors)


def _word(text: str, anchors: Anchors) -> Part | None:
    if text in DAY_WORDS:
        return day(_shifted(anchors.need_reference(), DAY_WORDS[text]))
    if text in CONTEXT_DAY_WORDS:
        return day(_shifted(anchors.last("day").start, CONTEXT_DAY_WORDS[text]))
    for read in (_plan, _festival, _month_word, _week, _century, _two_years, _quarter_word):
        part = read(text, anchors)
        if part is not None:
            return part
    third = _THIRD.fullmatch(text)
    if third and text not in ("初", "中", "底", "末"):
        interval = InMonth(*_THIRDS[text], "period")
        if text.endswith("旬") or "半月" in text:
            return interval
        return interval.of(*months_on(anchors.need_reference(), 0))
    if text == "年内":
        return years(anchors.need_reference().year, anchors.need_reference().year, "year")
    if text == "月内":
        return month_of(anchors.need_reference().month).of(anchors.need_reference().year)
    return _in_year(text)


def _shifted(date: dt.date, days: int) -> dt.date:
    try:
        return date + dt.timedelta(days=days)
    except OverflowError as error:
        raise DatePartError("outside the calendar") from error


def _days_of_month(number: int) -> InMonth:
    if not 1 <= number <= 31:
        raise DatePartError(f"there is no day {number} in any month")
    return InMonth(number, number, "day")


def _month_day(text: str) -> Within | None:
    found = _MONTH_DAY.fullmatch(text)
    if not found:
        return None
    month = month_of(int(found[1]))
    if found[2]:
        number = int(found[2])
        if not 1 <= number <= month.of(2000).end.day:
            raise DatePartError(f"month {month.first_month} has no day {number}")
        return Within(month.first_month, number, month.first_month, number, "day")
    if found[3]:
        first, last = _THIRDS[found[3]]
        return Within(month.first_month, first, month.first_month, last, "period")
    return month


def _in_year(text: str) -> Within | None:
    """Parts of a year other than months and days; the year may stand before or be left out."""
    if found := _QUARTER.fullmatch(text):
        number = int(found[1] or found[2] or {"首": 1, "末": 4}[found[3]])
        return _edge(quarter_of(number), found[4])
    if found := _HALF.fullmatch(text):
        half = Within(1, 1, 6, None, "half")
        if found[1] == "下" or found[3] == "2":
            half = Within(7, 1, 12, None, "half")
        return _edge(half, found[2])
    if found := _MONTHS_SO_FAR.fullmatch(text):
        return months_of(1, int(found[1]), so_far=True)
    if found := _QUARTERS_SO_FAR.fullmatch(text):
        return months_of(1, 3 * int(found[1]), so_far=True)
    if found := _YEAR_PART.fullmatch(text):
        if found[1]:
            month = _YEAR_EDGE[found[1]]
            return Within(month, 1, month, None, "month", this_year=True)
        return Within(1, 1, 12, None, "year", this_year=True)
    if found := SEASON.fullmatch(text):
        if "冬" in text:
            raise DatePartError("a winter lies in two years")
        first, last = SEASON_MONTHS[found[1]], SEASON_MONTHS[found[2] or found[1]]
        return months_of(first[0], last[1]) if first[0] <= last[1] else None
    return None


def _edge(part: Within, edge: str | None) -> Within:
    """First or last month of a quarter or half."""
    if edge is None:
        return part
    return month_of(part.first_month if edge == "初" else part.last_month)


def _of_year(found: re.Match[str], anchors: Anchors) -> Part | None:
    rest = found["rest"].removeprefix("的").removeprefix("这个")
    if rest in ("同期", "度同期"):
        return _same_period(found, anchors)
    in_year: Within | None
    if rest in ("", "度", "份", "全年", "度全年", "年度", "年内", "内", "全年度"):
        in_year = Within(1, 1, 12, None, "year")
    else:
        in_year = _month_day(rest) or _in_year(rest.removeprefix("度"))
        typed = _TYPED_MONTH.fullmatch(rest)
        if typed:
            in_year = _month_day(f"{typed[1]}月{typed[2]}")
        span = _SPAN_OF_MONTHS.fullmatch(rest)
        if span:
            return None
        day_only = _DAY.fullmatch(rest)
        if in_year is None and not day_only:
            inner = FESTIVAL.fullmatch(rest)
            if not inner:
                return Bare() if _SHORT_NUMBER.fullmatch(rest) else None
            in_year = _festival_day(inner["name"])
    return in_year.of(_year(found, anchors)) if in_year else None


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


def _plan(text: str, anchors: Anchors) -> DateInterval | None:
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


def _festival_day(name: str) -> Within:
    month, number = FESTIVALS[name]
    return Within(month, number, month, number, "day")


def _festival(text: str, anchors: Anchors) -> Part | None:
    found = FESTIVAL.fullmatch(text)
    if not found:
        return None
    if not found["year"]:
        return _festival_day(found["name"])
    from parkner.values.date_text import normalise

    year = _YEAR.fullmatch(normalise(found["year"]))
    if not year or year["rest"]:
        return None
    return _festival_day(found["name"]).of(_year(year, anchors))


def _month_word(text: str, anchors: Anchors) -> Part | None:
    found = _MONTH.fullmatch(text)
    if not found:
        return None
    word, rest = found["word"], found["rest"].removeprefix("份")
    number = _DAY.fullmatch(rest)
    third = _THIRD.fullmatch(rest)
    if rest and not number and not third and rest != "内":
        return None
    if word in MONTH_WORDS:
        year, month = months_on(anchors.need_reference(), MONTH_WORDS[word])
    else:
        year, month = months_on(anchors.last("day", "month").start, CONTEXT_MONTH_WORDS[word])
    if number:
        return _days_of_month(int(number[1])).of(year, month)
    if third:
        return InMonth(*_THIRDS[rest], "period").of(year, month)
    return month_of(month).of(year)


def _week(text: str, anchors: Anchors) -> Part | None:
    found = _WEEK.fullmatch(text)
    if not found or not (found[1] or found[2]):
        return None
    reference = anchors.need_reference()
    monday = _shifted(reference, -reference.weekday() + 7 * _WEEKS.get(found[1] or "本", 0))
    if not found[2]:
        return DateInterval(monday, _shifted(monday, 6), "period")
    to_the_past = found[1] is None and not anchors.future
    if found[2] == "末":
        if to_the_past and _shifted(monday, 5) > reference:
            monday = _shifted(monday, -7)
        return DateInterval(_shifted(monday, 5), _shifted(monday, 6), "period")
    date = _shifted(monday, 6 if found[2] in "日天" else int(found[2]) - 1)
    if to_the_past and date > reference:
        date = _shifted(date, -7)
    return day(date)


def _quarter_word(text: str, anchors: Anchors) -> Part | None:
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
    return _edge(quarter_of((month + 2) // 3), found[2]).of(year)


def _century(text: str, anchors: Anchors) -> DateInterval | None:
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
        century = int(found[1])
    else:
        # A century starts with its year 1: 2000 is of the twentieth.
        century = (anchors.need_reference().year - 1) // 100 + 1 - (found[2] == "上")
    first = 100 * (century - 1)
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


def _two_years(text: str, anchors: Anchors) -> DateInterval | None:
    found = _TWO_YEARS.fullmatch(text)
    if not found:
        return None
    steps = {"去": -1, "今": 0, "明": 1, "后": 2}
    first, last = steps[found[1]], steps[found[2]]
    if last != first + 1:
        return None
    year = anchors.need_reference().year
    return years(year + first, year + last)
