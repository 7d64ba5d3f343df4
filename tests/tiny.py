"""Tiny random models with a toy vocabulary: no network, fractions of a second."""

from __future__ import annotations

import string
from pathlib import Path

TEXTS = (
    "开江经开区2021年引进江天科技公司,投资2亿元发展生物医药产业。",
    "武胜县2023年3月与重庆高新区签约,总投资30亿元。",
    "达州市发改委表示,电子信息产业产值突破100亿元。",
)


def save_tokenizer(folder: Path) -> int:
    """Writes a character tokenizer over the characters of the toy texts; returns its size."""
    from parkner.conversion import write_tokenizer

    characters = sorted(set("".join(TEXTS)) | set(string.ascii_letters + string.digits + "%。、"))
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters]
    folder.mkdir(parents=True, exist_ok=True)
    write_tokenizer(folder, vocabulary, positions=128)
    return len(vocabulary)


def save_encoder(folder: Path, *, layers: int = 2, seed: int = 0) -> Path:
    """Writes a random BERT encoder with its tokenizer; returns the folder."""
    import torch
    from transformers import BertConfig, BertModel

    size = save_tokenizer(folder)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=size,
        hidden_size=32,
        num_hidden_layers=layers,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=128,
    )
    BertModel(config).save_pretrained(folder)
    return folder


def save_model(
    folder: Path, *, labels: tuple[str, ...] = ("ORG", "PARK", "INDUSTRY", "AMOUNT", "DATE")
) -> Path:
    """Writes a model folder with an ONNX network of random weights that finds spans everywhere; returns the folder."""
    import torch
    from transformers import BertConfig, BertForTokenClassification

    from parkner.config import WindowConfig
    from parkner.export import export_onnx
    from parkner.model_folder import ModelDescription, write_description
    from parkner.tagging import bio_tags

    size = save_tokenizer(folder)
    torch.manual_seed(3)
    tags = bio_tags(labels)
    model = BertForTokenClassification(
        BertConfig(
            vocab_size=size,
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=4,
            intermediate_size=64,
            max_position_embeddings=128,
            num_labels=len(tags),
            id2label=dict(enumerate(tags)),
            label2id={tag: number for number, tag in enumerate(tags)},
        )
    )
    with torch.no_grad():
        model.classifier.weight.mul_(60)  # as sure of itself as a trained network
    model.save_pretrained(folder)
    export_onnx(folder, folder / "model.onnx")
    write_description(folder, ModelDescription(labels, window=WindowConfig(size=60, overlap=20)))
    return folder
