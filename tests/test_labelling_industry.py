"""INDUSTRY functions: fields by suffix, context and list; goods and broad words are none."""

import pytest

from parkner.labelling import industry
from parkner.labelling.functions import REGISTER, Article
from parkner.labelling.industry_lists import field_lists
from parkner.labelling.lexicon import Lexicons


@pytest.fixture(scope="module")
def lexicons(root):
    return Lexicons(root / "configs" / "lexicons")


def found(lexicons, text):
    article = Article(text, lexicons)
    spans = {s for f in REGISTER.values() if f.find.__module__ == industry.__name__ for s in f.find(article)}
    kept = [s for s in spans if not any(o != s and o[0] <= s[0] and s[1] <= o[1] for o in spans)]
    return [text[a:b] for a, b in sorted(kept)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("大力发展生物医药、智能家居、电子信息产业", ["生物医药", "智能家居", "电子信息产业"]),
        ("装备制造产业集群", ["装备制造"]),
        ("生物医药产业项目", ["生物医药产业"]),
        ("家电巨头纷纷入驻", ["家电"]),
        ("全国的模具行业", ["模具行业"]),
        ("先进制造业和现代农业", ["先进制造业", "现代农业"]),
        ("石油和化工行业", ["石油", "化工行业"]),
        ("食品及农副产品加工业", ["食品及农副产品加工业"]),
        ("电信业务收入", ["电信"]),
        ("汽车和新材料是当地的优势产业", ["汽车", "新材料"]),
        ("30亿级生物医药产业", ["生物医药产业"]),
    ],
)
def test_fields(lexicons, text, expected):
    assert found(lexicons, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "战略性新兴产业",
        "主导产业和特色产业",
        "轻量化零部件订单",
        "煤炭产能下降",
        "多晶硅生产基地",
        "100万辆汽车销量",
        "能源供应紧张",
        "主要生产水泥、玻璃等产品",
        "优化产业布局",
    ],
)
def test_no_fields(lexicons, text):
    assert found(lexicons, text) == []


def test_lists_take_items_that_no_lexicon_has(lexicons):
    text = "聚焦生物医药、晶芯频控、电子信息等主导产业"
    (found_list,) = field_lists(Article(text, lexicons))
    assert [text[a:b] for a, b in found_list.items] == ["生物医药", "晶芯频控", "电子信息"]
    assert found_list.known == (True, False, True)
    assert found_list.head == 3


def test_lexicons_say_where_they_come_from(root):
    for path in sorted((root / "configs" / "lexicons").glob("*.txt")):
        assert path.read_text(encoding="utf-8").startswith("#"), path.name


def test_every_function_says_what_it_misses():
    functions = [f for f in REGISTER.values() if f.find.__module__ == industry.__name__]
    assert len(functions) >= 8
    assert all("Misses" in (f.find.__doc__ or "") for f in functions)
