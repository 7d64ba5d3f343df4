"""A page as document: which of its lines are the article, title and date, every character with its place (tier 1).

An extractor (trafilatura) says which text is the article; what it says is found again among the positioned lines of
`parkner.markup`. Its slips are then mended by structure: the article is one stretch of one container, short lines
inside it (captions, subheads, table cells) belong to it, lists of links and furniture do not, and the headline and
byline above it do.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from parkner.charset import ContentError
from parkner.debris import debris_lines, is_furniture, is_navigation, is_running_text
from parkner.heads import date_in, is_byline, published
from parkner.html_reader import read_page
from parkner.markup import Line, Node, Page, text_of_lines
from parkner.spans import Document

logger = logging.getLogger(__name__)

EXTRACTOR_CHARACTERS = 4_000_000  # a longer page is judged by its structure alone, which takes linear time
_HEADINGS = ("h1", "h2", "h3")
_TITLE_LABEL = re.compile(r"tit(?:le)?(?![a-z]*-?(?:list|bar))|headline|newst\b|biaoti", re.IGNORECASE)
_TITLE_PARTS = re.compile(r"\s*[_|｜]\s*|\s+[-–—]+\s*|\s*[-–—]+\s+|-{1,2}(?=[^-]{2,20}$)|——?(?=[^—]{2,20}$)")
_DATES = (
    "pubdate", "publishdate", "article:published_time", "og:release_date", "datepublished", "publish_time", "og:published_time",
    "weibo:article:create_at", "bytedance:published_time", "apub:time", "date", "dc.date",
)  # fmt: skip
_SOURCES = ("contentsource", "og:site_name", "sitename")
_NOT_ARTICLE = frozenset({"nav", "footer", "aside"})
_PRESS = re.compile(
    r"[【\[（(]?(?:本文|文章|信息)?(?:来源|作者|责任编辑|责编|编辑|记者|供稿|审核|校对|撰稿|摄影|文/|图/)\s*[/／:：]"
)
_SOURCE = re.compile(r"(?:信息|文章|稿件)?(?:来源|來源|稿源)\s*[:：]\s*([^\s|｜:：，,。]{2,30})")


def document_of_page(
    page: str,
    identity: str,
    *,
    meta: Mapping[str, Any] | None = None,
    where: str = "page",
    max_depth: int = 2000,
) -> Document:
    """Reads the article of an HTML page.

    Args:
        page: The decoded page.
        identity: The document's id.
        meta: Entries to travel along.
        where: Name for messages.
        max_depth: Deepest nesting of elements.

    Returns:
        A document whose text is the article, headline and byline first, one line a block; ``raw`` holds the place of
        each character in ``page``.

    Raises:
        ContentError: ``no_text`` if the page shows no text, ``too_deep`` beyond the depth limit.
    """
    read = read_page(page, max_depth=max_depth, where=where)
    if not read.lines:
        raise ContentError(f"{where}: the page holds no text", "no_text")
    chosen, title = _article(read, _extracted(page))
    text, places = text_of_lines(chosen, read.length)
    return Document(
        identity,
        text,
        date=_date(read, chosen, text),
        source=_source(read, chosen),
        title=title,
        meta=dict(meta or {}),
        raw=places,
    )


def _extracted(page: str) -> str:
    """The article text as trafilatura sees it; empty where it finds none or fails."""
    if len(page) > EXTRACTOR_CHARACTERS:
        return ""
    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    try:
        # fast: no second opinion of slower extractors; recall: lines too many are dropped again below.
        return trafilatura.extract(page, fast=True, favor_recall=True, include_comments=False) or ""
    except Exception as error:  # a library's slip on broken markup must not cost the page
        logger.debug("trafilatura failed: %r", error)
        return ""


def _key(text: str) -> str:
    return "".join(text.split())


def _article(page: Page, extracted: str) -> tuple[list[Line], str | None]:
    """The lines of the article in order, and its title."""
    lines = page.lines
    keys = [_key(line.text) for line in lines]
    voted = _votes(keys, extracted)
    density = [line.linked / max(1, len(key)) for line, key in zip(lines, keys, strict=True)]
    running = [is_running_text(line.text) and share < 0.5 for line, share in zip(lines, density, strict=True)]
    outside = _outside(lines)
    weights = [
        0.0
        if out
        else len(key) * (1 - min(share, 1)) * (1.0 if vote and run else 0.5 if vote or run else 0.0)
        for key, share, vote, run, out in zip(keys, density, voted, running, outside, strict=True)
    ]
    if not any(weights):
        weights = [float(vote) or 1e-9 for vote in voted]
    container = _container(lines, weights)
    inside = [i for i, line in enumerate(lines) if _contains(container, line.node) and not outside[i]]
    first, last = _stretch(lines, inside, voted, running, density, keys)
    title_at, title = _title(page, keys, first)
    lists = _link_lists(keys, density, running, voted)
    picked = [
        i
        for i in range(first, last + 1)
        if not outside[i]
        and not (lists[i] and not (voted[i] and density[i] < 0.6))
        and _contains(container, lines[i].node)
    ]
    head: list[int] = []
    if title_at is not None and title_at < first:
        between = range(title_at + 1, first)
        head = [
            title_at,
            *(i for i in between if _is_head(lines[i], density[i], is_title_near=first - title_at < 25)),
        ]
    picked = sorted({*head, *picked})
    flags = debris_lines(
        [lines[i].text for i in picked], keep=picked.index(title_at) if title_at in picked else None
    )
    chosen = [lines[i] for i, flag in zip(picked, flags, strict=True) if not flag]
    return chosen or [lines[i] for i in picked], title


def _votes(keys: Sequence[str], extracted: str) -> list[bool]:
    parts = {_key(part) for part in extracted.splitlines()} | {
        _key(part.strip(" |-")) for part in extracted.splitlines() if part[:1] in "|-"
    }
    whole = _key(extracted)
    return [key in parts or (len(key) >= 10 and key in whole) for key in keys]


def _outside(lines: Sequence[Line]) -> list[bool]:
    known: dict[Node, bool] = {}
    out = []
    for line in lines:
        if line.node not in known:
            known[line.node] = line.within(*_NOT_ARTICLE)
        out.append(known[line.node])
    return out


def _container(lines: Sequence[Line], weights: Sequence[float]) -> Node:
    """The smallest element that holds nearly all of the weight."""
    total: dict[Node, float] = defaultdict(float)
    for line, weight in zip(lines, weights, strict=True):
        if weight:
            for node in line.node.path():
                total[node] += weight
    whole = sum(weights)
    holders = [node for node, weight in total.items() if weight >= 0.85 * whole]
    best = max(holders, key=lambda node: node.depth)
    # A single long paragraph is no container: its siblings belong with it.
    while (
        best.tag in ("p", "li", "span", "h1", "h2", "h3", "h4", "td", "tr", "tbody", "blockquote")
        and best.parent
    ):
        best = best.parent
    return best


def _contains(container: Node, node: Node) -> bool:
    while node.depth > container.depth and node.parent is not None:
        node = node.parent
    return node is container


def _link_lists(
    keys: Sequence[str], density: Sequence[float], running: Sequence[bool], voted: Sequence[bool]
) -> list[bool]:
    """Lines of nothing but links that stand in rows of two or more."""
    linked = [share > 0.6 and not run for share, run in zip(density, running, strict=True)]
    out = [False] * len(keys)
    at = 0
    while at < len(keys):
        end = at
        # Marks and dates between links do not end a list of links; where the extractor's text ends, a list ends.
        while end < len(keys) and (
            (linked[end] and (end == at or voted[end] == voted[at]))
            or (end > at and not linked[end] and len(keys[end]) <= 12 and not keys[end].isalpha())
        ):
            end += 1
        if sum(linked[at:end]) >= 2:
            out[at:end] = [True] * (end - at)
        at = max(end, at + 1)
    return out


def _stretch(
    lines: Sequence[Line],
    inside: Sequence[int],
    voted: Sequence[bool],
    running: Sequence[bool],
    density: Sequence[float],
    keys: Sequence[str],
) -> tuple[int, int]:
    """First and last line of the article among the lines of its container."""
    strong = (
        [i for i in inside if voted[i] and running[i]]
        or [i for i in inside if running[i]]
        or [i for i in inside if voted[i]]
        or list(inside)
    )
    first, last = strong[0], strong[-1]
    # Captions, subheads and signatures beside it: lines that the extractor took as well, a few lines away at most.
    beside = {id(lines[i].node.parent) for i in strong}
    weak = {
        i
        for i in inside
        if (voted[i] and (density[i] < 0.6 or len(keys[i]) > 20))
        or (running[i] and id(lines[i].node.parent) in beside)
    }
    while near := [i for i in range(max(0, first - 3), first) if i in weak]:
        first = near[0]
    while near := [i for i in range(last + 1, last + 4) if i in weak]:
        last = near[-1]
    return first, last


def _is_head(line: Line, density: float, is_title_near: bool) -> bool:
    """Whether a line between headline and body is part of the article's head."""
    if is_furniture(line.text) or line.within(*_NOT_ARTICLE):
        return False
    return is_byline(line.text) or (is_title_near and density <= 0.6 and len(line.text) <= 100)


