"""Labelling functions for PARK: named places set aside for industry or development (tier 2).

The lexicon ``park_kinds`` gives the last words of parks and their class, ``park_generic`` the words that make no name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from parkner.labelling.functions import Article, Found, labelling_function
from parkner.labelling.names import has_proper, left_edge
from parkner.labelling.org_names import longest
from parkner.labelling.words import Words, find_known, places_of, words_of

# Behind a park's name: phases, blocks and sub-zones that belong to it.
_PHASE = re.compile(
    r"[(（][东南西北]区[)）]|[(（]?[一二三四五六七八九十0-9]{1,2}期[)）]?|[一二三四五六七八九十A-Z]区(?!域)"
)
# Behind a park's name, these make it an organisation (管委会).
_ORG_BEHIND = re.compile(
    r"管委会|管理委员会|党工委|党委|工委|管理局|有限|公司|集团|开发建设|建管中心|法院|检察院|公安|税务|海关|医院|中学|小学|"
    r"学校|服务中心|企业服务|政府|财政局|商务局|经发局|招商局|分局|街道|[\u4e00-\u9fff]{0,6}(?:分销中心|研发中心|服务中心)"
)
# Blocs of countries, and what is named after a park without being it.
_NO_PARK = re.compile(
    r"(?:亚太|非洲大陆|东盟|北美|中日韩|[\u4e00-\u9fff]大经济区|军).{0,4}(?:自贸区|自由贸易区|经济区|基地)$|(?:香港|澳门)特区$"
)
_NOT_BEHIND = re.compile(r"论坛|指数|大街|街道|站|路")
# Before a name, these say that it is to be won, or one of many.
_TITLE_BEFORE = re.compile(
    r"(?:争创|申创|获批|获评|入选|评为|认定为|授予|第[一二三四五]批|首批|国家|省级|市级)[“\"]?$"
)
_RANK = re.compile(r"国家级|省级|市级|县级|区级|省市级|世界级")
_BARE = frozenset(("园区", "基地", "片区", "特区", "经济区", "启动区", "商务区", "产业基地", "先行区"))


@dataclass(frozen=True, slots=True)
class KindHit:
    """A kind of park in the text: its characters, the word that holds its first one, and its class."""

    start: int
    end: int
    word: int
    kind: str


@lru_cache(maxsize=4)
def _patterns(kinds: tuple[str, ...], generic: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    def any_of(entries: tuple[str, ...]) -> str:
        return "|".join(map(re.escape, sorted(entries, key=len, reverse=True)))

    return re.compile(any_of(kinds)), re.compile(f"(?:{any_of(generic)})+")


def _kinds_and_generic(article: Article) -> tuple[re.Pattern[str], re.Pattern[str]]:
    return _patterns(tuple(article.lexicons["park_kinds"]), tuple(article.lexicons["park_generic"]))


def is_generic(article: Article, core: str) -> bool:
    """Whether what stands before the kind makes no name (特色产业 in 特色产业园)."""
    if core in places_of(article):
        return False  # 新乡 is 新 and 乡 to the pattern
    return not core or _kinds_and_generic(article)[1].fullmatch(core) is not None


def kind_hits(article: Article) -> list[KindHit]:
    """All kinds of parks that end at a word's end, with the phase behind them left out (once an article)."""
    return article.memo("park.kinds", _find_kinds)


def _find_kinds(article: Article) -> list[KindHit]:
    kinds, words, places, text = (
        article.lexicons["park_kinds"],
        words_of(article),
        places_of(article),
        article.text,
    )
    hits = []
    for match in _kinds_and_generic(article)[0].finditer(text):
        start, end = match.span()
        if match[0].endswith("园") and text.startswith("区", end) and not text.startswith("区域", end):
            end += 1  # 创意产业园 is longer than 园区, but the kind is 创意产业园区
        if end not in words.boundaries or re.match(r"域|级|别|化|块", text[end : end + 1]):
            continue
        kind = kinds[match[0]]
        if kind == "place_only" and (
            places.ending_at(text, start) == start or text.startswith(("博", "林"), end)
        ):
            continue
        hits.append(KindHit(start, end, words.containing(start), kind))
    return hits


