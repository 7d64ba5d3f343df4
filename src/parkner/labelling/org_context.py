"""Labelling functions for ORG: short names, known from the full name elsewhere or by how they are built (tier 2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from parkner.labelling.functions import Article, Found, labelling_function
from parkner.labelling.names import has_proper, is_boundary, left_edge
from parkner.labelling.org_names import company_names, longest
from parkner.labelling.org_suffix import hits_of, with_unit
from parkner.labelling.words import HAN, find_known, places_of, words_of

_INTRODUCED = re.compile(
    r"[(（](以下简称|以下统称|下称|简称|英文简称|以下称|证券简称|股票简称|又称|原名)?[:：]?"
    r"[“\"'‘「]?([\u4e00-\u9fffA-Za-z0-9·&][\u4e00-\u9fffA-Za-z0-9·&\- ]{0,28}?[\u4e00-\u9fffA-Za-z0-9])[”\"'’」]?(?:[,，;；][^)）]{0,30})?[)）]"
)
_NO_SHORT_NAME = re.compile(
    r"[0-9.\- ]+$|.*(?:代码|筹|图|左|右|记者|暂定|试行|股票|微博|博客|见|下同|摄|月|年|省|市|以下|资料|排名)|.*(?:展会|交会|博会|论坛|技术|更新|行动|计划|规划|项目|工程|条例|办法)$|(?:党组|党委|中国|LED|IT|公司|集团|本公司|协会|中心|银行|政府|香港|上海|北京|集团公司)$"
)


def introduced_names(article: Article) -> list[tuple[int, int]]:
    """Short or foreign names in brackets right behind a name: …有限公司(以下简称“海尔”), 华美电子(Sino-American)."""
    return article.memo("org.introduced", lambda a: list(_find_introduced(a)))


def _find_introduced(article: Article) -> Iterator[tuple[int, int]]:
    kinds = ("association", "institute", "school", "finance", "company", "government")
    suffixes = {hit.end for hit in hits_of(article, kinds)} | {end for _, end in company_names(article)}
    names = {end for lexicon in ("companies", "listed_companies") for _, end in find_known(article, lexicon)}
    for match in _INTRODUCED.finditer(article.text):
        name, behind = match[2], match.start()
        if _NO_SHORT_NAME.match(name) or (len(name) > 12 and not name.isascii()):
            continue
        chinese = HAN.match(name) is not None
        before = article.text[max(0, behind - 30) : behind]
        if chinese and not match[1] and not set(name) <= set(before):
            continue  # a remark, not a short form: its characters are not those of the name
        known = behind in suffixes or (behind in names and not chinese)
        if known or (match[1] and article.text[behind - 1] in "司团行局院会社厂部学"):
            yield match.span(2)


@labelling_function("ORG")
def org_introduced(article: Article) -> Iterator[Found]:
    """Short names introduced in brackets behind the full name (以下简称“…”), there and in the rest of the article."""
    text, boundaries = article.text, words_of(article).boundaries
    spans = introduced_names(article)
    yield from spans
    for name in {text[start:end] for start, end in spans}:
        for match in re.finditer(re.escape(name), text):
            start, end = match.span()
            if name[-1].isascii():
                whole = not (text[end : end + 1].isascii() and text[end : end + 1].isalnum())
            else:
                whole = start in boundaries and end in boundaries
            end = with_unit(article, end) if whole else end
            if whole and longest(article, start, end):
                yield start, end


_FORM = re.compile(
    r"(?:[(（][^()（）]{1,8}[)）])?(?:股份|集团|控股|实业|投资|国际|科技|发展|中国)*(?:有限责任公司|股份有限公司|有限公司|公司|集团|总公司|总厂)$"
)


# 中国人民银行 is not 中国人民 for short.
_KEPT = frozenset(("银行", "证券", "保险"))


def short_forms(full: str, article: Article) -> set[str]:
    """Short forms under which a company of this full name may go: without place, legal form and field.

    浙江森马服饰股份有限公司 -> 浙江森马服饰, 森马服饰, 浙江森马, 森马.
    """
    places, fields = places_of(article), article.lexicons["company_fields"]
    body = full
    while (cut := _FORM.sub("", body)) != body and len(cut) >= 2:
        body = cut
    forms = {body}
    after = places.chain(body, 0)
    if 0 < after < len(body) - 1 and len(rest := body[after:].lstrip("市省县区")) >= 2:
        forms.add(rest)
    for form in list(forms):
        endings = [f for f in fields if form.endswith(f) and len(form) - len(f) >= 2 and f not in _KEPT]
        if endings:
            forms.add(form[: -max(map(len, endings))])
    return {form for form in forms if 2 <= len(form) < len(full) and form not in places}


@labelling_function("ORG")
def org_short_form(article: Article) -> Iterator[Found]:
    """Short forms, through the article, of companies named in full (浙江森马服饰股份有限公司 -> 森马服饰)."""
    text, words = article.text, words_of(article)
    fulls = {text[start:end] for start, end in company_names(article)}
    for form in {form for full in fulls for form in short_forms(full, article)}:
        for match in re.finditer(re.escape(form), text):
            start, end = match.span()
            if (
                start not in words.boundaries
                or end not in words.boundaries
                or not longest(article, start, end)
            ):
                continue
            first, last = words.containing(start), words.starting_from(end)
            everyday = last - first == 1 and words.tags[first] not in ("nt", "nz", "x", "nrt")
            if not everyday and has_proper(words, first, last):
                yield start, end


_NOT_IN_A_NAME = frozenset("级亿万千百做强抓等区大小新老产两双全各财研年半季价量率额费税低高国省市县村镇港线")
_MORE_BEHIND = frozenset(
    (
        "有限",
        "有限公司",
        "公司",
        "集团",
        "股份",
        "产业园",
        "产业",
        "行业",
        "园区",
        "园",
        "城",
        "谷",
        "大学",
        "学院",
        "基地",
        "项目",
        "领域",
        "企业",
        "市场",
    )
)


@labelling_function("ORG")
def org_short_grammar(article: Article) -> Iterator[Found]:
    """An unknown name of two or three characters and a field word (紫建电子, 中昆铝业), with a place before it."""
    words, places, fields = words_of(article), places_of(article), article.lexicons["company_fields"]
    for k, word in enumerate(words.words):
        if fields.get(word) != "strong":
            continue
        first = k
        while (
            first > 0
            and len(words.words[first - 1]) == 1
            and not is_boundary(words, first - 1)
            and k - first < 4
        ):
            first -= 1
        if first == k and words.tags[k - 1] in ("nr", "nrt") and len(words.words[k - 1]) == 2:
            first = k - 1  # a firm called like a person (柯文服饰)
        start = words.starts[first]
        name = article.text[start : words.starts[k]]
        if not 2 <= len(name) <= 3 or not HAN.match(name) or any(c in _NOT_IN_A_NAME for c in name):
            continue
        before = first - 1
        placed = before >= 0 and words.tags[before] == "ns"
        if (
            before >= 0
            and not placed
            and not is_boundary(words, before)
            and words.words[before] not in words.roles["verb"]
        ):
            continue
        last = k + 1
        while (
            last < len(words.words) and words.words[last] in fields and words.words[last] not in _MORE_BEHIND
        ):
            last += 1
        if last < len(words.words) and words.words[last] in _MORE_BEHIND:
            continue
        begin = places.ending_at(article.text, start)
        if begin < start and begin in words.boundaries and not places.is_foreign(article.text[begin:start]):
            start = begin
        if longest(article, start, words.starts[last]):
            yield start, words.starts[last]


# Behind a company's name: who leads it, what it has. (的 and 前, 原, 副 may stand between.)
_TITLES = re.compile(
    r"(?:集团|公司)?的?(?:前|原|副|该|执行|营销|技术|市场|品牌|财务|首席|常务|资深|全球|中国区|大中华区|亚太区|华东区|华南区|采购|研究)*(?:董事长|总经理|总裁|副总裁|CEO|首席执行官|董事会|创始人|总监|股价|股权|旗下|公告称|董秘)"
)


@labelling_function("ORG")
def org_titled(article: Article) -> Iterator[Found]:
    """A short name before a company's title or property (怡田科技董事长, 茂迪的股价); misses everyday words."""
    words, text = words_of(article), article.text
    for match in _TITLES.finditer(text):
        end = match.start()
        k = words.starting_from(end) - 1
        if k < 0 or words.starts[k + 1] != end or is_boundary(words, k):
            continue
        first = left_edge(words, k, limit=12)
        start = words.starts[first]
        name = text[start:end]
        if (
            not 2 <= len(name) <= 12
            or (words.tags[k] in ("nr", "ns") and k == first)
            or name in places_of(article)
        ):
            continue
        if has_proper(words, first, k + 1) and longest(article, start, end):
            yield start, end
