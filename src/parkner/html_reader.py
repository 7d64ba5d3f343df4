"""HTML -> lines of visible text, every character with its place in the page (tier 1).

An own reader, because none of the kept ones tells the source position of a character behind entities (lxml and
html5lib give line numbers of elements at best). It recovers from broken markup much as browsers do, never goes
backwards and never looks further ahead than a bounded stretch, so that its time is linear in the page.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from functools import lru_cache
from html.entities import html5

from parkner.charset import ContentError
from parkner.markup import Line, Node, Page

_VOID_NAMES = "area base br col embed hr img input link meta param source track wbr basefont frame keygen "
_VOID = frozenset(_VOID_NAMES.split())
# Elements that begin and end a line (HTML Living Standard, rendering section, plus table parts).
_BLOCK_NAMES = (
    "address article aside blockquote body caption center col colgroup dd details dialog dir div dl dt "
    "fieldset figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 header hgroup hr html legend li "
    "listing main menu nav ol optgroup option p plaintext pre section summary table tbody td tfoot th "
    "thead title tr ul xmp "
)
_BLOCK = frozenset(_BLOCK_NAMES.split())
_RAW_NAMES = (
    "script style xmp iframe noembed noframes noscript textarea template svg select object applet "
    "canvas audio video "
)
_RAW = frozenset(_RAW_NAMES.split())
_NO_NESTING = {"script", "style", "xmp", "iframe", "noembed", "noframes", "noscript", "textarea"}
_CLOSES_P = _BLOCK - {
    "body",
    "html",
    "title",
    "caption",
    "colgroup",
    "col",
    "td",
    "th",
    "tr",
    "tbody",
    "thead",
    "tfoot",
    "option",
    "optgroup",
}
_SCOPE = frozenset({"table", "td", "th", "caption", "html", "button", "marquee"})
# An open element of the right side ends where one of the left side begins (optional end tags).
_ENDS = {
    "li": ("li",), "dt": ("dt", "dd"), "dd": ("dt", "dd"), "tr": ("tr", "td", "th"), "td": ("td", "th"), "th": ("td", "th"),
    "option": ("option",), "tbody": ("tr", "td", "th", "thead", "tbody"),
}  # fmt: skip
_ENDS_STOP = {"li": ("ul", "ol", "menu", "dir"), "dt": ("dl",), "dd": ("dl",)}

# Far more than any article has; a page beyond is an error rather than minutes of work and gigabytes of memory.
MAX_MARKS = 500_000  # tags and entities
MAX_TEXT = 2_000_000  # characters between tags

# Quotes matter only behind "=", as in browsers; a value of more than 4,000 characters is read to the next ">".
_TAG = re.compile(
    r"""<(/?)([A-Za-z][^\s/<>]*+)((?:[^<>=]++|=\s*+(?:"[^"]{0,4000}+"|'[^']{0,4000}+'|))*+)(?:>|(?=<)|\Z)"""
    r"""|&(?:\#[0-9]{1,8};?|\#[xX][0-9a-fA-F]{1,8};?|[A-Za-z][A-Za-z0-9]{1,31};?)"""
    r"""|<(?=[!?%/])"""
)
_ATTRIBUTE = re.compile(r"""([A-Za-z_:][-\w:.]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+)))?""")
_WANTED = ("class", "id", "style", "hidden", "type", "role", "href")
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_SPACE = " \t\n\r\f\v\u00a0\u2002\u2003\u2009\u3000"
_WORDS = re.compile(f"[^{_SPACE}]+")


@lru_cache(maxsize=4096)
def _entity(written: str) -> tuple[str, int]:
    """What a character reference stands for, and how many of its characters belong to it (0: none, it is text)."""
    if written.startswith("&#"):
        # html.unescape knows the rules of the standard for numbers out of range and for Windows-1252 ones.
        return html.unescape(written if written.endswith(";") else written + ";"), len(written)
    name = written[1:]
    if name in html5:
        return html5[name], len(written)
    for length in range(
        min(len(name), 6), 1, -1
    ):  # names that may go without a semicolon are 2 to 6 letters long
        if name[:length] in html5:
            return html5[name[:length]], length + 1
    return "", 0


class _Reader:
    """One pass over a page."""

    def __init__(self, page: str, max_depth: int, where: str) -> None:
        self.page, self.max_depth, self.where = page, max_depth, where
        self.root = Node("#page")
        self.stack = [self.root]
        self.open: Counter[str] = Counter()
        self.hidden: list[Node] = []  # innermost last
        self.links = 0
        self.lines: list[Line] = []
        self.titles: list[str] = []
        self.metadata: dict[str, str] = {}
        self.pieces: list[tuple[str, int, int]] = []
        self.gap: int | None = None  # place of white space that waits for a word to follow
        self.gap_length = 0
        self.linked = 0
        self.visible = 0  # characters of text so far
        self.missing: set[str] = set()  # ends that are known not to come any more

    def read(self) -> Page:
        page, at = self.page, 0
        search = _TAG.search
        marks = 0
        while (found := search(page, at)) is not None:
            marks += 1
            if marks > MAX_MARKS:
                raise ContentError(f"{self.where}: more than {MAX_MARKS} tags and entities", "too_large")
            start = found.start()
            if start > at:
                self.add_text(at, start)
            at = found.end()
            name = found[2]
            if name is not None:
                at = (
                    self.end_tag(name.lower(), at) if found[1] else self.start_tag(name.lower(), found[3], at)
                )
            elif page[start] == "&":
                characters, length = _entity(found[0])
                at = start + (length or 1)
                if length:
                    self.add_entity(characters, start, length)
                else:
                    self.add_text(start, at)
            else:
                at = self.declaration(start)
        if at < len(page):
            self.add_text(at, len(page))
        self.end_line()
        title = next((t for t in self.titles if t), None)
        return Page(self.lines, title, len(page), self.metadata)

    def find(self, what: str, at: int) -> int:
        """Like ``str.find``; a search that failed once is not done again."""
        if what in self.missing:
            return -1
        place = self.page.find(what, at)
        if place < 0:
            self.missing.add(what)
        return place

    def declaration(self, start: int) -> int:
        """Skips what begins with ``<!``, ``<?``, ``<%`` or ``</`` and is no tag; gives the place behind it."""
        page = self.page
        if page.startswith("<!--", start):
            # "<!-->" is a whole comment.
            end = start + 5 if page.startswith("<!-->", start) else self.find("-->", start + 4)
            if end >= 0 and not page.startswith("<!-->", start):
                end += 3
        elif page.startswith("<%", start):
            end = self.find("%>", start) + 2
            end = -1 if end == 1 else end
        elif page.startswith("<?", start) and page[start + 2 : start + 5].lower() == "php":
            end = self.find("?>", start) + 2
            end = -1 if end == 1 else end
        elif page.startswith("<![CDATA[", start):
            return start + 9
        elif page.startswith("]]>", start):
            return start + 3
        else:
            end = -1
            if not (page[start + 1 : start + 2] in "!?/" and page[start + 2 : start + 3].strip(_SPACE)):
                self.add_text(start, start + 1)  # a lone "<"
                return start + 1
        if end < 0:
            # Never closed: taken to end at the next ">", so that no more text is lost than need be.
            close = self.find(">", start)
            following = page.find("<", start + 1, close if close >= 0 else start + 400)
            if close < 0 or following >= 0:
                self.add_text(start, start + 1)
                return start + 1
            end = close + 1
        return end

    def start_tag(self, name: str, written: str, at: int) -> int:
        attributes = _attributes(written) if written else {}
        if name == "meta":
            key = attributes.get("name") or attributes.get("property") or attributes.get("itemprop")
            if key and "content" in attributes:
                self.metadata.setdefault(key.lower(), html.unescape(attributes["content"]))
            return at
        if name == "br" or name == "hr":
            self.end_line()
            return at
        if name == "title":
            return self.read_title(at)
        if name in _RAW and not written.rstrip().endswith("/"):
            return self.skip_raw(name, at)
        if name in _BLOCK:
            self.end_line()
            if name in _CLOSES_P and self.open["p"]:
                self.close("p", _SCOPE)
            for other in _ENDS.get(name, ()):
                if self.open[other]:
                    self.close(other, (*_ENDS_STOP.get(name, ()), "table"))
        if name in _VOID:
            return at
        if name == "body":
            self.leave_head()
        if len(self.stack) > self.max_depth:
            raise ContentError(
                f"{self.where}: elements nested deeper than the limit of {self.max_depth} levels", "too_deep"
            )
        label = f"{attributes.get('class', '')} {attributes.get('id', '')}".strip().lower()
        node = Node(name, self.stack[-1], label, len(self.stack))
        self.stack.append(node)
        self.open[name] += 1
        if name == "a" and "href" in attributes:
            self.links += 1
            node.label += " #link"
        if (
            name in ("head", "button", "datalist")
            or "hidden" in attributes
            or _HIDDEN_STYLE.search(attributes.get("style", ""))
        ):
            self.hidden.append(node)
        return at

    def leave_head(self) -> None:
        # A head that was never closed does not hide the body.
        while self.hidden and self.hidden[-1].tag == "head":
            self.hidden.pop()

    def read_title(self, at: int) -> int:
        """Keeps the text of a title element, which holds no elements; gives the place behind it."""
        self.end_line()
        found = None if "title" in self.missing else _raw_ends("title").search(self.page, at)
        if found is None:
            self.missing.add("title")
            return at
        self.titles.append(" ".join(html.unescape(self.page[at : found.start()]).split()))
        close = self.page.find(">", found.end())
        return close + 1 if close >= 0 else len(self.page)

    def skip_raw(self, name: str, at: int) -> int:
        """Passes over an element whose content is not shown; gives the place behind it."""
        if name in self.missing:
            return at
        pattern = _raw_ends(name)
        depth = 1
        place = at
        while (found := pattern.search(self.page, place)) is not None:
            place = found.end()
            if found[1]:
                depth -= 1
            elif name not in _NO_NESTING:
                depth += 1
            if depth == 0:
                close = self.page.find(">", place)
                return close + 1 if close >= 0 else len(self.page)
        if name in ("script", "style"):
            return len(self.page)  # cut off in the middle of it
        self.missing.add(name)
        return at

    def end_tag(self, name: str, at: int) -> int:
        if name in _BLOCK or name == "br":
            self.end_line()
        if self.open[name]:
            self.close(name, () if name in _BLOCK else _BLOCK)
        if name == "head":
            self.leave_head()
        return at

    def close(self, name: str, stop: tuple[str, ...] | frozenset[str]) -> None:
        """Pops the innermost open element of a name, unless one of ``stop`` lies in between."""
        for back in range(1, min(len(self.stack), 200)):
            tag = self.stack[-back].tag
            if tag == name:
                for node in self.stack[-back:]:
                    self.open[node.tag] -= 1
                    if node.label.endswith("#link"):
                        self.links -= 1
                    while self.hidden and self.hidden[-1] is node:
                        self.hidden.pop()
                del self.stack[-back:]
                return
            if tag in stop:
                return

    def add_text(self, start: int, end: int) -> None:
        if self.hidden:
            return
        if end - start < 8 and not self.pieces and not self.page[start:end].strip(_SPACE):
            return
        self.visible += end - start
        if self.visible > MAX_TEXT:
            raise ContentError(f"{self.where}: more than {MAX_TEXT} characters of text", "too_large")
        at = start
        for found in _WORDS.finditer(self.page, start, end):
            first, behind = found.span()
            if first > at and self.gap is None:
                self.gap = at
            self._flush_gap()
            self.pieces.append((found[0], first, 0))
            if self.links > 0:
                self.linked += behind - first
            at = behind
        if at < end and self.gap is None:
            self.gap = at

    def add_entity(self, characters: str, start: int, length: int) -> None:
        if self.hidden:
            return
        if not characters.strip(_SPACE):
            if self.gap is None and characters:
                self.gap = -start - 1  # an entity: its whole length is one blank
                self.gap_length = length
            return
        self._flush_gap()
        self.pieces.append((characters, start, length))
        if self.links > 0:
            self.linked += len(characters)

    def _flush_gap(self) -> None:
        if self.gap is not None and self.pieces:
            if self.gap < 0:
                self.pieces.append((" ", -self.gap - 1, self.gap_length))
            else:
                self.pieces.append((" ", self.gap, 0))
        self.gap = None

    def end_line(self) -> None:
        if self.pieces:
            block = self.stack[-1]
            while block.parent is not None and block.tag not in _BLOCK:
                block = block.parent
            text = "".join([piece[0] for piece in self.pieces])
            self.lines.append(Line(text, block, self.linked, self.pieces))
            self.pieces = []
        self.gap = None
        self.linked = 0


@lru_cache(maxsize=64)
def _raw_ends(name: str) -> re.Pattern[str]:
    return re.compile(rf"<(/?){name}(?=[\s/>])", re.IGNORECASE)


def _attributes(written: str) -> dict[str, str]:
    out: dict[str, str] = {}
    for found in _ATTRIBUTE.finditer(written):
        name = found[1].lower()
        if name not in out:
            out[name] = found[2] or found[3] or found[4] or ""
    return out


def read_page(page: str, *, max_depth: int = 2000, where: str = "page") -> Page:
    """Reads the visible text of an HTML page.

    Scripts, styles, comments, hidden elements, form controls and JSP or PHP directives are left out.

    Args:
        page: The decoded page.
        max_depth: Deepest nesting of elements.
        where: Name for messages.

    Raises:
        ContentError: ``too_deep`` beyond the limit, ``too_large`` beyond `MAX_MARKS` or `MAX_TEXT`.
    """
    return _Reader(page, max_depth, where).read()
