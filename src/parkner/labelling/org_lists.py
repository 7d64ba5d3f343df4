"""Labelling functions for ORG: names in lists, bylines and attributions (tier 2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from parkner.labelling.functions import Article, Found, labelling_function
from parkner.labelling.names import has_proper, is_boundary, left_edge
from parkner.labelling.org_names import longest
from parkner.labelling.words import HAN, Words, places_of, words_of

_ITEM = r"[\u4e00-\u9fffA-Za-z0-9·&（）()\-—]"
_COUNT = r"(?:[0-9一二三四五六七八九十百千两几多数]+余?多?)?(?:家|大|个|户|名)?"
_HEADS = (
    "企业|公司|厂商|厂家|品牌|巨头|集团|商家|银行|券商|车企|药企|央企|国企|民企|运营商|制造商|供应商|生产商|开发商|房企|机构|媒体|"
    "高校|院校|学校|协会|单位|龙头|项目|产值|骨干|总投资|上市|平台|电商|成员|资源"
)
_ITEMS = rf"{_ITEM}{{2,24}}(?:、[“\"]?{_ITEM}{{2,24}}[”\"]?){{0,14}}(?:以?及{_ITEM}{{2,14}})?"
_LIST = re.compile(
    rf"({_ITEMS})等(?!地|省(?!级)|市(?!级)|国家(?!级)|领域|产品|方面|城市|区县|[0-9一二三四五六七八九十多个]+(?:个|座)?(?:省|市|国|地|城|县|区))(?:国内|国际|国内外|知名|著名|大型|一批|一大批|世界|优质|重点|骨干)*"
    rf"{_COUNT}[\u4e00-\u9fff“”]{{0,8}}?({_HEADS})|[以由]({_ITEMS})(?:为|作为)(?:龙头|代表|骨干|依托|主体)"
)
# With these heads the items are projects: a firm's name and what it builds (玖源尼龙66).
_PROJECTS = frozenset(("项目", "产值", "总投资", "平台", "资源"))
_PARKS = re.compile(r"(?:园|园区|新区|示范区|开发区|基地|产业城|科技城|小镇|广场)$")
_WORKS = re.compile(
    r"(?:工程|铁路|高铁|客专|航线|通道|公路|高速|大道|厂房|水库|公园|互通|平台|城|府|道|桥|港|站|项目|建设|一体化|生产|改造|小区|线|路|期|地|村|镇|馆|局|"
    r"所|中心|段|区)$"
)
_NO_FIRM = re.compile(
    r"(?:工程|铁路|高铁|客专|航线|通道|公路|高速|大道|厂房|水库|公园|互通|小区|会展中心|[^铁]路|村|镇|项目|业务)$"
)
_FIELD_END = re.compile(
    r"(?:业|产业|制造|加工|材料|装备|领域|行业|产品|设备|服务|市场|城市|地区|国家|省|市|县|品|机|器|件|料|模组)$"
)
_FIELDS = ("industry_classification", "industry_emerging", "industry_products")


def _names_a_firm(article: Article, words: Words, first: int, last: int) -> bool:
    """Whether the words look like a firm's name: an unknown or proper word, not only places, not a field."""
    text = words.text[words.starts[first] : words.starts[last]]
    office = text[-1] in "局委办处科" and not any(words.tags[k] in ("ns", "nt") for k in range(first, last))
    if not 2 <= len(text) <= 24 or words.tags[last - 1] == "nr" or office or text[0] in "省市县区":
        return False
    strong = article.lexicons["company_fields"].get(words.words[last - 1]) == "strong"
    if any(words.tags[k] == "nt" for k in range(first, last)):
        return True
    if all(words.tags[k] == "ns" for k in range(first, last)) or (_FIELD_END.search(text) and not strong):
        return False
    everyday = (
        strong
        and last - first == 2
        and len(words.words[first]) == 2
        and words.tags[first] not in ("t", "f", "b", "vn", "ns")
    )
    return has_proper(words, first, last) or everyday


def _may_name_a_firm(article: Article, words: Words, first: int, last: int) -> bool:
    """Whether an item among firms may be one too, named by an everyday word (诚信) or by function words (裕同)."""
    text, roles = words.text[words.starts[first] : words.starts[last]], words.roles
    if not 2 <= len(text) <= 4 or last - first > 3 or _FIELD_END.search(text):
        return False
    field = any(text in article.lexicons[lexicon] for lexicon in (*_FIELDS, "company_fields"))
    known = any(words.tags[k] == "ns" or words.words[k] in roles["boundary"] for k in range(first, last))
    return not field and not known and text not in roles["verb"]


def _run(words: Words, first: int, last: int) -> int:
    """Index behind the run of single characters (an unknown name) or the organisation's name that starts at `first`."""
    at = first
    while at < last and len(words.words[at]) == 1 and HAN.match(words.words[at]) and at - first < 4:
        if is_boundary(words, at):
            break
        at += 1
    if at - first >= 2 and has_proper(words, first, at):
        return at
    known = first < last and words.tags[first] in ("nt", "nrt") and len(words.words[first]) >= 2
    return first + 1 if known else first


def firm_part(article: Article, first: int, last: int) -> tuple[int, int]:
    """The firm's name in the words ``first .. last - 1`` of a project: place, unknown name, field words.

    In 鑫华汇绿色智能纺织 it is 鑫华汇; in 晶芯频控超小型号, 晶芯频控; in 加快建设怡田科技, 怡田科技.

    Returns:
        Its first word and the word behind it, as indices; twice the same if there is none.
    """
    words, fields = words_of(article), article.lexicons["company_fields"]
    for begin in range(first, last):
        at = begin
        while at < last and words.tags[at] == "ns":
            at += 1
        end = _run(words, at, last)
        if end > at:
            used: set[str] = set()
            while end < last and words.words[end] in fields and words.words[end] not in used:
                used.add(words.words[end])
                end += 1
            return begin, end
        if words.words[begin] not in words.roles["verb"] and not is_boundary(words, begin):
            break
    return first, first


