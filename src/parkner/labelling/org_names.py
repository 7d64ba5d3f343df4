"""Labelling functions for ORG: names found by their last word (tier 2).

The lexicon ``org_suffixes`` gives the last words and their class; `parkner.labelling.names` finds the left boundary.
One function a class, since they differ in what must stand before the suffix and in how sure they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from parkner.labelling.functions import Article, Found, labelling_function
from parkner.labelling.names import has_proper, left_edge
from parkner.labelling.org_suffix import SuffixHit, any_of, hits_of, with_unit
from parkner.labelling.words import Words, places_of, words_of

# First words of bodies of the whole country, and of international ones.
NATION = ("国家", "全国", "中国", "中央", "中共", "国务院", "最高")
_WORLD = (*NATION, "国际", "全球", "世界", "亚洲", "欧洲")
# What stands before a suffix inside a dictionary word that is a class, not a name (师范大学, 航空公司).
_CLASS_WORD = re.compile(
    r"(?:文理|理工|高级|音乐|师范|医药?|神|农|工|法|理|文|职业|技术|商|军事|人民|儿童|国家|中央|联合|临时|军|清|北洋|国民|高等|专科|大中|中小|"
    r"大专|母|子|跨国|猎头|百货|航空|保险|商业|管理|历史|电影|话剧|影剧|交响|京广|北京会议|夜|新|无|非|美|南|强|产业|货币|垄断|官僚|联邦|地方|上市|"
    r"市|省|县|区|州|邦)$"
)
# Suffixes that, directly behind a place, are a description (北京公司, 重庆市中心).
_BARE_FORMS = frozenset(
    (
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
)
_BARE_ABROAD = frozenset(("公司", "超市", "酒店", "商场", "分公司", "子公司"))
_BARE_BODIES = frozenset(
    ("中心", "联盟", "工作站", "分会", "总会", "技术中心", "信息中心", "服务中心", "委员会", "研究会")
)
_PARK_BODIES = frozenset(("管委会", "管理委员会", "党工委", "党工委管委会", "建管中心"))
_BARE_OFFICES = frozenset(
    (
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
)


def _named_inside(article: Article, words: Words, hit: SuffixHit) -> bool:
    """Whether the suffix is the end of a dictionary word that names one organisation (三星公司, 北京大学)."""
    head = article.text[words.starts[hit.word] : hit.start]
    if not head or _CLASS_WORD.match(head):
        return False
    return words.tags[hit.word] in ("nt", "nz", "nr") or head in article.lexicons["companies"]


def _cut(article: Article, words: Words, first: int, hit: SuffixHit, *, company: bool) -> int:
    """Drops what stands before a name: common nouns before its first place, a park, a country before a company.

    Args:
        article: The article.
        words: Its words.
        first: Index of the name's first word so far.
        hit: Its suffix.
        company: Whether it is a company: a foreign country and a park before it are then always dropped.

    Returns:
        The index of the first word that is left.
    """
    places, kinds, last = places_of(article), any_of(tuple(article.lexicons["park_kinds"])), hit.word
    for k in range(first, last):
        if words.tags[k] == "ns" and words.words[k] in places and words.words[max(0, k - 1)] not in "(（":
            if k > first and not has_proper(words, first, k):
                first = k
            break
    for k in range(last - 1, first, -1):  # 合川工业园区 | 蜂巢互联…中心, but 两江新区万州企业研发中心
        match = kinds.search(words.words[k - 1])
        if match and match.end() == len(words.words[k - 1]) and words.words[k] not in ")）":
            if (company or words.tags[k] != "ns") and has_proper(words, k, last):
                first = k
            break
    known = [
        k
        for k in range(first + 1, last + 1)
        if words.tags[k] == "nt" and words.words[k] in article.lexicons["companies"]
    ]
    if company and known and (words.words[first] == "中国" or not has_proper(words, first, known[0])):
        first = known[0]
    foreign = company and first < last and places.is_foreign(words.words[first])
    if foreign and (has_proper(words, first + 1, last) or _named_inside(article, words, hit)):
        return first + 1
    return first


def _trim(words: Words, first: int, last: int, more: frozenset[str] = frozenset()) -> int:
    bad = words.roles["bad_start"] | more
    while first < last and words.words[first] in bad:
        first += 1
    return first


def _memoised(
    article: Article, key: str, find: Callable[[Article], Iterator[tuple[int, int]]]
) -> list[tuple[int, int]]:
    return article.memo(f"org.{key}", lambda a: list(find(a)))


def _company_names(article: Article, kind: str) -> Iterator[tuple[int, int]]:
    words, text, places = words_of(article), article.text, places_of(article)
    for hit in hits_of(article, [kind]):
        first = left_edge(words, hit.word, inside=words.roles["inside"])
        first = _cut(article, words, first, hit, company=True)
        first = _trim(words, first, hit.word, words.roles["bad_company_start"])
        start, suffix = words.starts[first], text[hit.start : hit.end]
        inside = _named_inside(article, words, hit)
        if hit.start - start < 2 and not inside:
            continue
        place = places.chain(text, start, hit.start)
        if place == hit.start and suffix in _BARE_FORMS:
            continue
        abroad = (
            words.words[first] in places and places.is_foreign(words.words[first]) and suffix in _BARE_ABROAD
        )
        rest = first + 1 if abroad else first
        full = "有限" in suffix and hit.word - first >= 2
        if has_proper(words, rest, hit.word) or full or inside:
            yield start, with_unit(article, hit.end)


def suffix_names(article: Article) -> list[tuple[int, int]]:
    """All names by suffix, of all classes (once an article); a name inside one of them is not the longest."""
    kinds = (org_company, org_finance, org_government, org_school, org_association, org_institute)
    return article.memo("org.suffix_names", lambda a: [(f[0], f[1]) for kind in kinds for f in kind(a)])


def company_names(article: Article) -> list[tuple[int, int]]:
    """Companies' and financial institutions' names by suffix (once an article)."""
    return article.memo(
        "org.company_names", lambda a: [(f[0], f[1]) for f in (*org_company(a), *org_finance(a))]
    )


def longest(article: Article, start: int, end: int) -> bool:
    """Whether no name by suffix holds the stretch and more."""
    covers = article.memo("org.covers", _covers)
    return not any(a < start or end < b for a, b in covers.get(start, ()))


def _covers(article: Article) -> dict[int, list[tuple[int, int]]]:
    covers: dict[int, list[tuple[int, int]]] = {}
    for start, end in suffix_names(article):
        for at in range(start, end):
            covers.setdefault(at, []).append((start, end))
    return covers


@labelling_function("ORG")
def org_company(article: Article) -> Iterator[Found]:
    """Companies, groups, shops and plants by suffix (北京永信恒通装饰材料公司); misses names of everyday words."""
    yield from _memoised(article, "company", lambda a: _company_names(a, "company"))


@labelling_function("ORG")
def org_finance(article: Article) -> Iterator[Found]:
    """Banks, insurers, brokers, funds and exchanges by suffix (上海国资母基金)."""
    yield from _memoised(article, "finance", lambda a: _company_names(a, "finance"))


@labelling_function("ORG")
def org_government(article: Article) -> Iterator[Found]:
    """Government and party bodies, courts and offices that begin with their place (万州区发改委); not without one."""
    yield from _memoised(article, "government", _government_names)


def _government_start(article: Article, words: Words, hit: SuffixHit) -> int | None:
    """Index of the first word of a body's name: its first place, a word for the whole country, or its park."""
    places, text = places_of(article), article.text
    first = left_edge(words, hit.word, inside=words.roles["inside"] | words.roles["inside_government"])
    limit = hit.start + (text[hit.start] in "省市县区州旗")  # 润州区 in 润州区委
    placed = (
        k
        for k in range(first, hit.word + 1)
        if (at := words.starts[k]) < hit.start
        and (places.starting_at(text, at, limit) > at or text.startswith(NATION, at))
    )
    begin = next(placed, None)
    if begin is None:
        parked = text[hit.start : hit.end] in _PARK_BODIES and has_proper(words, first, hit.word)
        return first if parked else None
    if begin > first and has_proper(words, first, begin):
        begin = first
    for k in range(hit.word - 1, begin, -1):  # 重庆市和四川省政府: two bodies, 工业和信息化厅: one
        if words.words[k] in ("和", "与"):
            body = text[words.starts[k] - 1] in "会院所局司团校厂委厅部处办府组"
            if body or words.tags[k + 1] in ("ns", "nt"):
                return k + 1
    return begin


