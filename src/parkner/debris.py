"""Lines of a crawled text that are not the article: menus, share buttons, related links, footers (tier 1).

They are never cut out of a plain text, since offsets are on the user's own file: they are ranges that labelling,
training and prediction skip.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from parkner.heads import lines_of
from parkner.spans import Document

# A line that is nothing but such words, in any order, is debris wherever it stands.
_FURNITURE = re.compile(
    r"扫一扫|掃一掃|分享到|分享至|分享[:：]?$|上一篇|下一篇|上一条|下一条|打\s*印|关闭窗口|關閉窗口|站内搜索|今天是|当前位置|语音播报"
    r"|版权所有|ICP备|公网安备|网站地图|网站标识码|相关阅读|相关链接|热门阅读|Copyright|All Rights Reserved",
    re.IGNORECASE,
)


def debris_ranges(text: str) -> list[tuple[int, int]]:
    """Ranges of whole lines (characters, end exclusive, sorted, not touching) that are not article text."""
    return _joined((s, e) for s, e in lines_of(text) if e - s <= 120 and _FURNITURE.search(text[s:e]))


def _joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for start, end in ranges:
        if out and start <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        elif start < end:
            out.append((start, end))
    return out


def article_ranges(document: Document) -> list[tuple[int, int]]:
    """The ranges of a document's text that are article text: all but ``meta["debris"]`` (characters, end exclusive)."""
    out = []
    at = 0
    for start, end in document.meta.get("debris") or ():
        if at < start:
            out.append((at, start))
        at = max(at, end)
    if at < len(document.text):
        out.append((at, len(document.text)))
    return out