def list_items(article: Article) -> list[tuple[int, int]]:
    """Names in lists that end in 等…企业 or 等…项目 (once an article)."""
    return article.memo("org.list_items", lambda a: list(_find_list_items(a)))


def _find_list_items(article: Article) -> Iterator[tuple[int, int]]:
    for match in _LIST.finditer(article.text):
        group = 1 if match[1] else 3
        items = list(_items(article, *match.span(group)))
        if group == 3 and match[3].isascii():
            continue  # 以LED为代表
        yield from _projects(article, items) if match[2] in _PROJECTS else _firms(article, items)


def _items(article: Article, begin: int, stop: int) -> Iterator[tuple[int, int]]:
    """The items of a list as words (first, behind the last): brackets and function words behind the name dropped."""
    words, text = words_of(article), article.text
    for start, end in _split(words, begin, stop):
        if bracket := re.search(r"[(（][^()（）]*[)）]$", text[start:end]):
            end = start + bracket.start()
        first, last = words.starting_from(start), words.starting_from(end)
        if end not in words.boundaries or _PARKS.search(text[start:end]):
            continue
        while (
            last > first
            and is_boundary(words, last - 1)
            and last - first > 1
            and len(words.words[last - 2]) > 1
        ):
            last -= 1
        if first < last:
            yield first, last


def _firms(article: Article, items: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    words, sure, unsure = words_of(article), [], []
    for n, (first, last) in enumerate(items):
        if _NO_FIRM.search(words.text[words.starts[first] : words.starts[last]]):
            continue
        while first < last and is_boundary(words, first):
            first += 1
        if n == 0 and not all(len(word) == 1 for word in words.words[first:last]):
            first = max(first, left_edge(words, last - 1, limit=24))
        if any(
            words.words[k] in "的了是在等" or words.words[k] in words.roles["boundary"]
            for k in range(first, last)
        ):
            continue
        known = (k for k in range(first, last) if words.tags[k] == "nt" and not has_proper(words, first, k))
        first = next(known, first)  # 民营500强红星美凯龙
        if first < last and _names_a_firm(article, words, first, last):
            sure.append((first, last))
        elif first < last and _may_name_a_firm(article, words, first, last):
            unsure.append((first, last))
    if len(sure) >= 2 and len(sure) >= len(unsure):
        sure += unsure
    for first, last in sure:
        yield words.starts[first], words.starts[last]


def _projects(article: Article, items: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    words, places = words_of(article), places_of(article)
    for first, last in items:
        if _WORKS.search(words.text[words.starts[first] : words.starts[last]]):
            continue
        bounds = [k for k in range(first, last) if words.words[k] in words.roles["boundary"]]
        first, last = firm_part(article, bounds[-1] + 1 if bounds else first, last)
        if first < last and words.text[words.starts[first] : words.starts[last]] not in places:
            yield words.starts[first], words.starts[last]


def _split(words: Words, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The items of a list between two offsets: parted by 、 and quotation marks, and by 和, 及, 以及 as words."""
    begin = start
    for k in range(words.containing(start), words.starting_from(end)):
        at = max(start, words.starts[k])
        if words.words[k] in ("、", "“", "”", '"', "和", "及", "以及", "及其", "与"):
            if at > begin:
                yield begin, at
            begin = words.starts[k + 1]
    if begin < end:
        yield begin, end


@labelling_function("ORG")
def org_list(article: Article) -> Iterator[Found]:
    """Items of `A、B、C等N家…企业` that look like names; misses firms named by everyday words (诚信, 燎原)."""
    yield from list_items(article)


@labelling_function("ORG")
def org_repeated(article: Article) -> Iterator[Found]:
    """Names found in lists, wherever else the article has them between word boundaries."""
    text, words = article.text, words_of(article)
    for name in {text[start:end] for start, end in list_items(article) if end - start >= 3}:
        for match in re.finditer(re.escape(name), text):
            aligned = match.start() in words.boundaries and match.end() in words.boundaries
            if aligned and longest(article, *match.span()):
                yield match.span()


# What a project makes, behind the firm's name: 聚能科技1000盞…生产项目, 昊森部件年产40万套….
_MAKES = re.compile(
    r"(?:年产(?![量值能销])|[0-9][0-9.]*(?:余|万|亿)*(?:吨|台|套|盏|颗|只|条|件|辆|支|片|平方米|安时|千瓦|兆瓦|GWh|MW|GW))"
)


@labelling_function("ORG")
def org_project(article: Article) -> Iterator[Found]:
    """A firm before what its project makes (创实玻璃年产60万平方米…); only unknown names with or without a field word."""
    words, fields = words_of(article), article.lexicons["company_fields"]
    for match in _MAKES.finditer(article.text):
        last = words.starting_from(match.start())
        if words.starts[last] != match.start() or not last:
            continue
        begin = last
        while begin and words.words[begin - 1] in fields:
            begin -= 1
        first = begin
        while (
            first
            and len(words.words[first - 1]) == 1
            and not is_boundary(words, first - 1)
            and begin - first < 4
        ):
            first -= 1
        surely = begin < last or match[0] == "年产"  # 粗钢4950万吨 has no field word and is no firm
        known = surely and begin - first >= 2 and has_proper(words, first, begin)
        if first and words.tags[first - 1] == "ns":
            first -= 1
        if known and (
            first == 0 or is_boundary(words, first - 1) or words.words[first - 1] in words.roles["verb"]
        ):
            yield words.starts[first], words.starts[last]
