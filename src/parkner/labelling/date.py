"""DATE: calendar times that could be put on a calendar (tier 2).

One grammar: a year (absolute, or anchored to the article), a part of a year, a day. The functions differ in what the
date starts with; every one takes the longest date from there, ranges included. Durations (3个月) and vague times
(近年来, 日前) match nothing. Times of day stay outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from parkner.labelling.functions import Article, Found, labelling_function

_TO = r"(?:[-－—–~～―]{1,2}|至|到)"
_HAN_DIGITS = "零〇○一二三四五六七八九"
_M = r"(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])"
_D = r"(?:3[01]|[12]\d|0?[1-9]|三十一?|二?十[一二三四五六七八九]?|[一二三四五六七八九])"
_N = r"(?:\d{1,2}|[一二两三四五六七八九十]{1,2})"
_BOUND = "(?:底(?!步)|初(?![步次级期始中创衷心])|末(?![期端位日]))"
_EDGE = rf"(?:{_BOUND}|中旬|[上下]旬)"
_YEAR_EDGE = rf"(?:年?{_BOUND}|年中(?=[，,、。]|前后|[期时])|年内|岁末)"
_SEASON = "(?:(?:[春夏秋冬]{1,2}[两三]?季|[春夏秋冬]天|[春夏秋冬]{2})(?!季?[节奥]))"
_FESTIVAL = "(?:春节|元旦|清明节|端午节|中秋节|国庆节|除夕|元宵节|劳动节)(?:假期)?"

_NOT_A_DAY = "(?![元圆本产均趋线历期游租照韩]|报(?!道))"  # 11日元, 3日均线, 8日报
_DAY = rf"{_D}[日号]{_NOT_A_DAY}"
_LONE_DAY = rf"{_D}日{_NOT_A_DAY}"  # 号 alone is an ordinal: 2号机组
_MONTH = rf"{_M}月(?:份(?:当月)?|(?![球饼薪嫂经亮饷台牙圆租]))"
_MONTH_DAY = rf"(?:{_M}月{_DAY}|{_MONTH}{_EDGE}?)"
_MONTHS = rf"(?:{_M}月?份?{_TO}{_MONTH}{_EDGE}?|[一二三四五六七八九]{{2}}月份?)"
_QUARTER = (
    rf"(?:前[一二两三123]个?季度?|第?[一二三四1234](?:财季|季度)|首季|第[一二三四]季(?!节))(?:{_EDGE})?"
)
_HALF = rf"[上下]半年度?{_EDGE}?"
_FIRST_MONTHS = rf"(?<![之以此提目])[前首]{_N}个?月份?"
_ONE_PART = rf"(?:{_MONTHS}|{_MONTH_DAY}|{_FIRST_MONTHS}|{_QUARTER}|{_HALF}|{_YEAR_EDGE}|{_SEASON}|{_FESTIVAL}|同期|全年)"
# What may start a date that names no year.
_OPENER = rf"(?:{_MONTHS}|{_M}月{_DAY}|{_MONTH}{_EDGE}?|{_FIRST_MONTHS}|{_QUARTER}|{_HALF})"
_PART = rf"(?:{_ONE_PART}(?:{_TO}(?:{_MONTH_DAY}|{_DAY}))?)"

_Y = rf"(?:(?:19|20|1[0-8])\d\d|[一二][{_HAN_DIGITS}]{{3}})"
_YEAR = rf"{_Y}(?:财年|年度?)(?![级代])"
_ANCHOR = "(?:今明两年|[今去明]年|(?<![以此先之年日目产])前年|[次当本翌同](?<!共同)年(?![级轻龄])|上年度?|[上前下本][一个]?财年|[今去明]年度)"
_CENTURY = r"(?:上个?世纪|本世纪|(?:20|21|19|18|二十一?|十九)世纪)(?:的?(?:[二三四五六七八九]十|[1-9]0)年代)?(?:的第一个十年)?(?:[初末]|中[期叶])?"
_START = r"(?<![\d.])(?<!\d[-－—/])"


def _whole(first: str) -> re.Pattern[str]:
    """A year that may be followed by a part, then by a second end."""
    tail = rf"(?:第[一二三四]财季|的?{_PART})"
    second = rf"(?:{_YEAR}|{_ANCHOR})(?:{tail})?"
    return re.compile(rf"{_START}(?:{first})(?:{tail})?(?:{_TO}{second})?")


_BC = r"公?元?前\d{2,4}年"
_ISO = re.compile(r"(?<![\d/.-])(?:19|20)\d\d([-/.])(?:1[0-2]|0?[1-9])\1(?:3[01]|[12]\d|0?[1-9])(?!\d)")
_ABSOLUTE = _whole(rf"{_Y}(?:{_TO}{_Y})?(?:财年|年度?)(?![级代])|{_BC}(?:{_TO}{_BC})?")
_SHORT_YEAR = re.compile(rf"{_START}(?:0\d{_TO})?(?:0[1-9]年(?:{_PART})?|9[0-9]年(?!代|[来间的历]))")
# A year without 年 in front of another one, or of a part: 2008、2009年, 2010全年.
_BARE_YEAR = re.compile(
    rf"{_START}(?:19|20)\d\d(?:(?=(?:[、及和与](?:19|20)\d\d)+年)|(?:全年|[上下]半年|第?[一二三四]季度))"
)
_ANCHORED = _whole(_ANCHOR)
_CENTURIES = re.compile(rf"{_START}(?:{_CENTURY}|(?:[五六七八九]十|[5-9]0)年代[初末]?)")
_NO_YEAR = re.compile(
    rf"{_START}(?<![一二三四五六七八九十两几数半第])(?<!\d个)(?:{_OPENER}(?:{_TO}(?:(?:{_YEAR}|{_ANCHOR})?{_ONE_PART}|{_DAY}))?)"
)
_FESTIVAL_ALONE = re.compile(rf"(?<![每后][年])(?<!历年)(?<!的){_FESTIVAL}(?!联欢|档|的临)")
_DAY_ALONE = re.compile(
    rf"(?<![\d.月~～—年第一二三四五六七八九十百千两几数每-])(?<![\d日][至到]){_LONE_DAY}(?:{_TO}{_DAY})?(?![内间电]|之内)"
)
_MONTH_WORD = re.compile(
    rf"(?:[本上下](?:个)?月|(?<![每个\d])当月)(?:{_EDGE}|{_DAY})?(?![球饼])|(?<![岁个\d\w])月[底初末]"
)
_DAY_WORD = re.compile(
    "(?:昨[日天晚夜]|(?<!到)(?<!在于)今[日天](?![的后起头]|这样)|今[晚晨早春夏秋冬](?![暑])|昨(?=晚间)|今(?=起)|同一天|(?<!光)明[日天](?!的)|(?<![目之以此])前天|(?<![之以此])后天(?![努形培因习性])|"
    "(?:当|同|次|翌)[日天晚](?![时地])|(?:上|本|下)个?(?:周[一二三四五六日末天]?|星期[一二三四五六日天])(?![期岁年]))"
)
_PLAN = re.compile(
    "(?<![三二四五六七八九])十[一二三四五六]五(?![年岁十百千万个家条项])|(?<=[“‘])[七八九]五(?=[”’])"
)
_WORD = re.compile(
    "年[初底末](?!级)|岁末|(?<![半周\\d多几数一二两三四五六七八九十来每该干])年内|全年(?!级|龄)|"
    "[上当]季(?!节)|上一季度|本季度|[上下本]一?[财]季"
)
_VAGUE_BEFORE = re.compile("每年?$|历年$|往年$|连续$|[多数几]$")


def _years(article: Article) -> bytearray:
    """Marks the characters of dates that start with a year, so that their parts are not found a second time."""
    marked = bytearray(len(article.text))
    for pattern in (_ISO, _ABSOLUTE, _SHORT_YEAR, _ANCHORED):
        for match in pattern.finditer(article.text):
            marked[match.start() : match.end()] = b"\1" * (match.end() - match.start())
    return marked


def _without_year(pattern: re.Pattern[str], article: Article) -> Iterator[Found]:
    marked = article.memo("date.years", _years)
    for start, end in _longest(pattern, article):
        if not marked[start]:
            yield start, end


def _longest(pattern: re.Pattern[str], article: Article) -> Iterator[tuple[int, int]]:
    for match in pattern.finditer(article.text):
        if not _VAGUE_BEFORE.search(article.text[max(0, match.start() - 3) : match.start()]):
            yield match.span()


@labelling_function("DATE")
def date_iso(article: Article) -> Iterator[Found]:
    """Dates in digits with marks: 2023-03-15, 2023/3/15, 2023.3.15. Misses two-digit years."""
    for match in _ISO.finditer(article.text):
        yield match.span()


@labelling_function("DATE")
def date_with_year(article: Article) -> Iterator[Found]:
    """Dates that start with a year, ranges included: 2021年12月22日, 2010年底, 2021年至2025年, 08年. Misses a bare 2011."""
    yield from _longest(_ABSOLUTE, article)
    yield from _longest(_SHORT_YEAR, article)
    yield from _longest(_BARE_YEAR, article)


@labelling_function("DATE")
def date_anchored_year(article: Article) -> Iterator[Found]:
    """Years that the article fixes and what follows: 去年1月11日, 今年上半年, 同年. Misses 前不久 and other vague words."""
    yield from _longest(_ANCHORED, article)


@labelling_function("DATE")
def date_part_of_year(article: Article) -> Iterator[Found]:
    """Parts of an unnamed year: 2月2日, 前8个月, 1-5月份, 一季度, 上半年. Misses days without a month."""
    yield from _without_year(_NO_YEAR, article)


@labelling_function("DATE")
def date_day(article: Article) -> Iterator[Found]:
    """Days without a month: 25日, 本月29日, 9日至11日. Misses days in Chinese numerals behind a measure."""
    yield from _without_year(_DAY_ALONE, article)


@labelling_function("DATE")
def date_relative_word(article: Article) -> Iterator[Found]:
    """Words for days, weeks, months and edges of a year: 昨日, 上周五, 本月底, 年初, 全年. Misses 日前, 近日 on purpose."""
    for pattern in (_DAY_WORD, _MONTH_WORD, _WORD):
        yield from _without_year(pattern, article)


@labelling_function("DATE")
def date_planning_period(article: Article) -> Iterator[Found]:
    """Five-year plans: 十一五, 十四五. Misses 七五 to 九五 outside quotation marks, which are common numbers."""
    for match in _PLAN.finditer(article.text):
        yield match.span()


@labelling_function("DATE")
def date_century(article: Article) -> Iterator[Found]:
    """Centuries and decades: 上世纪90年代, 20世纪70年代初, 80年代. Misses dynasties."""
    yield from _longest(_CENTURIES, article)


@labelling_function("DATE")
def date_festival(article: Article) -> Iterator[Found]:
    """Festivals that the article's year fixes: 春节, 国庆节假期. Misses 五一, 十一, which mean other things too."""
    yield from _without_year(_FESTIVAL_ALONE, article)
