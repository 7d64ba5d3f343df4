"""Dates of Chinese news -> intervals of days, with the publication date and the dates before as anchors."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from parkner.values.anchors import Anchors
from parkner.values.date_text import english_date, normalise, unit_behind
from parkner.values.intervals import (
    DateError,
    DateInterval,
    DatePartError,
    InMonth,
    Within,
    months_on,
)
from parkner.values.parts import Bare, Part, read_part
from parkner.values.vocabulary import REASONS

MAX_LENGTH = 64
_POINTS_BACK = re.compile(r"[同当次翌该]|第2年")


def parse_date(
    text: str,
    *,
    reference: dt.date | None = None,
    context: Sequence[DateInterval] = (),
    future: bool = False,
) -> DateInterval:
    """Reads a DATE span.

    Args:
        text: The span, such as ``去年9月16日``, ``1-8月份``, ``“十四五”``.
        reference: Publication date of the article. A date without its year (month) is the nearest such date that is
            not after it; a span of whole months has to have reached its last month.
        context: Dates named before, in order: ``同年``, ``当日``, ``次月`` and the like take the last of them,
            ``去年同期`` the last period.
        future: The words around the span say that the time lies ahead (``预计``, ``将``): the next such date is taken
            unless it is more than twice as far as the last.

    Returns:
        First and last day, and the unit the text names.

    Raises:
        DateError: If the text is no date or leaves its days open; the message has both text and reason.
    """
    if isinstance(reference, dt.datetime):
        reference = reference.date()
    anchors = Anchors(reference, tuple(context), future)
    shown = text if len(text) <= MAX_LENGTH else text[:MAX_LENGTH] + "…"
    try:
        if len(text) > MAX_LENGTH:
            raise DatePartError(f"longer than any date ({len(text)} characters)")
        english = english_date(text)
        return english or _parse(normalise(text), anchors)
    except (ValueError, OverflowError) as reason:
        raise DateError(f"{shown!r}: {reason}") from reason


def _parse(text: str, anchors: Anchors) -> DateInterval:
    if not text:
        raise DatePartError("empty")
    part = read_part(text, anchors)
    if part is not None:
        return _resolve(part, anchors)
    if text.endswith(("至今", "到今", "迄今")):
        begin = _parse(text[:-2], anchors)
        return DateInterval(begin.start, _not_before(anchors.need_reference(), begin), "period")
    left, dash, right = text.partition("-")
    if dash and left and right and "-" not in right:
        interval = _range(left, right, anchors)
        if interval is not None:
            return interval
    for pattern, reason in REASONS:
        if pattern.search(text):
            raise DatePartError(reason)
    raise DatePartError("not a date in a known form")


def _not_before(date: dt.date, begin: DateInterval) -> dt.date:
    if date < begin.start:
        raise DatePartError(f"starts after the reference date {date}")
    return date


def _resolve(part: Part, anchors: Anchors) -> DateInterval:
    """Finds the year (month) of a part that has none."""
    if isinstance(part, DateInterval):
        return part
    if isinstance(part, Bare):
        raise DatePartError("a number without a unit of time")
    planned = anchors.future and anchors.reference is not None
    if _is_full_year(part) and not planned and anchors.context and anchors.context[-1].grain == "year":
        return anchors.context[-1]  # 全年 behind a year is that year's, unless it is planned.
    reference = anchors.need_reference()
    if isinstance(part, InMonth):
        return _nearest_month(part, reference, anchors.future)
    if part.this_year:
        return _of_this_year(part, anchors)
    return _nearest_year(part, reference, anchors.future)


def _is_full_year(part: Within | InMonth) -> bool:
    return isinstance(part, Within) and part.grain == "year"


def _nearest_year(part: Within, reference: dt.date, future: bool) -> DateInterval:
    # Eight years reach the next 29 February across a century that has none.
    reach = 8 if part.last_day == 29 else 1
    steps = range(-reach, reach + 1)
    found = [interval for step in steps if (interval := _try(part, reference.year + step))]
    past = [i for i in found if (i.end.replace(day=1) if part.so_far else i.start) <= reference]
    ahead = [i for i in found if i.end >= reference]
    return _nearest(past, ahead, reference, future)


def _try(part: Within, year: int) -> DateInterval | None:
    """The part of a year; None for 29 February of a common year."""
    try:
        return part.of(year)
    except DatePartError:
        if part.last_day != 29:
            raise
        return None


def _nearest_month(part: InMonth, reference: dt.date, future: bool) -> DateInterval:
    past, ahead = [], []
    for step in range(-3, 4):
        try:
            interval = part.of(*months_on(reference, step))
        except DatePartError:
            if part.first <= 28:
                raise
            continue
        if interval.start <= reference:
            past.append(interval)
        if interval.end >= reference:
            ahead.append(interval)
    return _nearest(past, ahead, reference, future)


def _nearest(
    past: list[DateInterval], ahead: list[DateInterval], reference: dt.date, future: bool
) -> DateInterval:
    """The last time that has begun; with ``future``, the next that is not over if it is not twice as far."""
    if not past or not ahead:
        raise DatePartError("no such day in the years around the reference date")
    if future and ahead[0].start - reference <= 2 * (reference - past[-1].end):
        return ahead[0]
    return past[-1]


def _of_this_year(part: Within, anchors: Anchors) -> DateInterval:
    """年底, 年初, 全年: of the article's year, but early in a year what is still far off is last year's."""
    reference = anchors.need_reference()
    found = part.of(reference.year)
    if anchors.future:
        return found
    if _is_full_year(part):
        # Results of a full year are told in the first quarter of the next.
        return part.of(reference.year - 1) if reference.month <= 3 else found
    return part.of(reference.year - 1) if reference.month <= 2 and found.start > reference else found


@dataclass(frozen=True, slots=True)
class _Ends:
    left: Part
    right: Part


def _read_ends(left: str, right: str, anchors: Anchors) -> _Ends | None:
    """Both ends of a range, each with the unit that the other one spells out; None if one is no date."""
    if re.match(r"[0-9]{4}", left) and re.match(r"[0-9]{2}年", right):
        right = f"{int(left[:2]) + (right[:2] < left[2:4])}{right}"
    first = read_part(left, anchors)
    if first is not None and not isinstance(first, Bare) and _POINTS_BACK.match(right):
        first = _resolve(first, anchors)  # 次年 at the end of a range follows the year at its start.
        anchors = replace(anchors, context=(first,))
    last = read_part(right, anchors)
    if first is None or isinstance(first, Bare):
        unit = unit_behind(right)
        if unit:
            first = read_part(left + unit, anchors)
        elif isinstance(first, Bare) and isinstance(last, Bare):
            return None
    if first is None or isinstance(first, Bare):
        return None
    if isinstance(last, Bare):
        unit = {"day": "日", "month": "月", "year": "年"}.get(first.grain, "")
        last = read_part(right + unit, anchors) if unit else None
    named = re.match(r"[0-9上本]+个?世纪", left)
    if named and re.match(r"[0-9]0年代", right):
        last = read_part(named[0] + right, anchors)
    return None if last is None or isinstance(last, Bare) else _Ends(first, last)


def _range(left: str, right: str, anchors: Anchors) -> DateInterval | None:
    ends = _read_ends(left, right, anchors)
    if ends is None:
        return None
    first, last = ends.left, ends.right
    if _is_market_year(first, last, right):
        raise DatePartError("a market year, whose months depend on the trade")
    if isinstance(first, DateInterval):
        begin = first
        end = last if isinstance(last, DateInterval) else _following(last, begin)
    elif isinstance(last, DateInterval):
        end = last
        begin = _preceding(first, end)
    elif (
        isinstance(first, Within) and isinstance(last, Within) and first.grain != "day" and not anchors.future
    ):
        end = _resolve(last, anchors)
        begin = _preceding(first, end)
    else:
        begin = _resolve(first, anchors)
        end = _following(last, begin)
    if end.end < begin.start:
        raise DatePartError(f"the range ends on {end.end}, before its start on {begin.start}")
    return DateInterval(begin.start, end.end, "period")


def _is_market_year(first: Part, last: Part, right: str) -> bool:
    return (
        right.endswith("年度")
        and isinstance(first, DateInterval)
        and isinstance(last, DateInterval)
        and last.start.year == first.start.year + 1
    )


def _following(part: Part, begin: DateInterval) -> DateInterval:
    """The first such time that does not end before ``begin`` starts."""
    assert not isinstance(part, DateInterval | Bare)
    if isinstance(part, InMonth):
        if begin.grain not in ("day", "period"):
            raise DatePartError("a day at the end of a range that starts with no day")
        same = part.of(begin.start.year, begin.start.month)
        return same if same.end >= begin.start else part.of(*months_on(begin.start, 1))
    same = part.of(begin.start.year)
    return same if same.end >= begin.start else part.of(begin.start.year + 1)


def _preceding(part: Part, end: DateInterval) -> DateInterval:
    """The last such time that does not start after ``end`` ends."""
    assert not isinstance(part, DateInterval | Bare)
    if isinstance(part, InMonth):
        same = part.of(end.end.year, end.end.month)
        return same if same.start <= end.end else part.of(*months_on(end.end, -1))
    same = part.of(end.end.year)
    return same if same.start <= end.end else part.of(end.end.year - 1)