def _title(page: Page, keys: Sequence[str], first: int) -> tuple[int | None, str | None]:
    """Number of the headline's line (None if it is not shown) and the title."""
    named = [_key(part) for name in ("og:title", "articletitle") if (part := page.metadata.get(name))]
    whole = _key(page.title or "")
    best: tuple[float, int] | None = None
    for i in range(min(first + 3, len(keys))):
        line, key = page.lines[i], keys[i]
        if (
            not 4 <= len(key) <= 90
            or line.linked > 0.5 * len(key)
            or is_byline(line.text)
            or is_navigation(line.text)
        ):
            continue
        score = 0.0
        if key in named or (len(key) >= 6 and whole.startswith(key)):
            score += 3
        elif len(key) >= 8 and key in whole:
            score += 1.5
        if line.within("h1"):
            score += 2
        elif line.within(*_HEADINGS) or any(_TITLE_LABEL.search(node.label) for node in _near(line.node)):
            score += 1
        if any(is_byline(other.text) for other in page.lines[i + 1 : i + 3]) and not line.text.endswith(
            ("。", "：", ":")
        ):
            score += 1  # what stands right above the byline
        if score and i > first:
            score -= 1  # a subhead of the body
        if score and (best is None or score >= best[0]):  # of equals the one nearest to the body
            best = (score, i)
    if best is not None and best[0] >= 1:
        return best[1], page.lines[best[1]].text
    shown = page.metadata.get("og:title") or page.metadata.get("articletitle") or page.title
    if not shown:
        return None, None
    return None, _TITLE_PARTS.split(shown.strip())[0].strip() or None


def _near(node: Node) -> list[Node]:
    return [node, node.parent] if node.parent is not None else [node]


def _date(page: Page, chosen: Sequence[Line], text: str) -> dt.date | None:
    for name in _DATES:
        if (given := page.metadata.get(name)) and (day := date_in(given)):
            return day
    if day := published(text):
        return day
    # The byline may stand outside the article's container.
    start = chosen[0].start if chosen else 0
    near = [line.text for line in page.lines if line.start < start][-12:]
    return published("\n".join(near))


def _source(page: Page, chosen: Sequence[Line]) -> str | None:
    if given := page.metadata.get("contentsource"):
        return given.strip() or None
    for line in chosen[:8]:
        if len(line.text) <= 120 and (found := _SOURCE.search(line.text)):
            return found[1]
    return page.metadata.get("og:site_name") or page.metadata.get("sitename") or None
