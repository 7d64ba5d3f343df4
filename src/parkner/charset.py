"""Bytes -> text: byte order mark, declared charset, detection; what is lost is counted (tier 1)."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from parkner.spans import DataError


class ContentError(DataError):
    """Content that cannot be read as a document.

    Attributes:
        kind: A word for the reason, such as ``"binary"`` or ``"too_large"`` (see docs/cleaning.md).
    """

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text decoded from bytes.

    Attributes:
        text: The text; newlines as they were, without the byte order mark.
        encoding: Python codec that was used; ``bytes.decode(encoding, "replace")`` gives ``text`` again.
        undecodable: How many U+FFFD stand for bytes that could not be decoded.
        declared: The charset the page or server named, as written, where it named one.
    """

    text: str
    encoding: str
    undecodable: int
    declared: str | None = None

    @property
    def declared_wrong(self) -> bool:
        """Whether a charset was declared and the text turned out to be in another."""
        if self.declared is None or self.text.isascii():
            return False
        return codec_for(self.declared) != self.encoding.removesuffix("-sig")


_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The WHATWG Encoding Standard reads gb2312 and gbk as their superset; so do browsers, so do the pages' authors.
_SUPERSETS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "hz": "gb18030",
    "big5": "big5hkscs",
    "cp950": "big5hkscs",
}
_META = re.compile(
    rb"<meta\b[^>]{0,300}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.\-]{2,40})|<\?xml\b[^>]{0,100}?encoding\s*=\s*[\"']([A-Za-z0-9_:.\-]{2,40})"
    rb"|@charset\s+\"([A-Za-z0-9_:.\-]{2,40})\"|<%@\s*page\b[^%]{0,300}?(?:charset|pageEncoding)\s*=\s*[\"']?([A-Za-z0-9_:.\-]{2,40})",
    re.IGNORECASE,
)
_MAGIC = (
    (b"%PDF-", "a PDF file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"PK\x03\x04", "a ZIP archive or Office document"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"\x7fELF", "a program"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
)
# The 500 most frequent characters of modern Chinese (Jun Da, 2004, general corpus), simplified; traditional text is
# simplified before it is counted. They cover about 75 % of running text and hardly any of text in a wrong charset.
_FREQUENT = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成"
    "方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已"
    "工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内"
    "信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少"
    "报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放"
    "强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运笔视"
    "企园产业招商项目投集团县省镇村乡街城镇建设新能源汽车服务推进创工作发展经济技术研究工程质量管理"
)


def codec_for(name: str) -> str | None:
    """The Python codec that a declared charset stands for (``gb2312`` means ``gb18030``); None if there is none."""
    try:
        known = codecs.lookup(name.strip()).name
    except (LookupError, ValueError):
        return None
    return _SUPERSETS.get(known, known)


def declared_charset(head: bytes) -> str | None:
    """The charset that a page declares in a meta element, XML declaration or JSP directive of its first bytes."""
    for found in _META.finditer(head[:4096]):
        for group in found.groups():
            if group:
                return str(group.decode("ascii"))
    return None


def decode(data: bytes, *, declared: str | None = None, where: str = "input") -> Decoded:
    """Decodes a page or text.

    A byte order mark decides; else whole and valid UTF-8 is UTF-8, whatever was declared (text in another charset is
    not valid UTF-8 by chance). Else the declared charset, UTF-8, GB18030 and Big5 are tried and the one that gives the
    most Chinese-like text wins, the declared one where it is as good; charset-normalizer is asked where none is good.

    Args:
        data: All bytes of the text.
        declared: Charset by the server or the page, as written.
        where: Name for messages.

    Raises:
        ContentError: If the bytes are no text (``binary``) or hold NUL characters (``nul``).
    """
    for magic, name in _MAGIC:
        if data.startswith(magic):
            raise ContentError(f"{where}: binary content: {name}", "binary")
    decoded = _decode(data, declared)
    nul = decoded.text.find("\0")
    if nul >= 0:
        controls = len(_CONTROLS.findall(decoded.text[:65536]))
        if controls > 0.05 * min(len(decoded.text), 65536):
            raise ContentError(f"{where}: binary content ({controls} control characters)", "binary")
        raise ContentError(f"{where}: NUL character at position {nul}: damaged or binary content", "nul")
    if _looks_binary(decoded):
        raise ContentError(f"{where}: binary content, or text in a charset that is not known", "binary")
    return decoded


