"""Labelling functions for ORG: names found by their last word (tier 2).

The suffix lexicon ``org_suffixes`` gives the last words and their class; `parkner.labelling.names` finds the left
boundary. One function a class, since they differ in what must stand before the suffix and in how sure they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from parkner.labelling.functions import Article, Found, labelling_function
from parkner.labelling.names import Words, has_proper, is_boundary, left_edge, places_of, words_of

# What follows a suffix and shows that it is part of another word (银行业, 大学生, 网络, 报告).
_NOT_A_SUFFIX = re.compile(
    r"公司(?:法|债|化|制|章|治理)|集团(?:化|军)|银行(?:业|家|卡|存|贷|间|股|系|账|本票|券)|大学(?:生|城|者|本科|毕业|路|文化|科技园|区)|学院(?:派|路)|"
    r"(?:证券|保险|基金|信托)(?:业|法|化|市场|投资|公司|账户|交易|服务|产品|行业|资金|费|经纪|机构|监管|金|额|股|类|代码|化|从业|期货|研究|分析师|经理|报)|"
    r"资本(?:市场|金|论|家|主义|额|运作|支出|开支|外|充足|化|密集|品|密|利得|性|回报|项)|网(?:络|站|点|友|民|购|上|页|红|速|格|易|罗|状|箱|球|吧|银|龙|讯|关|电|民|架|板|管|路|约|罩|布|盘|开)|"
    r"报(?:告|道|价|名|关|废|送|表|案|警|复|刊|纸|酬|社|业|批|亏|销|喜|恩|答|偿|账|检|备|考|税|出|以|收|单|盘|损|请|头|国)|局(?:面|部|势|限|长|域|里|中|外|内|级)|"
    r"厅(?:长|级|里|内)|署(?:名|理)|政府(?:采购|部门|工作|机构|官员|性|补贴|支持|网|债|投资|引导|和社会|办(?!公)|职能|职责|主导|性基金|间|类|出资|信息|机关|购买|补助|投资基金|规章|失灵|换届|会|债券|方面)|"
    r"(?:县委|市委|区委|省委|州委)(?:书记|常委|副书记|员)?(?=$)|委员会(?:主任|议)?(?=$)|中心(?:城|区|地|思想|任务|工作|化|环节|句|村|镇|点|线|轴|位|值|线|小学|医院|体|端)|农场(?:主)|"
    r"联盟(?:链|赛)|学会(?:了|用|如|在)|总会(?:有|是|在|被|出|让)|在线(?:教育|销售|服务|支付|交易|监测|学习|咨询|直播|办|申|查|监|零售|观|购|培训|平台|视频|旅游|音乐|报|课|阅|购物|检测|游戏|招聘|投票|访谈|下载|消费|诊疗|问诊)|"
    r"海关(?:统计|数据|特殊|监管|总|申报|法|查验|编码|关员|人员|税)|人大(?:代表|议案|附中|会议|审)|政协(?:委员|会议|提案|第)|高中(?:生|低|端|档|部)|小学(?:生)|中学(?:生)|学校(?:体育|教育|食堂)|百货(?:业|类|店|商场)|酒店(?:业|管理|式|预订|用品)|饭店(?:业)|超市(?:购|里|内|货|业)|"
    r"传媒(?:业|行业|集团|公司|大学|学院|股份|类|产业)|工会(?:会|主|干部|组织|工作)|政府(?:、|和)?(?=$)|总局(?:长)|俱乐部(?:会)|实验室(?:里|内|研|条件)|法院(?:院)|检察院(?:院)"
)
# Words that end like an organisation and are none.
_NO_ORGANISATION = re.compile(
    r"(?:布局|格局|结局|大局|全局|政局|战局|时局|开局|残局|当局|败局|僵局|定局|终局|破局|入局|出局|饭局|牌局|客厅|餐厅|大厅|歌厅|舞厅|展厅|音乐厅|会展中心|体育中心|"
    r"会议中心|国际中心|商业中心|活动中心|数据中心|金融中心|经济中心|政治中心|航运中心|贸易中心区|重心|城市中心|为中心|副中心|党中央|因特网|互联网|物联网|车联网|电网|路网|管网|联网|"
    r"外网|内网|官网|上网|入网|并网|组网|渔网|铁路网|公路网|交通网|信息网络|关系网|汇报|申报|预报|通报|举报|年报|季报|中报|月报|快报|简报|海报|情报|警报|公报|战报|捷报|回报|填报|上报|"
    r"直报|电报|本报|保险基金|专项基金|医疗保险|养老保险|商业保险|失业保险)$"
)
_UNIT = re.compile(
    r"(?:[\u4e00-\u9fff]{2,14}?(?:部|处|科|室|司|中心|分会|专委会|专业委员会|分公司|支行|分行|董事会|办公室|研究所|分院|党组|党委|局|委员会|编辑部|分社|频道|学院|院系)|党组|党委|董事会|办公室)"
)


@dataclass(frozen=True, slots=True)
class SuffixHit:
    """A suffix in the text: where it is (characters), and the words around it.

    Attributes:
        start, end: The suffix, in characters.
        word: Index of the word that holds its first character.
        after: Index of the first word behind it.
        kind: Its class in the lexicon.
    """

    start: int
    end: int
    word: int
    after: int
    kind: str


@lru_cache(maxsize=4)
def _suffix_pattern(suffixes: tuple[str, ...]) -> re.Pattern[str]:
    ordered = sorted(suffixes, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, ordered)))


def suffix_hits(article: Article) -> list[SuffixHit]:
    """All suffixes of the lexicon that end at a word's end, the longest at each place (once an article)."""
    return article.memo("org.suffix_hits", _find_suffixes)


