"""Title and publication date of an article from its first lines (tier 1)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence

HEAD_CHARACTERS = 1500  # a date further down is the article's matter, not its date
HEAD_LINES = 24

_DAY = re.compile(
    r"(?<!\d)((?:19|20)\d\d)\s*(?:[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{1,2})|年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*[日号號])(?!\d)"
)
_LABEL = r"(?:发布|發[布佈]|发表|發表|发稿|發稿|刊发|刊登|更新|上传|录入|创建|成文|发文|印发|编辑|撰写)?\s*(?:时间|時間|日期)|发布于|發[布佈]於|发表于"
_LABELLED = re.compile(rf"(?:{_LABEL})\s*[:：]?\s*[\[【(（]?\s*(?={_DAY.pattern})")
_CLOCK = re.compile(rf"{_DAY.pattern}\s*[日]?\s*\d{{1,2}}[:：]\d\d")
# Lines with the day of the visit, not of the article.
_TODAY = re.compile(r"今天是|今日|现在时间|當前時間|当前时间|访问时间|打印时间")
_BYLINE = re.compile(
    rf"^\s*[\[【(（]?\s*(?:来源|來源|稿源|作者|记者|記者|通讯员|编辑|編輯|责编|责任编辑|發佈|发布人|发布者|发布单位|发布机构|信息来源|文章来源|供稿|浏览|浏览次数|阅读|阅读量|阅读次数|点击|点击量|点击数|字号|字体|{_LABEL})\s*[:：]"
)


def lines_of(text: str) -> Iterator[tuple[int, int]]:
    """Start and end (characters, without the line break) of every line; ``\\n``, ``\\r\\n`` and ``\\r`` end a line."""
    start = 0
    for found in re.finditer(r"\r\n|\n|\r", text):
        yield start, found.start()
        start = found.end()
    yield start, len(text)


def date_in(text: str) -> dt.date | None:
    """The first full calendar day in a string (``2021-12-22``, ``2021/7/1``, ``2021年12月22日``); None without one."""
    for found in _DAY.finditer(text):
        year, *rest = (int(group) for group in found.groups() if group)
        try:
            return dt.date(year, rest[0], rest[1])
        except ValueError:
            continue
    return None


# t20211222_123.html, /2021/12/22/, 2021-12/22/, xwlb/20231218: a day between marks, not eight digits of a number.
_ADDRESS_DAY = re.compile(
    r"(?:^|[^0-9A-Za-z]|[/_]t)((?:19|20)\d\d)([-/_]?)(0[1-9]|1[0-2])[-/_]?(0[1-9]|[12]\d|3[01])(?![0-9A-Za-z])"
)


def date_in_address(address: str) -> dt.date | None:
    """The day that a URL or path names (``…/202112/t20211222_1.html``); None without one."""
    for found in _ADDRESS_DAY.finditer(address):
        try:
            return dt.date(int(found[1]), int(found[3]), int(found[4]))
        except ValueError:
            continue
    return None


def head_lines(text: str, debris: Sequence[tuple[int, int]] = ()) -> list[str]:
    """The first lines that are not blank and not debris: up to 400 characters each, no white space at the ends."""
    out: list[str] = []
    for start, end in lines_of(text):
        if start > HEAD_CHARACTERS or len(out) >= HEAD_LINES:
            break
        line = text[start : min(end, start + 400)].strip().strip("\u3000\ufeff")
        if line and not any(left <= start and end <= right for left, right in debris):
            out.append(line)
    return out


def published(text: str, debris: Sequence[tuple[int, int]] = ()) -> dt.date | None:
    """The publication date that the head of an article names.

    A labelled day (``发布时间:2021-12-22``) is taken first, then a line that is little more than a day. A sentence with
    a day in it is not.

    Args:
        text: The article.
        debris: Ranges of it that are not article text.
    """
    lines = [line for line in head_lines(text, debris) if not _TODAY.search(line)]
    for line in lines:
        if (found := _LABELLED.search(line)) and (day := date_in(line[found.end() :])):
            return day
    for line in lines:
        if (
            len(line) <= 60
            and _CLOCK.search(line)
            and not re.search("[。！？；]", line)
            and (day := date_in(line))
        ):
            return day
    for line in lines:
        if len(line) <= 80 and not re.search("[。！？；]", line) and (day := date_in(line)):
            rest = _DAY.sub("", line)
            # A headline such as "2021年7月1日起施行的..." is a sentence about a day, not a date line.
            if len(rest) <= 12 or _BYLINE.match(line) or (_DAY.match(line) and re.search("[:：|]", rest)):
                return day
    return None


def is_byline(line: str) -> bool:
    """Whether a line is the date and source line of an article (``来源:… 发布时间:…``)."""
    return bool(_BYLINE.match(line)) or (
        len(line) < 40 and len(_DAY.sub("", line)) <= 12 and date_in(line) is not None
    )


def headline(text: str, debris: Sequence[tuple[int, int]] = ()) -> str | None:
    """The title of a plain text: its first line, where that is followed by more and reads like a title.

    Args:
        text: The article.
        debris: Ranges of it that are not article text.
    """
    lines = head_lines(text, debris)
    for line in lines[:6]:
        if is_byline(line):
            continue
        if (
            len(lines) < 2
            or not 4 <= len(line) <= 80
            or line.endswith(("。", "；", ";", ":", "：", ",", "，"))
        ):
            return None
        return line
    return None
