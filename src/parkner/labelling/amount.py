"""AMOUNT: amounts of money (tier 2).

One grammar of numbers and four functions: numbers with a currency, ranges, ranks such as 百亿级, and bare 亿 or 万 where
the words around say money. For counts, areas, weights, energy and percentages no function fires.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from parkner.labelling.functions import Article, Found, labelling_function

_DIGITS = r"(?:\d{1,3}(?:[,，]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
_HAN = r"(?:[零〇一二三四五六七八九十两百千壹贰叁肆伍陆柒捌玖拾佰仟]+(?:点[零一二三四五六七八九]+)?)"
_VAGUE = r"(?:[数几]?[十百千])"  # 数千, 几百, 千: numbers of about this size
_MORE = r"[多余几来]"
_BIG = r"(?:万亿|亿|万)"
_SCALE = rf"(?:[十百千]?{_BIG}|[百千])"
# A number with all that belongs to it: 1,200.5 · 2000余万 · 263亿多 · 三千五百万 · 数百亿 · 千亿 · 亿.
_NUMBER = rf"(?:(?:{_DIGITS}|[数几]{_VAGUE}?|{_HAN}){_MORE}?{_SCALE}?(?:{_HAN}{_BIG})?{_MORE}?|{_SCALE})"
# Currencies under their usual names (ISO 4217). 块 (spoken yuan) needs 钱 behind it: 三块地 is no money.
_CURRENCY = (
    r"(?:元(?:人民币|新台币|港币)?|人民币元?|美[元金]|欧元|日[元圆]|港[元币]|英镑|澳大利亚元|澳元|加拿大元|加元|澳门元|韩[元圆]|"
    r"新?台币|新加坡元|新元|卢布|卢比|瑞士法郎|瑞郎|法郎|泰铢|越南盾|印尼盾|林吉特|令吉|里拉|雷亚尔|比索|兰特|克朗|坚戈|块钱|[角毛分]钱)"
)
_AFTER = r"(?:人民币|及?以[上下]|以内|之内|左右|上下|内(?![地部蒙外销资需])|附近|级(?!别)|[多余])"
_TO = r"(?:[-－—–~～―]{1,2}|至|到)"
# What may not stand before: a number that goes on to the left, a Latin name such as G20, an ordinal. And 二元结构.
_LEFT = r"(?<![\d.第])(?<!\d[,，])(?<![A-Za-z](?=\d))(?![一二三多两]元[^左以])"

_MINUS = r"(?:(?<=[为是在（(])[-－](?=\d))?"  # a loss: 每股收益为-0.15元

_WITH_CURRENCY = re.compile(rf"{_LEFT}{_MINUS}{_NUMBER}级?{_CURRENCY}{_AFTER}{{0,2}}")
_RANGE = re.compile(
    rf"{_LEFT}{_MINUS}{_NUMBER}{_CURRENCY}?{_AFTER}?{_TO}{_NUMBER}{_CURRENCY}{_AFTER}{{0,2}}"
    rf"|{_LEFT}{_DIGITS}{_MORE}?亿{_TO}{_DIGITS}{_MORE}?亿{_AFTER}?"
    rf"|{_LEFT}{_MINUS}{_DIGITS}{_MORE}?万{_TO}{_DIGITS}{_MORE}?万(?=之间)"
)
_RANK = re.compile(rf"{_LEFT}{_NUMBER}(?:美?元)?级(?!别)(?:以[上下])?")
_BARE = re.compile(
    rf"{_LEFT}(?:(?:{_DIGITS}|[数几]?[十百千]|[数几]|{_HAN}){_MORE}?[十百千]?(?:万亿|亿)|万?亿|{_DIGITS}{_MORE}?[百千]?万|几[十百千]万)"
    rf"{_MORE}?{_AFTER}?"
)

# Behind a number these say what is counted, so that it is no money: measure words and units, and who is counted.
_COUNTED = re.compile(
    r"[多余]?(?:[吨斤克米亩里升方度件户人名家次股份只头片辆套条位艘架颗枚粒张瓶箱桶册座栋盏羽株棵字步天年月日时秒岁倍道"
    r"匹笔毫纳微组根串枝滴种载%％]|个|块|台(?!阶)|公[顷斤里升]|平方|立方|千[瓦克米伏焦卡]|兆|瓦|[kKMGT][wWgGbB]|标[准箱煤]|标煤|TEU|m|㎡|双(?![边方创])|"
    r"网民|用户|手机|农民|群众|人口|消费者|会员|光年|观众|像素|居民|老百姓|学生|劳动|职工|家庭|小微|市场主体|村民|游客|分之|元|美|"
    r"[\d.千百十万亿])"
)
# Who or what is counted, further off: 100多万涉海产业人口, 用户突破10亿.
_PEOPLE_OR_GOODS = re.compile(
    "人口|用户|网民|客流|人次|播放|下载|点击|阅读|浏览|产量|产能|发电|用电|销量|出货|股|连接数|件|储量|劳动力|就业|群众|网友|粉丝"
)
_CLAUSE = re.compile(r"[。；;!！?？，,\n、:：]")


def _bare_numbers(article: Article) -> list[tuple[int, int, str, str]]:
    """Start and end of numbers with 亿 or 万 that carry neither currency nor measure word, and the clause around."""
    found = []
    taken = bytearray(len(article.text))
    for pattern in (_WITH_CURRENCY, _RANGE):
        for match in pattern.finditer(article.text):
            taken[match.start() : match.end()] = b"\1" * (match.end() - match.start())
    for match in _BARE.finditer(article.text):
        if not taken[match.start()] and not _COUNTED.match(article.text, match.end()):
            left = _CLAUSE.split(article.text[max(0, match.start() - 16) : match.start()])[-1]
            right = _CLAUSE.split(article.text[match.end() : match.end() + 8])[0]
            found.append((match.start(), match.end(), left, right))
    return found


@labelling_function("AMOUNT")
def amount_with_currency(article: Article) -> Iterator[Found]:
    """Numbers with a currency: 240亿元, 2000余万元, 1亿美元, 10亿元以上. Misses amounts without a currency."""
    taken = [m.span() for m in _RANGE.finditer(article.text)]
    for match in _WITH_CURRENCY.finditer(article.text):
        if not any(start <= match.start() < end for start, end in taken):
            yield match.span()


@labelling_function("AMOUNT")
def amount_range(article: Article) -> Iterator[Found]:
    """Two-ended amounts as one span: 2万元至20万元, 6-8亿元. Misses ends that stand apart (从2万元提高到20万元)."""
    for match in _RANGE.finditer(article.text):
        yield match.span()


@labelling_function("AMOUNT")
def amount_rank(article: Article) -> Iterator[Found]:
    """Ranks of money: 百亿级, 140亿级, 万亿元级. Misses ranks of other things only by their measure word (千万吨级)."""
    for match in _RANK.finditer(article.text):
        if "亿" in match.group() or "元" in match.group():
            yield match.span()


@labelling_function("AMOUNT")
def amount_bare_money_word(article: Article) -> Iterator[Found]:
    """Bare 亿 or 万 where a word nearby says money: 募资13亿, 千亿产值. Misses bare numbers with no such word."""
    words = article.lexicons["money_words"]
    before = "|".join(w for w, place in words.items() if place in ("before", "both"))
    after = "|".join(w for w, place in words.items() if place in ("after", "both"))
    for start, end, left, right in article.memo("amount.bare", _bare_numbers):
        if not _PEOPLE_OR_GOODS.search(right) and (re.search(before, left) or re.search(after, right[:6])):
            yield start, end


@labelling_function("AMOUNT")
def amount_bare_clause_end(article: Article) -> Iterator[Found]:
    """Bare 亿 that ends a clause which counts neither people nor goods: 去年是50亿。 Misses 万, too often a count."""
    for start, end, left, right in article.memo("amount.bare", _bare_numbers):
        if "亿" in article.text[start:end] and not right and not _PEOPLE_OR_GOODS.search(left):
            yield start, end