def _find_suffixes(article: Article) -> list[SuffixHit]:
    kinds = article.lexicons["org_suffixes"]
    words = words_of(article)
    text, hits = article.text, []
    for match in _suffix_pattern(tuple(kinds)).finditer(text):
        start, end = match.span()
        if (
            end not in words.boundaries
            or _NOT_A_SUFFIX.match(text, start)
            or _NO_ORGANISATION.search(text[:end][-4:])
        ):
            continue
        hits.append(SuffixHit(start, end, words.containing(start), words.starting_from(end), kinds[match[0]]))
    return hits


def hits_of(article: Article, *kinds: str) -> list[SuffixHit]:
    """The suffix hits of the given classes."""
    return [hit for hit in suffix_hits(article) if hit.kind in kinds]


def with_unit(article: Article, end: int) -> int:
    """End of the name with a unit that follows it directly (…协会经济运行部); `end` where none does."""
    words = words_of(article)
    match = _UNIT.match(article.text, end)
    while match and match.end() not in words.boundaries:
        match = None
    if match is None:
        return end
    first, last = words.starting_from(end), words.starting_from(match.end())
    if (
        words.starts[first] != end
        or is_boundary(words, first)
        or any(is_boundary(words, k) for k in range(first, last))
    ):
        return end
    if re.match(
        r"(?:总部|内部|全部|外部|部分|中心|业务|下属|东部|西部|南部|北部|中部|干部|各|本|总公司|分公司)",
        match[0],
    ):
        return end
    return match.end()


def _cut_before_place(article: Article, words: Words, first: int, last: int, *, foreign: bool) -> int:
    """Drops common nouns before the first place of the name, and a foreign country before a company's own name."""
    places = places_of(article)
    for k in range(first, last):
        if words.tags[k] == "ns" and words.words[k] in places:
            if k > first and not has_proper(words, first, k):
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


