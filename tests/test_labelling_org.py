"""Organisation functions: what each catches, what it must not, and how far names reach."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkner.labelling import org
from parkner.labelling.functions import REGISTER, Article
from parkner.labelling.lexicon import Lexicons
from parkner.labelling.names import has_proper, is_boundary, left_edge
from parkner.labelling.org_context import short_forms
from parkner.labelling.places import Places
from parkner.labelling.words import find_known, words_of

FUNCTIONS = sorted(name for name, function in REGISTER.items() if name.startswith("org_"))


@pytest.fixture(scope="module")
def lexicons(root: Path) -> Lexicons:
    return Lexicons(root / "configs" / "lexicons")


def found(lexicons: Lexicons, text: str, *names: str) -> list[str]:
    """What the functions of these names find in a text, in order of place."""
    article = Article(text, lexicons)
    spans = {(span[0], span[1]) for name in names for span in REGISTER[name].find(article)}
    return [text[start:end] for start, end in sorted(spans)]


def test_importing_org_registers_every_module() -> None:
    assert org.__all__ == ["org_bylines", "org_context", "org_known", "org_lists", "org_names"]
    assert {"org_company", "org_media", "org_list", "org_short_form"} <= set(FUNCTIONS)
    for name in FUNCTIONS:
        assert REGISTER[name].labels == ("ORG",)
        assert REGISTER[name].summary, f"{name} says nothing about what it catches"


@pytest.mark.parametrize(
    ("function", "text", "expected"),
    [
        ("org_company", "记者从重庆港务物流集团获悉", ["重庆港务物流集团"]),
        ("org_company", "引导伊欧优新零售(重庆)有限公司与之签约", ["伊欧优新零售(重庆)有限公司"]),
        ("org_company", "在万州区重点企业江东机械公司挂牌成立", ["江东机械公司"]),
        ("org_company", "美国杜邦公司宣布涨价", ["杜邦公司"]),
        ("org_company", "一家上市公司与该公司、两家子公司和多家物流公司合作", []),
        ("org_company", "新《公司法》和集团化经营", []),
        ("org_government", "由重庆合川区人民政府牵头", ["重庆合川区人民政府"]),
        ("org_government", "来源：垫江县发展改革委员会体改科", ["垫江县发展改革委员会体改科"]),
        ("org_government", "陕西省工业和信息化厅要求", ["陕西省工业和信息化厅"]),
        ("org_government", "市委、市政府和县委县政府要求各部门", []),
        ("org_government", "润州区委书记和润州区政协主席出席", ["润州区委", "润州区政协"]),
        ("org_government", "上海市政府采购预算公布，园区布局优化", []),
        ("org_school", "整合开江职业中学、开州巨龙中等职业技术学校等资源", ["开江职业中学", "开州巨龙中等职业技术学校"]),
        ("org_school", "大学生和中学生都来了，学校放假", []),
        ("org_association", "据中国物流与采购联合会介绍", ["中国物流与采购联合会"]),
        ("org_association", "半导体行业协会表示，全国性行业协会也表示", ["半导体行业协会"]),
        ("org_institute", "与哈工大重庆研究院合作", ["哈工大重庆研究院"]),
        ("org_institute", "万州(两江新区)绿色智造赋能中心挂牌", ["万州(两江新区)绿色智造赋能中心"]),
        ("org_institute", "打造区域中心和数据中心", []),
        ("org_finance", "上海国资母基金签约，银行业和保险市场", ["上海国资母基金"]),
        ("org_media_suffix", "据太原晚报报道", ["太原晚报"]),
        ("org_national_bodies", "国务院办公厅和国家发改委能源所", ["国务院办公厅", "国家发改委能源所"]),
        ("org_national_bodies", "对欧盟出口增长，欧盟委员会批准", ["欧盟委员会"]),
        ("org_companies_known", "长沙中联重科与苏泊尔电器", ["长沙中联重科", "苏泊尔电器"]),
        ("org_companies_wordlike", "苹果公司称苹果产品热销", ["苹果"]),
        ("org_companies_wordlike", "今年苹果丰收，果农高兴", []),
        ("org_list", "引进猪八戒、博拉网络、尖铺科技、南斗优升等10余家企业", ["猪八戒", "博拉网络", "尖铺科技", "南斗优升"]),
        ("org_list", "推进鑫华汇绿色智能纺织、晶芯频控超小型号低功耗等54个项目", ["鑫华汇", "晶芯频控"]),
        ("org_list", "落地晖致、裕同、华熙生物等企业52家", ["晖致", "裕同", "华熙生物"]),
        ("org_list", "邀请县经开区、资规局、环保分局等部门和单位", []),
        ("org_list", "以五岳重汽、东岳重工为龙头，以LED为代表", ["五岳重汽", "东岳重工"]),
        ("org_project", "创实玻璃年产60万平方米钢化玻璃，粗钢年产量4950万吨", ["创实玻璃"]),
        ("org_list", "钢铁、水泥、造纸等企业，北京、上海等城市", []),
        ("org_byline", "发布时间:2023-02-28 来源：中国网  作者：何某", ["中国网"]),
        ("org_byline", "发布人：-大洋网-广州日报\n正文", ["大洋网", "广州日报"]),
        ("org_byline", "来源：互联网 作者：张三", []),
        ("org_reported", "(广安日报全媒体记者 某某)", ["广安日报"]),
        ("org_introduced", "海尔股份(香港)有限公司(以下简称“海尔香港”)称，海尔香港将出资", ["海尔香港", "海尔香港"]),
        ("org_short_form", "浙江森马服饰股份有限公司上市，森马服饰表示", ["森马服饰"]),
        ("org_short_form", "中国人民银行行长说，中国人民勤劳", []),
        ("org_short_grammar", "支持怡田科技、名赫电子扩产", ["怡田科技", "名赫电子"]),
        ("org_short_grammar", "财报显示，100亿级电子产业", []),
        ("org_titled", "康宝橱柜的营销总监说", ["康宝橱柜"]),
    ],
)  # fmt: skip
def test_function(lexicons: Lexicons, function: str, text: str, expected: list[str]) -> None:
    assert found(lexicons, text, function) == expected


def test_the_name_of_two_bodies_is_not_one_span(lexicons: Lexicons) -> None:
    assert found(lexicons, "武胜县委县政府凝聚力量", "org_government") == ["武胜县委"]
    assert found(lexicons, "武胜县委、县政府凝聚力量", "org_government") == ["武胜县委"]
    assert found(lexicons, "国务院办公厅和国家发改委", "org_government") == ["国务院办公厅", "国家发改委"]


def test_short_forms_go_without_place_form_and_field(lexicons: Lexicons) -> None:
    article = Article("", lexicons)
    forms = short_forms("浙江森马服饰股份有限公司", article)
    assert {"浙江森马服饰", "森马服饰", "浙江森马", "森马"} <= forms
    assert "浙江" not in forms


def test_names_reach_left_to_the_word_that_ends_them(lexicons: Lexicons) -> None:
    article = Article("上游企业由海尔（天津）智能装备公司收购", lexicons)
    words = words_of(article)
    company = words.containing(article.text.index("公司"))
    first = left_edge(words, company)
    assert words.text[words.starts[first] :].startswith("海尔（天津）")
    assert is_boundary(words, words.containing(article.text.index("由")))
    assert has_proper(words, first, company)
    assert not has_proper(words, company, company)


def test_enterprise_belongs_to_a_name_only_before_its_bodies(lexicons: Lexicons) -> None:
    assert found(lexicons, "浙江省企业家协会和外地企业", "org_association") == ["浙江省企业家协会"]


def test_places_find_the_longest_and_chain() -> None:
    places = Places(
        {"湖北": "province", "湖北省": "province", "武汉市": "city", "德国": "country", "中国": "country"}
    )
    assert places.starting_at("湖北省武汉市", 0) == 3
    assert places.chain("湖北省武汉市政府", 0) == 6
    assert places.chain_before("在湖北省武汉市", 7) == 1
    assert places.ending_at("没有", 2) == 2
    assert places.is_foreign("德国")
    assert not places.is_foreign("中国")


def test_known_names_end_where_words_end(lexicons: Lexicons) -> None:
    article = Article("TCLX与TCL集团，长城脚下", lexicons)
    assert [article.text[a:b] for a, b in find_known(article, "companies", note="")] == ["TCL集团"]


def test_words_are_the_text(lexicons: Lexicons) -> None:
    article = Article("两江新区\n  重庆 A股TCL。", lexicons)
    words = words_of(article)
    assert "".join(words.words) == article.text
    assert words.starts[-1] == len(article.text)
    assert words_of(article) is words


PIECES = [
    "重庆",
    "两江新区",
    "有限公司",
    "研究院",
    "(",
    ")",
    "、",
    "等",
    "企业",
    "来源：",
    "中国网",
    "\n",
    "TCL",
    "公司",
    "3",
    "局",
    "和",
    "的",
    "（以下简称“",
    "”）",
    "海尔",
    "市委",
    "集团董事长",
]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=25).map("".join))
def test_functions_take_any_text(text: str) -> None:
    lexicons = Lexicons(Path(__file__).resolve().parents[1] / "configs" / "lexicons")
    article = Article(text, lexicons)
    for name in FUNCTIONS:
        for span in REGISTER[name].find(article):
            assert 0 <= span[0] < span[1] <= len(text), (name, span)


def test_entries_are_facts_one_a_line_with_their_source(root: Path) -> None:
    for name in (
        "places",
        "companies",
        "listed_companies",
        "media",
        "gov_bodies",
        "org_suffixes",
        "company_fields",
        "name_words",
        "not_organisations",
    ):
        lines = (root / "configs" / "lexicons" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
        assert re.search(r"(?:[Ff]rom|by hand)", "".join(line for line in lines if line.startswith("#"))), (
            name
        )
        entries = [line.split("\t")[0] for line in lines if line and not line.startswith("#")]
        assert len(entries) == len(set(entries)), f"{name}: an entry twice"
        assert not any(re.search(r"[。，；]", entry) or len(entry) > 30 for entry in entries), name
