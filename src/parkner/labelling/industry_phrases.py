"""Field phrases: the words that INDUSTRY functions decide about (tier 2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from parkner.labelling.functions import Article
from parkner.labelling.lexicon import Lexicons, Matcher

SURE_LEXICONS = ("industry_classification", "industry_emerging")
PRODUCT_LEXICONS = ("industry_products",)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A field word with all that belongs to it.

    Attributes:
        start, end: Characters, suffix included.
        core_end: Where the suffix begins; ``end`` if there is none.
        sure: Whether it names a field wherever it stands.
        suffix: 产业, 行业, 业 ..., or ``""``.
    """

    start: int
    end: int
    core_end: int
    sure: bool
    suffix: str


# Words before a field word that become part of the field's name.
_MODIFIERS = (
    "现代 高端 先进 智能 智慧 绿色 新型 特色 传统 数字 高效 精密 大型 超精细 特种 专用 通用 民用 工业 工业级 高档 高性能 高效能 "
    "新一代 未来 海洋 生态 节能 环保 新能源 生物 电子 液晶 金属 不锈钢 整体 城市 农村 生活 互联网 移动 网络 云 光 功能 "
    "安全 海上 陆上 分布式 商业 深海 深空 中小 小型"
).split()
_HEADS = (
    "制造 加工 深加工 精深加工 冶炼 生产制造 设备制造 设备 装备 机械 材料 新材料 零部件 配件 器械 电子 信息 技术服务 服务 技术 "
    "应用 物流 贸易 商贸 流通 金融 电商 旅游 研发 设计 种植 养殖 发电 制品 产品加工 整车 电池 终端 软件 系统 仪器 仪表 终端制造 及零部件 及配件 用品"
).split()
_SUFFIX = re.compile(
    r"(?:制造|加工|深加工|服务|养殖|种植|开采|采选|冶炼|运输|流通|零售|批发|建筑|印刷|包装|租赁|信息|设备|装备)?(?:产业|行业|工业|业)"
    r"(?![绩务主者界态内户余])"
)
_CHAIN = re.compile(
    "产业(?=链|园|集群|集聚|带|基地|化|工人|群|区|联盟|城|协会)|工业(?=园|区|城|集中区|设计|互联网|软件|机器人|母机)|行业协会"
)


@lru_cache(maxsize=4)
def _matchers(folder: Path) -> tuple[Matcher, frozenset[str], Matcher, Matcher]:
    lexicons = Lexicons(folder)
    sure = frozenset(word for name in SURE_LEXICONS for word in lexicons[name])
    words = {word for name in PRODUCT_LEXICONS for word in lexicons[name]} | sure
    return Matcher(words), sure, Matcher(_MODIFIERS), Matcher(_HEADS)


def field_phrases(article: Article) -> list[Phrase]:
    """All field phrases of an article, left to right, not overlapping."""
    words, sure_words, modifiers, heads = _matchers(article.lexicons.folder)
    text = article.text
    out: list[Phrase] = []
    position = 0
    while position < len(text):
        end = words.at(text, position)
        start = position
        if end < 0:
            # A modifier counts if a field word follows it at once.
            behind = modifiers.at(text, position)
            end = words.at(text, behind) if 0 <= behind < len(text) else -1
            if end < 0:
                position += 1
                continue
        sure = text[start:end] in sure_words
        while end < len(text):
            longer = max(words.at(text, end), heads.at(text, end))
            if longer < 0:
                break
            sure = sure or text[end:longer] in sure_words or text[start:longer] in sure_words
            end = longer
        core_end, suffix = end, ""
        match = _SUFFIX.match(text, end)
        if match and not _CHAIN.match(text, match.end() - 2):
            suffix, end = match.group(), match.end()
        elif text[end - 1] == "业":
            suffix = "业"
        out.append(Phrase(start, end, core_end, sure, suffix))
        position = end
    return out
