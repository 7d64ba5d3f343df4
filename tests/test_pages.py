"""Pages: positions of every character, the article's lines, title and date."""

from __future__ import annotations

import contextlib
import hashlib
import html
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkner.charset import ContentError, declared_charset, decode
from parkner.html_reader import read_page
from parkner.markup import text_of_lines
from parkner.pages import document_of_page
from parkner.spans import Document

GOLD = Path(__file__).parent / "data" / "pages_gold.jsonl"


def visible(page: str) -> str:
    """A raw slice with tags, entities and blanks taken out."""
    return "".join(html.unescape(re.sub(r"<!--.*?-->|<[^>]*>", "", page, flags=re.DOTALL)).split())


def texts(page: str) -> list[str]:
    return [line.text for line in read_page(page).lines]


def test_blocks_become_lines_and_entities_one_character() -> None:
    page = "<div>产业&nbsp;园 &amp;\n新区<br>二<b>行</b></div><p>三&#22235;&#x4e94;</p>"
    read = read_page(page)
    text, places = text_of_lines(read.lines, read.length)
    assert text == "产业 园 & 新区\n二行\n三四五"
    for position, source in (
        (0, "产"),
        (2, "&nbsp;"),
        (5, "&amp;"),
        (text.index("四"), "&#22235;"),
        (text.index("五"), "&#x4e94;"),
    ):
        start, end = places.to_source(position, position + 1)
        assert page[start:end] == source


@pytest.mark.parametrize(
    ("page", "lines"),
    [
        ("<script>if (a<b) '</p>'</script>甲", ["甲"]),
        ("<SCRIPT type=x>x</SCRIPT\n>甲<style>p{}</style>", ["甲"]),
        ("<!-- <p>隐</p> -->甲", ["甲"]),
        ("<%@ page contentType='text/html' %><% if (a > b) { %>甲<% } %>", ["甲"]),
        ("<?php echo '<p>隐</p>'; ?>甲", ["甲"]),
        ("<div style='display: none'>隐<p>隐</p></div>甲", ["甲"]),
        ("<p hidden>隐</p>甲", ["甲"]),
        ("<noscript>隐</noscript><select><option>隐</select>甲<textarea>隐</textarea>", ["甲"]),
        ("<head><title>题</title></head>甲", ["甲"]),
        ("<title>题</title><body>甲", ["甲"]),
        ("<p>甲<p>乙<ul><li>丙<li>丁</ul>", ["甲", "乙", "丙", "丁"]),
        ("<p>甲</div>乙</p>", ["甲", "乙"]),
        ("3 < 5 且 a<b", ["3 < 5 且 a"]),  # "<b" begins a tag, in browsers too
        ("<a title='>'>甲</a>", ["甲"]),
        ('<a title="5" disk">甲</a><p>乙</p>', ["甲", "乙"]),
        ("<a href='未闭合>甲</a>", ["甲"]),
        ("AT&T &copy2011 &nosuch; &", ["AT&T ©2011 &nosuch; &"]),
        ("&#0;&#xD800;&#128;", ["\ufffd\ufffd€"]),
        ("甲<!-- 未闭合 乙<p>丙</p>", ["甲<!-- 未闭合 乙", "丙"]),
        ("", []),
        ("<script>未闭合 甲", []),
    ],
)
def test_markup(page: str, lines: list[str]) -> None:
    assert texts(page) == lines


def test_title_and_metadata_are_read() -> None:
    page = read_page(
        "<title>园区 &amp; 产业_某网</title><meta name='PubDate' content='2022-01-28 10:00'><p>甲"
    )
    assert page.title == "园区 & 产业_某网"
    assert page.metadata["pubdate"] == "2022-01-28 10:00"


def test_deep_nesting_is_an_error_with_a_name() -> None:
    with pytest.raises(ContentError, match="nested deeper") as caught:
        read_page("<div>" * 10_000 + "甲")
    assert caught.value.kind == "too_deep"


@pytest.mark.parametrize(
    "unit",
    ["<", "&", "<!--", "<!", "<%", "<?php", "<script>", '<a href="', "</p>", "<td>", "&#", "]]>", "<title>"],
)
def test_time_is_linear_in_broken_markup(unit: str) -> None:
    # Quadratic work on a page of this size would take minutes.
    with contextlib.suppress(ContentError):  # too deep, too large
        read_page(unit * (200_000 // len(unit)))


TEXTS = st.text(
    alphabet=st.characters(
        codec="utf-8", exclude_characters="<>&\0\r", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs", "Cf")
    ),
    max_size=6,
)
SAFE = TEXTS.map(lambda text: "".join(text.split()))
ENTITIES = st.sampled_from(
    [
        ("&nbsp;", ""),
        ("&amp;", "&"),
        ("&lt;", "<"),
        ("&#20013;", "中"),
        ("&#x6587;", "文"),
        ("&quot;", '"'),
        ("&hellip;", "…"),
    ]
)


@st.composite
def nested(draw: st.DrawFn, depth: int = 3) -> tuple[str, str]:
    """Random well-formed HTML and its visible characters."""
    parts = []
    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["text", "entity", "element", "hidden", "break", "space"]))
        if kind == "text":
            text = draw(SAFE)
            parts.append((text, text))
        elif kind == "entity":
            parts.append(draw(ENTITIES))
        elif kind == "break":
            parts.append(
                (draw(st.sampled_from(["<br>", "<br/>", "<hr>", "<img alt='x'>", "<!-- x -->"])), "")
            )
        elif kind == "space":
            parts.append((draw(st.sampled_from([" ", "\n", "\u3000", "\t "])), ""))
        elif depth:
            inner, shown = draw(nested(depth - 1))
            tag = draw(st.sampled_from(["div", "span", "b", "table", "section", "em", "h2", "blockquote"]))
            if kind == "hidden":
                parts.append((f'<{tag} style="display:none">{inner}</{tag}>', ""))
            else:
                parts.append((f'<{tag} class="a">{inner}</{tag}>', shown))
    return "".join(part[0] for part in parts), "".join(part[1] for part in parts)


