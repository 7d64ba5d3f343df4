"""The model directory: a Hugging Face folder that describes itself (tier 2, no torch).

Beside ``config.json``, ``model.safetensors`` and ``tokenizer.json`` lies ``parkner.json``: labels, cleaning options,
window size, training data hashes, scores, and the SHA-256 of every file, so that a missing or altered file is refused
by name. Weights are read from safetensors or ONNX only; nothing in a folder is executed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from parkner.clean import CleanOptions
from parkner.config import WindowConfig
from parkner.runtime import project_path, sha256_of_file, write_json
from parkner.spans import ModelError, UsageError
from parkner.tagging import bio_tags

DESCRIPTION = "parkner.json"
SHIPPED_MODEL = "models/parkner-zh-small"
ONNX_MODEL = "model.int8.onnx"
SCHEMA = 1

# What a model folder may hold; only these are hashed and checked.
_FILES = (
    "config.json",
    "model.safetensors",
    "model.onnx",
    ONNX_MODEL,
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
)


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """What a model directory says of itself.

    Attributes:
        labels: Labels in the order of their tags.
        clean: Cleaning options that the model was trained with.
        window: Window size and overlap, in pieces.
        encoder: Name or path of the encoder it was trained from.
        data: Training data: file names and SHA-256.
        scores: Scores measured when it was made.
        files: SHA-256 of every file by name.
        minimum_lengths: Least characters of a span, by label; labels that are not named have none.
    """

    labels: tuple[str, ...]
    clean: CleanOptions = field(default_factory=CleanOptions)
    window: WindowConfig = field(default_factory=WindowConfig)
    encoder: str = ""
    data: tuple[Mapping[str, Any], ...] = ()
    scores: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    minimum_lengths: Mapping[str, int] = field(default_factory=dict)

    @property
    def tags(self) -> list[str]:
        """BIO tags by id."""
        return bio_tags(self.labels)


def shipped_model() -> Path:
    """The folder of the model that ships with the project.

    Raises:
        ModelError: If there is none.
    """
    try:
        return project_path(SHIPPED_MODEL)
    except UsageError:
        raise ModelError(
            f"{SHIPPED_MODEL}: no model ships with this version; train one (`make run` makes runs/demo/model) "
            "and name it with --model"
        ) from None


def write_description(folder: Path, description: ModelDescription) -> None:
    """Writes ``parkner.json`` with the SHA-256 of the files that lie in the folder now."""
    files = {name: sha256_of_file(folder / name) for name in _FILES if (folder / name).is_file()}
    write_json(
        folder / DESCRIPTION,
        {
            "schema": SCHEMA,
            "labels": list(description.labels),
            "clean": asdict(description.clean),
            "window": description.window.model_dump(),
            "minimum_lengths": dict(description.minimum_lengths),
            "encoder": description.encoder,
            "data": [dict(entry) for entry in description.data],
            "scores": dict(description.scores),
            "files": files,
        },
    )


def read_description(folder: Path, *, check_files: bool = True) -> ModelDescription:
    """Reads ``parkner.json`` and checks the files it names.

    Args:
        folder: A model directory.
        check_files: Compare every file with its SHA-256.

    Raises:
        ModelError: If the folder or a file is missing, a file was altered, or the description is damaged; the
            message names the path.
    """
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such model folder")
    path = folder / DESCRIPTION
    if not path.is_file():
        raise ModelError(f"{path}: no such file; {folder} is not a parkner model folder")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data.get("schema") != SCHEMA:
            raise ModelError(f"{path}: schema {data.get('schema')!r}, this version reads {SCHEMA}")
        description = ModelDescription(
            labels=tuple(data["labels"]),
            clean=CleanOptions(**data["clean"]),
            window=WindowConfig(**data["window"]),
            encoder=str(data.get("encoder", "")),
            data=tuple(data.get("data", ())),
            scores=dict(data.get("scores", {})),
            files=dict(data["files"]),
            minimum_lengths={str(k): int(v) for k, v in data.get("minimum_lengths", {}).items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path}: damaged: {error}") from None
    for name, digest in description.files.items() if check_files else ():
        file = folder / name
        if name not in _FILES:
            raise ModelError(f"{path}: names {name!r}, which is no file of a model folder")
        if not file.is_file():
            raise ModelError(f"{file}: missing from the model folder")
        if sha256_of_file(file) != digest:
            raise ModelError(f"{file}: not the file the model was saved with (SHA-256 differs)")
    return description