def _government_names(article: Article) -> Iterator[tuple[int, int]]:
    words, places, text = words_of(article), places_of(article), article.text
    for hit in hits_of(article, ["government"]):
        begin = _government_start(article, words, hit)
        if begin is None:
            continue
        start = words.starts[begin]
        core, suffix = text[start : hit.start], text[hit.start : hit.end]
        bare = core in NATION or places.chain(core, 0) == len(core)
        if len(core) < 2 or (bare and suffix in _BARE_OFFICES):
            continue
        if core.endswith(("党和", "党与")):
            continue
        if suffix.endswith("政府") and re.search(r"(?:县|市|区|省|州)委、?$", core):
            continue  # 武胜县委县政府 is two bodies
        yield start, with_unit(article, hit.end)


@labelling_function("ORG")
def org_school(article: Article) -> Iterator[Found]:
    """Schools, universities and hospitals by suffix (开州巨龙中等职业技术学校)."""
    yield from _memoised(article, "school", _school_names)


def _school_names(article: Article) -> Iterator[tuple[int, int]]:
    words = words_of(article)
    for hit in hits_of(article, ["school", "health"]):
        first = left_edge(words, hit.word, inside=words.roles["inside"])
        first = _trim(words, _cut(article, words, first, hit, company=False), hit.word)
        start = words.starts[first]
        if _named_inside(article, words, hit) or (
            hit.start - start >= 2 and has_proper(words, first, hit.word)
        ):
            yield start, with_unit(article, hit.end)


