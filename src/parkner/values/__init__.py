"""Values of AMOUNT and DATE spans (tier 1): money as a range of numbers, times as an interval of days.

``parse_amount("2000余万元")`` and ``parse_date("去年9月16日", reference=...)`` read one span; ``fill_values`` reads all
spans of a document in order. What cannot be read raises `AmountError` or `DateError` with the text and the reason;
nothing is guessed. The rules are in ``docs/values.md``.
"""

from __future__ import annotations

from parkner.values.amounts import Amount, AmountError, parse_amount
from parkner.values.dates import parse_date
from parkner.values.fill import fill_values
from parkner.values.intervals import DateError, DateInterval

__all__ = [
    "Amount",
    "AmountError",
    "DateError",
    "DateInterval",
    "fill_values",
    "parse_amount",
    "parse_date",
]
