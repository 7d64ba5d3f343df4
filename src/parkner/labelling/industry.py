"""INDUSTRY: industries, sectors and product fields (tier 2).

Everything rests on field phrases: words of the lexicons with their modifiers, heads and suffixes (`industry_phrases`), and on lists
(`industry_lists`). What stands for a field wherever it is (生物医药) is marked as it is; a product or an ambiguous word (汽车, 能源) only
where something around it says that the field is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from parkner.labelling.functions import Article, Found, labelling_function
from parkner.labelling.industry_lists import FieldList, field_lists, looks_like_field
from parkner.labelling.industry_phrases import (
    NO_FIELD_BEHIND,
    Phrase,
    field_phrases,
    noun_run_left,
    suffix_at,
)
from parkner.labelling.words import words_of

# What makes the word before it a field: who is grouped by it, and what only a field has (guidelines, INDUSTRY 4).
_GROUPED = re.compile(
    r"(?:类|相关|等)?(?:(?:的)?(?:生产|制造|加工|研发|设计|经销|出口|销售|运营|服务|建设|采购|研究|开发)(?:和|与|及|、)?){0,2}(?:上市|骨干|龙头|重点|中小|民营|外贸|代工|老牌)?"
    r"(?:企业|厂商|厂家|巨头|品牌|制造商|生产商|百强|大王|上市公司|公司|商会|工厂)|"
    r"(?:技术)?(?:服务)?(?:提供商|服务商|运营商|供应商|机构|院校|电商平台)|"
    r"龙头|大[国省市县]|强[国省市县]|百强|业[界内]|展(?![开示现望出])|部门|展会|专家|分析师|板块"
)
_FIELD_BEHIND = re.compile(
    r"(?:等)?(?:专业|终端|消费|细分)?市场(?!监管|价|营销|化)|(?:等)?(?:相关|全|重点|主要|关键|新兴|细分|高端|前沿)?领域|板块|业务|主业|赛道|资产|全?产业|全?行业|"
    r"[上下]游|(?:等)?(?:是|为|成为|作为)[^。，；、\n]{0,12}(?:产业|行业|支柱)|(?:等)?方面|(?:战略性|主导|支柱|优势|特色|重点|新兴|百亿级?|千亿级?|万亿级?)+产业|集群|外贸|"
    r"博览会|交易会|展览?会|论坛|峰会|专场|招商|投资热|“?十[一二三四]五”?规划|发展规划|振兴规划|发展行动"
)
_DEVELOPED = re.compile(
    r"(?:发展|培育|壮大|做[大强优]|布局|聚焦|围绕|涵盖|涉及|涉足|进军|进入|从事|主营|主攻|瞄准)(?:了|以|在)?[“\"]?$"
)


def _plain(article: Article) -> Iterator[Phrase]:
    """Phrases without a suffix that nothing behind them turns into goods."""
    for phrase in field_phrases(article):
        if phrase.suffix or NO_FIELD_BEHIND.match(article.text, phrase.end) or _in_a_name(article, phrase):
            continue
        yield phrase


def _in_a_name(article: Article, phrase: Phrase) -> bool:
    """Whether a proper word is glued to the phrase, as in 智谷机电: the name of a firm that no function may know."""
    words = words_of(article)
    index = words.containing(phrase.start)
    if index == 0 or words.starts[index] != phrase.start:
        return False
    word, tag = words.words[index - 1], words.tags[index - 1]
    return tag in ("nr", "nrt", "nrfg", "nt", "nz") or (
        tag == "x" and len(word) == 1 and "\u4e00" <= word <= "\u9fff"
    )


# What a field has, a product has as well: a project or base of a field is one of it, 水泥项目 makes cement (INDUSTRY 4).
_PROJECT = re.compile(
    "(?:重点|重大|示范|综合|产业化|建设|高科技|大)?(?:项目|基地|园区|产业园|示范区|发展|[大强][国省])"
)


@labelling_function("INDUSTRY")
def industry_with_suffix(article: Article) -> Iterator[Found]:
    """Known fields with 产业, 行业, 业, 工业 ...: 模具行业, 汽车产业, 家电业. Misses fields that no lexicon has."""
    for phrase in field_phrases(article):
        if phrase.suffix:
            yield phrase.start, phrase.end


@labelling_function("INDUSTRY")
def industry_with_nouns_before(article: Article) -> Iterator[Found]:
    """Known fields with suffix and the nouns right before them: 煤质分析仪器行业. Misses names with 的 inside."""
    words = words_of(article)
    for phrase in field_phrases(article):
        if phrase.suffix:
            first = words.containing(phrase.start)
            if words.starts[first] == phrase.start:
                start = words.starts[noun_run_left(words, first, max(0, first - 3), nouns_only=True)]
                if start < phrase.start:
                    yield start, phrase.end


@labelling_function("INDUSTRY")
def industry_unknown_with_suffix(article: Article) -> Iterator[Found]:
    """Nouns before 产业 or 行业 that no lexicon has: 胶管胶带行业. Misses single nouns of one character."""
    words = words_of(article)
    known = {phrase.end for phrase in field_phrases(article)}
    for match in re.finditer("产业|行业", article.text):
        end = suffix_at(article.text, match.start())
        index = words.containing(match.start())
        if end != match.end() or end in known or words.starts[index] != match.start():
            continue
        start = words.starts[noun_run_left(words, index, max(0, index - 4), nouns_only=True)]
        if match.start() - start >= 2:
            yield start, end


@labelling_function("INDUSTRY")
def industry_sure_field(article: Article) -> Iterator[Found]:
    """Names of fields wherever they stand: 生物医药, 数字经济. Misses products, and fields that are also goods."""
    for phrase in _plain(article):
        if phrase.sure:
            yield phrase.start, phrase.end


@labelling_function("INDUSTRY")
def industry_groups_companies(article: Article) -> Iterator[Found]:
    """Fields and products that group companies: 家电巨头, 造纸企业. Misses 生产特种纸的企业 on purpose."""
    for phrase in field_phrases(article):
        if not phrase.suffix and _GROUPED.match(article.text, phrase.end):
            yield phrase.start, phrase.end


@labelling_function("INDUSTRY")
def industry_of_projects(article: Article) -> Iterator[Found]:
    """Fields before 项目, 基地, 园区, 发展 ...: 光伏项目, 能源转型. Misses products there, which are goods."""
    for phrase in _plain(article):
        if phrase.field and _PROJECT.match(article.text, phrase.end):
            yield phrase.start, phrase.end


@labelling_function("INDUSTRY")
def industry_joined_to_suffix(article: Article) -> Iterator[Found]:
    """Fields joined to one that has a suffix: 石油和化工行业, 水泥、玻璃产业. Misses joints of more than a mark."""
    phrases = field_phrases(article)
    for left, right in pairwise(phrases):
        if (
            (right.suffix or _FIELD_BEHIND.match(article.text, right.end))
            and not left.suffix
            and (joint := article.text[left.end : right.start]) in ("和", "与", "及", "、", "以及")
            and not (joint == "及" and _CLASS.search(right.suffix))
        ):
            yield left.start, left.end


_CLASS = re.compile("(?<!产)(?<!行)业$")  # 食品及农副产品加工业: one class of the national classification


@labelling_function("INDUSTRY")
def industry_class_with_and(article: Article) -> Iterator[Found]:
    """Classes of the national classification with 及 inside: 食品及农副产品加工业. Misses those with 和, mostly two fields."""
    for left, right in pairwise(field_phrases(article)):
        if not left.suffix and _CLASS.search(right.suffix) and article.text[left.end : right.start] == "及":
            yield left.start, right.end


@labelling_function("INDUSTRY")
def industry_before_field_word(article: Article) -> Iterator[Found]:
    """Fields and products before 市场, 领域, 业务, 产业链 ...: 汽车市场, 新能源领域. Misses what stands apart."""
    for phrase in _plain(article):
        if _FIELD_BEHIND.match(article.text, phrase.end):
            yield phrase.start, phrase.end


@labelling_function("INDUSTRY")
def industry_being_developed(article: Article) -> Iterator[Found]:
    """Fields behind 发展, 培育, 聚焦 ...: 培育新能源. Misses them where another word stands between."""
    for phrase in _plain(article):
        if _DEVELOPED.search(article.text[max(0, phrase.start - 5) : phrase.start]):
            yield phrase.start, phrase.end


def _items(article: Article, found: FieldList) -> Iterator[tuple[int, int, bool]]:
    for (start, end), known in zip(found.items, found.known, strict=True):
        if known or looks_like_field(article.text[start:end]):
            yield start, end, known


@labelling_function("INDUSTRY")
def industry_list_of_industries(article: Article) -> Iterator[Found]:
    """Items of lists that end in 等产业, 等行业, 为主导产业 ...: known or not. Misses heads in another sentence."""
    for found in field_lists(article):
        if found.head == 3:
            yield from ((start, end) for start, end, _ in _items(article, found))


@labelling_function("INDUSTRY")
def industry_list_of_areas(article: Article) -> Iterator[Found]:
    """Items of lists that end in 领域, 板块, 产业 ..., a third of them known. Misses lists of unknown fields."""
    for found in field_lists(article):
        if found.head == 2 and sum(found.known) * 3 >= len(found.known):
            yield from ((start, end) for start, end, _ in _items(article, found))


@labelling_function("INDUSTRY")
def industry_list_after_verb(article: Article) -> Iterator[Found]:
    """Items of lists behind 发展, 聚焦, 培育 ... of which a lexicon knows one. Misses lists of goods with such a verb."""
    for found in field_lists(article):
        if found.verb and not found.goods:
            yield from ((start, end) for start, end, _ in _items(article, found))


@labelling_function("INDUSTRY")
def industry_list_of_known(article: Article) -> Iterator[Found]:
    """Known items of lists most of whose items are known fields. Misses what no lexicon has."""
    for found in field_lists(article):
        if any(found.sure) and not found.goods and sum(found.known) * 3 >= len(found.known) * 2:
            yield from ((start, end) for start, end, known in _items(article, found) if known)


@labelling_function("INDUSTRY")
def industry_list_with_some_head(article: Article) -> Iterator[Found]:
    """Known items of lists that end in 方面, 业务, 企业 ... Misses what no lexicon has."""
    for found in field_lists(article):
        if found.head:
            yield from ((start, end) for start, end, known in _items(article, found) if known)
