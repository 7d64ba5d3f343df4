"""Spelling of dates: Arabic digits, one range mark, no clock time and no weekday."""

from __future__ import annotations

import datetime as dt
import re

from parkner.values.folding import fold
from parkner.values.intervals import DateInterval, DatePartError, day, month_of
from parkner.values.vocabulary import FESTIVAL, PLAN

_DIGITS = {c: str(i) for i, c in enumerate("〇一二三四五六七八九")} | {"两": "2"}
_NUMERAL = re.compile(r"[〇一二三四五六七八九十廿卅两]+(?=(.?))")
_THOUSANDS = re.compile(r"[一二两]千[〇一二三四五六七八九十百]*(?=年)")
_TENS = re.compile(r"([一二三四五六七八九]?十|廿|卅)([一二三四五六七八九]?)")
_ISO_DAY = re.compile(r"(?<![0-9])([12][0-9]{3})([-/.])([0-9]{1,2})\2([0-9]{1,2})(?![0-9])")
_ISO_MONTH = re.compile(r"([12][0-9]{3})[-/.](0?[1-9]|1[0-2])")
_PACKED = re.compile(r"([12][0-9]{3})(0[1-9]|1[0-2])([0-3][0-9])?")
_CLOCK = re.compile(
    r"(?<=[0-9日号)])[\sT,]*[0-2]?[0-9]:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?$"
)
_TIME = re.compile(
    r"(?<=[日号天晚晨夜早])(?:凌晨|清晨|早晨|早上|上午|中午|午后|下午|傍晚|晚上|晚间|夜间|深夜|夜里|午间|一早|1早|[早晚晨夜午])?"
    r"(?:[0-2]?[0-9](?:时|点钟?)(?:[0-9]{1,2}分|半|整)?)?(?:许|左右)?(?=$|[-至到])"
)
_WEEKDAY = re.compile(r"(?<=.[0-9日号年月])[(,]?(?:星期|礼拜|周)[一二三四五六日天1-6][)]?$")
_LEAD = re.compile(
    r"^(?:从|自从|自|截至|截止到?|直到|直至|到|至|于|在|早在|由|(?:当地|北京|美东)时间|公元(?!前)|公历)+(?=.)"
)
_END = re.compile(r"(?<=.)(?:以来|开始|起|伊始|(?<=[年月日])期间)$")
_RANGE = re.compile(r"(?:起|开始)?(?:[至到](?!今$)|-+)")
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_ENGLISH = re.compile(rf"[0-9\s,.]*(?:{_MONTHS})[a-z]*[0-9\s,.a-z]*", re.IGNORECASE | re.ASCII)


def normalise(text: str) -> str:
    """Writes a date span with Arabic digits, ``-`` between the ends of a range, days as ``2021年12月22日``.

    What names no day is left out: quotation marks, clock time, weekday behind a date, 截至 / 从 before, 以来 / 起 behind.
    """
    spaced = fold(text, keep_spaces=True)
    if ":" in spaced:
        spaced = _CLOCK.sub("", spaced)
    plain = spaced.replace(" ", "") if " " in spaced else spaced
    if plain.endswith("元月") or "元月" in plain:
        plain = plain.replace("元月", "1月")
    plain = _LEAD.sub("", plain)
    plain = _END.sub("", plain)
    if PLAN.fullmatch(plain) or FESTIVAL.fullmatch(plain):
        return plain
    if "千" in plain:
        plain = _THOUSANDS.sub(_whole_number, plain)
    plain = _NUMERAL.sub(_arabic, plain)
    plain = _WEEKDAY.sub("", plain)
    plain = _TIME.sub("", plain)
    if plain.isdigit() and plain.isascii():
        packed = _PACKED.fullmatch(plain)
        return _spelled(packed[1], packed[2], packed[3]) if packed else plain
    plain = _ISO_DAY.sub(lambda m: _spelled(m[1], m[3], m[4]), plain)
    month = _ISO_MONTH.fullmatch(plain)
    if month:
        return _spelled(month[1], month[2], None)
    return _RANGE.sub("-", plain)


def _spelled(year: str, month: str, number: str | None) -> str:
    return f"{year}年{int(month)}月" + (f"{int(number)}日" if number else "")


def _arabic(found: re.Match[str]) -> str:
    """Chinese digits in Arabic: ``二〇二一``, ``二十二``, ``廿二``; ``五六`` before 月 is five to six."""
    text = found[0]
    tens = _TENS.fullmatch(text)
    if tens:
        first = {"廿": "2", "卅": "3", "十": "1"}.get(tens[1]) or _DIGITS[tens[1][0]]
        return first + (_DIGITS[tens[2]] if tens[2] else "0")
    if any(c in "十廿卅" for c in text):
        return text
    digits = "".join(_DIGITS[c] for c in text)
    if len(digits) == 2 and found[1] in ("月", "季") and int(digits[1]) == int(digits[0]) + 1:
        return "-".join(digits)
    return digits


def _whole_number(found: re.Match[str]) -> str:
    """A year written as a number: ``两千零八``."""
    import cn2an

    try:
        return str(cn2an.cn2an(found[0], "normal"))
    except ValueError:
        return found[0]


def unit_behind(text: str) -> str:
    """The unit of time behind the first number of a text, which the other end of a range may share."""
    found = re.match(r"[^0-9]*[0-9]+(年代|年|月|季度|季|日|号|世纪)", text)
    return found[1] if found else ""


def english_date(text: str) -> DateInterval | None:
    """A date with an English month and a year, by dateutil; None for any other text."""
    if not _ENGLISH.fullmatch(text):
        return None
    from dateutil.parser import parse

    try:
        # Two defaults that differ in every field show which fields the text itself names.
        one = parse(text, default=dt.datetime(2001, 1, 1))
        other = parse(text, default=dt.datetime(2004, 2, 2))
    except (ValueError, TypeError, ArithmeticError) as error:
        raise DatePartError("not a date in a known form") from error
    if one.year != other.year:
        raise DatePartError("an English date without its year")
    if one.month != other.month:
        raise DatePartError("not a date in a known form")
    return day(one.date()) if one.day == other.day else month_of(one.month).of(one.year)
