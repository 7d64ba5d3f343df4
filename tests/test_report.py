"""The report's files: what is in them, what hostile text does to them, how large they grow; no browser."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from parkner.comparison import compare
from parkner.evaluation import Evaluation, evaluate
from parkner.gate import check_gates, parse_gate
from parkner.report.articles import BUDGET, CONTEXT, KINDS, pack_articles
from parkner.report.html import render_html
from parkner.report.junit import render_junit
from parkner.report.markdown import MOST_CHARACTERS, escape, render_markdown
from parkner.spans import Document, Span

HOSTILE = """</script></style><script>alert(1)</script><img src=x onerror=alert(2)>"'`${alert(3)}{{7*7}}|*_[a](javascript:alert(4))"""


def hostile_evaluation() -> Evaluation:
    text = HOSTILE * 3
    label = '</td><script>alert("label")</script>'
    gold = [Document(f"{HOSTILE}/{i}", text, (Span(0, 9, label), Span(30, 40, "ORG"))) for i in range(3)]
    predicted = [
        Document(d.id, text, (Span(0, 8, label, score=0.9), Span(60, 70, "'\"&<>", score=0.2))) for d in gold
    ]
    return evaluate(gold, predicted, resamples=20)


def plain_evaluation(count: int = 4, length: int = 60, *, errors: bool = True) -> Evaluation:
    text = "某某公司在园区投资。\n" * (length // 11 + 1)
    gold = [
        Document(f"s{i % 2}/{i:05d}", text, (Span(0, 4, "ORG"), Span(22, 26, "ORG"))) for i in range(count)
    ]
    wrong = (Span(0, 4, "ORG", score=0.9), Span(22, 27, "ORG", score=0.6))
    return evaluate(gold, [Document(d.id, text, wrong if errors else d.spans) for d in gold], resamples=20)


class Elements(HTMLParser):
    """Start tags of a page with their attributes, and the text of its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._open = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._open = tag

    def handle_data(self, data: str) -> None:
        if self._open == "script":
            self.scripts.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._open = ""


def articles_of(page: str) -> list[dict[str, object]]:
    found = json.loads(Elements(page).scripts[0])["articles"]
    assert isinstance(found, list)
    return found


def test_page_asks_for_nothing_and_runs_only_its_own_script() -> None:
    elements = Elements(render_html(plain_evaluation()))
    assert not [
        tag for tag, _ in elements.found if tag in ("link", "img", "iframe", "object", "base", "form action")
    ]
    for tag, attributes in elements.found:
        assert not {"src", "srcset", "action", "data", "poster"} & set(attributes), (tag, attributes)
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        assert (attributes.get("href") or "#").startswith("#")
    policy = next(a["content"] for t, a in elements.found if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/]{43}='", policy)
    assert not re.search(
        r"url\(|@import|https?://", re.sub(r"<script.*?</script>", "", render_html(plain_evaluation()))
    )


def test_hostile_text_adds_no_element_to_the_page() -> None:
    page = render_html(hostile_evaluation(), title=HOSTILE)
    elements = Elements(page)
    assert [t for t, _ in elements.found].count("script") == 2
    assert "img" not in [t for t, _ in elements.found]
    assert not [a for _, a in elements.found if any(name.startswith("on") for name in a)]
    (article, *_) = articles_of(page)
    assert article["id"] == f"{HOSTILE}/0"
    assert article["p"] == [[0, HOSTILE * 3]]
    assert "49" not in page.split("<body>")[1].split("<main>")[0]


def test_hostile_text_stays_in_its_markdown_cell() -> None:
    lines = render_markdown(hostile_evaluation(), title=HOSTILE).splitlines()
    assert not re.search(r"<(?!/?(details|summary)>)", "\n".join(lines))
    rows = [line for line in lines if line.startswith("|")]
    tables: list[list[str]] = [[]]
    for before, line in zip(["", *lines], lines, strict=False):
        if line.startswith("|"):
            if not before.startswith("|"):
                tables.append([])
            tables[-1].append(line)
    for table in tables:
        assert len({row.count("|") for row in table}) <= 1, table
    assert rows


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", "a&#124;b"),
        ("@team #12 <b>", "&#64;team &#35;12 &#60;b&#62;"),
        ("a\nb\x00\u202ec", "a b c"),
        ("https://x.cn www.x.cn", "https&#58;//x.cn www&#46;x.cn"),
        ("长" * 70, "长" * 59 + "…"),
    ],
)
def test_markdown_escape(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_markdown_fits_a_comment_whatever_the_labels() -> None:
    gold = [
        Document("a", "字" * 3000, tuple(Span(i, i + 1, f"LABEL-{i:04d}" + "x" * 50) for i in range(900)))
    ]
    text = render_markdown(evaluate(gold, gold, resamples=0, check_with_seqeval=False))
    assert len(text) <= MOST_CHARACTERS + 100
    assert text.endswith("*The rest is in the HTML report.*\n")


def test_markdown_shows_gates_scores_and_changes() -> None:
    run = plain_evaluation()
    found = compare(run, plain_evaluation(errors=False), name="main/metrics.json")
    gates = check_gates(
        [parse_gate("ORG.f1=0.9", "fail-under"), parse_gate("micro.f1=0.6", "max-drop")],
        run.scores,
        found.scores,
    )
    text = render_markdown(run, comparison=found, gates=gates)
    assert "**1 of 2 gates broken.**" in text
    assert "- ❌ ORG.f1 is 0.5000 &#60; 0.9 (--fail-under)" in text
    assert "- ✅ micro.f1 is 0.5000, baseline 1.0000, change -0.5000: within the 0.6 it may drop" in text
    assert "| ORG | 0.5000 | 0.5000 | 0.5000 (0.500–0.500) | 8 | 8 | 1.0000 | 0.7500 | 0.5000 |" in text
    assert "| gold spans lost | 4 |" in text
    assert "| too long | 4 | 4 |" in text


def test_junit_has_a_case_for_every_gate_and_label() -> None:
    run = hostile_evaluation()
    gates = [parse_gate("ORG.f1=0.9", "fail-under"), parse_gate("micro.f1=0", "fail-under")]
    gates.append(parse_gate(f"{run.labels[1]}.f1=0", "fail-under"))
    root = ElementTree.fromstring(render_junit(run, check_gates(gates, run.scores)))
    by_gate, by_label = root.findall("testsuite")
    assert (by_gate.get("tests"), by_gate.get("failures")) == ("3", "1")
    assert [case.get("name") for case in by_label] == list(run.labels)
    assert [case.get("name") for case in by_label if case.find("failure") is not None] == ["ORG"]
    failure = by_gate.find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "ORG.f1 is 0.0000 < 0.9 (--fail-under)"


def test_junit_is_xml_whatever_the_label() -> None:
    gold = [Document("a", "0123", (Span(0, 1, "A\x00\x1b\ufffe]]>&"),))]
    root = ElementTree.fromstring(render_junit(evaluate(gold, gold, resamples=0)))
    assert root.find("testsuite[2]/testcase").get("name") == "A\ufffd\ufffd\ufffd]]>&"  # type: ignore[union-attr]


def test_articles_are_whole_while_they_fit() -> None:
    run = plain_evaluation(10, 2000)
    packed = pack_articles(run.documents, run.labels)
    assert (packed.shown, packed.total, packed.shortened) == (10, 10, False)
    (first, *_) = json.loads(packed.json)["articles"]
    assert first["p"] == [[0, run.documents[0].text]]
    assert first["m"] == [
        [KINDS.index("correct"), [0, 4, 0], [0, 4, 0, 0.9]],
        [KINDS.index("too_long"), [22, 26, 0], [22, 27, 0, 0.6]],
    ]


def test_articles_are_shortened_around_errors_then_sampled() -> None:
    run = plain_evaluation(400, 3000)
    packed = pack_articles(run.documents, run.labels, budget=500_000)
    assert (packed.shown, packed.shortened) == (400, True)
    (first, *_) = json.loads(packed.json)["articles"]
    text = run.documents[0].text
    assert first["p"] == [[0, text[: 27 + CONTEXT]]]
    assert first["n"] == len(text)
    small = pack_articles(run.documents, run.labels, budget=50_000)
    assert 50 < small.shown < 300
    assert len(small.json.encode()) <= 50_000 + 200
    page = render_html(run)
    assert "A sample of" not in page


def test_page_of_many_articles_says_that_it_is_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    import parkner.report.html as html

    def small(*values: object, **_: object) -> object:
        return pack_articles(*values, budget=20_000)  # type: ignore[arg-type]

    monkeypatch.setattr(html, "pack_articles", small)
    page = html.render_html(plain_evaluation(300, 500))
    shown = len(articles_of(page))
    assert 0 < shown < 300
    assert f"A sample of {shown} of 300 articles" in page
    assert BUDGET < 4_000_000


def test_page_of_many_labels_stays_small() -> None:
    """A confusion table of all labels would be a million cells."""
    spans = tuple(Span(3 * i, 3 * i + 2, f"L{i:03d}", score=0.5) for i in range(600))
    gold = [Document(f"s/{i}", "字" * 1800, spans) for i in range(3)]
    page = render_html(evaluate(gold, gold, resamples=5, check_with_seqeval=False))
    assert len(page.encode()) < 1_500_000
    assert "The 20 largest of 600 labels." in page


def test_offsets_survive_characters_beyond_the_basic_plane() -> None:
    text = "𠀀𠀁公司😀园区"
    gold = [Document("a", text, (Span(2, 4, "ORG"), Span(5, 7, "PARK")))]
    (article,) = articles_of(render_html(evaluate(gold, gold, resamples=0)))
    assert article["p"] == [[0, text]]
    assert [m[1][:2] for m in article["m"]] == [[2, 4], [5, 7]]  # type: ignore[attr-defined]


def test_a_lone_surrogate_breaks_no_file(tmp_path: object) -> None:
    from pathlib import Path

    from parkner.report import write_report

    gold = [Document("a\ud800", "x\udc00公司", (Span(2, 4, "ORG"),))]
    out = Path(str(tmp_path))
    write_report(out, evaluate(gold, [Document(gold[0].id, gold[0].text)], resamples=0))
    assert articles_of((out / "report.html").read_text(encoding="utf-8"))[0]["p"] == [[0, "x?公司"]]
    json.loads((out / "metrics.json").read_text(encoding="utf-8"))
