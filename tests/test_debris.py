"""Lines of plain-text crawls that are not the article."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from parkner.debris import article_ranges, debris_lines, debris_ranges, is_furniture, is_running_text
from parkner.heads import date_in, date_in_address, headline, is_byline, published
from parkner.spans import Document


def debris_of(text: str) -> list[str]:
    return [
        line for start, end in debris_ranges(text) for line in text[start:end].splitlines() if line.strip()
    ]


@pytest.mark.parametrize(
    "line",
    [
        "【打印】【关闭】",
        "分享到:",
        "置 顶 打 印】 【关闭窗口",
        "字号：大 中 小",
        "语音播报",
        "扫一扫在手机打开当前页面",
        "image.png",
        "阅读量：1040",
        "收藏 | 评论(3)",
    ],
)
def test_furniture(line: str) -> None:
    assert is_furniture(line)


@pytest.mark.parametrize(
    "line",
    ["万州经开区", "中国网", "一、总体要求", "(广安日报记者)", "2022年", "重庆", "签约现场", "投资12亿元"],
)
def test_article_lines_are_no_furniture(line: str) -> None:
    assert not is_furniture(line)


BODY = "3月14日，万州经济技术开发区与某新材料公司签订投资协议，项目总投资12亿元，将建设生产基地。"


def test_head_body_and_tail() -> None:
    text = "\n".join(
        ["市政府网 | 开发区网 | 邮箱", "政务公开", "政务服务", "互动交流", "走进万州", "您当前位置: 首页", "", "万州经开区签约三个项目",
         "日期:2022-03-15 来源:万州时报", "语音播报", BODY, BODY, "(记者 丁彦)", "上一篇: 两江新区管委会召开会议", "下一篇：没有了", "版权所有 某市人民政府"]
    )  # fmt: skip
    found = debris_of(text)
    kept = [line for line in text.splitlines() if line and line not in found]
    assert kept == ["万州经开区签约三个项目", "日期:2022-03-15 来源:万州时报", BODY, BODY, "(记者 丁彦)"]
    assert headline(text, debris_ranges(text)) == "万州经开区签约三个项目"


def test_related_links_end_an_article_but_background_does_not() -> None:
    links = ["相关新闻", *(f"某园区召开第{n}次推进会" for n in range(8))]
    assert debris_of("\n".join(["题目在此", BODY, BODY, *links])) == links
    background = ["相关新闻：", "此前的报道", BODY, BODY, BODY]
    assert debris_of("\n".join(["题目在此", BODY, BODY, *background])) == []


def test_comments_end_an_article() -> None:
    text = "\n".join(["题目在此", BODY, BODY, "网友评论(2)", "张三", BODY, "李四", BODY])
    assert debris_of(text)[0] == "网友评论(2)"
    assert len(debris_of(text)) == 5


def test_traditional_furniture() -> None:
    text = "\n".join(["武勝經開區擔當作為", "分享到：", BODY, BODY, "中國網官方微信", "網站無障礙"])
    assert debris_of(text) == ["分享到：", "中國網官方微信", "網站無障礙"]


def test_a_text_of_sentences_has_none() -> None:
    assert debris_ranges(f"{BODY}\n{BODY}\r\n{BODY}") == []
    assert debris_ranges("") == []
    assert debris_ranges("一个短句") == []


def test_paragraphs_on_copyright_suits_are_running_text() -> None:
    line = "值得关注的是，二审法院另辟蹊径，从合同法的角度认定用户使用字库单字的行为没有侵权，作者表示将继续上诉。"
    assert is_running_text(line)
    assert not is_running_text(
        "免责声明：本文所载资料仅供参考，并不构成投资建议，本站对使用该资料所导致的结果概不承担任何责任。"
    )


def test_article_ranges_are_what_is_left() -> None:
    document = Document("d", "首页\n正文\n页脚", meta={"debris": [[0, 3], [5, 8]]})
    assert [document.text[start:end] for start, end in article_ranges(document)] == ["正文"]
    assert article_ranges(Document("d", "正文")) == [(0, 2)]


def test_debris_lines_keep_a_known_title() -> None:
    assert debris_lines(["首页", BODY], keep=0) == [False, False]


def test_seeds(seeds: Path) -> None:
    """The obvious debris of the seed articles is found, and it holds no gold span of either reader."""
    texts = {path.stem: path.read_bytes().decode("utf-8") for path in seeds.glob("*.txt")}
    ranges = {identity: debris_ranges(text) for identity, text in texts.items()}
    shown = {identity: "".join(texts[identity][s:e] for s, e in found) for identity, found in ranges.items()}
    assert "站内搜索" in shown["000_d46360a96ab76e96"]
    assert "关闭窗口" in shown["000_d46360a96ab76e96"]
    assert "邓瑜华" in shown["000_d46360a96ab76e96"]  # 下一篇
    assert "投资万州" in shown["002_875bc6af4d4339bc"]
    assert "我要找政策" in shown["002_875bc6af4d4339bc"]
    assert "推荐园区" in shown["003_348dfb01fced549a"]
    assert "招商图谱" in shown["003_348dfb01fced549a"]
    assert "網站無障礙" in shown["004_00c228d2cdf53b88"]
    assert len(shown["001_04f38ca700b2c47f"]) < 20
    gold = seeds.parent / "annotations" / "seeds.jsonl"
    if not gold.is_file():
        pytest.skip("annotations/seeds.jsonl is not there")
    for line in gold.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        for span in record["spans"]:
            start, end = (span["start"], span["end"]) if isinstance(span, dict) else span[:2]
            assert not any(start < right and left < end for left, right in ranges[record["id"]])


def test_gold_spans_lie_outside_debris(shared: Path) -> None:
    lost = total = 0
    for line in (shared / "gold" / "crawled.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        found = debris_ranges(record["text"])
        for start, end, _ in record["spans"]:
            total += 1
            lost += any(start < right and left < end for left, right in found)
    assert lost <= 0.0005 * total


@pytest.mark.parametrize(
    ("head", "day"),
    [
        ("题目\n发布时间:2021-12-22 10:38:35   作者:体改科\n", "2021-12-22"),
        ("题目\n日期:2022-01-28 来源:万州时报\n", "2022-01-28"),
        ("题目\n來源：中國網  |  發佈時間：2023-02-28 13:57:26\n", "2023-02-28"),
        ("题目\n2023年3月15日 09:12 来源：重庆日报 作者：某某\n", "2023-03-15"),
        ("题目\n2015/9/11\n", "2015-09-11"),
        ("今天是:2024年5月6日 星期一\n题目\n日期:2022-01-28\n", "2022-01-28"),
        ("题目\n2021年6月24日下午，集团隆重举行大会，全体党员参加。\n", None),
        ("题目\n没有日期\n", None),
        ("题目\n发布时间:2021-13-45\n", None),
    ],
)
def test_publication_date_of_a_head(head: str, day: str | None) -> None:
    assert published(head + BODY) == (dt.date.fromisoformat(day) if day else None)


def test_dates_in_strings_and_addresses() -> None:
    assert date_in("2021年7月1日起") == dt.date(2021, 7, 1)
    assert date_in("2021年2月30日") is None
    assert date_in_address("http://a.cn/zw/202112/t20211222_331.html") == dt.date(2021, 12, 22)
    assert date_in_address("xwlb/20231218") == dt.date(2023, 12, 18)
    assert date_in_address("http://a.cn/2021-12/22/c_1.htm") == dt.date(2021, 12, 22)
    assert date_in_address("eb/ff80808120110304001") is None


def test_bylines() -> None:
    assert is_byline("来源：重庆日报 发布时间：2023-03-23 10:00:07")
    assert is_byline("2023-03-23 10:00")
    assert not is_byline("2023年3月23日，两江新区召开会议，部署下一步工作。")
