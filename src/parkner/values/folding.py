"""One spelling for the characters that numbers, units and dates are written with.

Span texts come from pages as crawled: full-width digits, traditional characters, pinyin that a converter inserted
(``萬(wàn)元``), spaces. `fold` knows the vocabulary of amounts and dates only; a whole text is cleaned by
`parkner.clean`.
"""

from __future__ import annotations

import re
from typing import TypeVar

_T = TypeVar("_T")

# Traditional, variant and formal (大写) forms -> the form that the parsers know.
_FORMS = (
    "億亿 萬万 圓元 圆元 幣币 餘余 馀余 幾几 兩两 貳二 贰二 參三 叁三 叄三 肆四 伍五 陸六 陆六 柒七 捌八 玖九 壹一 弌一 拾十 佰百 仟千 "
    "零〇 ○〇 ◯〇 Ｏ〇 臺台 歐欧 鎊镑 韓韩 盧卢 銖铢 蘭兰 號号 週周 時时 當当 後后 內内 間间 劃划 規规 個个 從从 開开 來来 過过 "
    "約约 達达 數数 點点 塊块 錢钱 紀纪 節节 慶庆 國国 勞劳 動动 兒儿 聖圣 誕诞 級级 門门 禮礼 農农 曆历 歷历 臘腊 財财 歲岁 "
    "將将 滿满 終终 頭头 這这 該该 鐘钟 單单 紐纽 納纳 羅罗 爾尔 亞亚 總总 計计 圜元 貨货 實实 雙双 際际 "
    "於于 黨党 軍军 師师 婦妇 陽阳 剛刚 東东"
)
_DASHES = "‐‑‒–—―─━－﹣ー−〜～∼˜~"
_QUOTES = "\"'“”‘’「」『』《》〈〉＂＇"
_INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff\u00ad"

TABLE: dict[int, str | None] = {0xFF01 + i: chr(0x21 + i) for i in range(94)}
TABLE.update({ord(pair[0]): pair[1] for pair in _FORMS.split()})
TABLE.update(dict.fromkeys(map(ord, _DASHES), "-"))
TABLE.update(
    {ord("￥"): "¥", ord("﹩"): "$", ord("，"): ",", ord("．"): ".", ord("。"): "。", 0x3000: " ", 0xA0: " "}
)

_PINYIN = re.compile(r"(?<=[\u3400-\u9fff])\s*\(\s*[a-zü\u00e0-\u01dc\u0261\u0144\u0148\u1e3f]+\s*\)")
_DROPPED = re.compile(f"[{_QUOTES}{_INVISIBLE}]")
_SPACE = re.compile(r"\s+")


def each(words: str, value: _T) -> dict[str, _T]:
    """A table that gives every word of a list (parted by spaces) the same value."""
    return dict.fromkeys(words.split(), value)


def fold(text: str, *, keep_spaces: bool = False) -> str:
    """Writes a span text in ASCII digits and marks and in simplified characters.

    Args:
        text: Span text as it stands in the document.
        keep_spaces: Leave single spaces in (dates with a clock time need them); without, spaces are dropped.

    Returns:
        The text with widths, dashes, numerals and units folded; quotation marks and inserted pinyin removed.
    """
    folded = text.translate(TABLE)
    if "(" in folded:
        folded = _PINYIN.sub("", folded)
    folded = _DROPPED.sub("", folded)
    return _SPACE.sub(" " if keep_spaces else "", folded).strip()
