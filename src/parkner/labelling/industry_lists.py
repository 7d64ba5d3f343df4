"""Lists of fields: 生物医药、智能家居和电子信息等产业 (tier 2).

A list shows what its items are by what stands behind it (等领域, 等主导产业), by the verb before it (大力发展, 聚焦) or by the items that a lexicon
knows; then items that no lexicon has are fields as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from parkner.labelling.functions import Article
from parkner.labelling.industry_phrases import field_phrases, is_field_material, suffix_at
from parkner.labelling.words import Words, words_of

# Behind the last item: 等, a number, words of rank, then what the items are.
_RANK = (
    r"(?:战略性|新兴|重点|主导|支柱|优势|特色|传统|先进|关键|高端|高新技术|高技术|高科技|高精尖|未来|现代|细分|热门|前沿|相关|主要|核心|重要|"
    r"绿色|朝阳|潜力|富民|区域|千亿|百亿|万亿|级|元|国家级|省级|公共服务|民生|社会|世界级|一批|若干|新|大|小|个|多|各|类|的|制造业|工业|[一二三四五六七八九十百两\d]+)"
)
# Heads that make any item a field, heads that do so if the items look like it, and heads that other things have as well.
_STRONG = re.compile(
    rf"等{_RANK}{{0,5}}(?:产业|行业|赛道|集群)|(?:等)?为(?:主导|支柱|重点|龙头|核心|引领|主体|特色|代表|支撑|先导)(?:的)?[^。，,；]{{0,8}}(?:产业|行业|集群|经济|体系)"
)
_FAIR = re.compile(
    rf"等?{_RANK}{{0,5}}(?:领域|产业链|主业|板块|新业态|细分市场|产业(?!化|工人)|行业)|等?为(?:主导|支柱|龙头|代表)"
)
_WEAK = re.compile(rf"等?{_RANK}{{0,5}}(?:方面|业务|市场|企业|品牌|集群)")
_VERB_BEFORE = re.compile(
    r"(?:发展|培育|壮大|做[大强优]|做大做强|布局|聚焦|围绕|瞄准|主攻|突出|集聚|聚集|引进|招引|进军|涉足|涵盖|覆盖|涉及)(?:了|以|在|到|发展)?[“\"]?$"
)
_GOODS = re.compile(
    rf"等?{_RANK}{{0,4}}(?:[^，。、]{{0,4}}?(?:产品|商品|品目|品种|工程|环节|设备|作物|原料|资料|物资|资源|元素|技术|基础设施|装机|安全|总装机|消费|需求|供应|价格|线路|装置|材料)|清洁能源|可再生能源)"
)
# What items of other lists end in: places, bodies, means and qualities.
_NO_FIELD = re.compile(
    r"(?:中心|平台|机制|能力|企业|公司|项目|园区|基地|政府|市委|县委|[^社矿]区|县|城市|地区|资金|人才|政策|引资|制度|工程|行动|力|[^石]化|性|率|型|度|"
    r"工艺|规模|效益|品牌|价格|管理|运营|建设|决策|理念|等|的|多|大|更.*|产业|行业|领域|市场|优势|资源)\Z"
)
_ACTIVITIES = frozenset(
    "生产 销售 研发 采购 投资 合作 回收 出口 进口 技术 资金 规模 人才 工艺 品牌 效益 产业 设计 服务 创新 原料 产品 设备 粮食 生态 发展 土地 就业 民生 社会 政治 经济 科技".split()  # noqa: SIM905
)
# Before an item: 30亿级生物医药, 第二批, 10家.
_COUNT_BEFORE = re.compile(
    r"(?:[一二三四五六七八九十百千万亿两几数多余\d.+]+(?:级|家|个|大|批|项|条)?|第.批|以及|包括|如)(?=\w)"
)
_HARD = re.compile(r"[。；;！!？?\n，,：:《》|]")
_JOINT = re.compile(r"、|以及|和|及(?!其)|与|暨")
_LONGEST = 16  # characters of an item
_WHOLE = 8  # characters of an item between two marks that is taken as it is
_PARTS = re.compile(r"[\w+·（）()/“”\-—]+\Z")


@dataclass(frozen=True, slots=True)
class FieldList:
    """A list whose items may be fields.

    Attributes:
        items: Start and end of each item, in characters.
        known: Whether a lexicon knows the item, for each.
        sure: Whether it is a field wherever it stands, for each.
        goods: Whether what stands behind says that the items are goods or means.
        head: How clearly what stands behind says that the items are fields: 3 (等产业), 2 (等领域), 1 (等方面), 0.
        verb: Whether a verb before says so.
    """

    items: tuple[tuple[int, int], ...]
    known: tuple[bool, ...]
    sure: tuple[bool, ...]
    goods: bool
    head: int
    verb: bool


def looks_like_field(item: str) -> bool:
    """Whether an item that no lexicon has may be a field: no place, body, activity or quality."""
    return item not in _ACTIVITIES and not _NO_FIELD.search(item)


def field_lists(article: Article) -> list[FieldList]:
    """All lists of an article that have a known field among them; worked out once an article."""
    return article.memo("industry.lists", _field_lists)


def _field_lists(article: Article) -> list[FieldList]:
    text = article.text
    words = words_of(article)
    ends: dict[int, int] = {}
    cores: dict[int, int] = {}
    sure: set[int] = set()
    for phrase in field_phrases(article):
        ends[phrase.start] = phrase.end
        cores[phrase.end] = phrase.start
        if phrase.sure or phrase.suffix:
            sure.add(phrase.start)
    out = []
    start = 0
    for mark in [m.start() for m in _HARD.finditer(text)] + [len(text)]:
        if "、" in text[start:mark]:
            found = _list_in(text, start, mark, words, ends, cores, sure)
            if found is not None:
                out.append(found)
        start = mark + 1
    return out


def _list_in(
    text: str,
    start: int,
    end: int,
    words: Words,
    ends: dict[int, int],
    cores: dict[int, int],
    sure: set[int],
) -> FieldList | None:
    joints = [m.span() for m in _JOINT.finditer(text, start, end) if m.group() == "、" or _is_joint(m, words)]
    first_comma = next((i for i, (a, b) in enumerate(joints) if text[a:b] == "、"), None)
    if first_comma is None:
        return None
    joints = joints[first_comma:]
    pieces = [(start, joints[0][0])]
    pieces += [(joints[i][1], joints[i + 1][0]) for i in range(len(joints) - 1)]
    pieces.append((joints[-1][1], end))
    items: list[tuple[int, int]] = [(_first_item(pieces[0], words, cores), pieces[0][1])]
    tail = end
    for i, (a, b) in enumerate(pieces[1:], 1):
        # Between two marks an item is whole; the last one ends where its words do.
        whole = i < len(pieces) - 1 and b - a <= _WHOLE and _END.search(text, a, b) is None
        stop = b if whole else _item_end(text, a, b, words, ends)
        last = i == len(pieces) - 1 or stop < b
        items.append((a, stop))
        if last:
            tail = stop
            break
    verb = bool(_VERB_BEFORE.search(text[max(start, items[0][0] - 6) : items[0][0]]))
    head = (
        3
        if _STRONG.match(text, tail)
        else 2
        if _FAIR.match(text, tail)
        else 1
        if _WEAK.match(text, tail)
        else 0
    )
    if text[max(0, tail - 2) : tail] in ("产业", "行业"):
        head = 2
    kept = []
    for a, b in items:
        if (count := _COUNT_BEFORE.match(text, a, b)) and ends.get(a, -1) != b:
            a = count.end()
        if 2 <= b - a <= _LONGEST and _PARTS.match(text[a:b]):
            kept.append((a, b))
    known = tuple(ends.get(a, -1) == b for a, b in kept)
    if len(kept) < 2 or not any(known):
        return None
    certain = tuple(k and a in sure for (a, _), k in zip(kept, known, strict=True))
    goods = head < 2 and bool(_GOODS.match(text, tail))
    return FieldList(tuple(kept), known, certain, goods, head, verb)


def _is_joint(match: re.Match[str], words: Words) -> bool:
    """和, 及, 与 join items only as words of their own: not in 和平, 及时, 参与."""
    index = words.containing(match.start())
    return words.starts[index] == match.start() and words.words[index] == match.group()


def _first_item(piece: tuple[int, int], words: Words, cores: dict[int, int]) -> int:
    """Where the first item of a list begins: a known field that ends there, with the nouns before it."""
    start, end = piece
    if end in cores and cores[end] >= start:
        return cores[end]
    index = words.starting_from(end)
    while index > 0 and words.starts[index - 1] >= start and words.starts[index] > start:
        if not is_field_material(words.words[index - 1], words.tags[index - 1]):
            break
        index -= 1
    return words.starts[index] if words.starts[index] < end else end


_END = re.compile(
    r"等|为(?:主|代表|支柱|重点|特色|龙头|核心)|领域|方面|板块|产业|行业|市场|赛道|业务|集群|[一二三四五六七八九十两\d]+[大个]"
)


def _item_end(text: str, start: int, end: int, words: Words, ends: dict[int, int]) -> int:
    """Where an item ends that begins behind a joint; `end` if it fills its piece."""
    match = _END.search(text, start, end)
    if match is None:
        if ends.get(start, -1) > 0:
            return min(end, ends[start])
        index = words.starting_from(start)
        if words.starts[index] != start:
            return end
        while index < len(words.words) and words.starts[index] < end:
            if not is_field_material(words.words[index], words.tags[index]):
                return max(words.starts[index], start)
            index += 1
        return end
    if match.start() == start:
        return start
    behind = suffix_at(text, match.start())
    if behind > match.start() and match.group() in ("产业", "行业"):
        return behind
    return match.start()
