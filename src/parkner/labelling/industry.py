"""INDUSTRY: industries, sectors and product fields (tier 2).

Everything rests on field phrases: words of the lexicons with their modifiers, heads and suffixes (`industry_phrases`).
What stands for a field wherever it is (生物医药) is marked as it is; a product (汽车, 家电) only where something
around it says that the field is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from parkner.labelling.functions import Article, Found, labelling_function
from parkner.labelling.industry_phrases import Phrase, field_phrases

# What makes the word before it a field: who is grouped by it, and what only a field has (guidelines, INDUSTRY 4).
_FIELD_BEHIND = re.compile(
    r"(?:生产|制造|加工|研发|设计|销售|流通|上市|骨干|龙头|重点|中小)?(?:企业|厂商|巨头|品牌|制造商|生产商|零部件商|百强|大王|上市公司|厂家|公司)"
    r"|市场|业务|领域|板块|专业市场|产业|全?行业|业界|赛道|主业|大国|强国|龙头|经济|外贸|出口企业|展览?会|博览会|论坛|峰会|"
    r"专区|专场|集群|全产业|上下?游|产业链|供应链|协会|业内"
)
_FIELD_BEFORE = re.compile(
    r"(?:发展|培育|壮大|做大|做强|布局|聚焦|围绕|涵盖|涉及|涉足|进军|进入|从事|主营|主攻|瞄准|打造)(?:了|以)?[“\"]?$"
)


def _phrases(article: Article) -> list[Phrase]:
    return article.memo("industry.phrases", field_phrases)


@labelling_function("INDUSTRY")
def industry_with_suffix(article: Article) -> Iterator[Found]:
    """Known fields with 产业, 行业, 业, 工业 ...: 模具行业, 汽车产业, 家电业. Misses fields that no lexicon has."""
    for phrase in _phrases(article):
        if phrase.suffix:
            yield phrase.start, phrase.end


@labelling_function("INDUSTRY")
def industry_known_field(article: Article) -> Iterator[Found]:
    """Names of fields wherever they stand: 生物医药, 数字经济. Misses products, and fields that are also goods."""
    for phrase in _phrases(article):
        if phrase.sure and not phrase.suffix:
            yield phrase.start, phrase.end


@labelling_function("INDUSTRY")
def industry_of_companies(article: Article) -> Iterator[Found]:
    """Products and fields before what is grouped by them: 家电巨头, 汽车市场, 新能源领域. Misses what stands apart."""
    for phrase in _phrases(article):
        if not phrase.suffix and _FIELD_BEHIND.match(article.text, phrase.end):
            yield phrase.start, phrase.end


@labelling_function("INDUSTRY")
def industry_being_developed(article: Article) -> Iterator[Found]:
    """Fields behind 发展, 培育, 聚焦 ...: 培育新能源. Misses them where another word stands between."""
    for phrase in _phrases(article):
        if _FIELD_BEFORE.search(article.text[max(0, phrase.start - 5) : phrase.start]):
            yield phrase.start, phrase.end