@given(nested())
def test_all_visible_text_is_kept_with_its_place(case: tuple[str, str]) -> None:
    page, shown = case
    read = read_page(page)
    text, places = text_of_lines(read.lines, read.length)
    assert "".join(text.split()) == "".join(shown.split())
    for position, character in enumerate(text):
        start, end = places.to_source(position, position + 1)
        if not character.isspace():
            assert html.unescape(page[start:end]) == character


@given(st.text(alphabet="<>/!-%?&;#\"'= abpdiv产业\n", max_size=60))
def test_no_markup_makes_the_reader_fail(page: str) -> None:
    read = read_page(page)
    text, places = text_of_lines(read.lines, read.length)
    assert len(places) == len(text)


ARTICLE = """<html><head><title>万州经开区签约三个项目_某市政府网</title><meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head>
<body><div class="top"><a href="/">首页</a> | <a href="/a">新闻</a> | <a href="/b">公开</a></div>
<div class="nav">当前位置：<a href="/">首页</a> &gt; <a href="/x">园区动态</a></div>
<div class="main"><h1>万州经开区签约三个项目</h1>
<div class="info">发布时间：2022-03-15 09:30 来源：<span>万州时报</span> 字号：<a>大</a> <a>中</a> <a>小</a></div>
<div class="content"><p>&nbsp;&nbsp;3月14日，万州经济技术开发区与某新材料公司签订投资协议，项目总投资12亿元，将建设年产五万吨的生产基地。</p>
<p><img src="a.jpg"></p><p>签约现场</p>
<p>据了解，这是今年以来开发区引进的第三个亿元以上项目，预计2023年底投产，投产后年产值可达20亿元，带动就业三百余人。</p></div>
<div class="share">分享到：<a href="#">微信</a> <a href="#">微博</a></div>
<div class="related"><h3>相关阅读</h3><ul><li><a href="/1">两江新区召开重点项目推进会</a></li><li><a href="/2">涪陵高新区一季度开门红</a></li></ul></div></div>
<div class="footer">主办单位：某市人民政府 渝ICP备12345678号 网站标识码：5001010000</div></body></html>"""


def test_an_article_page() -> None:
    document = document_of_page(ARTICLE, "a")
    lines = document.text.split("\n")
    assert lines[0] == document.title == "万州经开区签约三个项目"
    assert lines[1].startswith("发布时间：2022-03-15 09:30 来源：万州时报")
    assert lines[2].startswith("3月14日")
    assert lines[3] == "签约现场"
    assert lines[4].endswith("三百余人。")
    assert len(lines) == 5
    assert str(document.date) == "2022-03-15"
    assert document.source == "万州时报"
    assert document.raw is not None
    start = document.text.index("万州经济技术开发区")
    begin, end = document.raw.to_source(start, start + 9)
    assert ARTICLE[begin:end] == "万州经济技术开发区"


def test_a_page_without_text_is_an_error() -> None:
    with pytest.raises(ContentError, match="no text"):
        document_of_page("<html><script>x</script></html>", "a")


def test_a_page_without_running_text_keeps_its_lines() -> None:
    assert document_of_page("<h1>通知</h1><p>见附件</p>", "a").text == "通知\n见附件"


def shared_pages(shared: Path) -> list[tuple[str, str, list[list[object]], Document]]:
    out = []
    for line in GOLD.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        data = (shared / "pages" / record["page"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == record["sha256"]
        page = decode(data, declared=declared_charset(data)).text
        out.append((record["page"], page, record["lines"], document_of_page(page, record["page"])))
    return out


def test_articles_of_the_shared_pages(shared: Path) -> None:
    """Recall and precision by characters against lines chosen by reading."""
    hits = wanted = found = 0
    for _, page, lines, document in shared_pages(shared):
        assert document.raw is not None
        gold = set()
        for start, end, _, digest in lines:
            assert hashlib.sha256(visible(page[start:end]).encode()).hexdigest() == digest
            gold |= set(range(start, end))
        own = {
            int(start)
            for start, character in zip(document.raw.starts, document.text, strict=True)
            if not character.isspace()
        }
        hits += len(own & gold)
        found += len(own)
        wanted += sum(count for *_, count, _ in lines)
    assert hits / wanted >= 0.98
    assert hits / found >= 0.95


def test_raw_slices_of_the_shared_pages_give_their_text(shared: Path) -> None:
    """For every line and for stretches across lines: tags, entities and blanks out, and the text is there."""
    count = 0
    for name, page, _, document in shared_pages(shared):
        assert document.raw is not None
        text = document.text
        for start in range(0, len(text), 7):
            for length in (1, 3, 12):
                piece = text[start : start + length]
                if not piece.strip() or piece != piece.strip():
                    continue
                begin, end = document.raw.to_source(start, start + len(piece))
                assert visible(page[begin:end]) == "".join(piece.split()), (name, start)
                count += 1
    assert count > 10_000


def test_dates_of_the_shared_pages(shared: Path) -> None:
    for name, page, _, document in shared_pages(shared):
        shown = re.search(r"(?:发布|发稿)时间：(\d{4})[-/](\d{1,2})[-/](\d{1,2})", page)
        assert shown is not None
        assert document.date is not None, name
        assert (document.date.year, document.date.month, document.date.day) == tuple(
            map(int, shown.groups())
        ), name
        assert document.title
