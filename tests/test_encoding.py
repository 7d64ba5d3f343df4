"""Windows and labels: nothing truncated, every loss counted."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkner.encoding import IGNORED, Lost, PieceEncoder, cut_windows, labelled_windows, owned_ranges
from parkner.spans import ModelError, Span
from parkner.tagging import bio_tags
from tiny import save_tokenizer

TAGS = {tag: i for i, tag in enumerate(bio_tags(("ORG", "DATE")))}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(folder)
    return PieceEncoder.from_folder(folder)


@given(st.integers(0, 500), st.integers(8, 64), st.data())
def test_windows_cover_everything_and_are_owned_once(pieces, size, data):
    overlap = data.draw(st.integers(0, size - 1))
    stops = sorted(data.draw(st.sets(st.integers(1, 500), max_size=60)))
    windows = cut_windows(pieces, size=size, overlap=overlap, stops=stops)
    pauses = sorted(data.draw(st.sets(st.integers(1, 500), max_size=60)))
    owned = owned_ranges(windows, pauses)
    assert [i for start, end in owned for i in range(start, end)] == list(range(pieces))
    for (start, end), (own_start, own_end) in zip(windows, owned, strict=True):
        assert start <= own_start < own_end <= end
        assert end - start <= size
    for before, after in itertools.pairwise(windows):
        if before[1] - after[0] < overlap:
            # They meet at a sentence's end, the last one that fits.
            assert before[1] == after[0] == max(stop for stop in stops if stop <= before[0] + size)


def test_windows_meet_where_a_sentence_ends(encoder):
    text = "公司。" * 5 + "\n" + "园区" * 10
    pieces = encoder.encode(text)
    assert pieces.stops.tolist() == [3, 6, 9, 12, 15, 16]
    assert cut_windows(len(pieces), size=8, overlap=2, stops=pieces.stops) == [
        (0, 6), (6, 12), (12, 16), (16, 24), (22, 30), (28, 36),
    ]  # fmt: skip
    assert cut_windows(20, size=8, overlap=2) == [(0, 8), (6, 14), (12, 20)]
    assert cut_windows(21, size=8, overlap=2) == [(0, 8), (6, 14), (12, 20), (13, 21)]


def test_overlaps_are_cut_at_a_pause_near_their_middle():
    windows = [(0, 20), (8, 28)]
    assert owned_ranges(windows) == [(0, 14), (14, 28)]
    assert owned_ranges(windows, [9, 12, 18, 25]) == [(0, 12), (12, 28)]
    assert owned_ranges(windows, [12, 13, 16]) == [(0, 13), (13, 28)]
    assert owned_ranges(windows, [3, 9, 18]) == [(0, 14), (14, 28)]  # none in the middle half


def test_every_character_is_a_piece_of_its_own(encoder):
    text = "2021年 Abc\n\n公司"
    pieces = encoder.encode(text)
    assert [text[i] for i in pieces.characters] == list("2021年Abc\n公司")
    assert pieces.leads.all()
    assert pieces.breaks.sum() == 1


def test_unknown_characters_are_kept(encoder):
    pieces = encoder.encode("😀公\u0600")
    assert pieces.ids.tolist() == [encoder.unk_id, encoder.pieces_of("公")[0], encoder.unk_id]


def test_labels_survive_windows(encoder):
    text = "江天科技" * 30
    spans = [Span(i, i + 4, "ORG", 0.5) for i in range(0, 120, 4)]
    lost = Lost()
    windows = labelled_windows(text, spans, encoder, TAGS, size=20, overlap=6, outside_weight=1.0, lost=lost)
    assert lost.total == 0
    assert lost.spans == 30
    begins = sum(int((window.labels == TAGS["B-ORG"]).sum()) for window in windows)
    insides = sum(int((window.labels == TAGS["I-ORG"]).sum()) for window in windows)
    assert (begins, insides) == (30, 90)
    for window in windows:
        assert window.labels[0] == window.labels[-1] == IGNORED
        assert np.all(window.weights[1:-1] == 0.5)


def test_what_cannot_be_expressed_is_counted(encoder):
    lost = Lost()
    spans = [Span(0, 1, "ORG"), Span(1, 4, "ORG"), Span(5, 6, "PERSON")]
    labelled_windows(" 公\n司年元", spans, encoder, TAGS, size=20, overlap=0, outside_weight=1.0, lost=lost)
    assert (lost.no_pieces, lost.across_lines, lost.unknown_label) == (1, 1, 1)
    assert "'PERSON'" not in lost.examples[2]
    assert lost.examples[2] == "unknown_label: PERSON '元'"


def test_missing_or_damaged_tokenizer_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"tokenizer\.json: no such file"):
        PieceEncoder.from_folder(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(ModelError, match="not a tokenizer"):
        PieceEncoder.from_folder(tmp_path)