@labelling_function("ORG")
def org_association(article: Article) -> Iterator[Found]:
    """Associations, chambers, alliances and foundations by suffix (中国物流与采购联合会)."""
    yield from _memoised(article, "association", lambda a: _bodies(a, "association"))


@labelling_function("ORG")
def org_institute(article: Article) -> Iterator[Found]:
    """Institutes, laboratories, centres and museums by suffix (万州绿色智造赋能中心)."""
    yield from _memoised(article, "institute", lambda a: _bodies(a, "institute"))


def _after_joiner(article: Article, words: Words, first: int, last: int) -> int:
    """First word behind the last 与, 和 or 及, unless a place begins a name that goes on across it."""
    places, text = places_of(article), article.text
    for k in range(last - 1, first - 1, -1):
        if words.words[k] in ("与", "和", "及", "暨"):
            start, at = words.starts[first], words.starts[k]
            place = places.chain(text, start, at)
            if text.startswith(_WORLD, start):
                place = max(place, start + 2)
            if place == start or at - place < 2 or text[at - 1] in "会院所局司团校厂委":
                return k + 1
    return first


# An association is named by its field alone (半导体行业协会), but not by these.
_NO_FIELD = re.compile(
    r"(?:行业|企业家|女|青年|妇女|工会|同业|专业|地方|民间|各地|相关|有关|消费者|工商|国际|企业|商|学|本|该|贸易|经济|社会|科技|战略|产业|技术|创新|军事|政治|城市|研究|性)+$"
)


def _bodies(article: Article, kind: str) -> Iterator[tuple[int, int]]:
    words, places, text = words_of(article), places_of(article), article.text
    inside = words.roles["inside"] | words.roles["inside_body"]
    for hit in hits_of(article, [kind]):
        first = left_edge(words, hit.word, inside=inside)
        first = _after_joiner(article, words, first, hit.word)
        first = _cut(article, words, first, hit, company=False)
        first = _trim(words, first, hit.word, words.roles["inside_body"])
        start, suffix = words.starts[first], text[hit.start : hit.end]
        core = text[start : hit.start]
        world = core.startswith(_WORLD)
        if len(core) < 2 or (world and len(core) < 4 and suffix in _BARE_BODIES):
            continue
        if places.chain(core, 0) == len(core) and suffix in _BARE_BODIES:
            continue
        field = (
            suffix.endswith(("协会", "学会", "专委会", "联合会"))
            and len(core) >= 3
            and not _NO_FIELD.match(core)
        )
        association = kind == "association" and (world or field)
        if text[start : hit.end] in article.lexicons["parks"]:
            continue
        if association or has_proper(words, first, hit.word) or _named_inside(article, words, hit):
            yield start, with_unit(article, hit.end)


_AFTER_MEDIA = re.compile(r"[\s，。、；：）)》”讯\-报记消]|$")


@labelling_function("ORG")
def org_media_suffix(article: Article) -> Iterator[Found]:
    """Newspapers, stations and sites by suffix (太原晚报, 全球五金网)."""
    words, text = words_of(article), article.text
    for hit in hits_of(article, ["media"]):
        first = _trim(words, left_edge(words, hit.word), hit.word)
        start, suffix = words.starts[first], text[hit.start : hit.end]
        if suffix in ("报", "网") and not _AFTER_MEDIA.match(text, hit.end):
            continue
        if suffix in ("政府网", "政务网", "信息网") or "|" in text[max(0, start - 2) : hit.end + 2]:
            continue  # navigation
        named = has_proper(words, first, hit.word) or (suffix == "网" and hit.start - start >= 4)
        if 2 <= hit.start - start <= 10 and named:
            yield start, hit.end
