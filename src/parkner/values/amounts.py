"""Amounts of money -> currency, bounds and what the words around the number say of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from parkner.values.folding import fold
from parkner.values.money_words import AMBIGUOUS, CODES, ENGLISH, LEADS, TAILS, Qualifier
from parkner.values.numerals import EXACT, MAX_LENGTH, NumeralError, Quantity, read_quantity

Number = int | Decimal


class AmountError(ValueError):
    """A text that is no amount of money, or one that leaves its value open; names the text and the reason."""


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money.

    Attributes:
        unit: ISO 4217 code of the currency.
        low, high: Bounds in whole units of the currency (元, not 万元), exact; None where the text sets none.
        qualifier: ``exact`` and ``about`` (low = high), ``over`` and ``at_least`` (no high), ``at_most`` (no low),
            ``range``, ``order`` (low = high = the magnitude).
    """

    unit: str
    low: Number | None
    high: Number | None
    qualifier: Qualifier

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: whole numbers as int, others as the float that prints as the same decimal."""
        return {
            "unit": self.unit,
            "low": _json_number(self.low),
            "high": _json_number(self.high),
            "qualifier": self.qualifier,
        }


_NAMES = "|".join(sorted(map(re.escape, CODES), key=len, reverse=True))

_MULTIPLIERS = "|".join(sorted(ENGLISH, key=len, reverse=True))

_END = (
    rf"(?P<sign>[-负])?(?P<before>{_NAMES})?(?P<minus>-)?"
    r"(?P<number>[0-9.,〇一二两三四五六七八九十百千万亿兆几数余多来半点个w]*)"
    rf"(?P<english>{_MULTIPLIERS})?(?P<after>{_NAMES})?(?:\((?P<bracket>{_NAMES})\))?(?P<more>[多余])?"
    r"(?:/[\w]{1,4}?(?=$|[-至到]|左右|以))?"
)
_LEAD = re.compile("|".join(sorted(map(re.escape, LEADS), key=len, reverse=True)))
_AMOUNT = re.compile(
    rf"(?P<lead>{_LEAD.pattern})?{_END}(?:[-至到](?P<second>.+?))?"
    rf"(?P<tail>{'|'.join(sorted(map(re.escape, TAILS), key=len, reverse=True))})?(?P<last>{_NAMES})?"
)
# Nearly all amounts: one number, one scale, one currency.
_PLAIN = re.compile(rf"([0-9]{{1,15}}(?:\.[0-9]{{1,8}})?)(万亿|[万亿])?({_NAMES})")
_SECOND = re.compile(_END)
_NUMBER = "[0-9.,〇一二两三四五六七八九十百千万亿兆几]+"
# 元, 角 and 分, the colloquial forms included; 3块5 is 3.5 and 5毛 is 0.5.
_COINS = re.compile(
    rf"(?:(?P<yuan>{_NUMBER})[元块])?(?:(?P<half>半)|(?P<jiao>{_NUMBER})(?P<jiao_unit>[角毛]))?"
    rf"(?:(?P<fen>{_NUMBER})(?P<fen_unit>分)?)?(?:人民币)?钱?整?"
)
_UNITS = re.compile(r"((?<=[0-9一二两三四五六七八九])[百千])?([万亿兆]*)$")
_INCLUSIVE = re.compile(r"\(含(?:本数)?\)")
_PLAIN_SCALE = {None: 0, "万": 4, "亿": 8, "万亿": 12}


def parse_amount(text: str) -> Amount:
    """Reads an AMOUNT span.

    Args:
        text: The span, such as ``2000余万元``, ``6-8亿元``, ``140亿级``; 元 where no currency is named.

    Returns:
        Its value; whole units of the currency.

    Raises:
        AmountError: If the text is no amount of money or leaves its value open; the message has both text and reason.
    """
    folded = fold(text[: 2 * MAX_LENGTH]).lower()
    plain = _PLAIN.fullmatch(folded)
    if plain:
        value = _number(Decimal(plain[1]).scaleb(_PLAIN_SCALE[plain[2]]), text)
        return Amount(CODES[plain[3]], value, value, "exact")
    if len(text) > MAX_LENGTH:
        raise AmountError(f"{text[:MAX_LENGTH] + '…'!r}: longer than any amount ({len(text)} characters)")
    try:
        return _parse(_INCLUSIVE.sub("", folded).replace("好几", "几"), text)
    except NumeralError as error:
        raise AmountError(f"{text!r}: {error}") from error


def _parse(folded: str, text: str) -> Amount:
    if not folded:
        raise NumeralError("empty")
    if any(c in folded for c in "角毛分块"):
        coins = _coins(folded, text)
        if coins:
            return coins
    found = _AMOUNT.fullmatch(folded)
    if not found or (not found["number"] and found["second"] is None):
        raise NumeralError(_why_not(folded))
    second = _SECOND.fullmatch(found["second"]) if found["second"] else None
    if found["second"] and not second:
        raise NumeralError(f"{found['second']!r} is no end of a range")
    unit = _unit(found, second)
    tail: Qualifier | None = TAILS[found["tail"]] if found["tail"] else None
    lead: Qualifier | None = LEADS[found["lead"]] if found["lead"] else None
    if second:
        return _range(found, second, unit, tail, text)
    quantity = _read(found)
    if quantity.kind == "range":
        if tail in ("at_least", "at_most"):
            raise NumeralError("a bound on a range of digits")
        return Amount(unit or "CNY", _number(quantity.low, text), _number(quantity.high, text), "range")
    if not unit and not quantity.scaled and not found["english"]:
        raise NumeralError("a number with neither a currency nor 万 or 亿")
    qualifier = _qualifier(quantity.kind, lead, tail)
    value = _number(quantity.low, text)
    return Amount(
        unit or "CNY",
        None if qualifier == "at_most" else value,
        None if qualifier in ("over", "at_least") else value,
        qualifier,
    )


def _qualifier(kind: str, lead: Qualifier | None, tail: Qualifier | None) -> Qualifier:
    """What number, words before and words after say together; what they contradict is refused."""
    inner: Qualifier = kind  # type: ignore[assignment]
    if tail and tail != "exact":
        if inner == "over" and tail == "at_most":
            raise NumeralError("a number left open upwards under an upper bound")
        inner = "over" if inner == "over" and tail in ("about", "order") else tail
    if not lead or lead in ("exact", inner):
        return inner
    if inner in ("exact", "order"):
        return lead
    if lead == "about" or {lead, inner} == {"over", "at_least"}:
        return inner
    raise NumeralError("words before and after the number contradict each other")


def _range(
    first: re.Match[str], second: re.Match[str], unit: str | None, tail: Qualifier | None, text: str
) -> Amount:
    """Two ends; 万 or 亿 of the second is shared by a first that has none (``6-8亿元``)."""
    low, high = _read(first), _read(second)
    if high.kind not in ("exact", "order") or "几" in second["number"] or "数" in second["number"]:
        raise NumeralError("the upper end of the range is left open")
    if not unit and not high.scaled and not second["english"]:
        raise NumeralError("a range with neither a currency nor 万 or 亿")
    bottom, top = low.low, high.low
    if not low.scaled and not first["after"] and not first["english"]:
        shared = _read(first, second["english"], _shared_scale(first["number"], second["number"])).low
        if shared <= top:
            bottom = shared
        elif not first["number"].strip("0123456789.,"):
            raise NumeralError("the lower end has no unit and does not fit that of the upper end")
    elif second["english"] is None and first["english"] and not high.scaled:
        raise NumeralError("the upper end has no unit")
    if top < bottom <= 0:  # Losses are written from the smaller to the larger: -0.07元~-0.08元.
        bottom, top = top, bottom
    if bottom > top:
        raise NumeralError("the range runs from high to low")
    if tail == "at_least":
        return Amount(unit or "CNY", _number(bottom, text), None, "at_least")
    if tail == "at_most":
        return Amount(unit or "CNY", None, _number(top, text), "at_most")
    return Amount(unit or "CNY", _number(bottom, text), _number(top, text), "range")


def _read(end: re.Match[str], english: str | None = None, scale: str = "") -> Quantity:
    """The number of one end, with sign and multiplier, and with the scale it shares."""
    number = end["number"].replace("w", "万")
    quantity = read_quantity(number + scale)
    low, high, kind = quantity.low, quantity.high, quantity.kind
    multiplier = end["english"] or english
    if multiplier:
        low, high = low.scaleb(ENGLISH[multiplier], EXACT), high.scaleb(ENGLISH[multiplier], EXACT)
    if end["sign"] or end["minus"]:
        low, high = high.copy_negate(), low.copy_negate()
    if end["more"]:
        if kind not in ("exact", "order"):
            raise NumeralError("two words of approximation in one number")
        kind = "over"
    return Quantity(low, high, kind, quantity.scaled)


def _shared_scale(low: str, high: str) -> str:
    """The units at the end of ``high`` that ``low`` lacks: 亿 in ``6-8亿``, 千万 in ``三到五千万``, 万 in ``二百至八百万``."""
    units = _UNITS.search(high)
    if not units:
        return ""
    return units[0] if not any(c in low for c in "十百千") else units[2]


def _unit(found: re.Match[str], second: re.Match[str] | None) -> str | None:
    """The one currency that the text names; None where it names none."""
    names = [found["before"], found["after"], found["bracket"], found["last"]]
    if second:
        names += [second["before"], second["after"], second["bracket"]]
    codes = {CODES[name] for name in names if name}
    # 元 is also the unit word of other currencies: 5亿元(美元), 人民币...元.
    if (
        len(codes) > 1
        and codes & {"CNY"}
        and all(n in ("元", None) for n in names if not n or CODES[n] == "CNY")
    ):
        codes.discard("CNY")
    if len(codes) > 1:
        raise NumeralError(f"two currencies: {' and '.join(sorted(codes))}")
    return codes.pop() if codes else None


def _coins(folded: str, text: str) -> Amount | None:
    """元, 角 and 分 side by side; None if the text is not of that form."""
    found = _COINS.fullmatch(folded)
    if not found or not (found["jiao"] or found["fen"] or found["half"]):
        return None
    if found["half"] and not found["yuan"]:
        return None
    value = Decimal(0)
    if found["yuan"]:
        value = _exact(found["yuan"])
    if found["half"]:
        value = EXACT.add(value, Decimal("0.5"))
    if found["jiao"]:
        value = EXACT.add(value, _exact(found["jiao"]).scaleb(-1))
    if found["fen"]:
        power = -2 if found["fen_unit"] or found["jiao"] else -1
        last = _exact(found["fen"])
        if not found["fen_unit"] and not last < 10:
            raise NumeralError("more than one digit behind the last unit")
        value = EXACT.add(value, last.scaleb(power))
    number = _number(value, text)
    return Amount("CNY", number, number, "exact")


def _exact(numeral: str) -> Decimal:
    quantity = read_quantity(numeral)
    if quantity.kind != "exact":
        raise NumeralError("a vague number among 元, 角 and 分")
    return quantity.low


def _why_not(folded: str) -> str:
    if folded in CODES:
        return "a currency without a number"
    if any(name in folded for name in AMBIGUOUS):
        return "the currency's name is shared by several countries"
    return "not an amount of money in a known form"


def _number(value: Decimal, text: str) -> Number:
    """An int where the value is whole; refuses what a JSON number could not carry exactly."""
    whole = int(value)
    if whole == value:
        return whole
    if Decimal(repr(float(value))) != value:
        raise AmountError(f"{text!r}: more digits than a JSON number keeps")
    return value


def _json_number(value: Number | None) -> int | float | None:
    return float(value) if isinstance(value, Decimal) else value
