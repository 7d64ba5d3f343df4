"""The linear probe finds what is in the states, and only that."""

from __future__ import annotations

import pytest

from tiny import save_encoder

pytest.importorskip("torch")

from parkner.probing import probe_layers
from parkner.spans import DataError, Document, Span


def _documents(texts):
    """Every 区 is a span: known from the character alone."""
    for i, text in enumerate(texts):
        yield Document(str(i), text, tuple(Span(p, p + 1, "PARK") for p, c in enumerate(text) if c == "区"))


TRAIN = ["开江经开区引进公司", "高新区发展产业", "达州市发改委表示", "武胜县与高新区签约"] * 10
DEV = ["重庆高新区投资", "开江区产业突破", "公司表示"]


def test_a_tag_that_follows_from_the_character_is_found_in_the_embeddings(tmp_path):
    save_encoder(tmp_path, layers=2)
    scores = probe_layers(str(tmp_path), list(_documents(TRAIN)), list(_documents(DEV)), labels=["PARK"])
    assert [score.layer for score in scores] == [0, 1, 2]
    assert scores[0].f1 == 1.0
    assert all(0 < score.variance <= 1 for score in scores)


def test_what_was_never_seen_is_not_found(tmp_path):
    save_encoder(tmp_path, layers=1)
    train = [Document(str(i), text) for i, text in enumerate(TRAIN)]
    scores = probe_layers(str(tmp_path), train, list(_documents(DEV)), labels=["PARK"])
    assert {score.f1 for score in scores} == {0.0}


def test_nothing_to_probe_on_is_said(tmp_path):
    save_encoder(tmp_path, layers=1)
    with pytest.raises(DataError, match="no text in the dev documents"):
        probe_layers(str(tmp_path), list(_documents(TRAIN)), [], labels=["PARK"])