def _left(article: Article, words: Words, hit: KindHit) -> int:
    """Index of the first word of the park's name."""
    places, text, roles = places_of(article), article.text, words.roles
    inside = roles["inside_park"] | roles["placed_park"]
    if hit.kind == "qualified":
        inside |= {"及"}  # 汽车及零部件产业园
    first = left_edge(words, hit.word, inside=inside, limit=30)
    for k in range(hit.word - 1, first - 1, -1):
        word = words.words[k]
        if word in roles["placed_park"]:
            start = words.starts[first]
            head = text[start : words.starts[k]]
            placed = places.chain(head, 0) > 0 or (len(head) == 2 and has_proper(words, first, k))
            core = text[words.starts[k + 1] : hit.start]
            joined = word in ("与", "和") and (
                is_generic(article, core) or has_proper(words, k + 1, hit.word)
            )
            if placed and not joined and not any(w in roles["outside_park"] for w in words.words[first:k]):
                continue
            return k + 1
        if word in roles["outside_park"] and words.words[k + 1] not in ("区", "园", "城"):
            return k + 1
    return first


def _from_place(article: Article, words: Words, first: int, hit: KindHit) -> int:
    """Drops what is not part of the name: common nouns before the first place, and all but a city or park before a
    park that is known by its own name (万州区 | 两江新区, 京雄商高铁 | 雄安新区)."""
    places, text, known = places_of(article), article.text, article.lexicons["parks"]
    while words.starts[first] < hit.start and (rank := _RANK.match(text, words.starts[first], hit.start)):
        first = words.starting_from(rank.end())
    start = words.starts[first]
    for k in range(first + 1, hit.word + 1):
        at = words.starts[k]
        if at < hit.start and text[at : hit.end] in known:
            city = places.chain(text, start, at) == at and text[at - 1] not in "区县"
            park = text[start:at].endswith(tuple(article.lexicons["park_kinds"]))
            return first if city or park else k
    for k in range(first, hit.word + 1):
        at = words.starts[k]
        if (
            at < hit.start
            and text[at - 1 : at] not in ("(", "（")
            and places.starting_at(text, at, hit.start) > at
        ):
            return k if not has_proper(words, first, k) else first
    return first


def _extended(article: Article, end: int) -> int:
    """End of the park's name with a phase or block directly behind it."""
    match = _PHASE.match(article.text, end)
    return match.end() if match and match.end() in words_of(article).boundaries else end


def park_names(article: Article) -> list[tuple[int, int]]:
    """Parks by kind with a place or a proper name before it (once an article)."""
    return article.memo("park.names", lambda a: list(_find_names(a)))


def _find_names(article: Article) -> Iterator[tuple[int, int]]:
    words, places, text = words_of(article), places_of(article), article.text
    for hit in kind_hits(article):
        first = _from_place(article, words, _left(article, words, hit), hit)
        start, kind = words.starts[first], text[hit.start : hit.end]
        core = text[start : hit.start]
        place = places.chain(core, 0)
        proper = has_proper(words, first, hit.word)
        if is_generic(article, core) or not (place or proper):
            continue
        if (
            place
            and hit.kind == "territory"
            and (places.is_foreign(core[:place]) or (place == len(core) and kind in _BARE))
        ):
            continue
        known = place or "公司" in core or any(words.tags[k] in ("nt", "nz") for k in range(first, hit.word))
        if kind in ("园区", "基地", "工业园区") and not known:
            continue
        if (core.startswith("中国") and is_generic(article, core[2:])) or (
            core.startswith("国家") and not proper
        ):
            continue
        if hit.kind == "territory" and _TITLE_BEFORE.search(text[max(0, start - 5) : start]):
            continue
        end = _extended(article, hit.end)
        if not _ORG_BEHIND.match(text, end) and not _NO_PARK.search(text[start:end]):
            yield start, end


