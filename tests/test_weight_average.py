"""What fine-tuning can be asked for besides: word dropout, and a running mean of the weights."""

from __future__ import annotations

import json
import shutil

import pytest

torch = pytest.importorskip("torch")

from parkner.config import load_config  # noqa: E402
from parkner.corpus import write_documents  # noqa: E402
from parkner.encoding import IGNORED  # noqa: E402
from parkner.spans import Document, Span, UsageError  # noqa: E402
from parkner.training import train  # noqa: E402
from parkner.word_dropout import drop_words  # noqa: E402
from tiny import TEXTS, save_encoder  # noqa: E402


def test_word_dropout_hides_the_share_that_was_asked_for_and_no_special_piece():
    torch.manual_seed(0)
    ids = torch.arange(10, 20_010).reshape(2, -1)
    labels = torch.zeros_like(ids)
    labels[:, 0] = IGNORED
    hidden = drop_words(ids, labels, share=0.1, mask_id=4)
    changed = hidden != ids
    assert (hidden[changed] == 4).all()
    assert not changed[:, 0].any()
    assert 0.09 < changed.float().mean() < 0.11
    assert (drop_words(ids, labels, share=0.0, mask_id=4) == ids).all()


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    save_encoder(folder / "encoder")
    documents = [Document(str(i), t, (Span(0, 4, "PARK"), Span(6, 9, "ORG"))) for i, t in enumerate(TEXTS)]
    write_documents(folder / "train.jsonl", documents)
    return folder


def run(toy, out, *settings, dev=True, resume=False):
    recipe = load_config(
        None,
        [
            f"encoder.name={toy / 'encoder'}", "train.batch_size=1", "train.precision=fp32", "train.dropout=0.0",
            "train.learning_rate=0.01", "window={size: 60, overlap: 8}", "device=cpu", *settings,
        ],
    )  # fmt: skip
    files = toy / "train.jsonl"
    return train(
        recipe, train_files=[files], dev_file=files if dev else None, out=out, resume=resume, progress=False
    )


def weights(folder):
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def test_the_mean_of_the_weights_is_what_is_saved(toy, tmp_path):
    from safetensors.torch import load_file

    last = run(toy, tmp_path / "last", "train.epochs=2", dev=False)
    mean = run(toy, tmp_path / "mean", "train.epochs=2", "train.average=0.9", dev=False)
    # The mean changes nothing about training itself, only what comes out of it.
    checkpoint = tmp_path / "mean" / "checkpoints" / "checkpoint-6"
    for name, value in weights(last.model).items():
        torch.testing.assert_close(weights(checkpoint)[name], value)
    average = load_file(checkpoint / "average.safetensors")
    assert any(not torch.allclose(average[name], value) for name, value in weights(last.model).items())
    for name, value in weights(mean.model).items():
        torch.testing.assert_close(value, average[name])


def test_a_run_with_a_mean_goes_on_where_it_stopped(toy, tmp_path):
    settings = ("train.average=0.9", "train.word_dropout=0.2")
    whole = run(toy, tmp_path / "whole", "train.epochs=4", *settings)
    # As if it had been killed after the second epoch: what is behind is taken away.
    run(toy, tmp_path / "part", "train.epochs=4", "train.keep_checkpoints=9", *settings)
    for step in (9, 12):
        shutil.rmtree(tmp_path / "part" / "checkpoints" / f"checkpoint-{step}")
    part = run(toy, tmp_path / "part", "train.epochs=4", *settings, resume=True)
    for name, value in weights(whole.model).items():
        torch.testing.assert_close(weights(part.model)[name], value)
    assert json.dumps(whole.metrics["dev"]) == json.dumps(part.metrics["dev"])


def test_word_dropout_needs_a_mask_token(toy, tmp_path, monkeypatch):
    from parkner import training

    def without_mask(*args, **options):
        tokenizer = load_tokenizer(*args, **options)
        tokenizer.mask_token = None
        return tokenizer

    load_tokenizer = training.load_tokenizer
    monkeypatch.setattr(training, "load_tokenizer", without_mask)
    with pytest.raises(UsageError, match=r"train\.word_dropout: the encoder's tokenizer has no mask token"):
        run(toy, tmp_path / "out", "train.word_dropout=0.1")
