"""Which lines of a page are the article (tier 1).

What an extractor took for the article is found again among the positioned lines. Its slips are then mended by
structure: the article is one stretch of one container, short lines inside it (captions, subheads, table cells) belong
to it, lists of links and furniture do not, and the headline and byline above it do.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from parkner.debris import debris_lines, is_furniture, is_navigation, is_running_text
from parkner.heads import is_byline
from parkner.markup import Line, Node, Page

_HEADINGS = ("h1", "h2", "h3")
_TITLE_LABEL = re.compile(r"tit(?:le)?(?![a-z]*-?(?:list|bar))|headline|newst\b|biaoti", re.IGNORECASE)
_TITLE_PARTS = re.compile(r"\s*[_|｜]\s*|\s+[-–—]+\s*|\s*[-–—]+\s+|-{1,2}(?=[^-]{2,20}$)|——?(?=[^—]{2,20}$)")
_PARAGRAPHS = frozenset(["p", "li", "span", "h1", "h2", "h3", "h4", "td", "tr", "tbody", "blockquote"])
_NOT_ARTICLE = frozenset({"nav", "footer", "aside"})
_PRESS = re.compile(
    r"[【\[（(]?(?:本文|文章|信息)?(?:来源|作者|责任编辑|责编|编辑|记者|供稿|审核|校对|撰稿|摄影|文/|图/)\s*[/／:：]"
)


def _key(text: str) -> str:
    return "".join(text.split())


def article_of(page: Page, extracted: str) -> tuple[list[Line], str | None]:
    """The article among a page's lines.

    Args:
        page: The lines; at least one.
        extracted: The article's text by an extractor; empty if there is none.

    Returns:
        The lines of the article in order, headline first where it is shown, and its title.
    """
    lines = page.lines
    keys = [_key(line.text) for line in lines]
    voted = _votes(keys, extracted)
    density = [line.linked / max(1, len(key)) for line, key in zip(lines, keys, strict=True)]
    running = [is_running_text(line.text) and share < 0.5 for line, share in zip(lines, density, strict=True)]
    tree = _Tree(lines)
    left_out = tree.inherited(lambda node: node.tag in _NOT_ARTICLE)
    outside = [left_out[line.node] for line in lines]
    weights = [
        0.0
        if out
        else len(key) * (1 - min(share, 1)) * (1.0 if vote and run else 0.5 if vote or run else 0.0)
        for key, share, vote, run, out in zip(keys, density, voted, running, outside, strict=True)
    ]
    if not any(weights):
        weights = [float(vote) or 1e-9 for vote in voted]
    container = tree.container(weights)
    held = tree.inherited(lambda node: node is container)
    inside = [i for i, line in enumerate(lines) if held[line.node] and not outside[i]]
    first, last = _stretch(lines, inside, voted, running, density, keys)
    headings = tree.inherited(lambda node: node.tag in _HEADINGS)
    title_at, title = _title(page, keys, first, headings)
    picked = {i for i in range(first, last + 1) if held[lines[i].node] and not outside[i]}
    picked -= _link_lists(keys, density, running, voted)
    if title_at is not None and title_at < first:
        near = first - title_at < 25
        picked.add(title_at)
        picked |= {
            i
            for i in range(title_at + 1, first)
            if keys[i] != keys[title_at] and not outside[i] and _is_head(lines[i], density[i], near)
        }
    # The source and the editor's name right below the body.
    picked |= {i for i in range(last + 1, min(last + 3, len(lines))) if _PRESS.match(lines[i].text)}
    order = sorted(picked)
    flags = debris_lines(
        [lines[i].text for i in order],
        keep=order.index(title_at) if title_at in picked else None,
        linked=[any(share > 0.6 for share in density[i + 1 : i + 4]) for i in order],
    )
    chosen = [lines[i] for i, flag in zip(order, flags, strict=True) if not flag]
    return chosen or [lines[i] for i in order] or list(lines), title


def _votes(keys: Sequence[str], extracted: str) -> list[bool]:
    parts = {_key(part) for part in extracted.splitlines()} | {
        _key(part.strip(" |-")) for part in extracted.splitlines() if part[:1] in "|-"
    }
    whole = _key(extracted)
    return [key in parts or (len(key) >= 10 and key in whole) for key in keys]


class _Tree:
    """Questions about the elements that lines lie in; each element is looked at once, however deep it lies."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        seen: set[Node] = set()
        for line in lines:
            for node in line.node.path():
                if node in seen:
                    break
                seen.add(node)
        self.nodes = sorted(seen, key=lambda node: node.depth)

    def inherited(self, test: Callable[[Node], bool]) -> dict[Node, bool]:
        """For each element whether it, or one around it, passes a test."""
        out: dict[Node, bool] = {}
        for node in self.nodes:
            out[node] = (node.parent is not None and out[node.parent]) or test(node)
        return out

    def container(self, weights: Sequence[float]) -> Node:
        """The smallest element that holds nearly all of the lines' weight."""
        total: dict[Node, float] = defaultdict(float)
        for line, weight in zip(self.lines, weights, strict=True):
            total[line.node] += weight
        for node in reversed(self.nodes):
            if node.parent is not None:
                total[node.parent] += total[node]
        enough = 0.85 * sum(weights)
        holders = [node for node in self.nodes if total[node] >= enough]
        best = holders[-1]
        # A single long paragraph is no container: its siblings belong with it.
        while best.tag in _PARAGRAPHS and best.parent is not None:
            best = best.parent
        return best


