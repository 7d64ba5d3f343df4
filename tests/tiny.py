"""Tiny random models with a toy vocabulary: no network, fractions of a second."""

from __future__ import annotations

from pathlib import Path

TEXTS = (
    "开江经开区2021年引进江天科技公司,投资2亿元发展生物医药产业。",
    "武胜县2023年3月与重庆高新区签约,总投资30亿元。",
    "达州市发改委表示,电子信息产业产值突破100亿元。",
)


def save_tokenizer(folder: Path, kind: str = "bert") -> int:
    """Writes a fast tokenizer over the characters of the seeds' alphabet; returns its size."""
    from transformers import BertTokenizerFast

    characters = sorted(set("".join(TEXTS)) | set("0123456789abcdefghijklmnopqrstuvwxyz%.。,、年月日亿万元"))
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    tokenizer = BertTokenizerFast(vocab=str(folder / "vocab.txt"), do_lower_case=True)
    tokenizer.save_pretrained(folder)
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
