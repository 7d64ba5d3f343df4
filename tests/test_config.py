"""Configuration errors name file, key, value and the nearest known key."""

import pytest

from parkner.config import Config, load_config
from parkner.spans import UsageError


def test_every_shipped_config_loads(root):
    paths = sorted((root / "configs").glob("*.yaml"))
    assert paths
    for path in paths:
        load_config(path)


def test_overrides_are_typed():
    config = load_config(None, ["train.epochs=3", "labels=[ORG, PERSON]", "encoder.layers=2"])
    assert config.train.epochs == 3
    assert config.labels == ("ORG", "PERSON")
    assert config.encoder.layers == 2
    assert load_config() == Config()


def test_extends_starts_from_another_file(tmp_path):
    (tmp_path / "base.yaml").write_text("seed: 7\ntrain: {epochs: 2, batch_size: 4}\n")
    (tmp_path / "top.yaml").write_text("extends: base.yaml\ntrain: {epochs: 5}\n")
    config = load_config(tmp_path / "top.yaml")
    assert (config.seed, config.train.epochs, config.train.batch_size) == (7, 5, 4)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("trian: {epochs: 3}", ["trian", "unknown key", "did you mean train?"]),
        ("train: {epoch: 3}", ["train.epoch", "unknown key", "did you mean train.epochs?"]),
        ("train: {epochs: many}", ["train.epochs", "'many'"]),
        ("labels: []", ["labels", "distinct"]),
        ("window: {size: 64, overlap: 64}", ["window.overlap", "smaller"]),
        ("[1, 2", ["not valid YAML"]),
        ("- 1", ["a mapping of keys"]),
        ("extends: config.yaml", ["extends itself"]),
    ],
)
def test_errors_name_file_and_key(tmp_path, content, says):
    path = tmp_path / "config.yaml"
    path.write_text(content)
    with pytest.raises(UsageError) as error:
        load_config(path)
    for word in [str(path), *says]:
        assert word in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"none\.yaml: cannot read"):
        load_config(tmp_path / "none.yaml")


@pytest.mark.parametrize("override", ["train.epochs", "=3", "seed.x=3", "labels=[a"])
def test_bad_overrides_are_named(override):
    with pytest.raises(UsageError, match="--set"):
        load_config(None, [override])
