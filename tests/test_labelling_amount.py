"""AMOUNT functions: money in all its writings, and nothing that only looks like it."""

import pytest

from parkner.labelling import amount
from parkner.labelling.functions import REGISTER, Article
from parkner.labelling.lexicon import Lexicons


@pytest.fixture(scope="module")
def lexicons(root):
    return Lexicons(root / "configs" / "lexicons")


def longest(lexicons, text):
    """The amounts found, of overlapping ones the longest."""
    article = Article(text, lexicons)
    found = {
        span for f in REGISTER.values() if f.find.__module__ == amount.__name__ for span in f.find(article)
    }
    kept = [s for s in found if not any(o != s and o[0] <= s[0] and s[1] <= o[1] for o in found)]
    return [text[a:b] for a, b in sorted(kept)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("产值突破240亿元,增长17.8%", ["240亿元"]),
        ("资金2000余万元", ["2000余万元"]),
        ("给予2万元至20万元的奖励", ["2万元至20万元"]),
        ("投资6-8亿元", ["6-8亿元"]),
        ("整合资金10亿元以上", ["10亿元以上"]),
        ("约4200多万元", ["4200多万元"]),
        ("形成140亿级家居建材产业", ["140亿级"]),
        ("千亿产值、百亿税收", ["千亿", "百亿"]),
        ("新引进亿元以上产业项目16个", ["亿元以上"]),
        ("每亩200万元", ["200万元"]),
        ("10亿元人民币", ["10亿元人民币"]),
        ("1,200.5万美元", ["1,200.5万美元"]),
        ("出资三千五百万元", ["三千五百万元"]),
        ("增加值达390.5亿澳门元", ["390.5亿澳门元"]),
        ("募资13亿扩产", ["13亿"]),
        ("意向采购达到60亿到80亿", ["60亿到80亿"]),
        ("每股收益为-0.15元", ["-0.15元"]),
    ],
)
def test_money(lexicons, text, expected):
    assert longest(lexicons, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "产量达7亿吨",
        "企业80家以上",
        "招聘工人1200余名",
        "30平方公里",
        "同比增长15.2%",
        "用户达6.34亿户",
        "破除城乡二元结构",
        "装机480亿千瓦时",
        "完成7344标箱",
        "第三产业",
        "2021年12月22日",
        "发行15亿股",
        "人口达14亿",
    ],
)
def test_not_money(lexicons, text):
    assert longest(lexicons, text) == []


def test_every_function_says_what_it_misses():
    functions = [f for f in REGISTER.values() if f.find.__module__ == amount.__name__]
    assert len(functions) >= 4
    assert all("Misses" in (f.find.__doc__ or "") for f in functions)
