"""Parts of a year or month that stand without it: months, days, quarters, halves, seasons, 前8个月, 年底."""

from __future__ import annotations

import re

from parkner.values.intervals import DatePartError, InMonth, Within, month_of, months_of, quarter_of
from parkner.values.vocabulary import FESTIVALS, SEASON, SEASON_MONTHS

DAY = re.compile(r"([0-9]{1,2})[日号]")
_MONTH_DAY = re.compile(
    r"([0-9]{1,2})月(?:份?当月|份)?(?:([0-9]{1,2})[日号]?|(上中旬|中下旬|上旬|中旬|下旬|上半月|下半月|月?[初中底末]))?"
)
TYPED_MONTH = re.compile(r"([0-9]{1,2})([初中底末])")
_QUARTER = re.compile(r"(?:第?([1-4])(?:季度|季)|Q([1-4])|([首末])季度?)(初|末|底)?")
_HALF = re.compile(r"([上下])半年(?:度)?(初|末|底)?|H([12])")
_MONTHS_SO_FAR = re.compile(r"[前头]([0-9]{1,2})个?月")
_QUARTERS_SO_FAR = re.compile(r"[前头]([1-4])个?季度?")
_YEAR_PART = re.compile(r"(?:年|岁)?([底末初中])|年?(全年|内)")
_YEAR_EDGE: dict[str, int] = {"初": 1, "中": 6, "底": 12, "末": 12}
SHORT_NUMBER = re.compile(r"[0-9]{1,2}")
THIRD = re.compile(r"(上中旬|中下旬|上旬|中旬|下旬|上半月|下半月|月?[初中底末])")
THIRDS: dict[str, tuple[int, int | None]] = {
    **dict.fromkeys(("上旬", "初", "月初"), (1, 10)),
    **dict.fromkeys(("中旬", "中", "月中"), (11, 20)),
    **dict.fromkeys(("下旬", "底", "末", "月底", "月末"), (21, None)),
    "上中旬": (1, 20),
    "中下旬": (11, None),
    "上半月": (1, 15),
    "下半月": (16, None),
}


def days_of_month(number: int) -> InMonth:
    """A day of some month; refuses 0 and what is beyond 31."""
    if not 1 <= number <= 31:
        raise DatePartError(f"there is no day {number} in any month")
    return InMonth(number, number, "day")


def month_day(text: str) -> Within | None:
    """Month, with a day or a third of it where one is named; None for any other text."""
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
        first, last = THIRDS[found[3]]
        return Within(month.first_month, first, month.first_month, last, "period")
    return month


def in_year(text: str) -> Within | None:
    """Parts of a year other than months and days; the year may stand before or be left out."""
    if found := _QUARTER.fullmatch(text):
        number = int(found[1] or found[2] or {"首": 1, "末": 4}[found[3]])
        return edge_of(quarter_of(number), found[4])
    if found := _HALF.fullmatch(text):
        half = Within(1, 1, 6, None, "half")
        if found[1] == "下" or found[3] == "2":
            half = Within(7, 1, 12, None, "half")
        return edge_of(half, found[2])
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


def edge_of(part: Within, edge: str | None) -> Within:
    """First or last month of a quarter or half."""
    if edge is None:
        return part
    return month_of(part.first_month if edge == "初" else part.last_month)


def festival_day(name: str) -> Within:
    """The day of a festival with a fixed date."""
    month, number = FESTIVALS[name]
    return Within(month, number, month, number, "day")
