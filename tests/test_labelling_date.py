"""DATE functions: what could be put on a calendar, and neither durations nor vague times."""

import pytest

from parkner.labelling import date
from parkner.labelling.functions import REGISTER, Article
from parkner.labelling.lexicon import Lexicons


@pytest.fixture(scope="module")
def lexicons(root):
    return Lexicons(root / "configs" / "lexicons")


def found(lexicons, text):
    article = Article(text, lexicons)
    spans = {s for f in REGISTER.values() if f.find.__module__ == date.__name__ for s in f.find(article)}
    kept = [s for s in spans if not any(o != s and o[0] <= s[0] and s[1] <= o[1] for o in spans)]
    return [text[a:b] for a, b in sorted(kept)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("发布时间:2021-12-22 10:38:35", ["2021-12-22"]),
        ("时间回拨到去年1月11日", ["去年1月11日"]),
        ("2022年8月,两地印发", ["2022年8月"]),
        ("自2020年7月以来", ["2020年7月"]),
        ("同年11月17日开业", ["同年11月17日"]),
        ("上半年共引进", ["上半年"]),
        ("一季度提速", ["一季度"]),
        ("“十四五”期间", ["十四五"]),
        ("2021年至2025年", ["2021年至2025年"]),
        ("1月至3月完成", ["1月至3月"]),
        ("力争到2025年", ["2025年"]),
        ("2023年底投产", ["2023年底"]),
        ("今年前8个月", ["今年前8个月"]),
        ("上世纪90年代", ["上世纪90年代"]),
        ("去年同期为44亿元", ["去年同期"]),
        ("2008、2009年", ["2008", "2009年"]),
        ("据记者25日报道", ["25日"]),
        ("二〇二一年三月", ["二〇二一年三月"]),
        ("全年完成投资", ["全年"]),
        ("今年11月底前", ["今年11月底"]),
    ],
)
def test_dates(lexicons, text, expected):
    assert found(lexicons, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "近年来发展迅速",
        "日前召开会议",
        "3个月时间",
        "45个工作日以内",
        "两年多的努力",
        "11日元",
        "2号机组并网",
        "人均每年缴费",
        "第五月份",
        "连续45年居首",
        "2021重庆国际车展",
        "合作20年来",
    ],
)
def test_no_dates(lexicons, text):
    assert found(lexicons, text) == []


def test_every_function_says_what_it_misses():
    functions = [f for f in REGISTER.values() if f.find.__module__ == date.__name__]
    assert len(functions) >= 8
    assert all("Misses" in (f.find.__doc__ or "") for f in functions)
