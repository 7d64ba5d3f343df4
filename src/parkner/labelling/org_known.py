"""Labelling functions for ORG: names that lexicons know (tier 2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from parkner.labelling.functions import Article, Found, labelling_function
from parkner.labelling.names import places_of, words_of
from parkner.labelling.org import with_unit


@lru_cache(maxsize=16)
def _by_prefix(names: tuple[str, ...]) -> dict[str, list[str]]:
    """Names by their first two characters, the longest first."""
    table: dict[str, list[str]] = {}
    for name in sorted(names, key=len, reverse=True):
        table.setdefault(name[:2], []).append(name)
    return table


_WORD_CHARACTER = re.compile(r"[A-Za-z0-9]")


def known(article: Article, lexicon: str, *, note: str | None = None) -> Iterator[tuple[int, int]]:
    """Places in the text where a name of the lexicon stands, from word start to word end, the longest at each.

    Args:
        article: The article.
        lexicon: Name of the lexicon.
        note: Only entries with this second column; all by default.
    """
    entries = article.lexicons[lexicon]
    names = tuple(name for name, column in entries.items() if note is None or column == note)
    table = _by_prefix(names)
    words, text, end = words_of(article), article.text, 0
    boundaries = words.boundaries
    for start in words.starts[:-1]:
        if start < end:
            continue
        for name in table.get(text[start : start + 2], ()):
            stop = start + len(name)
            if text.startswith(name, start) and stop in boundaries:
                if name[-1].isascii() and _WORD_CHARACTER.match(text, stop):
                    continue
                if name[0].isascii() and start and _WORD_CHARACTER.match(text[start - 1]):
                    continue
                end = stop
                yield start, stop
                break


def _with_place(article: Article, start: int) -> int:
    """Start of the name with a Chinese place directly before it (长沙中联重科)."""
    places = places_of(article)
    begin = places.ending_at(article.text, start)
    if (
        begin < start
        and begin in words_of(article).boundaries
        and not places.is_foreign(article.text[begin:start])
    ) and article.text[begin:start] not in ("中国",) and not article.text[begin:start].endswith(
        ("市", "省", "县", "区")
    ):
        return begin
    return start


@labelling_function("ORG")
def org_national_bodies(article: Article) -> Iterator[Found]:
    """National, party and international bodies of the lexicon (国务院, 国家发改委, 欧盟), with a unit behind them."""
    for start, end in known(article, "gov_bodies"):
        yield start, with_unit(article, end)


@labelling_function("ORG")
def org_media(article: Article) -> Iterator[Found]:
    """Media of the lexicon (新华社, 第一财经日报)."""
    yield from known(article, "media")


_PRODUCT = re.compile(
    r"(?:手机|电脑|平板|电视|汽车|轿车|空调|冰箱|牌|系列|产品|啤酒|奶粉|饮料|车型|白酒|轮胎|股价|股票)"
)


@labelling_function("ORG")
def org_companies_known(article: Article) -> Iterator[Found]:
    """Companies of the lexicon by their common names (中联重科, 雀巢), with a place directly before them."""
    for start, end in known(article, "companies", note=""):
        yield _with_place(article, start), end


_COMPANY_CONTEXT = re.compile(r"(?:公司|集团|企业|股份|CEO|总裁|董事长|股东|旗下|生产商|制造商|厂商)")


@labelling_function("ORG")
def org_companies_wordlike(article: Article) -> Iterator[Found]:
    """Companies whose name is an everyday word (苹果, 光明), where the article calls them 公司 or 集团 somewhere."""
    found = list(known(article, "companies", note="word"))
    named = {
        article.text[start:end]
        for start, end in found
        if re.match(r"(?:公司|集团|股份|汽车|电子|CEO|总裁)", article.text[end : end + 4])
    }
    for start, end in found:
        if article.text[start:end] in named:
            yield start, end


@labelling_function("ORG")
def org_listed(article: Article) -> Iterator[Found]:
    """Listed companies by their short names of three characters and more (沧州明珠, 拓普集团)."""
    yield from known(article, "listed_companies")