# Words that no organisation starts with although they may stand inside one.
_BAD_START = re.compile(
    r"(?:合资|外资|内资|民营|国有|国营|私营|独资|上市|跨国|控股|全资|龙头|知名|大型|中小|家电|汽车|钢铁|全球性|全球|世界|国内|国外|境外|海外|外国|欧美|国际性|其|该|各|本|某|我市|我省|我县|我区|我国|全市|全省|全县|全区|市|省|县|区|镇)$"
)


def _company_ok(words: Words, first: int, hit: SuffixHit, text: str) -> bool:
    core = text[words.starts[first] : hit.start]
    if len(core) < 2:
        return False
    if has_proper(words, first, hit.word):
        only_place = all(words.tags[k] == "ns" for k in range(first, hit.word)) and hit.word > first
        suffix = text[hit.start : hit.end]
        return not (
            only_place
            and suffix
            in ("公司", "集团", "分公司", "子公司", "总公司", "银行", "保险", "基金", "超市", "农场", "酒店")
        )
    if hit.word > first and words.starts[hit.word] < hit.start:  # the suffix is the end of a longer word
        return False
    return "有限" in text[hit.start : hit.end] and hit.word - first >= 2


_COMPANY_INSIDE = frozenset(["企业", "开发", "计划", "标准", "工程", "技术", "市场", "产品", "一汽", "项目"])


@labelling_function("ORG")
def org_company(article: Article) -> Iterator[Found]:
    """Companies, groups, shops and plants by suffix (北京永信恒通装饰材料公司); misses names of everyday words."""
    words = words_of(article)
    for hit in hits_of(article, "company"):
        first = left_edge(words, hit.word, inside=_COMPANY_INSIDE)
        first = _cut_before_place(article, words, first, hit.word, foreign=True)
        while first < hit.word and _BAD_START.match(words.words[first]):
            first += 1
        if first < hit.word and _company_ok(words, first, hit, article.text):
            yield words.starts[first], with_unit(article, hit.end)


@labelling_function("ORG")
def org_finance(article: Article) -> Iterator[Found]:
    """Banks, insurers, brokers, funds and exchanges by suffix (重庆农商行 is in the lexicon, 上海国资母基金 here)."""
    words = words_of(article)
    for hit in hits_of(article, "finance"):
        first = left_edge(words, hit.word)
        first = _cut_before_place(article, words, first, hit.word, foreign=True)
        while first < hit.word and _BAD_START.match(words.words[first]):
            first += 1
        if first < hit.word and _company_ok(words, first, hit, article.text):
            yield words.starts[first], with_unit(article, hit.end)


_NATION = ("国家", "全国", "中国", "中央", "中共", "国务院", "最高")


@labelling_function("ORG")
def org_government(article: Article) -> Iterator[Found]:
    """Government and party bodies, courts and offices that begin with their place (万州区发改委); not without one."""
    words, places, text = words_of(article), places_of(article), article.text
    for hit in hits_of(article, "government"):
        first = left_edge(
            words,
            hit.word,
            inside=_COMPANY_INSIDE | {"工作", "活动", "项目", "政策", "标准", "法律", "部门", "企业"},
        )
        start = words.starts[first]
        # The first place, or word for the whole country, in the stretch begins the name.
        begin = None
        for k in range(first, hit.word + 1):
            at = words.starts[k]
            if at >= hit.start:
                break
            stop = places.starting_at(text, at, hit.start)
            if stop > at or text.startswith(_NATION, at):
                begin = at
                break
        if begin is None:
            continue
        if begin > start and has_proper(words, first, words.containing(begin)):
            begin = start
        core = text[begin : hit.start]
        suffix = text[hit.start : hit.end]
        if len(core) < 2 or (
            core in _NATION and suffix in ("局", "厅", "署", "总局", "委员会", "办公室", "管理局", "法院")
        ):
            continue
        if suffix in ("局", "厅", "署", "办公室", "委员会", "中心") and core in places:
            continue
        yield begin, with_unit(article, hit.end)


