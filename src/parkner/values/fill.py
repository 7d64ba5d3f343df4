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

AMOUNT = "AMOUNT"
DATE = "DATE"

_CLAUSE_END = re.compile(r"[。；！？;!?\n]")
_AHEAD_BEFORE = re.compile(
    r"预计|有望|计划|拟(?!合)|力争|争取|确保|预期|预测|可望|料将|目标|届时|将(?:于|在|从|到)?$"
)
_AHEAD_BEHIND = re.compile(r"^(?:份|期间)?(?:前|之前|以前|将|起将|有望|预计|拟|可|完工|建成|计划)")
# How far before the span words of planning are looked for (characters, within the clause).
_WINDOW = 24
_COMPARED = re.compile(r"(?:比|较|与|和|对比|相比|相较|自|从)$")
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
            filled.append(replace(span, value=None, value_error=str(error)))
            continue
        # 同期 repeats a period elsewhere; the next 同期 still means the period itself.
        if "同期" not in written:
            context.append(date)
        filled.append(replace(span, value=date.to_dict(), value_error=None))
    return filled


def _parse_in_text(
    written: str, text: str, span: Span, reference: dt.date | None, context: list[DateInterval]
) -> DateInterval:
    before = _CLAUSE_END.split(text[max(0, span.start - _WINDOW) : span.start])[-1]
    behind = text[span.end : span.end + 4]
    if _PREVIOUS.match(written) and "同期" not in written and _COMPARED.search(before):
        # 比上年增长 compares with the year before the one spoken of, which need not be the article's.
        spoken_of = _last_period(context, reference)
        if spoken_of is not None:
            return parse_date(written, reference=spoken_of.start, context=context)
    future = bool(_AHEAD_BEFORE.search(before) or _AHEAD_BEHIND.match(behind))
    return parse_date(written, reference=reference, context=context, future=future)


def _last_period(context: list[DateInterval], reference: dt.date | None) -> DateInterval | None:
    """The last time spoken of that is longer than a day and has begun."""
    for interval in reversed(context):
        if interval.grain != "day" and (interval.end - interval.start).days < 366:
            return interval if reference is None or interval.start <= reference else None
    return None
