"""An article cut into words, with the parts of speech and the roles that name functions ask for (tier 2).

Words and tags are those of jieba's dictionary segmentation with the lexicons' names added. Its hidden Markov model is
off: unknown names fall into single characters, which is how they are recognised.
"""

from __future__ import annotations

import logging
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from parkner.labelling.functions import Article
from parkner.labelling.lexicon import Lexicons
from parkner.labelling.places import Places

HAN = re.compile(r"[\u3400-\u9fff]")
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9]")
# Dictionary words that are an organisation's last word and a title in one: they would hide where the name ends.
_TITLED = re.compile(
    r"(?:协会|学会|银行|公司|集团|党委|委员会|事务所|研究所|农业部|外交部|卫生部|图书馆)"
    r"(?:会长|行长|行|书记|律师|职员|员|里|.{1,9}司|渔业局|办公厅)$|人大代表$|政协(?:委员|主席|副主席|常委)$|[省市县区州旗]委(?:书记|副书记|常委|员|办|会)$"
)


@dataclass(frozen=True)
class Vocabulary:
    """What cutting needs, one per folder of lexicons.

    Attributes:
        tokenizer: A jieba tokenizer with the lexicons' names added.
        tags: Word -> part of speech (ns places, nt organisations, nz parks and other names, the rest as jieba has it).
        roles: Role -> words, from the lexicon ``name_words``.
        places: The gazetteer.
    """

    tokenizer: Any = field(repr=False)
    tags: Mapping[str, str] = field(repr=False)
    roles: Mapping[str, frozenset[str]] = field(repr=False)
    places: Places = field(repr=False)


def _place_and_name(word: str, tag: str, places: Places, tags: Mapping[str, str]) -> bool:
    """Whether a dictionary word is a foreign country and another organisation's name (日本共同社): two words here."""
    if tag != "nt" or len(word) < 4:
        return False
    end = places.starting_at(word, 0, 4)
    return end > 0 and places.is_foreign(word[:end]) and tags.get(word[end:]) == "nt" and len(word) - end >= 3


@lru_cache(maxsize=4)
def vocabulary(folder: str) -> Vocabulary:
    """The vocabulary for a folder of lexicons; about two seconds on first use in a process."""
    import jieba

    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    tokenizer.initialize()
    with tokenizer.get_dict_file() as file:
        tags = {word: tag for word, _, tag in (line.decode("utf-8").split() for line in file)}
    lexicons = Lexicons(Path(folder))
    # Frequencies decide against overlapping dictionary words: places and national bodies are surest.
    for lexicon, tag, frequency in (
        ("listed_companies", "nt", 100),
        ("companies", "nt", 500),
        ("media", "nt", 500),
        ("parks", "nz", 1000),
        ("gov_bodies", "nt", 2000),
        ("places", "ns", 3000),
    ):
        for name, note in lexicons[lexicon].items():
            if note != "word" and HAN.match(name):
                tokenizer.add_word(name, frequency)
                tags[name] = tag
    places = Places(lexicons["places"])
    named = {name for lexicon in ("companies", "media", "gov_bodies") for name in lexicons[lexicon]}
    hiding = (w for w, tag in tags.items() if _TITLED.match(w) or _place_and_name(w, tag, places, tags))
    for word in [word for word in hiding if word not in named]:
        tokenizer.del_word(word)
    # A product is no proper name, whatever the dictionary calls it.
    for lexicon in ("industry_classification", "industry_emerging", "industry_products"):
        tags.update((word, "n") for word in lexicons[lexicon] if tags.get(word) in ("nz", "nr", "nrt", "nt"))
    for kind in lexicons["park_kinds"]:
        if kind not in tags:
            tokenizer.add_word(kind, 300)
            tags[kind] = "n"
    roles: dict[str, set[str]] = {}
    for word, column in lexicons["name_words"].items():
        for role in column.split(","):
            roles.setdefault(role, set()).add(word)
        if word not in tags:
            tokenizer.add_word(word, 50)
            tags[word] = "n"
    return Vocabulary(
        tokenizer,
        tags,
        {role: frozenset(members) for role, members in roles.items()},
        places,
    )


@dataclass(frozen=True)
class Words:
    """An article cut into words.

    Attributes:
        text: The text cut.
        words: The words, in order; together they are the text.
        tags: Part of speech of each, ``"x"`` for what is in no dictionary.
        starts: Where each starts, in characters, and the length of the text as last entry.
        roles: Role -> words (see `Vocabulary`).
    """

    text: str = field(repr=False)
    words: list[str] = field(repr=False)
    tags: list[str] = field(repr=False)
    starts: list[int] = field(repr=False)
    roles: Mapping[str, frozenset[str]] = field(repr=False)

    @cached_property
    def boundaries(self) -> frozenset[int]:
        """All offsets where a word starts or ends."""
        return frozenset(self.starts)

    def containing(self, offset: int) -> int:
        """Index of the word that holds the character at `offset`."""
        return bisect_right(self.starts, offset) - 1

    def starting_from(self, offset: int) -> int:
        """Index of the first word that starts at or after `offset`."""
        return bisect_left(self.starts, offset)


def words_of(article: Article) -> Words:
    """The article's words (worked out once an article)."""
    return article.memo("words", _cut)


def _cut(article: Article) -> Words:
    known = vocabulary(str(article.lexicons.folder))
    words: list[str] = known.tokenizer.lcut(article.text, HMM=False)
    starts, at = [], 0
    for word in words:
        starts.append(at)
        at += len(word)
    starts.append(at)
    return Words(article.text, words, [known.tags.get(word, "x") for word in words], starts, known.roles)


def places_of(article: Article) -> Places:
    """The gazetteer."""
    return vocabulary(str(article.lexicons.folder)).places


@lru_cache(maxsize=32)
def _table(folder: str, lexicon: str, note: str | None) -> dict[str, list[str]]:
    """Names of a lexicon by their first two characters, the longest first."""
    entries = Lexicons(Path(folder))[lexicon]
    table: dict[str, list[str]] = {}
    for name in sorted(
        (n for n, column in entries.items() if note is None or column == note), key=len, reverse=True
    ):
        table.setdefault(name[:2], []).append(name)
    return table


def find_known(article: Article, lexicon: str, *, note: str | None = None) -> Iterator[tuple[int, int]]:
    """Where a name of the lexicon stands in the text, from word start to word end, the longest at each place.

    Args:
        article: The article.
        lexicon: Name of the lexicon.
        note: Only entries with this second column; all by default.
    """
    table = _table(str(article.lexicons.folder), lexicon, note)
    words, text, end = words_of(article), article.text, 0
    boundaries = words.boundaries
    for start in words.starts[:-1]:
        names = table.get(text[start : start + 2])
        if names is None or start < end:
            continue
        for name in names:
            stop = start + len(name)
            if not text.startswith(name, start) or stop not in boundaries:
                continue
            if name[-1].isascii() and _ALPHANUMERIC.match(text, stop):
                continue
            if name[0].isascii() and start and _ALPHANUMERIC.match(text[start - 1]):
                continue
            end = stop
            yield start, stop
            break
