"""Labelling functions for ORG: names in lists, bylines and attributions (tier 2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from parkner.labelling.functions import Article, Found, labelling_function
from parkner.labelling.names import has_proper, is_boundary, left_edge
from parkner.labelling.words import HAN, Words, places_of, words_of

_ITEM = r"[\u4e00-\u9fffA-Za-z0-9·&（）()\-—]"
_COUNT = r"(?:[0-9一二三四五六七八九十百千两几多数]+余?多?)?(?:家|大|个|户|名)?"
_HEADS = (
    "企业|公司|厂商|厂家|品牌|巨头|集团|商家|银行|券商|车企|药企|央企|国企|民企|运营商|制造商|供应商|生产商|开发商|房企|机构|媒体|"
    "高校|院校|学校|协会|单位|龙头|项目|产值|骨干|总投资|上市|平台|电商|成员|资源"
)
_LIST = re.compile(
    rf"({_ITEM}{{2,24}}(?:、[“\"]?{_ITEM}{{2,24}}[”\"]?){{0,12}}(?:以?及{_ITEM}{{2,14}})?)等"
    rf"(?:国内|国际|国内外|知名|著名|大型|一批|一大批|世界|优质|重点|骨干)*{_COUNT}[\u4e00-\u9fff“”]{{0,8}}?({_HEADS})"
)
# With these heads the items are projects: a firm's name and what it builds (玖源尼龙66).
_PROJECTS = frozenset(("项目", "产值", "总投资", "平台", "资源"))
_THINGS = re.compile(
    r"(?:工程|铁路|高铁|客专|航线|通道|公路|高速|大道|厂房|水库|公园|互通|平台|基地|园|园区|新区|示范区|开发区|城|府|道|桥|港|站|项目|建设|一体化|"
    r"生产|改造|小区|广场|线|路|期|地|村|镇|馆|局|所|中心|段|区)$"
)
_FIELD_END = re.compile(
    r"(?:业|产业|制造|加工|材料|装备|领域|行业|产品|设备|服务|市场|城市|地区|国家|省|市|县)$"
)


def _names_a_firm(article: Article, words: Words, first: int, last: int) -> bool:
    """Whether the words look like a firm's name: an unknown or proper word, not only places, not a field."""
    text = words.text[words.starts[first] : words.starts[last]]
    if not 2 <= len(text) <= 24 or words.tags[last - 1] == "nr":
        return False
    strong = article.lexicons["company_fields"].get(words.words[last - 1]) == "strong"
    if any(words.tags[k] == "nt" for k in range(first, last)):
        return True
    if all(words.tags[k] == "ns" for k in range(first, last)) or (_FIELD_END.search(text) and not strong):
        return False
    return has_proper(words, first, last) or (strong and last - first == 2 and len(words.words[first]) == 2)


def _run(words: Words, first: int, last: int) -> int:
    """Index behind the run of single characters (an unknown name) or the proper noun that starts at `first`."""
    at = first
    while at < last and len(words.words[at]) == 1 and HAN.match(words.words[at]) and at - first < 4:
        if is_boundary(words, at):
            break
        at += 1
    if at - first >= 2:
        return at
    proper = (
        first < last
        and words.tags[first] in ("nt", "nz", "nrt", "nr", "nrfg", "x")
        and len(words.words[first]) >= 2
    )
    return first + 1 if proper and HAN.match(words.words[first]) else first


