"""Chinese, Arabic and mixed numerals of amounts, in exact arithmetic.

cn2an reads the Chinese numerals below 万; what it does not read is done here: mixed numerals (``1.5万亿``), bare
magnitudes (``千亿``), Chinese decimals (``一点五``) without binary rounding, and vague ones (``十几``, ``三四十``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import lru_cache
from typing import Literal

# Wide enough that no product or sum of texts of the accepted length is ever rounded.
EXACT = Context(prec=200)
MAX_LENGTH = 64

_SCALES = (("兆", 12), ("亿", 8), ("万", 4))
_POWERS = {"十": 1, "百": 2, "千": 3}
_DIGITS = {c: i for i, c in enumerate("〇一二三四五六七八九")} | {"两": 2}
_TO_CHINESE = str.maketrans("0123456789", "〇一二三四五六七八九")
_ARABIC = re.compile(r"([0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)?(\.[0-9]+)?([十百千]*)")
_CHINESE = re.compile(r"[〇一二三四五六七八九两十百千]+")
_SMALL_MIXED = re.compile(r"(?:[0-9][十百千])+[0-9]?")
_POSITIONAL = re.compile(r"[〇一二三四五六七八九两]{2,}")
# 三四十, 十五六, 七八千; 三五 is the one pair with a gap that means "three to five".
_NEIGHBOURS = re.compile(r"([一二两三四五六七八])([二两三四五六七八九])(?=[十百千万亿兆]|$)")
_VAGUE_LEAD = re.compile(r"[几数](?=[十百千万亿兆]|$)")
_SEVERAL_MORE = re.compile(r"(?<=[0十百千万])几[十百千]?(?=[万亿兆]|$)")
_MORE = re.compile(r"(?<=[0-9十百千万亿兆一二三四五六七八九两])[余多](?=[个十百千万亿兆]|$)")
_ROUGHLY = re.compile(r"(?<=[0-9十百])来(?=[个十百千万亿兆]|$)")

Kind = Literal["exact", "over", "about", "order", "range"]


class NumeralError(ValueError):
    """A numeral that cannot be read; the message is the reason alone."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a numeral says.

    Attributes:
        low, high: The number, twice the same unless it is a range (``三四十``).
        kind: ``over`` for 余 / 多 / 几 behind a number, ``about`` for 来, ``order`` for a magnitude alone (``千亿``,
            ``数十亿``), ``range`` for neighbouring digits.
        scaled: Whether the numeral has a 万, 亿 or 兆 of its own.
    """

    low: Decimal
    high: Decimal
    kind: Kind
    scaled: bool


def read_quantity(text: str) -> Quantity:
    """Reads a folded numeral with its words of approximation.

    Raises:
        NumeralError: If it is not a numeral of a known form.
    """
    kind: Kind = "exact"
    plain = text.replace("个", "") if "个" in text else text
    pair = _NEIGHBOURS.search(plain)
    if pair and (_DIGITS[pair[2]] == _DIGITS[pair[1]] + 1 or pair.group() == "三五"):
        low = read_quantity(plain[: pair.start(2)] + plain[pair.end(2) :])
        high = read_quantity(plain[: pair.start(1)] + plain[pair.end(1) :])
        if low.kind != "exact":
            raise NumeralError("two words of approximation in one number")
        return Quantity(low.low, high.high, "range", high.scaled)
    for pattern, found, put in _APPROXIMATIONS:
        changed = pattern.sub(put, plain, count=1)
        if changed != plain:
            if kind != "exact":
                raise NumeralError("two words of approximation in one number")
            kind, plain = found, changed
    if plain.startswith(("百十", "千百")):
        raise NumeralError("a magnitude with two names")
    if plain and kind == "exact" and not plain.strip("百千万亿兆"):
        kind = "order"
    value = _value(plain)
    return Quantity(value, value, kind, any(c in plain for c in "万亿兆"))


_APPROXIMATIONS: tuple[tuple[re.Pattern[str], Kind, str], ...] = (
    (_SEVERAL_MORE, "over", ""),
    (_MORE, "over", ""),
    (_ROUGHLY, "about", ""),
    (re.compile(rf"^{_VAGUE_LEAD.pattern}"), "order", "一"),
)


def _value(text: str) -> Decimal:
    """A numeral with 兆, 亿 and 万; a bare magnitude counts one of it."""
    for scale, power in _SCALES:
        place = text.rfind(scale)
        if place < 0:
            continue
        head, rest = text[:place], text[place + 1 :]
        value = (_value(head) if head else Decimal(1)).scaleb(power, EXACT)
        if not rest:
            return value
        if not head or "." in head or "点" in head:
            raise NumeralError("a smaller unit behind a fraction or a bare magnitude")
        lower = _rest(rest, power)
        if not lower < Decimal(1).scaleb(power):
            raise NumeralError("units out of order")
        return EXACT.add(value, lower)
    return _section(text)


def _rest(text: str, power: int) -> Decimal:
    """What follows 亿 or 万: ``5000万``, ``零五百``, and the elided unit of ``三亿五`` (3.5亿)."""
    if text == "半":
        return Decimal(5).scaleb(power - 1)
    if len(text) == 1 and (text in _DIGITS or text in "123456789"):
        return Decimal(_DIGITS[text] if text in _DIGITS else int(text)).scaleb(power - 1)
    if text[0] in "百千万亿兆.":
        raise NumeralError("units out of order")
    return _value(text.lstrip("〇") or "〇")


def _section(text: str) -> Decimal:
    """A numeral below 万, or an Arabic number of any size."""
    if text == "半":
        return Decimal("0.5")
    if text.endswith("半"):
        return EXACT.add(_section(text[:-1]), Decimal("0.5"))
    arabic = _ARABIC.fullmatch(text)
    if arabic and (arabic[1] or arabic[2]):
        if not arabic[1]:
            raise NumeralError("a fraction without its whole number")
        number = Decimal(arabic[1].replace(",", "") + (arabic[2] or ""))
        return number.scaleb(sum(_POWERS[c] for c in arabic[3]), EXACT)
    if "," in text:
        raise NumeralError("separators that do not part groups of three digits")
    if _SMALL_MIXED.fullmatch(text):
        text = text.translate(_TO_CHINESE)
    whole, point, fraction = text.partition("点")
    value = Decimal(_chinese(whole))
    if not point:
        return value
    digits = fraction.rstrip("十百千")
    if not digits or any(c not in _DIGITS for c in digits):
        raise NumeralError(f"{fraction!r} is no fraction")
    parts = "".join(str(_DIGITS[c]) for c in digits)
    value = EXACT.add(value, Decimal(int(parts)).scaleb(-len(parts)))
    return value.scaleb(sum(_POWERS[c] for c in fraction[len(digits) :]), EXACT)


@lru_cache(maxsize=16384)
def _chinese(text: str) -> int:
    """A Chinese whole number below 万 by cn2an; ``百`` alone counts one hundred.

    Positional writing (``二五〇``) is refused: no amount is written so, and a lost unit looks the same.
    """
    if not _CHINESE.fullmatch(text):
        raise NumeralError(f"{text!r} is no number" if text else "no number")
    if _POSITIONAL.search(text.replace("〇", "")):
        raise NumeralError(f"digits without units in {text!r}")
    import cn2an

    try:
        return int(cn2an.cn2an(f"一{text}" if text[0] in "百千" else text, "normal"))
    except ValueError as error:
        raise NumeralError(f"{text!r} is no number") from error
