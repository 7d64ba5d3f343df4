"""Text as crawled -> text as the model sees it, every character with its place (tier 1).

The clean text is in simplified characters, without pinyin inserted after characters (``產(chǎn)業(yè)``), with
full-width digits and letters folded and without spaces inside Chinese text. It is what labelling functions and the
model read; spans are reported on the original (`CleanText.to_original`).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from parkner.offsets import OffsetMap
from parkner.pinyin import pinyin_ranges
from parkner.spans import Document, Span

_CJK = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_MARKS = "\u3000-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65“”‘’—…·"
# Zero-width and direction marks, soft hyphen, variation selectors, byte order mark.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]+"
)
_BLANKS = re.compile("[ \t\u00a0\u2000-\u200a\u202f\u205f\u3000]+")
_IS_MARK = re.compile(f"[{_MARKS}]")
_IS_CJK = re.compile(f"[{_CJK}]")
# Letters of one word set apart: 达 州 市. Two alone are two words as often as not.
_SPACED_OUT = re.compile(f"(?<![{_CJK}])(?:[{_CJK}][ \t\u00a0\u3000]{{1,2}}){{2,}}[{_CJK}](?![{_CJK}])")
# Full-width digits, Latin letters, percent sign and the marks that stand inside numbers.
_WIDE = {0xFF01 + i: 0x21 + i for i in range(94) if chr(0x21 + i).isalnum() or chr(0x21 + i) in "%+-./~"}
_PLAIN_BLANK = {0xA0: 0x20, 0x3000: 0x20, 0x202F: 0x20, **dict.fromkeys(range(8192, 8203), 32)}
# Kangxi radicals and compatibility ideographs stand for one ordinary character each (Unicode, NFKC).
_COMPATIBLE = re.compile("[\u2e80-\u2fdf\uf900-\ufaff]")
_FINAL = frozenset("。！？；：…”’）】》」』!?;:.)")
_OPENS_LIST = re.compile(
    r"[（(]?(?:[一二三四五六七八九十]+|\d{1,2})[、.．)）]|[•●■◆▪·*\-—]|第[一二三四五六七八九十\d]+[章节条]"
)


@dataclass(frozen=True, slots=True)
class CleanOptions:
    """What cleaning does; a model directory keeps the options it was trained with.

    Attributes:
        simplify: Traditional to simplified characters, one by one (OpenCC).
        remove_pinyin: Drop pinyin in brackets behind the character it belongs to.
        fold_width: Full-width digits and letters to ASCII.
        drop_spaces: Drop spaces at line ends, beside Chinese marks, inside numbers with their units and inside words
            set apart letter by letter; make any other run of spaces one; drop invisible characters.
        join_lines: Drop line breaks inside sentences, where lines were cut at a fixed width.
    """

    simplify: bool = True
    remove_pinyin: bool = True
    fold_width: bool = True
    drop_spaces: bool = True
    join_lines: bool = True


@dataclass(frozen=True, slots=True)
class CleanText:
    """A cleaned text and the place of each of its characters in the original.

    Attributes:
        text: The cleaned text.
        original: The text as it was.
        offsets: Place in ``original`` of each character of ``text``.
    """

    text: str
    original: str = field(repr=False)
    offsets: OffsetMap = field(repr=False)

    def to_original(self, start: int, end: int) -> tuple[int, int]:
        """Offsets on the original of a span of the clean text (characters, end exclusive)."""
        return self.offsets.to_source(start, end)

    def to_clean(self, start: int, end: int) -> tuple[int, int]:
        """Offsets on the clean text of a span of the original; empty if nothing of it was kept."""
        return self.offsets.to_derived(start, end)

    def on_source(self, source: OffsetMap | None) -> OffsetMap:
        """Places of the clean characters in what the original was taken from (clean -> text -> page).

        Args:
            source: Places of the original's characters; None if the original is the source.
        """
        return self.offsets if source is None else self.offsets.compose(source)

    def spans_to_original(self, spans: list[Span]) -> list[Span]:
        """Spans of the clean text as spans of the original."""
        out = []
        for span in spans:
            start, end = self.to_original(span.start, span.end)
            out.append(replace(span, start=start, end=end))
        return out

    def spans_to_clean(self, spans: tuple[Span, ...] | list[Span]) -> list[Span]:
        """Spans of the original as spans of the clean text; a span of which nothing was kept is left out."""
        out = []
        for span in spans:
            start, end = self.to_clean(span.start, span.end)
            if start < end:
                out.append(replace(span, start=start, end=end))
        return out


@lru_cache(maxsize=1)
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")


@lru_cache(maxsize=65536)
def simplify_character(character: str) -> str:
    """The simplified form of one character by OpenCC's character table; itself where there is none."""
    simple: str = _converter().convert(character)
    return simple if len(simple) == 1 else character


