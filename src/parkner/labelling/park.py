"""Labelling functions for PARK: named places set aside for industry or development (tier 2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from parkner.labelling.functions import Article, Found, labelling_function
from parkner.labelling.names import Words, has_proper, left_edge, places_of, words_of
from parkner.labelling.org_known import known

# Behind a park's name: phases, blocks and sub-zones that belong to it.
_PHASE = re.compile(
    r"(?:[(（]?[一二三四五六七八九十0-9]{1,2}期[)）]?|[一二三四五六七八九十A-Z]区(?!域)|[\u4e00-\u9fff]{2,4}(?:园|片区|组团)(?![区林艺丁业]))"
)
# Behind a park's name, these make it an organisation (管委会) or something else.
_ORG_BEHIND = re.compile(
    r"(?:管委会|管理委员会|党工委|党委|工委|管理局|公司|集团|有限|投资|开发建设|建管中心|法院|检察院|公安|税务|海关|医院|中学|小学|学校|服务中心|企业服务|政府|财政|商务局|经发局|招商局|分局|街道)"
)
_GENERIC_CORE = re.compile(
    r"^(?:国家级|省级|市级|县级|各级|各类|各|国家|全国|全省|全市|省|市|县|区|该|本|此|其|两个|多个|一批|一个|若干|重点|特色|现代|新型|大型|示范|产业|经济|工业|高新|高新技术|技术|科技|农业|"
    r"现代农业|综合|合作|共建|飞地|专业|生态|绿色|智慧|创新|创业|双创|新|老|原|核心|产业转型升级|先进|高端|高水平|一流|世界级|世界一流|国际|国际化|主题|集中|标准|标准化|全面|综合配套改革|改革|试点|先行|文化|文创|创意|物流|商贸|省市级|国家新型工业化|自主创新|国家自主创新|可持续发展|生产|加工|制造|种植|养殖|生产加工|出口|研发|"
    r"教育|实训|实习|培训|人才|教学|科研|原料|原材料|能源|粮食|商品粮|蔬菜|水果|主要|最大|重要|战略|战略性新兴产业|新兴产业|生物|海外|境外|国内|沿海|内陆|贸易|自由|保税|行政|城市|城乡|爱国主义|红色|旅游|主|副|大|小|总部|军事|海军|空军|航天|发射|导弹|生活|居住|住宅|老工业|工业化|试验|实验)+$"
)


@dataclass(frozen=True, slots=True)
class KindHit:
    """A kind of park in the text: its characters, the word that holds its first one, and its class."""

    start: int
    end: int
    word: int
    kind: str


@lru_cache(maxsize=4)
def _pattern(kinds: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(kinds, key=len, reverse=True))))


def kind_hits(article: Article) -> list[KindHit]:
    """All kinds of parks that end at a word's end (once an article)."""
    return article.memo("park.kinds", _find_kinds)


def _find_kinds(article: Article) -> list[KindHit]:
    kinds, words = article.lexicons["park_kinds"], words_of(article)
    hits = []
    for match in _pattern(tuple(kinds)).finditer(article.text):
        start, end = match.span()
        if match[0].endswith("园") and article.text[end : end + 1] == "区":
            end += 1  # 创意产业园 is longer than 园区, but the kind is 创意产业园区
        if end not in words.boundaries or (
            re.match(r"[园区]?(?:域|内的企业|级|位|点|别)", article.text[end : end + 4])
            and article.text[end] in "域级位别"
        ):
            continue
        hits.append(KindHit(start, end, words.containing(start), kinds[match[0]]))
    return hits


_INSIDE = frozenset(
    ["企业", "工程", "技术", "标准", "产品", "合作", "共建", "生产", "市场", "出口", "开放", "改革", "统筹", "绿色", "优质", "千万千瓦级", "百万千瓦级"]
)
# Words no park's name contains, or only behind its place (合武共建产业园, 宁夏…与沙产业发展基地).
_OUTSIDE = frozenset(
    ["建设", "规划", "发展", "深化", "优化", "建强", "做强", "做大", "做优", "升级", "提升", "培育", "构建", "创建", "争创", "申建", "布局", "改造", "扩区", "服务", "管理", "投资", "运营", "联动", "集聚", "汇聚", "聚焦", "走进", "探访", "加强", "高品质", "综合性", "现代化", "特色", "全国性", "区域性", "重要", "自建", "处", "级", "世界级", "国际级", "高水平", "一流", "最美", "美丽", "多个", "专精特新", "领军企业", "首个", "国内首个", "我国首个", "全国首个", "全球首个"]
)
_ONLY_INSIDE = frozenset(["共建", "合作", "发展", "服务", "管理", "规划", "与", "和"])


def _left(article: Article, words: Words, hit: KindHit) -> int:
    first = left_edge(words, hit.word, inside=_INSIDE | {"与"}, limit=30)
    places = places_of(article)
    for k in range(hit.word - 1, first - 1, -1):
        word = words.words[k]
        if word in _ONLY_INSIDE:
            start = words.starts[first]
            head = article.text[start : words.starts[k]]
            placed = places.chain(head, 0) > 0 or (len(head) == 2 and has_proper(words, first, k))
            if placed and not any(w in _OUTSIDE - _ONLY_INSIDE for w in words.words[first:k]):
                continue
            return k + 1
        if word in _OUTSIDE:
            return k + 1
    return first


