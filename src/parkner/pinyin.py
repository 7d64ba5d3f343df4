"""Finds pinyin that a converter wrote behind characters: ``產(chǎn)業(yè)`` (tier 1)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_CHARACTER = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# A bracket behind a Chinese character, or behind what is left of one, with nothing but Latin letters in it.
_BRACKET = re.compile(
    rf"(?<=[{_CHARACTER}\u2e80-\u2fdf?\ufffdA-Za-z])[ \u00a0]?[(（〔\[［]\s*"
    r"([A-Za-z\u00c0-\u024f\u0251\u0261\u0300-\u036f1-5 '’·\-]{1,48}?)\s*[)）〕\]］]"
)
_OPENING = re.compile("[(（〔\\[［]")
_BETWEEN = re.compile(r"[ '’·\-]+")
_LETTERS = str.maketrans({"ɑ": "a", "ɡ": "g", "Ɡ": "g"})
_LONGEST = 8  # characters that one bracket may spell


def plain_syllables(written: str) -> tuple[str, bool]:
    """Pinyin without tones, and whether it had any.

    Args:
        written: ``chǎn``, ``chan3`` or ``chan``, several syllables with or without marks between; lower case.

    Returns:
        Letters a-z (ü as ``v``) with single blanks where marks stood, and whether a tone was written.
    """
    letters = unicodedata.normalize("NFD", written.translate(_LETTERS)).replace("u\u0308", "v")
    bare = "".join(c for c in letters if not unicodedata.combining(c))
    toned = len(bare) < len(letters) or any(c in "12345" for c in bare)
    return _BETWEEN.sub(" ", re.sub("[1-5]", " ", bare)).strip(), toned


@lru_cache(maxsize=8192)
def readings(character: str) -> frozenset[str]:
    """The readings of a character without tones, all heteronyms, ü as ``v`` and as ``u`` (pypinyin)."""
    from pypinyin import Style, pinyin

    found = {
        r for group in pinyin(character, style=Style.NORMAL, heteronym=True, v_to_u=False) for r in group
    }
    plain = {r.replace("ü", "v") for r in found if r != character}
    return frozenset(plain | {r.replace("v", "u") for r in plain})


@lru_cache(maxsize=1)
def _syllables() -> frozenset[str]:
    """All syllables of Mandarin, from the readings of pypinyin's single characters."""
    from pypinyin.constants import PINYIN_DICT

    out = set()
    for values in PINYIN_DICT.values():
        for value in values.split(","):
            plain, _ = plain_syllables(value)
            out |= {plain, plain.replace("v", "u")}
    return frozenset(out)


def _spells(syllables: str, text: str, end: int, left: int = _LONGEST) -> bool:
    """Whether syllables (no blanks) are the readings of the characters in front of ``end``."""
    if not syllables:
        return True
    if end <= 0 or not left:
        return False
    return any(
        syllables.endswith(reading) and _spells(syllables[: -len(reading)], text, end - 1, left - 1)
        for reading in readings(text[end - 1])
        if reading
    )


def pinyin_ranges(text: str) -> list[tuple[int, int]]:
    """Ranges (characters, end exclusive) of inserted pinyin with its brackets.

    A bracket counts if it spells the characters in front of it in some reading, with or without tones; or if it holds
    one toned syllable, behind a character whose reading is not known or that got lost (``?``, or a letter in its
    place). ``(CBD)``, ``（见图）``,
    ``锂(Li)`` and ``(km)`` stay.
    """
    if not _OPENING.search(text):
        return []
    out = []
    for found in _BRACKET.finditer(text):
        written = found[1]
        syllables, toned = plain_syllables(written.lower())
        joined = syllables.replace(" ", "")
        # Without tones, capitals mark abbreviations and symbols.
        if not joined or not (toned or written.islower()):
            continue
        if _spells(joined, text, found.start()) or (toned and len(joined) > 1 and joined in _syllables()):
            out.append(found.span())
    return out