def firm_part(article: Article, first: int, last: int) -> tuple[int, int]:
    """The firm's name in the words ``first .. last - 1`` of a project: place, unknown name, field words.

    In 鑫华汇绿色智能纺织 it is 鑫华汇; in 晶芯频控超小型号, 晶芯频控; in 建设怡田科技, 怡田科技.

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
            while end < last and words.words[end] in fields:
                end += 1
            return begin, end
        if words.words[begin] not in words.roles["verb"] and words.words[begin] not in (
            "重点",
            "省级",
            "市级",
        ):
            break
    return first, first


def list_items(article: Article) -> list[tuple[int, int]]:
    """Names in lists that end in 等…企业 or 等…项目 (once an article)."""
    return article.memo("org.list_items", lambda a: list(_find_list_items(a)))


def _find_list_items(article: Article) -> Iterator[tuple[int, int]]:
    words, text = words_of(article), article.text
    for match in _LIST.finditer(text):
        for start, end in _split(words, *match.span(1)):
            if _THINGS.search(text[start:end]) or end not in words.boundaries:
                continue
            if bracket := re.search(r"[(（][^()（）]*[)）]$", text[start:end]):
                end = start + bracket.start()
            last = words.starting_from(end)
            first = words.starting_from(start)
            while last > first and is_boundary(words, last - 1):
                last -= 1
            if start == match.start(1):
                first = max(first, left_edge(words, last - 1, limit=24))
            if first >= last:
                continue
            if match[2] in _PROJECTS:
                first, last = firm_part(article, first, last)
                if first < last and text[words.starts[first] : words.starts[last]] not in places_of(article):
                    yield words.starts[first], words.starts[last]
            elif _names_a_firm(article, words, first, last):
                yield words.starts[first], words.starts[last]


def _split(words: Words, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The items of a list between two offsets: parted by 、 and quotation marks, and by 和, 及, 以及 as words."""
    begin = start
    for k in range(words.containing(start), words.starting_from(end)):
        at = max(start, words.starts[k])
        if words.words[k] in ("、", "“", "”", '"', "和", "及", "以及", "与"):
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
            if match.start() in words.boundaries and match.end() in words.boundaries:
                yield match.span()


_BYLINE = re.compile(
    r"(?:来源|稿源|出处|文章来源|信息来源|新闻来源|发布单位|发布机构|发文机关|供稿|主办单位|承办单位|采购人|采购单位|招标人|招标单位|采购代理机构|"
    r"招标代理机构|招标代理|中标单位|中标人|中标供应商|成交供应商|供应商名称|发布人|本文来源)(?:名称)?[ \t]*[:：][ \t\u3000]*"
    r"([^\s，。；、|:：!！（(<>《》【】\[\]]{2,32})"
)
# A page's next label may follow without a space.
_NEXT_LABEL = re.compile(
    r"发布时间|发布日期|发表时间|时间|日期|作者|责任编辑|编辑|责编|阅读|浏览|点击|字号|字体|分享|打印|记者|\||[“”]"
)
_NO_SOURCE = re.compile(
    r"(?:互联网|网络|本站|原创|转载|未知|本网|佚名|其他|admin|综合|新闻联播|.*\d{4}[-年]).*|[\d.\-/]+$",
    re.IGNORECASE,
)


@labelling_function("ORG")
def org_byline(article: Article) -> Iterator[Found]:
    """Sources, publishers, buyers and bidders behind their label (来源:中国网); a person there is its mistake."""
    suffixes = tuple(article.lexicons["org_suffixes"])
    for match in _BYLINE.finditer(article.text):
        personal = match[0].startswith(("发布人", "供稿"))
        at = match.start(1)
        for name in re.split(r"[-—]", _NEXT_LABEL.split(match[1])[0]):
            start, at = at, at + len(name) + 1
            short = len(name) <= 3 and not name.endswith(("网", "报", "社", "局", "委"))
            if (
                len(name) < 2
                or _NO_SOURCE.match(name)
                or ((personal or short) and not name.endswith(suffixes))
            ):
                continue
            yield start, start + len(name)


_REPORTS = re.compile(
    r"(?:据|综合|引述|援引)(?:了)?([\u4e00-\u9fffA-Za-z]{2,14}?)(?:[0-9]{1,2}日|[0-9]{1,2}月[0-9]{1,2}日|今日|昨日)?的?(?:报道|电讯|消息称|消息|获悉|记者)|"
    r"(?:^|\n)[ \u3000]*([\u4e00-\u9fff]{3,10})(?:[0-9月日]+)?讯|[(（]([\u4e00-\u9fff]{3,12}?)(?:全媒体)?(?:记者|通讯员|特约)"
)


@labelling_function("ORG")
def org_reported(article: Article) -> Iterator[Found]:
    """Media in 据…报道, …讯 and (…记者 …)."""
    for match in _REPORTS.finditer(article.text):
        for group in (1, 2, 3):
            name = match[group]
            media = name and re.search(r"(?:报|网|社|台|新闻|财经|在线|周刊|杂志|电视)$", name)
            if media and not re.match(r"本|该|外|当地|有关|上述|多家", name):
                yield match.span(group)