_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffd]")


def _looks_binary(decoded: Decoded) -> bool:
    sample = decoded.text[:65536]
    odd = len(_CONTROLS.findall(sample))
    return odd > 8 and odd > 0.2 * len(sample)


def _decode(data: bytes, declared: str | None) -> Decoded:
    for bom, codec in _BOMS:
        if data.startswith(bom):
            text = data.decode(codec, "replace")
            return Decoded(text, codec, text.count("\ufffd") - _real_replacements(data, codec), declared)
    wide = _utf16_without_mark(data)
    if wide is not None:
        return Decoded(
            data.decode(wide, "replace"), wide, data.decode(wide, "replace").count("\ufffd"), declared
        )
    try:
        return Decoded(data.decode("utf-8"), "utf-8", 0, declared)
    except UnicodeDecodeError:
        pass
    best: tuple[float, Decoded] | None = None
    for codec in _candidates(declared):
        found = _with_losses(data, codec, declared)
        goodness = _likeness(found.text)
        # A tie goes to the earlier candidate, the declared one first; hence the small step.
        if best is None or goodness > best[0] + 0.02:
            best = (goodness, found)
    assert best is not None
    if best[0] < 0.25 and (guess := _guess(data)) is not None and guess != best[1].encoding:
        found = _with_losses(data, guess, declared)
        if _likeness(found.text) > best[0] + 0.02:
            return found
    return best[1]


def _candidates(declared: str | None) -> Iterator[str]:
    named = codec_for(declared) if declared else None
    if named is not None:
        yield named
    for codec in ("utf-8", "gb18030", "big5hkscs"):
        if codec != named:
            yield codec


def _with_losses(data: bytes, codec: str, declared: str | None) -> Decoded:
    text = data.decode(codec, "replace")
    return Decoded(text, codec, text.count("\ufffd") - _real_replacements(data, codec), declared)


def _real_replacements(data: bytes, codec: str) -> int:
    # U+FFFD that an earlier step wrote into the file is a character of it, not a loss of ours.
    return data.count(b"\xef\xbf\xbd") if codec.startswith("utf-8") else 0


def _utf16_without_mark(data: bytes) -> str | None:
    head = data[:8192]
    if b"\0" not in head or len(head) < 4:
        return None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    codec = "utf-16-le" if odd > even else "utf-16-be"
    if max(even, odd) < 8 * min(even, odd) or len(data) % 2:
        return None
    text = head[: len(head) // 2 * 2].decode(codec, "replace")
    sound = sum(c in "\r\n\t" or " " <= c <= "~" or "\u3000" <= c <= "\u9fff" or c >= "\uff00" for c in text)
    return codec if sound > 0.9 * len(text) and "\0" not in text and "\ufffd" not in text else None


def _likeness(text: str) -> float:
    """How much the characters beyond ASCII look like Chinese: share of frequent ones, losses counted against it."""
    beyond = [c for c in text if c > "\x7f"][:20_000]
    if not beyond:
        return 0.0
    from parkner.clean import simplify_character

    frequent = sum(simplify_character(c) in _FREQUENT for c in beyond if "\u4e00" <= c <= "\u9fff")
    lost = sum(c == "\ufffd" or "\ue000" <= c <= "\uf8ff" for c in beyond)
    return (frequent - lost) / len(beyond)


def _guess(data: bytes) -> str | None:
    from charset_normalizer import from_bytes

    found = from_bytes(data[:32768]).best()
    return codec_for(found.encoding) if found is not None else None
