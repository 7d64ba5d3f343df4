"""Labelling functions for ORG: names that lexicons know (tier 2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from parkner.labelling.functions import Article, Found, labelling_function
from parkner.labelling.org_names import longest
from parkner.labelling.org_suffix import with_unit
from parkner.labelling.words import find_known, places_of, words_of


def _with_place(article: Article, start: int) -> int:
    """Start of the name with a Chinese place directly before it (长沙中联重科)."""
    places = places_of(article)
    begin = places.ending_at(article.text, start)
    if (
        (
            begin < start
            and begin in words_of(article).boundaries
            and not places.is_foreign(article.text[begin:start])
        )
        and article.text[begin:start] not in ("中国",)
        and not article.text[begin:start].endswith(("市", "省", "县", "区"))
    ):
        return begin
    return start


_SESSION = re.compile(r"(?:第?[十一二三四五六七八九]{1,3}届)$")
_NOT_A_BODY = re.compile(r"门|长(?!三角|江|春|沙)|级|出口|进口|市场|国家|地区|成员国|各国|博览会")
# Blocs of countries are organisations only where they act.
_BLOCS = ("欧盟", "东盟", "非盟", "独联体", "七国集团", "二十国集团", "海合会")
# Bodies that every place has: without one they are national only where no list of local ones goes before.
_LOCAL_TOO = frozenset(("发改委", "卫健委", "国资委"))
_BEFORE_PLACE = re.compile(r"(?:对|自|从|在|向|与|和|、|到|往|中国[—\-]|销往|出口|进口)$")


@labelling_function("ORG")
def org_national_bodies(article: Article) -> Iterator[Found]:
    """National, party and international bodies of the lexicon (国务院, 国家发改委), with a unit behind them."""
    text = article.text
    for start, end in find_known(article, "gov_bodies"):
        name = text[start:end]
        generic = name in _LOCAL_TOO and text[start - 1 : start] in tuple("省市县区州旗、和")
        if (
            generic
            or _NOT_A_BODY.match(text, end)
            or (name in _BLOCS and _BEFORE_PLACE.search(text[max(0, start - 3) : start]))
        ):
            continue
        if name.startswith("全国") and (session := _SESSION.search(text[max(0, start - 6) : start])):
            start -= len(session[0])
        end = with_unit(article, end)
        if longest(article, start, end):
            yield start, end


@labelling_function("ORG")
def org_media(article: Article) -> Iterator[Found]:
    """Media of the lexicon (新华社, 第一财经日报), with a unit behind them."""
    text = article.text
    for start, end in find_known(article, "media"):
        end = with_unit(article, end)
        if "|" not in text[max(0, start - 2) : end + 2] and longest(article, start, end):
            yield start, end


_NOT_A_COMPANY = re.compile(
    r"产业|行业|市场|手机|进口车|[A-Za-z]\d|\d{3}|\d+(?:万|只|吨|指数)|[\u4e00-\u9fff0-9]{0,8}指数|腹地|百强|信息百强|信息企业|路(?!透)"
)


def _with_field(article: Article, end: int) -> int:
    """End of the name with the field words and the legal form directly behind it (苏泊尔电器, 比亚迪汽车)."""
    words, fields = words_of(article), article.lexicons["company_fields"]
    at, stop = words.starting_from(end), end
    if at + 1 < len(words.words) and words.tags[at] == "ns" and words.words[at + 1] in fields:
        at += 1  # 中车资阳机车
        stop = words.starts[at]
    while at < len(words.words) and words.starts[at] == stop and words.words[at] in fields:
        stop, at = words.starts[at + 1], at + 1
    if stop > end and _NOT_A_COMPANY.match(article.text, stop):
        return end
    return stop


@labelling_function("ORG")
def org_companies_known(article: Article) -> Iterator[Found]:
    """Companies of the lexicon by their common names (中联重科, 雀巢), with place before and field behind them."""
    for start, end in find_known(article, "companies", note=""):
        if not _NOT_A_COMPANY.match(article.text, end):
            start, end = _with_place(article, start), with_unit(article, _with_field(article, end))
            if longest(article, start, end):
                yield start, end


@labelling_function("ORG")
def org_companies_wordlike(article: Article) -> Iterator[Found]:
    """Companies whose name is an everyday word (苹果, 光明), where the article calls them 公司 or 集团 somewhere."""
    text = article.text
    found = [
        (match.start(), match.end())
        for name, note in article.lexicons["companies"].items()
        if note == "word" and name in text
        for match in re.finditer(re.escape(name), text)
    ]
    named = {
        text[start:end]
        for start, end in found
        if re.match(r"(?:公司|集团|股份|CEO|总裁|董事长)", text[end : end + 4])
    }
    for start, end in found:
        if (
            text[start:end] in named
            and text[start - 1 : start] not in ("-", "—")
            and not _NOT_A_COMPANY.match(text, end)
        ):
            end = _with_field(article, end) if end in words_of(article).boundaries else end
            if longest(article, start, end):
                yield start, end


@labelling_function("ORG")
def org_listed(article: Article) -> Iterator[Found]:
    """Listed companies by their short names of three characters and more (沧州明珠, 拓普集团)."""
    for start, end in find_known(article, "listed_companies"):
        end = with_unit(article, end)
        if longest(article, start, end):
            yield start, end
