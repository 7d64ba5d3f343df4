"""How far a name reaches to the left of its last word; what the ORG and PARK functions share (tier 2).

A name is found from its last word (公司, 局, 产业园) and followed to the left, word by word, up to a word that no name
contains: a mark, a function word, a verb, a title. Which words those are, the lexicon ``name_words`` says.
"""

from __future__ import annotations

import re

from parkner.labelling.words import HAN, Words

MAX_NAME = 36  # characters of the longest name followed to the left; the longest in the train gold has 27

_LATIN = re.compile(r"[A-Za-z0-9.&·\-+À-ÿ]+")
_OPENING = {")": "(", "）": "（"}
# Characters that are function words or measures when they stand alone.
_FUNCTION = frozenset(
    "的了在是与及或对向由将被把从等据让给使得到至于以而且也都又就还已曾正并但却则若如因所这那该本各每某其此我你他她它们去来有无要"
    "着著赴应须跟比较很更最再只仅约逾称说指前后内若干个家位批条项次只支辆吨款种份届和为同用过上下共地外原好连靠"
)
# So are these, but unknown names hold them as well: they end a name only beside a longer word.
_SOFT = frozenset("中一新老双两达会能可时元当间台套名件类型期号超近起户")
# A run of these alone is no unknown name (两大, 各市).
_NUMERALS = frozenset("一二三四五六七八九十两百千万亿大小各多几省市县区新老")
_PROPER = frozenset(("ns", "nt", "nz", "nrt", "nr", "nrfg"))
_ORDINAL = re.compile(r"第?[一二三四五六七八九十]+[局院中医厂建冶航化机]?$")
_NONE: frozenset[str] = frozenset()


def is_boundary(words: Words, index: int, *, inside: frozenset[str] = _NONE) -> bool:
    """Whether the word at `index` cannot be part of a name that goes on to its right.

    Args:
        words: The article's words.
        index: The word asked about.
        inside: Words that may stand inside this kind of name although they usually end one (企业 in 企业联合会).
    """
    word, tag = words.words[index], words.tags[index]
    if not HAN.match(word):
        return not _joins(words, index)
    if word == "企业" and word not in inside and index + 1 < len(words.words):
        return words.words[index + 1] not in words.roles["after_enterprise"]
    if word in inside:
        return False
    if word in words.roles["boundary"] or (
        len(word) == 4 and tag in "li" and word[2:] in words.roles["boundary"]
    ):
        return True
    if len(word) == 1:
        if word in _FUNCTION:
            return True
        if word in "日月年" and words.text[words.starts[index] - 1 : words.starts[index]].isdigit():
            return True
        return (word in _SOFT or tag[0] in "pcuyrdveoq") and not _in_single_run(words, index)
    if tag == "nt" or word in words.roles["verb"]:
        return False
    if tag[0] in "vcpurdye" and tag != "vn":
        return True
    if tag in ("t", "m", "mq", "q", "i"):
        return not _ORDINAL.match(word)
    return tag == "f" and word not in ("国际", "前沿")


def _joins(words: Words, index: int) -> bool:
    """Whether a word without Chinese characters goes on in a name: Latin letters, digits beside them, · between."""
    word = words.words[index]
    if not _LATIN.fullmatch(word):
        return False
    start, end = words.starts[index], words.starts[index + 1]
    around = words.text[max(0, start - 1) : start] + words.text[end : end + 1]
    if any(c.isalpha() for c in word) or word == "·":
        return True
    return any(c.isascii() and c.isalpha() for c in around)


def _in_single_run(words: Words, index: int) -> bool:
    """Whether a neighbouring word is a single character too, so that the two may be a name jieba does not know."""
    for other in (index - 1, index + 1):
        if 0 <= other < len(words.words):
            word = words.words[other]
            if len(word) == 1 and HAN.match(word) and word not in _FUNCTION:
                return True
    return False


def _bracket_opening(words: Words, closing: int) -> int | None:
    """Index of the bracket that opens something short and Chinese before `closing`; None if a name does not cross it."""
    mark = _OPENING[words.words[closing]]
    for opening in range(closing - 1, max(0, closing - 8), -1):
        if words.words[opening] == mark:
            short = words.starts[closing] - words.starts[opening] <= 9
            chinese = all(HAN.match(word) for word in words.words[opening + 1 : closing])
            return opening if short and chinese and HAN.match(words.words[opening - 1]) else None
    return None


def left_edge(words: Words, index: int, *, limit: int = MAX_NAME, inside: frozenset[str] = _NONE) -> int:
    """Index of the first word of the name whose word at `index` is surely part of it.

    Brackets with something short in them are crossed (海尔（天津）市场创新产业园区); other marks are not.

    Args:
        words: The article's words.
        index: A word of the name.
        limit: Characters the name may have up to the end of that word.
        inside: See `is_boundary`.
    """
    at, end = index, words.starts[index + 1]
    while at > 0 and end - words.starts[at - 1] <= limit:
        if words.words[at - 1] in _OPENING:
            opening = _bracket_opening(words, at - 1)
            if opening is None or is_boundary(words, opening - 1, inside=inside):
                break
            at = opening
        elif is_boundary(words, at - 1, inside=inside):
            break
        else:
            at -= 1
    while at < index and words.words[at] in "·&-.—()（）中会能可时当":
        if HAN.match(words.words[at]) and _in_single_run(words, at):
            break
        at += 1
    return at


def has_proper(words: Words, first: int, last: int) -> bool:
    """Whether the words ``first .. last - 1`` hold something that names: a proper noun, Latin, or an unknown word.

    Unknown words are runs of two or more single Chinese characters that are not all numerals.
    """
    run, named = 0, False
    for k in range(first, last):
        word = words.words[k]
        if len(word) > 1 and words.tags[k] in _PROPER:
            return True
        if HAN.match(word):
            run = run + 1 if len(word) == 1 else 0
            named = named or word not in _NUMERALS if run else False
            if run >= 2 and named:
                return True
        elif word.isascii() and any(c.isalpha() for c in word):
            return True
    return False