def _simplify(text: str) -> str:
    """Simplified characters, as many as before."""
    if text.isascii():
        return text
    if _COMPATIBLE.search(text):
        text = _COMPATIBLE.sub(lambda found: _ordinary(found[0]), text)
    # Phrases tell 乾坤 from 乾燥; their conversion keeps lengths, and is not taken where it does not.
    simple: str = _converter().convert(text)
    if len(simple) == len(text):
        return simple
    lines = text.split("\n")
    return "\n".join(
        whole
        if len(whole := _converter().convert(line)) == len(line)
        else "".join(map(simplify_character, line))
        for line in lines
    )


@lru_cache(maxsize=1024)
def _ordinary(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain) == 1 else character


def _blank_ranges(text: str) -> Iterator[tuple[int, int]]:
    """Spaces to drop."""
    for found in _SPACED_OUT.finditer(text):
        for blank in _BLANKS.finditer(text, *found.span()):
            yield blank.span()
    for found in _BLANKS.finditer(text):
        start, end = found.span()
        left = text[start - 1] if start else "\n"
        right = text[end] if end < len(text) else "\n"
        if (
            left in "\r\n"
            or right in "\r\n"
            or _IS_MARK.match(left)
            or _IS_MARK.match(right)
            # 6 亿元 and 2021 年 12 月 are one; 整体上市 18.8亿 is two.
            or (left.isdecimal() and _IS_CJK.match(right))
            or (left in "年月约約近超达達" and right.isdecimal())
        ):
            yield start, end
        elif end - start > 1:
            yield start + 1, end


def _break_ranges(text: str) -> Iterator[tuple[int, int]]:
    """Line breaks inside sentences."""
    if "\n" not in text:
        return
    lines = [(found.start(), found.end()) for found in re.finditer(r"[^\r\n]+", text)]
    width = _wrap_width([text[start:end].strip() for start, end in lines])
    for (start, end), (below, below_end) in pairwise(lines):
        gap = text[end:below]
        left, right = text[start:end].rstrip(), text[below:below_end]
        if gap not in ("\n", "\r\n") or not left or not right.strip() or left[-1] in _FINAL:
            continue
        if right[0] in " \t\u3000" or _OPENS_LIST.match(right):
            continue
        cut = left[-1] in "，、,（(《" or right[0] in "，。、；！？）》”,;)%"
        wrapped = width > 0 and abs(len(left.strip()) - width) <= 2
        # Two Latin words keep a mark between them.
        if (cut or wrapped) and not (_is_letter(left[-1]) and _is_letter(right[0])):
            yield end, below


def _is_letter(character: str) -> bool:
    return character.isascii() and character.isalpha()


def _wrap_width(lines: list[str]) -> int:
    """The width, in characters, that a text was cut to; 0 if it was not."""
    full = Counter(len(line) for line in lines if len(line) >= 20 and line[-1] not in _FINAL)
    if not full:
        return 0
    width = max(full, key=lambda n: (full[n], n))
    longest = max(map(len, lines))
    return width if full[width] >= 3 and longest <= width + 2 else 0


def clean_text(text: str, options: CleanOptions | None = None) -> CleanText:
    """Cleans a text and keeps the place of every character.

    Args:
        text: Text as crawled.
        options: What to do; everything by default.

    Returns:
        The clean text with its places in ``text``. Cleaning it again changes nothing but in rare cases of text that
        was noise on noise (pinyin in brackets behind pinyin).
    """
    options = options or CleanOptions()
    dropped: list[tuple[int, int]] = []
    if options.remove_pinyin:
        dropped += pinyin_ranges(text)
    if options.drop_spaces:
        dropped += _blank_ranges(text)
        dropped += (found.span() for found in _INVISIBLE.finditer(text))
    if options.join_lines:
        dropped += _break_ranges(text)
    if dropped:
        keep = np.ones(len(text), dtype=bool)
        for start, end in dropped:
            keep[start:end] = False
        places = np.flatnonzero(keep)
        pieces = []
        at = 0
        for start, end in sorted(dropped):
            if start > at:
                pieces.append(text[at:start])
            at = max(at, end)
        clean = "".join([*pieces, text[at:]])
    else:
        places, clean = np.arange(len(text)), text
    if options.drop_spaces:
        clean = clean.translate(_PLAIN_BLANK)
    if options.fold_width:
        clean = clean.translate(_WIDE)
    if options.simplify:
        clean = _simplify(clean)
    return CleanText(clean, text, OffsetMap(places, places + 1, source_length=len(text)))


def clean_document(document: Document, options: CleanOptions | None = None) -> tuple[Document, CleanText]:
    """A document on its clean text (spans and debris ranges moved along), with the map back.

    Args:
        document: A document on its original text.
        options: As for `clean_text`.
    """
    clean = clean_text(document.text, options)
    spans = tuple(clean.spans_to_clean(document.spans))
    meta = document.meta
    if meta.get("debris"):
        moved = [clean.to_clean(start, end) for start, end in meta["debris"]]
        meta = {**meta, "debris": [[start, end] for start, end in moved if start < end]}
    return replace(document, text=clean.text, spans=spans, raw=None, meta=meta), clean
