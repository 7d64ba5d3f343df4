"""Values for all AMOUNT and DATE spans of a document, in order."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import replace

from parkner.spans import Span
from parkner.values.amounts import AmountError, parse_amount
from parkner.values.dates import parse_date
from parkner.values.intervals import DateError, DateInterval
from parkner.values.vocabulary import DAY_WORDS

AMOUNT = "AMOUNT"
DATE = "DATE"

_SENTENCE_END = re.compile(r"[。；！？;!?\n]")
_AHEAD_BEFORE = re.compile(
    r"预计|预期|预测|有望|可望|料将|计划|拟(?!合)|力争|争取|确保|目标|届时|也将|都将|将(?:于|在|从|到)?$|(?:延期|推迟|延长|顺延|直)[至到]$"
)
_AHEAD_BEHIND = re.compile(
    r"(?:份|期间)?(?:之?前|以前|有望|预计|拟)|起?(?:正式)?(?:施行|实施|执行|生效)|[^，。；,;]{0,14}将(?![其该这此近军])"
)
# How far around the span such words are looked for, within the sentence (characters). They need not be right to do
# no harm: a next such date that is much farther than the last is not taken.
_BEFORE = 40
_BEHIND = 16
# 昨日(14日): the date in the bracket is the one meant, whichever day the page was put up.
_SPELLED_OUT = re.compile(r"\s*[（(]\s*((?:[0-9０-９]{1,2}月)?[0-9０-９]{1,2}[日号])\s*[)）]")
_COMPARED = re.compile(r"(?:比|较|与|和)$")
_PREVIOUS = re.compile(r"上(?:一|1)?个?(?:年|月|季)")


def fill_values(spans: Iterable[Span], text: str, *, reference: dt.date | None = None) -> list[Span]:
    """Sets the value of every AMOUNT and DATE span.

    Args:
        spans: Spans of ``text``, in document order (offsets in code points, end exclusive).
        text: The document's text.
        reference: Its publication date, if known.

    Returns:
        The spans in the same order: AMOUNT and DATE with ``value`` set, or with ``value`` None and the reason in
        ``value_error``; others as they were.
    """
    context: list[DateInterval] = []
    filled = []
    for span in spans:
        if span.label not in (AMOUNT, DATE):
            filled.append(span)
            continue
        written = text[span.start : span.end]
        try:
            if span.label == AMOUNT:
                filled.append(replace(span, value=parse_amount(written).to_dict(), value_error=None))
                continue
            date = _parse_in_text(written, text, span, reference, context)
        except (AmountError, DateError) as error:
            if span.label == DATE:
                context.clear()  # What points back now would point at the date that could not be read.
            filled.append(replace(span, value=None, value_error=str(error)))
            continue
        # What is only compared with is not what the text goes on to speak of.
        if "同期" not in written and not _is_comparison(written, text, span):
            context.append(date)
        filled.append(replace(span, value=date.to_dict(), value_error=None))
    return filled


def _is_comparison(written: str, text: str, span: Span) -> bool:
    before = text[max(0, span.start - 2) : span.start]
    return bool(_PREVIOUS.match(written) and _COMPARED.search(before))


def _parse_in_text(
    written: str, text: str, span: Span, reference: dt.date | None, context: list[DateInterval]
) -> DateInterval:
    if "同期" not in written and _is_comparison(written, text, span):
        # 比上年增长 compares with the year before the one spoken of, which need not be the article's.
        spoken_of = _last_period(context, reference)
        if spoken_of is not None:
            anchor = spoken_of.end if reference is None else min(spoken_of.end, reference)
            return parse_date(written, reference=anchor, context=context)
    bracket = _SPELLED_OUT.match(text[span.end : span.end + _BEHIND])
    if bracket and written in DAY_WORDS:
        return parse_date(bracket[1], reference=reference, context=context)
    before = _SENTENCE_END.split(text[max(0, span.start - _BEFORE) : span.start])[-1]
    behind = text[span.end : span.end + _BEHIND]
    future = bool(_AHEAD_BEFORE.search(before) or _AHEAD_BEHIND.match(behind))
    return parse_date(written, reference=reference, context=context, future=future)


def _last_period(context: list[DateInterval], reference: dt.date | None) -> DateInterval | None:
    """The last time spoken of that is longer than a day and has begun."""
    for interval in reversed(context):
        if interval.grain != "day" and (interval.end - interval.start).days < 366:
            return interval if reference is None or interval.start <= reference else None
    return None
