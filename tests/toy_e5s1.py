"""A toy E5S1 file: random weights in 4 bits, written by an implementation of its own."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

HIDDEN, LAYERS, HEADS, FEED_FORWARD, POSITIONS = 32, 4, 4, 64, 40
# As in the original: specials first, <mask> last; words with and without the word mark; single characters.
PIECES = [
    "<s>", "<pad>", "</s>", "<unk>", ",", ".", "▁", "▁中", "中", "国", "中国", "开", "江", "开江", "园", "区", "园区",
    "A", "b", "1", "2", "年", "元", "亿", "亿元", "°", "C", "。", "▁A", "<mask>",
]  # fmt: skip
NORMAL = {"，": ",", "℃": "°C", "\n": " ", "\u3000": " "}  # fmt: skip
ROWS = len(PIECES) + 3  # the original has more vectors than pieces, too


def _half(value: float) -> float:
    return struct.unpack("<e", struct.pack("<e", value))[0]


def quantise(matrix: np.ndarray) -> tuple[bytes, np.ndarray]:
    """4-bit blocks of a matrix and what they stand for, weight by weight."""
    out = bytearray()
    values = np.zeros(matrix.size, dtype=np.float64)
    flat = matrix.ravel().tolist()
    for start in range(0, len(flat), 32):
        block = flat[start : start + 32]
        scale = _half(max(abs(x) for x in block) / 7.0)
        levels = [min(15, max(0, round(x / scale) + 8)) for x in block]
        out += struct.pack("<e", scale)
        out += bytes(levels[i] + 16 * levels[i + 16] for i in range(16))
        for i, level in enumerate(levels):
            values[start + i] = (level - 8) * scale
    return bytes(out), values.reshape(matrix.shape).astype(np.float32)


def write_e5s1(path: Path, seed: int = 0) -> dict[str, np.ndarray]:
    """Writes the file; returns the weights that it stands for, by the names in the file."""
    generator = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]] = {
        "emb.word": (ROWS, HIDDEN), "emb.pos": (POSITIONS, HIDDEN), "emb.type": (2, HIDDEN),
        "emb.ln.w": (HIDDEN,), "emb.ln.b": (HIDDEN,),
    }  # fmt: skip
    for layer in range(LAYERS):
        for name in ("q", "k", "v", "ao"):
            shapes[f"l{layer}.{name}.w"] = (HIDDEN, HIDDEN)
            shapes[f"l{layer}.{name}.b"] = (HIDDEN,)
        shapes[f"l{layer}.fi.w"], shapes[f"l{layer}.fi.b"] = (FEED_FORWARD, HIDDEN), (FEED_FORWARD,)
        shapes[f"l{layer}.fo.w"], shapes[f"l{layer}.fo.b"] = (HIDDEN, FEED_FORWARD), (HIDDEN,)
        for name in ("aln.w", "aln.b", "oln.w", "oln.b"):
            shapes[f"l{layer}.{name}"] = (HIDDEN,)
    truth: dict[str, np.ndarray] = {}
    stored: dict[str, tuple[int, bytes, int]] = {}
    for name, shape in shapes.items():
        weights = generator.normal(0, 0.3, shape)
        if len(shape) == 2 and name not in ("emb.pos", "emb.type"):
            data, truth[name] = quantise(weights)
            stored[name] = (1, data, weights.size)
        else:
            truth[name] = weights.astype(np.float32)
            stored[name] = (0, truth[name].tobytes(), weights.size)

    text = "".join(PIECES).encode()
    offsets = np.cumsum([0] + [len(piece.encode()) for piece in PIECES]).astype("<u4")
    scores = np.array([-2.0 - 0.01 * i + 2.5 * (len(p) > 1) for i, p in enumerate(PIECES)], "<f4")
    normal = b"".join(
        struct.pack(f"<IB{len(out)}I", ord(char), len(out), *map(ord, out)) for char, out in NORMAL.items()
    )
    head = b"E5S1" + struct.pack(
        "<I7ifi", 1, HIDDEN, LAYERS, HEADS, FEED_FORWARD, ROWS, POSITIONS, 2, 1e-12, 32
    )
    head += (
        struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, len(text)) + offsets.tobytes() + scores.tobytes() + text
    )
    head += struct.pack("<iI", len(NORMAL), len(normal)) + normal + struct.pack("<i", len(stored))
    at = len(head) + sum(2 + len(name) + 21 for name in stored)
    directory, body = b"", b""
    for name, (kind, data, count) in stored.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind, count, at + len(body), len(data))
        body += data
    path.write_bytes(head + directory + body)
    return truth
