"""Text as crawled -> text as the model sees it, every character with its place (tier 1).

The clean text is in simplified characters, without pinyin inserted after characters (``產(chǎn)業(yè)``), with
full-width digits and letters folded and without spaces inside Chinese text. It is what labelling functions and the
model read; spans are reported on the original (`CleanText.to_original`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from parkner.offsets import OffsetMap
from parkner.spans import Document, Span

_PINYIN = re.compile(
    r"(?<=[\u3400-\u9fff\uf900-\ufaff])[((]\s*([a-zü\u00e0-\u01dc\u0261]+)\s*[))]", re.IGNORECASE
)
_TONES = str.maketrans("āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜüńňǹḿɡ", "aaaaeeeeiiiioooouuuuvvvvvnnnmg")
_CJK = r"\u3400-\u9fff\uf900-\ufaff\u3000-\u303f\uff01-\uff0f\uff1a-\uff20“”‘’—…"
_SPACES = re.compile(rf"(?<=[{_CJK}])[ \t\u00a0\u3000]+|[ \t\u00a0\u3000]+(?=[{_CJK}])")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad]")
# Full-width digits, Latin letters, percent sign and the marks that stand inside numbers.
_WIDE = {0xFF01 + i: 0x21 + i for i in range(94) if chr(0x21 + i).isalnum() or chr(0x21 + i) in "%+-./~"}


@dataclass(frozen=True, slots=True)
class CleanOptions:
    """What cleaning does; a model directory keeps the options it was trained with.

    Attributes:
        simplify: Traditional to simplified characters, one by one (OpenCC).
        remove_pinyin: Drop pinyin in brackets behind the character it belongs to.
        fold_width: Full-width digits and letters to ASCII.
        drop_spaces: Drop spaces next to Chinese characters, and invisible characters everywhere.
    """

    simplify: bool = True
    remove_pinyin: bool = True
    fold_width: bool = True
    drop_spaces: bool = True


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

    def spans_to_original(self, spans: list[Span]) -> list[Span]:
        """Spans of the clean text as spans of the original."""
        from dataclasses import replace

        out = []
        for span in spans:
            start, end = self.to_original(span.start, span.end)
            out.append(replace(span, start=start, end=end))
        return out

    def spans_to_clean(self, spans: tuple[Span, ...] | list[Span]) -> list[Span]:
        """Spans of the original as spans of the clean text; a span of which nothing was kept is left out."""
        from dataclasses import replace

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


@lru_cache(maxsize=4096)
def readings(character: str) -> frozenset[str]:
    """The pinyin readings of a character without tone marks (pypinyin, heteronyms included)."""
    from pypinyin import Style, pinyin

    found = pinyin(character, style=Style.NORMAL, heteronym=True, v_to_u=False)
    return frozenset(reading for group in found for reading in group)


def _is_reading(character: str, written: str) -> bool:
    plain = written.lower().translate(_TONES)
    return plain in readings(character) or plain.replace("v", "u") in readings(character)


def clean_text(text: str, options: CleanOptions | None = None) -> CleanText:
    """Cleans a text and keeps the place of every character.

    Args:
        text: Text as crawled.
        options: What to do; everything by default.

    Returns:
        The clean text with its places in ``text``.
    """
    options = options or CleanOptions()
    dropped: list[tuple[int, int]] = []
    if options.remove_pinyin:
        dropped += [m.span() for m in _PINYIN.finditer(text) if _is_reading(text[m.start() - 1], m.group(1))]
    if options.drop_spaces:
        dropped += [m.span() for m in _SPACES.finditer(text)]
        dropped += [m.span() for m in _INVISIBLE.finditer(text)]
    keep = bytearray(b"\x01") * len(text)
    for start, end in dropped:
        keep[start:end] = bytes(end - start)
    places = [i for i, kept in enumerate(keep) if kept]
    clean = "".join([text[i] for i in places]) if dropped else text
    if options.fold_width:
        clean = clean.translate(_WIDE)
    if options.simplify:
        clean = clean.translate({ord(c): s for c in set(clean) if (s := simplify_character(c)) != c})
    return CleanText(clean, text, OffsetMap(places, [i + 1 for i in places], source_length=len(text)))


def clean_document(document: Document, options: CleanOptions | None = None) -> tuple[Document, CleanText]:
    """A document on its clean text (spans moved along), with the map back.

    Args:
        document: A document on its original text.
        options: As for `clean_text`.
    """
    from dataclasses import replace

    clean = clean_text(document.text, options)
    spans = tuple(clean.spans_to_clean(document.spans))
    return replace(document, text=clean.text, spans=spans, raw=None), clean