def _extended(article: Article, end: int) -> int:
    """End of the park's name with a phase or block directly behind it."""
    match = _PHASE.match(article.text, end)
    if match and match.end() in words_of(article).boundaries:
        return match.end()
    return end


def park_names(article: Article) -> list[tuple[int, int]]:
    """Parks by kind with a place or a proper name before it (once an article)."""
    return article.memo("park.names", _find_names)


def _find_names(article: Article) -> list[tuple[int, int]]:
    words, places, text = words_of(article), places_of(article), article.text
    found = []
    for hit in kind_hits(article):
        first = _left(article, words, hit)
        # Common nouns before the first place are not part of the name.
        for k in range(first, hit.word + 1):
            at = words.starts[k]
            if at >= hit.start:
                break
            if places.starting_at(text, at, hit.start) > at:
                if k > first and not has_proper(words, first, k):
                    first = k
                break
        start = words.starts[first]
        core = text[start : hit.start]
        if len(core) < 1 or _GENERIC_CORE.match(core):
            continue
        if re.match(
            r"(?:国家|省|市|国家级|省级|市级|全国)(?:级)?(?:现代|农业|高新|经济|自主|可持续|综合|旅游|文化|服务|工业|新型|大数据|优质)",
            core,
        ) and not has_proper(words, first, hit.word):
            continue
        named = places.starting_at(text, start, hit.start) > start or has_proper(words, first, hit.word)
        if not named:
            continue
        if (
            places.chain(text, start, hit.start) == hit.start
            and hit.kind == "territory"
            and text[hit.start : hit.end] in ("园区", "基地", "片区", "特区", "经济区", "启动区", "商务区")
        ):
            continue
        if (
            places.is_foreign(text[start : places.starting_at(text, start, hit.start)])
            and hit.kind == "territory"
        ):
            continue
        end = _extended(article, hit.end)
        if _ORG_BEHIND.match(text, end):
            continue
        found.append((start, end))
    return found


@labelling_function("PARK")
def park_grammar(article: Article) -> Iterator[Found]:
    """Place or proper name, and a kind of park (武胜经开区, 川渝高竹新区); misses those named by their field only."""
    yield from park_names(article)


@labelling_function("PARK")
def park_known(article: Article) -> Iterator[Found]:
    """Parks of the lexicons (两江新区, 苏州工业园区), with a place directly before and a phase behind."""
    places = places_of(article)
    for lexicon in ("parks", "parks_divisions"):
        for start, end in known(article, lexicon):
            begin = places.chain_before(article.text, start)
            if begin in words_of(article).boundaries:
                start = begin
            end = _extended(article, end)
            if not _ORG_BEHIND.match(article.text, end):
                yield start, end


@labelling_function("PARK")
def park_quoted(article: Article) -> Iterator[Found]:
    """A kind of park with a field before it, in quotation marks: “智能家居产业园”."""
    text = article.text
    for hit in kind_hits(article):
        if text[hit.end : hit.end + 1] in ("”", '"', "」"):
            start = max(text.rfind(mark, max(0, hit.start - 24), hit.start) for mark in '“"「')
            if start >= 0:
                core = text[start + 1 : hit.start]
                if len(core) >= 2 and not _GENERIC_CORE.match(core) and not re.search(r"[，。；、“”]", core):
                    yield start + 1, hit.end


@labelling_function("PARK")
def park_field(article: Article) -> Iterator[Found]:
    """A field and 产业园, 科技园, 工业园 that the text uses for one place (玄武岩产业园, 现代制造业产业园)."""
    words, text = words_of(article), article.text
    for hit in kind_hits(article):
        if hit.kind != "qualified":
            continue
        first = _left(article, words, hit)
        start = words.starts[first]
        core = text[start : hit.start]
        if len(core) >= 2 and not _GENERIC_CORE.match(core) and not _ORG_BEHIND.match(text, hit.end):
            yield start, _extended(article, hit.end)


@labelling_function("PARK")
def park_short_form(article: Article) -> Iterator[Found]:
    """Short forms, through the article, of parks named in full: 川渝高竹新区 -> 高竹新区, 合川武胜…产业园 -> …产业园."""
    text, words, places = article.text, words_of(article), places_of(article)
    kinds = tuple(sorted(article.lexicons["park_kinds"], key=len, reverse=True))
    forms: set[str] = set()
    for start, end in park_names(article):
        name = text[start:end]
        kind = next((k for k in kinds if name.endswith(k)), "")
        if not kind:
            continue
        after = places.chain(name, 0)
        rest = name[after:]
        if after and len(rest) - len(kind) >= 2 and not _GENERIC_CORE.match(rest[: -len(kind)]):
            forms.add(rest)
    for form in forms:
        for match in re.finditer(re.escape(form), text):
            if (
                match.start() in words.boundaries
                and match.end() in words.boundaries
                and not _ORG_BEHIND.match(text, match.end())
            ) and places.ending_at(text, match.start()) == match.start():
                yield match.span()
