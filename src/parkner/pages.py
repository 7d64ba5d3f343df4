"""A page as document: which of its lines are the article, title and date, every character with its place (tier 1).

An extractor (trafilatura) says which text is the article, `parkner.article` finds it among the positioned lines.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

from parkner.article import article_of
from parkner.charset import ContentError
from parkner.heads import date_in, published
from parkner.html_reader import read_page
from parkner.markup import Line, Page, text_of_lines
from parkner.spans import Document

logger = logging.getLogger(__name__)

# A page beyond one of these is judged by its structure alone, which takes linear time; the extractor's does not.
EXTRACTOR_PAGE = 4_000_000  # characters of the page
EXTRACTOR_TEXT = 400_000  # characters of visible text
EXTRACTOR_LINES = 8_000
_DATES = (
    "pubdate", "publishdate", "article:published_time", "og:release_date", "datepublished", "publish_time", "og:published_time",
    "weibo:article:create_at", "bytedance:published_time", "apub:time", "date", "dc.date",
)  # fmt: skip
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
    chosen, title = article_of(read, extracted_text(page, read))
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


def extracted_text(page: str, read: Page) -> str:
    """The article text as trafilatura sees it; empty where it finds none or fails, or the page is too large."""
    visible = sum(len(line.text) for line in read.lines)
    if len(page) > EXTRACTOR_PAGE or visible > EXTRACTOR_TEXT or len(read.lines) > EXTRACTOR_LINES:
        return ""
    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    try:
        # fast: no second opinion of slower extractors; recall: lines too many are dropped again below.
        return trafilatura.extract(page, fast=True, favor_recall=True, include_comments=False) or ""
    except Exception as error:  # a library's slip on broken markup must not cost the page
        logger.debug("trafilatura failed: %r", error)
        return ""


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