@labelling_function("ORG")
def org_school(article: Article) -> Iterator[Found]:
    """Schools, universities and hospitals by suffix (开州巨龙中等职业技术学校)."""
    words = words_of(article)
    for hit in hits_of(article, "school", "health"):
        first = left_edge(words, hit.word, inside=_COMPANY_INSIDE)
        first = _cut_before_place(article, words, first, hit.word, foreign=False)
        core = article.text[words.starts[first] : hit.start]
        inside_word = words.starts[hit.word] < hit.start and words.tags[hit.word] in ("nt", "nz", "ns")
        if inside_word or (len(core) >= 2 and first < hit.word and has_proper(words, first, hit.word)):
            yield words.starts[first], with_unit(article, hit.end)


@labelling_function("ORG")
def org_association(article: Article) -> Iterator[Found]:
    """Associations, chambers, alliances and foundations by suffix (中国物流与采购联合会)."""
    yield from _bodies(article, "association", minimum=4)


@labelling_function("ORG")
def org_institute(article: Article) -> Iterator[Found]:
    """Institutes, laboratories, centres and museums by suffix (万州绿色智造赋能中心)."""
    yield from _bodies(article, "institute", minimum=4)


_JOINERS = re.compile(r"[与和及暨]$")


def _bodies(article: Article, kind: str, minimum: int) -> Iterator[Found]:
    words, places, text = words_of(article), places_of(article), article.text
    inside = _COMPANY_INSIDE | {
        "企业",
        "行业",
        "机构",
        "消费者",
        "与",
        "及",
        "和",
        "供应商",
        "制造商",
        "开发商",
        "经销商",
        "记者",
        "品牌",
        "单位",
        "上市公司",
        "部门",
        "标准",
        "运营商",
    }
    for hit in hits_of(article, kind):
        first = left_edge(words, hit.word, inside=frozenset(inside))
        # 与, 及 and 和 are inside only when a place or 中国 begins the name before them.
        for k in range(hit.word - 1, first - 1, -1):
            if _JOINERS.match(words.words[k]) and len(words.words[k]) == 1:
                head = text[words.starts[first] : words.starts[k]]
                if not (text.startswith(_NATION, words.starts[first]) and len(head) >= 4):
                    first = k + 1
                    break
        first = _cut_before_place(article, words, first, hit.word, foreign=False)
        while first < hit.word and (
            _BAD_START.match(words.words[first]) or words.words[first] in inside - _COMPANY_INSIDE
        ):
            first += 1
        start = words.starts[first]
        core = text[start : hit.start]
        national = text.startswith(_NATION, start) and words.words[first] not in ("中央",)
        if hit.end - start < minimum or len(core) < 2 or first >= hit.word:
            continue
        if not national and not has_proper(words, first, hit.word):
            continue
        if places.chain(text, start, hit.start) == hit.start and text[hit.start : hit.end] in (
            "中心",
            "联盟",
            "工作站",
            "分会",
            "总会",
            "技术中心",
        ):
            continue
        yield start, with_unit(article, hit.end)


@labelling_function("ORG")
def org_media_suffix(article: Article) -> Iterator[Found]:
    """Newspapers, stations and sites by suffix (太原晚报, 全球五金网)."""
    words = words_of(article)
    for hit in hits_of(article, "media"):
        first = left_edge(words, hit.word)
        core = article.text[words.starts[first] : hit.start]
        suffix = article.text[hit.start : hit.end]
        if suffix in ("报", "网") and not re.match(
            r"[\s，。、；：）)》”|讯]|$", article.text[hit.end : hit.end + 1] or "\n"
        ):
            continue
        if suffix in ("传媒", "在线") and hit.word - first < 1:
            continue
        if (
            2 <= len(core) <= 10
            and first < hit.word
            and (has_proper(words, first, hit.word) or (suffix == "网" and len(core) >= 4))
        ):
            yield words.starts[first], hit.end
