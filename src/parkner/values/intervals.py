"""Intervals of days, and the parts of a year or a month that dates name."""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass
from typing import Literal

Grain = Literal["day", "month", "quarter", "half", "year", "period"]


class DateError(ValueError):
    """A text that is no date, or one that leaves its days open; names the text and the reason."""


class DatePartError(ValueError):
    """Why a part of a date cannot be read; the message is the reason alone."""


@dataclass(frozen=True, slots=True)
class DateInterval:
    """A calendar time.

    Attributes:
        start, end: First and last day, both inside.
        grain: The unit that the text names; ``period`` for everything that is no single day, month, quarter, half
            or year (ranges, weeks, thirds of a month, decades, planning periods).

    Raises:
        ValueError: If the interval ends before it starts.
    """

    start: dt.date
    end: dt.date
    grain: Grain

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"interval ends on {self.end}, before its start on {self.start}")

    def to_dict(self) -> dict[str, str]:
        """JSON-ready, with ISO dates."""
        return {"start": self.start.isoformat(), "end": self.end.isoformat(), "grain": self.grain}


@dataclass(frozen=True, slots=True)
class Within:
    """A part of some year: days and months without the year.

    Attributes:
        first_month, first_day: Where it starts.
        last_month, last_day: Where it ends; the day is None for the month's last.
        grain: As in `DateInterval`.
        so_far: Counts months from January (前8个月): reached when its last month is, not its first.
        this_year: The words mean the year of the article unless they say otherwise (年底, 年内, 全年).
    """

    first_month: int
    first_day: int
    last_month: int
    last_day: int | None
    grain: Grain
    so_far: bool = False
    this_year: bool = False

    def of(self, year: int) -> DateInterval:
        """The interval in a year.

        Raises:
            DatePartError: If the day does not exist (30 February, 29 February of a common year).
        """
        last = (
            month_end(year, self.last_month)
            if self.last_day is None
            else _day(year, self.last_month, self.last_day)
        )
        return DateInterval(_day(year, self.first_month, self.first_day), last, self.grain)


@dataclass(frozen=True, slots=True)
class InMonth:
    """Days of some month without the month (``25日``, ``下旬``); ``last`` is None for the month's end."""

    first: int
    last: int | None
    grain: Grain

    def of(self, year: int, month: int) -> DateInterval:
        """The interval in a month."""
        return Within(month, self.first, month, self.last, self.grain).of(year)


def month_of(month: int) -> Within:
    """A whole month (1-12) of some year."""
    if not 1 <= month <= 12:
        raise DatePartError(f"there is no month {month}")
    return Within(month, 1, month, None, "month")


def quarter_of(quarter: int) -> Within:
    """A quarter (1-4) of some year."""
    if not 1 <= quarter <= 4:
        raise DatePartError(f"there is no quarter {quarter}")
    return Within(3 * quarter - 2, 1, 3 * quarter, None, "quarter")


def months_of(first: int, last: int, *, so_far: bool = False) -> Within:
    """Several months of one year."""
    month_of(first), month_of(last)
    return Within(first, 1, last, None, "period", so_far=so_far)


def month_end(year: int, month: int) -> dt.date:
    """Last day of a month."""
    _check_year(year)
    return dt.date(year, month, calendar.monthrange(year, month)[1])


def years(first: int, last: int, grain: Grain = "period") -> DateInterval:
    """Whole years, both inside."""
    return DateInterval(_day(first, 1, 1), _day(last, 12, 31), grain)


def day(date: dt.date) -> DateInterval:
    """One day."""
    return DateInterval(date, date, "day")


def months_on(date: dt.date, months: int) -> tuple[int, int]:
    """Year and month some months after (before) that of a date."""
    index = date.year * 12 + date.month - 1 + months
    return index // 12, index % 12 + 1


def moved_to_year(interval: DateInterval, year: int) -> DateInterval:
    """The same days of another year; the end of a month stays the end of that month, 29 February becomes 28."""
    shift = year - interval.start.year
    ends_month = interval.grain != "day" and interval.end == month_end(interval.end.year, interval.end.month)
    end_year = interval.end.year + shift
    end = month_end(end_year, interval.end.month) if ends_month else _same_day(interval.end, end_year)
    return DateInterval(_same_day(interval.start, year), end, interval.grain)


def _same_day(date: dt.date, year: int) -> dt.date:
    _check_year(year)
    last = calendar.monthrange(year, date.month)[1]
    return dt.date(year, date.month, min(date.day, last))


def _day(year: int, month: int, number: int) -> dt.date:
    _check_year(year)
    try:
        return dt.date(year, month, number)
    except ValueError as error:
        raise DatePartError(f"there is no day {year}-{month:02}-{number:02}") from error


def _check_year(year: int) -> None:
    if not 1000 <= year <= 2999:
        raise DatePartError(f"the year {year} is outside 1000-2999")
