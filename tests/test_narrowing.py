"""Narrower feed-forward layers: the right units go, the rest makes up for them, and a folder comes out."""

from __future__ import annotations

import json

import numpy as np
import pytest

from parkner.model_folder import read_description
from parkner.spans import Document, ModelError, UsageError
from tiny import TEXTS, save_model

pytest.importorskip("torch")


def test_units_that_others_can_stand_for_go_first_and_nothing_is_lost():
    from parkner.narrowing import choose_units

    generator = np.random.default_rng(0)
    own = generator.normal(size=(400, 6))
    # Four units of ten are mixtures of the others.
    states = np.concatenate((own, own @ generator.normal(size=(6, 4))), axis=1)
    wanted = states @ generator.normal(size=(10, 3)) + 2.0
    units, matrix, bias = choose_units(states, wanted, 6)
    assert np.linalg.matrix_rank(states[:, units]) == 6
    found = states[:, units] @ matrix + bias
    assert ((found - wanted) ** 2).sum() < 1e-5 * (wanted**2).sum()


def test_it_is_better_than_leaving_units_out():
    from parkner.narrowing import choose_units

    generator = np.random.default_rng(1)
    states = np.maximum(generator.normal(size=(600, 8)) @ generator.normal(size=(8, 96)), 0)
    second = generator.normal(size=(96, 5))
    wanted = states @ second
    units, matrix, bias = choose_units(states, wanted, 24)
    assert units.tolist() == sorted(set(units.tolist()))
    fitted = ((states[:, units] @ matrix + bias - wanted) ** 2).sum()
    largest = np.argsort((states**2).sum(axis=0) * (second**2).sum(axis=1))[-24:]
    plain = ((states[:, largest] @ second[largest] - wanted) ** 2).sum()
    assert fitted < 0.2 * plain


def test_a_model_folder_becomes_narrower_and_stays_one(tmp_path):
    from parkner import Tagger
    from parkner.export import typical_windows
    from parkner.narrowing import narrow

    folder = save_model(tmp_path / "model")
    documents = [Document(str(i), text) for i, text in enumerate(TEXTS)]
    windows = typical_windows(folder, read_description(folder), documents)
    lost = narrow(folder, tmp_path / "narrow", width=40, windows=windows)
    # Some 100 pieces do not need more than 40 units to be told apart well.
    assert len(lost) == 1
    assert 0 <= lost[0] < 0.2
    config = json.loads((tmp_path / "narrow" / "config.json").read_text(encoding="utf-8"))
    assert config["intermediate_size"] == 40
    assert not (tmp_path / "narrow" / "model.onnx").exists()
    before, after = (
        [
            {(s.start, s.end, s.label) for s in d.spans}
            for d in Tagger.from_pretrained(path, backend="torch", values=False).tag(TEXTS)
        ]
        for path in (folder, tmp_path / "narrow")
    )
    assert sum(len(a & b) for a, b in zip(before, after, strict=True)) > 0.5 * sum(map(len, before))
    with pytest.raises(UsageError, match="width 64: the network has 64"):
        narrow(folder, tmp_path / "none", width=64, windows=windows)
    with pytest.raises(UsageError, match="no texts"):
        narrow(folder, tmp_path / "none", width=8, windows=[])
    (folder / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match=r"config\.json"):
        narrow(folder, tmp_path / "none", width=8, windows=windows)
    assert not (tmp_path / "none").exists()
