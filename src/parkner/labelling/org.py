"""Labelling functions for ORG: names found by their last word (tier 2).

The suffix lexicon ``org_suffixes`` gives the last words and their class; `parkner.labelling.names` finds the left
boundary. One function a class, since they differ in what must stand before the suffix and in how sure they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from parkner.labelling.functions import Article, Found, labelling_function
from parkner.labelling.names import Words, has_proper, left_edge, places_of, words_of
from parkner.labelling.org_suffix import SuffixHit, any_of, hits_of, with_unit

# Words that no organisation starts with although they may stand inside one.
_BAD_START = re.compile(
    r"(?:合资|外资|内资|民营|国有|国营|私营|独资|上市|跨国|控股|全资|龙头|知名|大型|中小|家电|汽车|钢铁|全球性|国内|国外|境外|海外|外国|"
    r"欧美|国际性|其|该|各|本|某|我市|我省|我县|我区|我国|全市|全省|全县|全区|市|省|县|区|镇|直属|重点|第三方|新|老|大|小)$"
)
# First words of bodies of the whole country.
NATION = ("国家", "全国", "中国", "中央", "中共", "国务院", "最高")
# Dictionary words that end in a suffix and are classes, not names (师范大学, 航空公司).
_CLASS_WORD = re.compile(
    r"(?:文理|理工|高级|音乐|师范|医药?|神|农|工|法|理|文|职业|技术|商|军事|人民|儿童|国家|中央|联合|临时|军|清|北洋|国民|高等|专科|大中|中小|大专|母|子|"
    r"跨国|猎头|百货|航空|保险|商业|管理|历史|电影|话剧|影剧|交响|京广|北京会议|夜|新|无|非|美|南|强|产业|货币|垄断|官僚|联邦|地方|市|省|县|区|州|邦)$"
)
_INSIDE = frozenset(["开发", "计划", "标准", "工程", "技术", "市场", "产品", "项目", "法律", "政策", "业务"])
_INSIDE_GOVERNMENT = _INSIDE | frozenset(["工作", "活动", "部门", "消费者", "投资者", "竞争"])
_INSIDE_BODY = _INSIDE | frozenset(
    ["与", "及", "和", "行业", "机构", "消费者", "供应商", "制造商", "开发商", "经销商", "记者", "品牌", "单位", "上市公司", "部门", "运营商", "投资者", "代理商", "同业", "竞争", "委员", "用户", "原", "作者", "教授", "博士", "员工", "职工", "工作", "活动"]
)


def _named_inside(article: Article, words: Words, hit: SuffixHit) -> bool:
    """Whether the suffix is the end of a dictionary word that names one organisation (三星公司, 北京大学)."""
    start = words.starts[hit.word]
    head = article.text[start : hit.start]
    if not head or _CLASS_WORD.match(head):
        return False
    return (
        words.tags[hit.word] in ("nt", "nz", "nr")
        or head in article.lexicons["companies"]
        or head in places_of(article)
    )


def _cut(article: Article, words: Words, first: int, last: int, *, foreign: bool) -> int:
    """Drops what stands before a name: common nouns before its first place, a park, a country before a company.

    Args:
        article: The article.
        words: Its words.
        first, last: The name's words before its suffix, as indices.
        foreign: Whether a foreign country in front is dropped (companies) or kept (authorities, associations).
    """
    places = places_of(article)
    for k in range(first, last):
        if words.tags[k] == "ns" and words.words[k] in places:
            if k > first and not has_proper(words, first, k):
                first = k
            break
    kinds = any_of(tuple(article.lexicons["park_kinds"]))
    for k in range(last - 1, first, -1):  # 合川工业园区 | 蜂巢互联…中心, but 两江新区万州企业研发中心
        word = words.words[k - 1]
        if kinds.search(word) and kinds.search(word)[0] == word[-len(kinds.search(word)[0]) :]:  # type: ignore[index]
            if words.tags[k] != "ns" and has_proper(words, k, last):
                first = k
            break
    if (
        foreign
        and first < last
        and places.is_foreign(words.words[first])
        and has_proper(words, first + 1, last)
    ):
        return first + 1
    return first


def _trim(words: Words, first: int, last: int, more: frozenset[str] = frozenset()) -> int:
    while first < last and (_BAD_START.match(words.words[first]) or words.words[first] in more):
        first += 1
    return first


_BARE_FORMS = (
    "公司",
    "集团",
    "分公司",
    "子公司",
    "总公司",
    "银行",
    "保险",
    "基金",
    "超市",
    "农场",
    "酒店",
    "证券",
    "资本",
)


def _company_names(article: Article, kind: str) -> Iterator[tuple[int, int]]:
    words, text, places = words_of(article), article.text, places_of(article)
    for hit in hits_of(article, [kind]):
        first = left_edge(words, hit.word, inside=_INSIDE)
        first = _trim(words, _cut(article, words, first, hit.word, foreign=True), hit.word)
        start, suffix = words.starts[first], text[hit.start : hit.end]
        if hit.start - start < 2 and not _named_inside(article, words, hit):
            continue
        only_place = places.chain(text, start, hit.start) == hit.start
        if only_place and suffix in _BARE_FORMS:
            continue
        full = "有限" in suffix and hit.word - first >= 2
        if has_proper(words, first, hit.word) or full or _named_inside(article, words, hit):
            yield start, with_unit(article, hit.end)


@labelling_function("ORG")
def org_company(article: Article) -> Iterator[Found]:
    """Companies, groups, shops and plants by suffix (北京永信恒通装饰材料公司); misses names of everyday words."""
    yield from _company_names(article, "company")


@labelling_function("ORG")
def org_finance(article: Article) -> Iterator[Found]:
    """Banks, insurers, brokers, funds and exchanges by suffix (上海国资母基金)."""
    yield from _company_names(article, "finance")


_NEEDS_FIELD = (
    "局",
    "厅",
    "署",
    "办公室",
    "委员会",
    "总局",
    "管理局",
    "法院",
    "领导小组",
    "指挥部",
    "总站",
    "支队",
    "总队",
)


@labelling_function("ORG")
def org_government(article: Article) -> Iterator[Found]:
    """Government and party bodies, courts and offices that begin with their place (万州区发改委); not without one."""
    words, places, text = words_of(article), places_of(article), article.text
    for hit in hits_of(article, ["government"]):
        first = left_edge(words, hit.word, inside=_INSIDE_GOVERNMENT)
        begin = None  # the first place, or word for the whole country, in the stretch begins the name
        for k in range(first, hit.word + 1):
            at = words.starts[k]
            if at < hit.start and (
                places.starting_at(text, at, hit.start) > at or text.startswith(NATION, at)
            ):
                begin = k
                break
        if begin is None:
            continue
        if begin > first and has_proper(words, first, begin):
            begin = first
        start = words.starts[begin]
        core, suffix = text[start : hit.start], text[hit.start : hit.end]
        if len(core) < 2 or (suffix in _NEEDS_FIELD and (core in NATION or places.chain(core, 0) == len(core))):
            continue
        if re.search(r"(?:县委|市委|区委|省委)$", core) and suffix.endswith(
            "政府"
        ):  # 武胜县委县政府: two bodies
            yield start, hit.start
            continue
        yield start, with_unit(article, hit.end)


@labelling_function("ORG")
def org_school(article: Article) -> Iterator[Found]:
    """Schools, universities and hospitals by suffix (开州巨龙中等职业技术学校)."""
    words = words_of(article)
    for hit in hits_of(article, ["school", "health"]):
        first = left_edge(words, hit.word, inside=_INSIDE)
        first = _trim(words, _cut(article, words, first, hit.word, foreign=False), hit.word)
        start = words.starts[first]
        if _named_inside(article, words, hit) or (
            hit.start - start >= 2 and has_proper(words, first, hit.word)
        ):
            yield start, with_unit(article, hit.end)


@labelling_function("ORG")
def org_association(article: Article) -> Iterator[Found]:
    """Associations, chambers, alliances and foundations by suffix (中国物流与采购联合会)."""
    yield from _bodies(article, "association")


@labelling_function("ORG")
def org_institute(article: Article) -> Iterator[Found]:
    """Institutes, laboratories, centres and museums by suffix (万州绿色智造赋能中心)."""
    yield from _bodies(article, "institute")


_BARE_BODIES = (
    "中心",
    "联盟",
    "工作站",
    "分会",
    "总会",
    "技术中心",
    "信息中心",
    "服务中心",
    "委员会",
    "研究会",
    "中心",
)


def _after_joiner(article: Article, words: Words, first: int, last: int) -> int:
    """First word behind the last 与, 和 or 及, unless a place begins a name that goes on across it."""
    places, text = places_of(article), article.text
    for k in range(last - 1, first - 1, -1):
        if words.words[k] in ("与", "和", "及", "暨"):
            start, at = words.starts[first], words.starts[k]
            place = places.chain(text, start, at)
            if text.startswith(NATION, start):
                place = max(place, start + 2)
            if place == start or at - place < 2 or text[at - 1] in "会院所局司团校厂委":
                return k + 1
    return first


def _bodies(article: Article, kind: str) -> Iterator[Found]:
    words, places, text = words_of(article), places_of(article), article.text
    for hit in hits_of(article, [kind]):
        first = left_edge(words, hit.word, inside=_INSIDE_BODY)
        first = _after_joiner(article, words, first, hit.word)
        first = _cut(article, words, first, hit.word, foreign=False)
        first = _trim(words, first, hit.word, _INSIDE_BODY - _INSIDE)
        start = words.starts[first]
        world = text.startswith(("全国", "中国", "国家", "国际", "全球", "世界", "亚洲", "欧洲"), start)
        suffix = text[hit.start : hit.end]
        if hit.start - start < 2 or (world and hit.start - start < 4 and suffix in _BARE_BODIES):
            continue
        if places.chain(text, start, hit.start) == hit.start and suffix in _BARE_BODIES:
            continue
        if (
            (world
            and kind == "association")
            or has_proper(words, first, hit.word)
            or _named_inside(article, words, hit)
        ):
            yield start, with_unit(article, hit.end)


_AFTER_MEDIA = re.compile(r"[\s，。、；：）)》”|讯\-报记消]|$")


@labelling_function("ORG")
def org_media_suffix(article: Article) -> Iterator[Found]:
    """Newspapers, stations and sites by suffix (太原晚报, 全球五金网)."""
    words, text = words_of(article), article.text
    for hit in hits_of(article, ["media"]):
        first = left_edge(words, hit.word)
        first = _trim(words, first, hit.word)
        start, suffix = words.starts[first], text[hit.start : hit.end]
        if suffix in ("报", "网") and not _AFTER_MEDIA.match(text, hit.end):
            continue
        if suffix in ("政府网", "政务网", "信息网") or "|" in text[max(0, start - 2) : hit.end + 2]:
            continue  # navigation
        named = has_proper(words, first, hit.word) or (suffix == "网" and hit.start - start >= 4)
        if 2 <= hit.start - start <= 10 and named:
            yield start, hit.end
