"""Cleaning: what is dropped, what stays, and that every character keeps its place."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkner.clean import CleanOptions, clean_document, clean_text
from parkner.offsets import OffsetMap
from parkner.pinyin import plain_syllables, readings
from parkner.spans import Document, Span


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("產(chǎn)業(yè)園(yuán)區(qū)", "产业园区"),  # tone marks
        ("產（chǎn）業（ye）", "产业"),  # full-width brackets, missing tone
        ("產(chan3)業(ye4)", "产业"),  # tone digits
        ("產業(chǎn yè)園", "产业园"),  # several syllables
        ("產業(chǎnyè)園", "产业园"),
        ("重慶(zhòng qìng)", "重庆"),  # not the reading here, but one of the character's
        ("上海(shanghai)", "上海"),
        ("西安(xi'an)", "西安"),
        ("女(nǚ)绿(lü)旅(lv)", "女绿旅"),
        ("產 (chǎn)業", "产业"),
        ("產(cha\u030cn)", "产"),  # combining caron
        ("廣(ɡuǎnɡ)", "广"),  # the letters of phonetic fonts
        ("?(chǎn)業(yè)", "?业"),  # the character was lost, its pinyin was not
        ("\ufffd(chǎn)業(yè)", "\ufffd业"),
    ],
)
def test_inserted_pinyin_goes(text: str, clean: str) -> None:
    assert clean_text(text).text == clean


@pytest.mark.parametrize(
    "text",
    [
        "见右（见图）",
        "商务区(CBD)",
        "锂(Li)电池",
        "长度(km)",
        "华为(Huawei)",
        "产业(industry)",
        "甲(a)",
        "(chǎn)",
        "万元(RMB)",
        "甲(A股)",
        "甲(1)",
    ],
)
def test_other_brackets_stay(text: str) -> None:
    assert clean_text(text).text == text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("產業園區裏", "产业园区里"),
        ("産業", "产业"),  # compatibility form
        ("⽂化⾦融", "文化金融"),  # Kangxi radicals
        ("豈更", "岂更"),  # compatibility ideographs
        ("乾坤與乾燥", "乾坤与干燥"),  # one character, two simplified forms
        ("著名的武勝經開區", "著名的武胜经开区"),  # 著 is simplified here
        ("两江新区與萬州區簽約", "两江新区与万州区签约"),  # both scripts in one sentence
    ],
)
def test_scripts(text: str, clean: str) -> None:
    assert clean_text(text).text == clean


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("零\u200b宽\ufeff字", "零宽字"),
        ("软\u00ad连字符", "软连字符"),
        ("６.５亿元，３０％", "6.5亿元，30%"),
        ("約 6 亿元", "约6亿元"),
        ("2021 年 12 月 22 日", "2021年12月22日"),
        ("整体上市 18.8亿", "整体上市 18.8亿"),  # a headline of two parts
        ("中共中央办公厅  国务院办公厅", "中共中央办公厅 国务院办公厅"),
        ("达 州 市 发改委", "达州市 发改委"),
        ("\u3000\u3000第一段。 \n  第二段", "第一段。\n第二段"),
        ("甲\u00a0\u00a0， 乙", "甲，乙"),
        ("AI  chip", "AI chip"),
    ],
)
def test_spaces_and_widths(text: str, clean: str) -> None:
    assert clean_text(text).text == clean


def test_lines_cut_at_a_fixed_width_are_joined() -> None:
    sentence = (
        "开江县围绕建设万达开川渝统筹发展先行示范区发展定位，以经济区与行政区适度分离改革为载体，强力推进四个一体化建设，"
        "努力为川渝毗邻地区协同发展打造新平台、探索新路径，并规划布局一区四园，形成各具特色、优势互补的新型工业空间格局。"
    )
    cut = "\n".join(sentence[at : at + 24] for at in range(0, len(sentence), 24))
    assert clean_text(cut).text == sentence
    place = clean_text(cut).text.index("示范区")
    assert clean_text(cut).to_original(place, place + 3) == (cut.index("示范区"), cut.index("示范区") + 3)


@pytest.mark.parametrize(
    "text",
    [
        "标题一行\n正文一行。",
        "主持人：\n下面开会",
        "一、目标\n二、任务",
        "第一行\n\n第二行",
        "甲公司\n  缩进的段落，是新的",
    ],
)
def test_other_line_breaks_stay(text: str) -> None:
    assert clean_text(text).text.count("\n") == text.count("\n")


def test_lost_bytes_stay_in_their_places() -> None:
    clean = clean_text("兩江新?管委會\ufffd")
    assert clean.text == "两江新?管委会\ufffd"
    assert clean.to_original(0, 4) == (0, 4)


def test_a_span_ends_with_its_last_character_not_with_its_pinyin() -> None:
    text = "在開江經(jīng)濟(jì)開發(fā)區(qū)建設(shè)"
    clean = clean_text(text)
    start = clean.text.index("开江")
    begin, end = clean.to_original(start, start + len("开江经济开发区"))
    assert text[begin:end] == "開江經(jīng)濟(jì)開發(fā)區"


def test_options_switch_steps_off() -> None:
    text = "產(chǎn)　業６\n，"
    off = CleanOptions(
        simplify=False, remove_pinyin=False, fold_width=False, drop_spaces=False, join_lines=False
    )
    assert clean_text(text, off).text == text
    assert clean_text(text, CleanOptions(simplify=False)).text == "產 業6，"


def test_clean_document_moves_spans_and_debris() -> None:
    text = "首(shǒu)頁\n產(chǎn)業(yè)"
    document = Document("d", text, (Span(9, 17, "INDUSTRY"),), meta={"debris": [[0, 8]]})
    cleaned, places = clean_document(document)
    assert [cleaned.text_of(span) for span in cleaned.spans] == ["产业"]
    assert cleaned.text[slice(*cleaned.meta["debris"][0])] == "首页"
    assert places.spans_to_original(list(cleaned.spans))[0].start == 9


def test_places_compose_to_the_page() -> None:
    clean = clean_text("產(chǎn)業")
    page = OffsetMap(range(100, 108), range(101, 109), source_length=200)
    whole = clean.on_source(page)
    assert whole.to_source(0, 2) == (100, 108)
    assert clean.on_source(None) is clean.offsets


def test_plain_syllables() -> None:
    assert plain_syllables("lǜ") == ("lv", True)
    assert plain_syllables("chǎn yè") == ("chan ye", True)
    assert plain_syllables("chan") == ("chan", False)
    assert {"chong", "zhong"} <= readings("重")


NOISE = st.sampled_from(
    ["產(chǎn)", "業（yè）", "（见图）", "(CBD)", "（", ")", "(", "chǎn", "\u200b", "\u00ad", "\u3000", " ", "  ", "\n", "\r\n", "？", "?",
     "\ufffd", "⽂", "裏", "産", "豈", "６", "％", "12", "亿元", "，", "。", "園", "区", "万州", "乾", "\U00020000", "é", "a", "\ufe0f"]
)  # fmt: skip


@given(st.lists(NOISE | st.text(max_size=3), max_size=40).map("".join))
def test_every_character_keeps_its_place(text: str) -> None:
    clean = clean_text(text)
    assert len(clean.offsets) == len(clean.text)
    for position, character in enumerate(clean.text):
        start, end = clean.to_original(position, position + 1)
        assert end == start + 1
        # Only one-to-one changes: a character that is its own simplified narrow form is found unchanged.
        if character.isascii() and character.isalnum() and text[start].isascii():
            assert text[start] == character
    kept = [
        i
        for i in range(len(text))
        if clean.to_clean(i, i + 1) != (0, 0) and len(set(clean.to_clean(i, i + 1))) == 2
    ]
    assert kept == clean.offsets.starts.tolist()


@given(st.lists(NOISE, max_size=40).map("".join))
def test_nothing_but_noise_is_lost(text: str) -> None:
    """Without brackets nothing but blanks, breaks and invisible characters goes."""
    text = text.replace("(", "").replace("（", "")
    clean = clean_text(text)
    left = {int(i) for i in clean.offsets.starts}
    gone = {text[i] for i in range(len(text)) if i not in left}
    assert gone <= set(" \u3000\u00a0\n\r\u200b\u00ad\ufe0f")


@given(st.lists(NOISE, max_size=30).map("".join))
def test_blanks_and_scripts_are_settled_in_one_pass(text: str) -> None:
    options = CleanOptions(remove_pinyin=False, join_lines=False)
    once = clean_text(text, CleanOptions(remove_pinyin=False, join_lines=False, drop_spaces=False)).text
    assert (
        clean_text(once, CleanOptions(remove_pinyin=False, join_lines=False, drop_spaces=False)).text == once
    )
    assert len(clean_text(text, options).text) <= len(text)


def test_seed_001_reads_as_chinese(seeds: Path) -> None:
    text = (seeds / "001_04f38ca700b2c47f.txt").read_bytes().decode("utf-8")
    clean = clean_text(text).text
    assert "工业提速晋位" in clean
    assert len(clean) < 0.56 * len(text)  # nearly half of it is pinyin


def test_corpus_is_cleaned_without_loss(shared: Path) -> None:
    with gzip.open(shared / "corpus" / "crawled.jsonl.gz", "rt", encoding="utf-8") as file:
        for number, line in enumerate(file):
            if number % 97:
                continue
            text = json.loads(line)["text"]
            clean = clean_text(text)
            assert len(clean.text) >= 0.9 * len(text.replace(" ", ""))
