"""Where organisations' last words (公司, 局, 研究院) stand in a text, and which units follow a name (tier 2)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from parkner.labelling.functions import Article
from parkner.labelling.names import is_boundary
from parkner.labelling.words import Words, words_of

# A unit of an organisation, directly behind its name (中国煤炭工业协会经济运行部).
_UNIT = re.compile(
    r"[\u4e00-\u9fff]{2,12}?(?:部|处|科|室|司|所|局|中心|分会|专委会|专业委员会|委员会|分公司|支行|分行|办公室|研究所|研究院|分院|"
    r"编辑部|分社|频道|学院|院系|直营店|广播|基金|校区|工厂|店)|党组|党委|董事会|监事会|办公室|工会"
)
_NO_UNIT = re.compile(
    r"[和与及]|总部|内部|全部|外部|部分|中心|业务|下属|东部|西部|南部|北部|中部|干部|各|本|总公司|分公司|等|有关|相关|所|新|在|专卖店|旗舰店|门店|连锁店|实体店"
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


@lru_cache(maxsize=8)
def any_of(entries: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern for any of the entries, the longest first."""
    return re.compile("|".join(map(re.escape, sorted(entries, key=len, reverse=True))))


def suffix_hits(article: Article) -> list[SuffixHit]:
    """All suffixes of the lexicon that end at a word's end, the longest at each place (once an article)."""
    return article.memo("org.suffix_hits", _find_suffixes)


def _find_suffixes(article: Article) -> list[SuffixHit]:
    kinds = article.lexicons["org_suffixes"]
    words, text, hits = words_of(article), article.text, []
    exceptions: dict[int, tuple[int, int]] = {}
    for exception in any_of(tuple(article.lexicons["not_organisations"])).finditer(text):
        for at in range(exception.start(), exception.end()):
            exceptions[at] = exception.span()
    pattern, at = any_of(tuple(kinds)), 0
    while match := pattern.search(text, at):
        start, end = match.span()
        begin, stop = exceptions.get(end - 1, (start, end))
        if end not in words.boundaries or begin < start or stop > end:
            at = start + 1  # 发展改革委 in 发展改革委员会: a longer suffix may start inside
            continue
        hits.append(SuffixHit(start, end, words.containing(start), words.starting_from(end), kinds[match[0]]))
        at = end
    return hits


def hits_of(article: Article, kinds: Iterable[str]) -> list[SuffixHit]:
    """The suffix hits of the given classes."""
    wanted = frozenset(kinds)
    return [hit for hit in suffix_hits(article) if hit.kind in wanted]


def _ends_unit(words: Words, index: int) -> bool:
    """Whether no unit's name contains the word: what ends other names does, but for verbs (体改科) and 所."""
    word, roles = words.words[index], words.roles
    if word in roles["inside"] or word in roles["inside_body"] or word == "所":
        return False
    if len(word) > 1 and words.tags[index] == "v":
        return word in roles["boundary"]
    return is_boundary(words, index)


def with_unit(article: Article, end: int) -> int:
    """End of the name with the units that follow it directly (攀钢研究院钛研所); `end` where none does."""
    for _ in range(2):
        end = _with_one_unit(article, end)
    return end


def _with_one_unit(article: Article, end: int) -> int:
    words = words_of(article)
    match = _UNIT.match(article.text, end)
    if match is None or match.end() not in words.boundaries or _NO_UNIT.match(match[0]):
        return end
    first, last = words.starting_from(end), words.starting_from(match.end())
    if words.starts[first] != end or any(_ends_unit(words, k) for k in range(first, last - 1)):
        return end
    if words.tags[last - 1] in ("nt", "nz", "ns"):
        return end
    return match.end()
