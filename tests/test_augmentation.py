"""Varied copies: names change, spans stay on them."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkner.augmentation import (
    MESSY,
    augmented,
    full_width,
    name_lists,
    swap_names,
    traditional,
    with_pinyin,
)
from parkner.clean import clean_document
from parkner.config import AugmentConfig
from parkner.spans import Document, Span, UsageError

TEXT = "开江经开区2021年引进江天科技公司，投资2.5亿元发展后端产业。"
DOCUMENT = Document(
    "1", TEXT,
    (Span(0, 5, "PARK"), Span(5, 10, "DATE"), Span(12, 18, "ORG", score=0.8), Span(21, 26, "AMOUNT")),
)  # fmt: skip


def named(document):
    return [(span.label, document.text_of(span)) for span in document.spans]


@given(st.floats(0, 1), st.integers(0, 1000))
def test_other_names_stand_where_the_old_ones_stood(share, seed):
    names = {"PARK": ["万州经济技术开发区", "高竹新区"], "ORG": ["国务院"]}
    copy = swap_names(DOCUMENT, names, share=share, generator=random.Random(seed))
    assert [span.label for span in copy.spans] == [span.label for span in DOCUMENT.spans]
    for (label, new), (_, old) in zip(named(copy), named(DOCUMENT), strict=True):
        assert new == old or new in names[label]
    outside = "".join(
        copy.text[a.end : b.start]
        for a, b in zip(
            copy.spans, [*copy.spans[1:], Span(len(copy.text), len(copy.text) + 1, "X")], strict=True
        )
    )
    assert outside == "引进，投资发展后端产业。"
    assert copy.spans[2].score == 0.8
    if share == 1:
        assert named(copy)[2] == ("ORG", "国务院")


@pytest.mark.parametrize("form", MESSY)
def test_cleaning_undoes_every_messy_form(form):
    messy = MESSY[form](DOCUMENT, random.Random(1))
    assert messy.text != DOCUMENT.text
    cleaned, _ = clean_document(messy)
    plain, _ = clean_document(DOCUMENT)
    assert cleaned.text == plain.text
    assert named(cleaned) == named(plain)


def test_messy_forms_look_as_crawled():
    assert traditional(DOCUMENT).text == "開江經開區2021年引進江天科技公司，投資2.5億元發展後端產業。"
    assert full_width(DOCUMENT).text[5:10] == "２０２１年"
    every = with_pinyin(DOCUMENT, random.Random(0), share=1.0)
    assert every.text.startswith("开(kāi)江(jiāng)经(jīng)开(kāi)区2021年引(yǐn)")
    assert named(every)[0] == ("PARK", "开(kāi)江(jiāng)经(jīng)开(kāi)区")


def test_documents_with_a_rare_label_get_more_copies(tmp_path):
    lexicon = tmp_path / "parks.txt"
    lexicon.write_text("# names\n两江新区\n高竹新区\n", encoding="utf-8")
    options = AugmentConfig(
        copies=1, more={"PARK": 2}, swap=1.0, messy=0.5, lexicons={"PARK": (str(lexicon),)}
    )
    other = Document("2", "国务院", (Span(0, 3, "ORG"),))
    assert name_lists([DOCUMENT, other], options) == {
        "ORG": ["国务院", "江天科技公司"], "PARK": ["两江新区", "开江经开区", "高竹新区"],
    }  # fmt: skip
    copies = list(augmented([DOCUMENT, other], options, seed=5))
    assert [copy.id for copy in copies] == ["1~1", "1~2", "1~3", "2~1"]
    assert copies == list(augmented([DOCUMENT, other], options, seed=5))
    assert copies != list(augmented([DOCUMENT, other], options, seed=6))
    assert not list(augmented([DOCUMENT], AugmentConfig(), seed=5))


def test_a_missing_lexicon_is_named(tmp_path):
    options = AugmentConfig(copies=1, lexicons={"PARK": (str(tmp_path / "none.txt"),)})
    with pytest.raises(UsageError, match=r"none\.txt"):
        list(augmented([DOCUMENT], options, seed=1))
