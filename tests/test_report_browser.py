"""The report page in a real Chromium: it filters, asks for nothing, and hostile text runs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from browser import Browser, find_chromium
from parkner.comparison import compare
from parkner.evaluation import Evaluation, evaluate
from parkner.report.html import render_html
from parkner.spans import Document, Span

TEXT = "某某公司在高新园区投资三亿元。\n下一行没有错误，只有甲公司。\n第三行是𠀀乙公司。"
GOLD = (Span(0, 4, "ORG"), Span(5, 9, "PARK"), Span(26, 29, "ORG"), Span(36, 39, "ORG"))


def evaluation(*, better: bool = False) -> Evaluation:
    gold = [Document(f"{'news' if i % 2 else 'notices'}/{i:02d}", TEXT, GOLD) for i in range(45)]
    predicted = []
    for index, document in enumerate(gold):
        spans = [Span(s.start, s.end, s.label, score=0.9) for s in GOLD]
        if index < 30:
            spans[1] = Span(5, 9, "ORG", score=0.7)
        if index < 10 and not better:
            spans[0] = Span(0, 2, "ORG", score=0.5)
        if index == 44:
            spans[3] = Span(37, 39, "ORG", score=0.3)
        predicted.append(Document(document.id, TEXT, tuple(spans)))
    return evaluate(gold, predicted, resamples=20)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    with Browser(program) as running:
        yield running


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(
        render_html(evaluation(), comparison=compare(evaluation(), evaluation(better=True))), "utf-8"
    )
    return path


def choose(browser: Browser, name: str, value: str) -> None:
    browser.run(
        f"""(() => {{ const field = document.getElementById("filters").elements[{name!r}];
        field.value = {value!r}; field.dispatchEvent(new Event("input", {{bubbles: true}})); }})()"""
    )


def ids(browser: Browser) -> list[str]:
    found = browser.run('[...document.querySelectorAll("#list .id")].map((e) => e.textContent)')
    assert isinstance(found, list)
    return found


def hits(browser: Browser) -> str:
    return str(browser.run('document.getElementById("hits").textContent'))


def test_page_asks_for_nothing_and_complains_of_nothing(browser: Browser, page: Path) -> None:
    browser.messages.clear()
    browser.open(page)
    assert browser.requests == [page.as_uri()]
    assert browser.messages == []
    assert browser.run("performance.getEntriesByType('resource').length") == 0
    # Even script that ran would be stopped: the policy is in force.
    blocked = browser.run('fetch("https://example.org/").then(() => "loaded", () => "blocked")')
    assert blocked == "blocked"
    assert not [address for address in browser.requests if address.startswith("http")]


def test_filters(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert hits(browser) == "45"
    assert len(ids(browser)) == 20
    browser.run('document.getElementById("more").click()')
    assert len(ids(browser)) == 40
    choose(browser, "kind", "too_short")
    assert (hits(browser), ids(browser)[:2]) == ("11 of 45", ["news/01", "news/03"])
    choose(browser, "source", "1")
    assert hits(browser) == "6 of 45"
    choose(browser, "text", "Notices/04")
    assert ids(browser) == ["notices/04"]
    choose(browser, "text", "there is no such text")
    assert browser.run('document.querySelector("#list .empty").textContent') == "No article fits the filters."
    browser.run('document.querySelector("button[type=reset]").click()')
    browser.run("new Promise((done) => setTimeout(done, 50))")
    assert hits(browser) == "45"
    choose(browser, "change", "worse")
    assert hits(browser) == "10 of 45"
    choose(browser, "change", "better")
    assert hits(browser) == "0 of 45"


def test_errors_and_confusion_lead_to_their_articles(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.run("""document.querySelector('.stack [data-kind="wrong_label"][data-label="PARK"]').click()""")
    assert hits(browser) == "30 of 45"
    browser.run("""document.querySelector('[data-gold="PARK"][data-predicted="ORG"]').click()""")
    assert hits(browser) == "30 of 45"
    assert browser.run('document.getElementById("pair").textContent') == "PARK → ORG  ✕"
    browser.run('document.getElementById("pair").click()')
    assert hits(browser) == "45"


def test_gold_and_predictions_stand_side_by_side_on_the_right_characters(
    browser: Browser, page: Path
) -> None:
    browser.open(page)
    choose(browser, "text", "notices/44")
    marks = """[...document.querySelectorAll("#list .row")].map((row) => [...row.children].map((cell) =>
        [...cell.querySelectorAll("mark")].map((m) => m.firstChild.data + (m.classList.contains("wrong") ? "!" : ""))))"""
    assert browser.run(marks) == [[[], []], [["乙公司!"], ["公司!"]]]
    choose(browser, "whole", "on")
    browser.run('document.querySelector("[name=whole]").click()')
    assert browser.run(marks)[1:] == [
        [["某某公司", "高新园区"], ["某某公司", "高新园区"]],
        [["甲公司"], ["甲公司"]],
        [["乙公司!"], ["公司!"]],
    ]
    title = browser.run('document.querySelector("#list .row > div:last-child mark.wrong").title')
    assert title == "ORG 0.300 · too short · gold ORG [37, 39)"


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_page_fits_the_screen_in_light_and_dark(browser: Browser, page: Path, width: int, dark: bool) -> None:
    browser.open(page, width=width, dark=dark)
    assert browser.run("document.documentElement.scrollWidth") == width
    colours = browser.run(
        "(({color, backgroundColor}) => [color, backgroundColor])(getComputedStyle(document.body))"
    )
    lightness = [sum(map(int, colour[4:-1].split(","))) for colour in colours]
    assert (lightness[0] > lightness[1]) is dark
    columns = browser.run(
        'getComputedStyle(document.querySelector("#list .row:not(.heads)")).gridTemplateColumns'
    )
    assert len(columns.split()) == (2 if width > 760 else 1)


def test_hostile_text_runs_nothing(browser: Browser, tmp_path: Path) -> None:
    attacks = [
        "<script>window.hacked = 1; alert(1)</script>",
        "</script><script>window.hacked = 2</script>",
        "</style><img src=x onerror='window.hacked = 3'>",
        '"><svg onload=window.hacked=4>',
        "' onmouseover='window.hacked=5' autofocus onfocus='window.hacked=6",
        "<!--<script>",
        "${window.hacked=7}{{constructor.constructor('window.hacked=8')()}}",
        "\u2028window.hacked=9//",
    ]
    text = "\n".join(attacks)
    gold = [Document(attack, text, (Span(3, 20, attack),), source=attack) for attack in attacks]
    wrong = [Document(a, text, (Span(2, 20, attacks[i - 1], score=0.5),)) for i, a in enumerate(attacks)]
    run = evaluate(gold, wrong, resamples=20)
    path = tmp_path / "report.html"
    path.write_text(
        render_html(run, comparison=compare(run, run, name=attacks[0]), title=attacks[1]), "utf-8"
    )
    browser.messages.clear()
    browser.dialogs.clear()
    browser.open(path)
    browser.run('for (const d of document.querySelectorAll("details")) d.open = true')
    for mark in ("mouseover", "focus"):
        browser.run(f'for (const e of document.querySelectorAll("*")) e.dispatchEvent(new Event({mark!r}))')
    browser.run("new Promise((done) => setTimeout(done, 200))")
    assert browser.run("window.hacked === undefined") is True
    assert (browser.dialogs, browser.messages) == ([], [])
    assert browser.requests == [path.as_uri()]
    assert browser.run('document.querySelectorAll("script").length') == 2
    assert browser.run('document.querySelectorAll("img, main svg:not(.chart)").length') == 0
    assert sorted(ids(browser)) == sorted(attacks)
    shown = browser.run('document.querySelector("#list .panes").textContent')
    assert "alert(1)" in shown
    # Filtering by a hostile label works like any other.
    choose(browser, "label", attacks[0])
    assert hits(browser) == "2 of 8"


def test_the_test_itself_would_notice(browser: Browser, tmp_path: Path) -> None:
    """A page that does run hostile text is seen to."""
    path = tmp_path / "bad.html"
    path.write_text(
        "<p><script>window.hacked = 1; alert('x')</script><img src='http://127.0.0.1:9/x.png'>", "utf-8"
    )
    browser.dialogs.clear()
    browser.open(path)
    assert browser.run("window.hacked") == 1
    assert browser.dialogs == ["x"]
    assert "http://127.0.0.1:9/x.png" in browser.requests