def _link_lists(
    keys: Sequence[str], density: Sequence[float], running: Sequence[bool], voted: Sequence[bool]
) -> set[int]:
    """Lines of nothing but links that stand in rows of two or more, save those the extractor took for text."""
    linked = [share > 0.6 and not run for share, run in zip(density, running, strict=True)]
    out: set[int] = set()
    at = 0
    while at < len(keys):
        end = at
        # Marks and dates between links do not end a list of links; where the extractor's text ends, a list ends.
        while end < len(keys) and (
            (linked[end] and (end == at or voted[end] == voted[at]))
            or (end > at and not linked[end] and len(keys[end]) <= 12 and not keys[end].isalpha())
        ):
            end += 1
        if sum(linked[at:end]) >= 2:
            out |= {i for i in range(at, end) if not (voted[i] and density[i] < 0.6)}
        at = max(end, at + 1)
    return out


def _stretch(
    lines: Sequence[Line],
    inside: Sequence[int],
    voted: Sequence[bool],
    running: Sequence[bool],
    density: Sequence[float],
    keys: Sequence[str],
) -> tuple[int, int]:
    """First and last line of the article among the lines of its container."""
    strong = (
        [i for i in inside if voted[i] and running[i]]
        or [i for i in inside if running[i]]
        or [i for i in inside if voted[i]]
        or list(inside)
    )
    first, last = strong[0], strong[-1]
    # Captions, subheads and signatures beside it: lines that the extractor took as well, a few lines away at most.
    beside = {id(lines[i].node.parent) for i in strong}
    weak = {
        i
        for i in inside
        if (voted[i] and (density[i] < 0.6 or len(keys[i]) > 20))
        or (running[i] and id(lines[i].node.parent) in beside)
    }
    while near := [i for i in range(max(0, first - 3), first) if i in weak]:
        first = near[0]
    while near := [i for i in range(last + 1, last + 4) if i in weak]:
        last = near[-1]
    return first, last


def _is_head(line: Line, density: float, is_title_near: bool) -> bool:
    """Whether a line between headline and body is part of the article's head."""
    if is_furniture(line.text):
        return False
    return is_byline(line.text) or (is_title_near and density <= 0.6 and len(line.text) <= 100)


def _title(
    page: Page, keys: Sequence[str], first: int, headings: Mapping[Node, bool]
) -> tuple[int | None, str | None]:
    """Number of the headline's line (None if it is not shown) and the title."""
    named = [_key(part) for name in ("og:title", "articletitle") if (part := page.metadata.get(name))]
    whole = _key(page.title or "")
    best: tuple[float, int] | None = None
    for i in range(min(first + 3, len(keys))):
        line, key = page.lines[i], keys[i]
        if (
            not 2 <= len(key) <= 90
            or line.linked > 0.5 * len(key)
            or is_byline(line.text)
            or is_navigation(line.text)
        ):
            continue
        score = 0.0
        if key in named or (len(key) >= 6 and whole.startswith(key)):
            score += 3
        elif len(key) >= 8 and key in whole:
            score += 1.5
        if headings[line.node]:
            score += 2 if line.node.tag == "h1" else 1
        elif any(_TITLE_LABEL.search(node.label) for node in _near(line.node)):
            score += 1
        if any(is_byline(other.text) for other in page.lines[i + 1 : i + 3]) and not line.text.endswith(
            ("。", "：", ":")
        ):
            score += 1  # what stands right above the byline
        if score and i > first:
            score -= 1  # a subhead of the body
        if score and (best is None or score >= best[0]):  # of equals the one nearest to the body
            best = (score, i)
    if best is not None and best[0] >= 1:
        return best[1], page.lines[best[1]].text
    shown = page.metadata.get("og:title") or page.metadata.get("articletitle") or page.title
    if not shown:
        return None, None
    return None, _TITLE_PARTS.split(shown.strip())[0].strip() or None


def _near(node: Node) -> list[Node]:
    return [node, node.parent] if node.parent is not None else [node]