@labelling_function("PARK")
def park_grammar(article: Article) -> Iterator[Found]:
    """Place or proper name, and a kind of park (武胜经开区, 川渝高竹新区); misses those named by their field only."""
    for start, end in park_names(article):
        if longest(article, start, end) and not _inside_longer(article, start, end):
            yield start, end


@labelling_function("PARK")
def park_known(article: Article) -> Iterator[Found]:
    """Parks of the lexicons (两江新区, 苏州工业园区), with province or city directly before and a phase behind."""
    places, text = places_of(article), article.text
    for lexicon in ("parks", "parks_divisions"):
        for start, end in find_known(article, lexicon):
            begin = places.ending_at(text, start)
            if begin in words_of(article).boundaries and not text[begin:start].endswith(("区", "县")):
                start = begin
            end = _extended(article, end)
            behind = _ORG_BEHIND.match(text, end) or _NOT_BEHIND.match(text, end)
            if not behind and longest(article, start, end) and not _inside_longer(article, start, end):
                yield start, end


_QUOTES = {"”": "“", '"': '"', "」": "「", "’": "‘"}


@labelling_function("PARK")
def park_quoted(article: Article) -> Iterator[Found]:
    """A kind of park with a field before it, alone in quotation marks: “智能家居产业园”."""
    text = article.text
    for hit in kind_hits(article):
        mark = _QUOTES.get(text[hit.end : hit.end + 1])
        if mark is None:
            continue
        start = text.rfind(mark, max(0, hit.start - 24), hit.start) + 1
        core = text[start : hit.start]
        if (
            start
            and len(core) >= 2
            and not is_generic(article, core)
            and not re.search(r"[，。；、“”+\-—和与]", core)
        ) and not re.match(r"共建|打造|建设|全国|国家|无", core):
            yield start, hit.end


@labelling_function("PARK")
def park_field(article: Article) -> Iterator[Found]:
    """A field and 产业园 that the text uses for one place (玄武岩产业园, 现代制造业产业园)."""
    words, text = words_of(article), article.text
    for hit in kind_hits(article):
        if hit.kind != "qualified":
            continue
        start = words.starts[_left(article, words, hit)]
        core = text[start : hit.start]
        if len(core) < 2 or is_generic(article, core) or _ORG_BEHIND.match(text, hit.end):
            continue
        if not re.search(r"(?:个|批|座|家|类|国家)$", text[max(0, start - 4) : start]):
            yield start, _extended(article, hit.end)


@labelling_function("PARK")
def park_short_form(article: Article) -> Iterator[Found]:
    """Short forms, through the article, of parks named in full: 川渝高竹新区 -> 高竹新区, 上海…国际商务合作区 -> 商务合作区."""
    text, words, places = article.text, words_of(article), places_of(article)
    forms: set[str] = set()
    for start, end in [*park_names(article), *park_known_spans(article)]:
        core_end = next(
            (hit.start for hit in kind_hits(article) if hit.start > start and start < hit.end <= end), end
        )
        inner = {
            words.starts[k] for k in range(words.starting_from(start) + 1, words.starting_from(core_end))
        }
        for begin in inner | {places.chain(text, start, core_end)} - {start}:
            rest = text[begin:core_end]
            if len(rest) >= 2 and not is_generic(article, rest):
                forms.add(text[begin:end])
    for form in forms:
        for match in re.finditer(re.escape(form), text):
            begin, stop = match.span()
            if begin not in words.boundaries or stop not in words.boundaries or _ORG_BEHIND.match(text, stop):
                continue
            if places.ending_at(text, begin) == begin and not _inside_longer(article, begin, stop):
                yield begin, stop


def park_known_spans(article: Article) -> list[tuple[int, int]]:
    """Parks of the lexicons (once an article)."""
    return article.memo("park.known", lambda a: [(found[0], found[1]) for found in park_known(a)])


def _inside_longer(article: Article, start: int, end: int) -> bool:
    """Whether a longer park name of the article covers the stretch."""
    return any(a <= start and end <= b and (a, b) != (start, end) for a, b in park_names(article))
