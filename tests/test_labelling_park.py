"""Park functions: what each catches, what it must not; and the score of all ORG and PARK functions on gold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkner.clean import clean_text
from parkner.labelling import org, park
from parkner.labelling.functions import REGISTER, Article
from parkner.labelling.lexicon import Lexicons

assert org
PARK_FUNCTIONS = sorted(name for name, function in REGISTER.items() if function.labels == ("PARK",))


@pytest.fixture(scope="module")
def lexicons(root: Path) -> Lexicons:
    return Lexicons(root / "configs" / "lexicons")


def found(lexicons: Lexicons, text: str, *names: str) -> list[str]:
    article = Article(text, lexicons)
    spans = {(span[0], span[1]) for name in names for span in REGISTER[name].find(article)}
    return [text[start:end] for start, end in sorted(spans)]


def test_the_functions_are_registered() -> None:
    assert set(PARK_FUNCTIONS) >= {
        "park_grammar",
        "park_known",
        "park_quoted",
        "park_field",
        "park_short_form",
    }


@pytest.mark.parametrize(
    ("function", "text", "expected"),
    [
        ("park_grammar", "武胜经开区如何抢抓机遇", ["武胜经开区"]),
        ("park_grammar", "新乡经开区位于新乡市", ["新乡经开区"]),
        ("park_grammar", "依托南浔·广安东西部协作产业园和爱众新能源智慧产业园", ["南浔·广安东西部协作产业园", "爱众新能源智慧产业园"]),
        ("park_grammar", "加快建设川渝智能装备制造(岳池)产业园", ["川渝智能装备制造(岳池)产业园"]),
        ("park_grammar", "全力打造中昆新材料产业基地", ["中昆新材料产业基地"]),
        ("park_grammar", "位于雄安新区中关村科技园的企业", ["雄安新区中关村科技园"]),
        ("park_grammar", "智能装配式建筑产业园二期、垫江高新区一期", ["垫江高新区一期"]),
        ("park_grammar", "两江新区管委会与开州浦里新区党工委", []),
        ("park_grammar", "各园区、高新区、经开区、产业园区和国家高新区", []),
        ("park_grammar", "建成一批特色产业园和现代农业示范区，多晶硅生产基地", []),
        ("park_grammar", "成渝地区双城经济圈和重庆都市圈", []),
        ("park_grammar", "亚太自由贸易区和以军导弹基地", []),
        ("park_known", "两江新区企业", ["两江新区"]),
        ("park_known", "万州区两江新区对口协同发展", ["两江新区"]),
        ("park_known", "在重庆两江新区和河北雄安新区", ["重庆两江新区", "河北雄安新区"]),
        ("park_known", "出席中关村论坛", []),
        ("park_quoted", "布局“智能家居产业园”和“特色产业园”", ["智能家居产业园"]),
        ("park_quoted", "构建“产业集群+特色园区”格局", []),
        ("park_field", "启动建设玄武岩产业园、现代制造业产业园", ["玄武岩产业园", "现代制造业产业园"]),
        ("park_field", "建设50个国家现代农业产业园", []),
        ("park_short_form", "川渝高竹新区启动，高竹新区发展", ["高竹新区"]),
    ],
)  # fmt: skip
def test_function(lexicons: Lexicons, function: str, text: str, expected: list[str]) -> None:
    assert found(lexicons, text, function) == expected


def test_a_body_of_a_park_is_an_organisation(lexicons: Lexicons) -> None:
    text = "开州浦里新区党工委、两江新区管委会和武胜经开区街子产业服务中心"
    assert found(lexicons, text, *PARK_FUNCTIONS) == []
    assert found(lexicons, text, "org_government") == ["开州浦里新区党工委", "两江新区管委会"]
    assert found(lexicons, text, "org_institute") == ["武胜经开区街子产业服务中心"]


PIECES = [
    "重庆",
    "两江新区",
    "产业园",
    "区",
    "(",
    "）",
    "“",
    "”",
    "二期",
    "中关村",
    "园",
    "基地",
    "\n",
    "与",
    "共建",
    "管委会",
    "3",
]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=25).map("".join))
def test_functions_take_any_text(text: str) -> None:
    lexicons = Lexicons(Path(__file__).resolve().parents[1] / "configs" / "lexicons")
    article = Article(text, lexicons)
    for name in PARK_FUNCTIONS:
        for span in REGISTER[name].find(article):
            assert 0 <= span[0] < span[1] <= len(text), (name, span)


def longest_names(article: Article) -> set[tuple[int, int, str]]:
    """All votes for ORG and PARK, of those that overlap the longest."""
    names = [n for n in REGISTER if n.startswith(("org_", "park_"))]  # not those other tests have registered
    votes = {(span[0], span[1], REGISTER[n].labels[0]) for n in names for span in REGISTER[n].find(article)}
    kept: set[tuple[int, int, str]] = set()
    for vote in sorted(votes, key=lambda v: (v[0] - v[1], v[0], v[2])):
        if all(vote[1] <= other[0] or other[1] <= vote[0] for other in kept):
            kept.add(vote)
    return kept


def strict_f1(lexicons: Lexicons, lines: list[str], label: str) -> float:
    right = wrong = missed = 0
    for line in lines:
        record = json.loads(line)
        clean = clean_text(record["text"])
        gold = {(*clean.to_clean(s, e), kind) for s, e, kind in record["spans"] if kind == label}
        named = {vote for vote in longest_names(Article(clean.text, lexicons)) if vote[2] == label}
        right, wrong, missed = (
            right + len(gold & named),
            wrong + len(named - gold),
            missed + len(gold - named),
        )
    return 2 * right / (2 * right + wrong + missed)


@pytest.mark.parametrize(("label", "least"), [("ORG", 0.80), ("PARK", 0.90)])
def test_score_on_the_seeds(root: Path, lexicons: Lexicons, label: str, least: float) -> None:
    lines = (root / "annotations" / "seeds.jsonl").read_text(encoding="utf-8").splitlines()
    assert strict_f1(lexicons, lines, label) >= least


@pytest.mark.parametrize(("label", "least"), [("ORG", 0.76), ("PARK", 0.78)])
def test_score_on_the_dev_split(shared: Path, lexicons: Lexicons, label: str, least: float) -> None:
    lines = (shared / "gold" / "crawled.jsonl").read_text(encoding="utf-8").splitlines()
    assert strict_f1(lexicons, [line for line in lines if json.loads(line)["split"] == "dev"], label) >= least


def test_entries_are_facts_one_a_line_with_their_source(root: Path) -> None:
    for name in ("parks", "parks_divisions", "park_kinds", "park_generic"):
        lines = (root / "configs" / "lexicons" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
        head = "".join(line for line in lines if line.startswith("#"))
        assert "by hand" in head or "From" in head, name
        entries = [line.split("\t")[0] for line in lines if line and not line.startswith("#")]
        assert len(entries) == len(set(entries)), f"{name}: an entry twice"
        assert max(map(len, entries)) <= 30, name


def test_parks_can_be_swapped_for_one_another(lexicons: Lexicons) -> None:
    assert len(lexicons["parks"]) > 500
    assert "两江新区" in lexicons["parks"]
    assert park.is_generic(Article("", lexicons), "特色产业")
    assert not any(park.is_generic(Article("", lexicons), name) for name in lexicons["parks"])
