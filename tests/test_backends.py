"""Back ends: what is picked, batches that back off when a GPU is full, batches that change nothing."""

from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from parkner.backends import OnnxBackend, TorchBackend, open_backend, pieces_that_fit  # noqa: E402
from parkner.inference import Tagger  # noqa: E402
from parkner.spans import ModelError, UsageError  # noqa: E402
from tiny import TEXTS, save_model  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("model"))


class SmallGpu(torch.nn.Module):
    """A network on a device that holds so many pieces; its logits are the ids."""

    def __init__(self, room):
        super().__init__()
        self.room = room
        self.calls = []
        self.refused = 0

    def forward(self, input_ids, attention_mask):
        if input_ids.numel() > self.room:
            self.refused += 1
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.calls.append(tuple(input_ids.shape))
        return SimpleNamespace(logits=input_ids[..., None].float())


def test_a_full_gpu_gets_smaller_batches_and_the_same_answer():
    model = SmallGpu(room=100)
    backend = TorchBackend(model, device="cpu", precision="fp32")
    before = backend.max_batch_pieces
    ids = np.arange(330, dtype=np.int64).reshape(11, 30)
    assert np.array_equal(backend.logits(ids, np.ones_like(ids))[..., 0], ids)
    assert model.refused
    assert sum(rows for rows, _ in model.calls) == 11
    assert backend.max_batch_pieces < before


def test_the_next_batches_are_smaller_from_the_start(folder, monkeypatch):
    backend = TorchBackend.from_folder(folder, device="cpu", precision="fp32")
    tagger = Tagger.from_pretrained(folder, backend="torch", device="cpu")
    tagger.backend = backend
    expected = list(tagger.tag(TEXTS * 20))
    backend.max_batch_pieces = 4096
    real, refused = backend._forward, []

    def forward(ids, mask):
        if ids.size > 300:
            refused.append(ids.size)
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(ids, mask)

    monkeypatch.setattr(backend, "_forward", forward)
    assert list(tagger.tag(TEXTS * 20)) == expected
    assert backend.max_batch_pieces < 600
    del refused[:]
    list(tagger.tag(TEXTS * 20))
    assert len(refused) <= 2


def test_one_window_that_does_not_fit_is_named():
    backend = TorchBackend(SmallGpu(room=10), device="cpu", precision="fp32")
    ids = np.ones((1, 30), dtype=np.int64)
    with pytest.raises(UsageError, match="one window of 30 pieces does not fit"):
        backend.logits(ids, ids)


def test_batches_grow_with_memory_and_shrink_with_the_network():
    small = SimpleNamespace(hidden_size=384, intermediate_size=1536, num_attention_heads=12)
    large = SimpleNamespace(hidden_size=1024, intermediate_size=4096, num_attention_heads=16)
    gibibyte = 2**30
    assert pieces_that_fit(4 * gibibyte, large) < pieces_that_fit(4 * gibibyte, small)
    assert pieces_that_fit(gibibyte, small) < pieces_that_fit(2 * gibibyte, small) < 2**18
    assert pieces_that_fit(80 * gibibyte, small) == 2**18
    assert pieces_that_fit(0, small) == 512


@pytest.mark.parametrize("batch", [1, 100, 4096])
def test_batches_change_nothing(folder, batch):
    taggers = [Tagger.from_pretrained(folder, backend=name, device="cpu") for name in ("onnx", "torch")]
    taggers[1].backend = TorchBackend.from_folder(folder, device="cpu", precision="fp32")
    texts = [text * (1 + n % 5) for n, text in enumerate(TEXTS * 4)]
    for tagger in taggers:
        tagger.backend.max_batch_pieces = 1
        expected = list(tagger.tag(texts))
        tagger.backend.max_batch_pieces = batch
        found = list(tagger.tag(texts))
        assert found == expected
        assert any(document.spans for document in found)
        for one, other in zip(found, expected, strict=True):
            assert [s.score for s in one.spans] == pytest.approx([s.score for s in other.spans], abs=1e-4)


def test_both_back_ends_find_the_same(folder):
    onnx, fp32 = (Tagger.from_pretrained(folder, backend=name, device="cpu") for name in ("onnx", "torch"))
    fp32.backend = TorchBackend.from_folder(folder, device="cpu", precision="fp32")
    assert list(onnx.tag(TEXTS)) == list(fp32.tag(TEXTS))


def test_what_is_picked(folder, tmp_path, monkeypatch):
    assert open_backend(folder, "auto", device="cpu").name == "onnx-fp32"
    with pytest.raises(ModelError, match=r"no model\.int8\.onnx in it"):
        open_backend(tmp_path, "onnx")
    with pytest.raises(UsageError, match="one of auto, onnx, torch"):
        open_backend(folder, "tensorflow")
    monkeypatch.setattr("parkner.backends.importlib.util.find_spec", lambda name: None)
    assert open_backend(folder, "auto").name == "onnx-fp32"
    with pytest.raises(UsageError, match=r"pip install 'parkner\[train\]'"):
        open_backend(folder, "torch")


def test_a_truncated_network_is_named(folder, tmp_path):
    broken = tmp_path / "model.onnx"
    broken.write_bytes((folder / "model.onnx").read_bytes()[:500])
    with pytest.raises(ModelError, match=r"model\.onnx: ONNX Runtime cannot load it"):
        OnnxBackend(broken)
