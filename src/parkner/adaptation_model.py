"""The network that is adapted: a character BERT with the heads of the signals (tier 4)."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional
from transformers import AutoModel
from transformers.utils import logging as transformers_logging

from parkner.config import DEFAULT_LABELS
from parkner.conversion import read_config
from parkner.runtime import write_json
from parkner.spans import ModelError
from parkner.tagging import bio_tags
from parkner.teachers import WORD_CLASSES


class Student(nn.Module):
    """A BERT body, a character output tied to its embeddings, a word-class layer and a layer of span tags."""

    def __init__(self, encoder: Path, labels: Sequence[str] = DEFAULT_LABELS) -> None:
        """Loads the body in float32, without dropout: a single pass over a corpus does not overfit.

        Args:
            encoder: Folder of a BERT.
            labels: Labels of spans, in the order of their tags.
        """
        super().__init__()
        if read_config(encoder).get("model_type") != "bert":
            raise ModelError(f"{encoder}: adaptation is for BERT folders")
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        self.body = AutoModel.from_pretrained(
            encoder, dtype=torch.float32, use_safetensors=True, trust_remote_code=False, add_pooling_layer=False,
            hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
            # Windows of 256: on CPUs plain attention trains 1.6 times as fast as the fused kernel.
            attn_implementation="sdpa" if torch.cuda.is_available() else "eager",
        )  # fmt: skip
        hidden = self.body.config.hidden_size
        self.transform = nn.Linear(hidden, hidden)
        self.norm = nn.LayerNorm(hidden, eps=self.body.config.layer_norm_eps)
        self.bias = nn.Parameter(torch.zeros(self.body.config.vocab_size))
        # Always there, so that a run can take up or drop a signal when it is resumed.
        self.word_classes = nn.Linear(hidden, 2 * len(WORD_CLASSES))
        self.span_tags = bio_tags(labels)
        self.classifier = nn.Linear(hidden, len(self.span_tags))
        # The embeddings of the original were no output layer: their common part says nothing about which character
        # it is, and with norms of 1.5 the first logits would be far too sure.
        nn.init.normal_(self.transform.weight, std=0.02)
        nn.init.zeros_(self.transform.bias)
        nn.init.constant_(self.norm.weight, 0.2)

    def expect(self, counts: torch.Tensor) -> None:
        """Starts the character output at the frequencies of the text, which it would have to learn first otherwise.

        Args:
            counts: How often each piece occurs, *shape* (vocabulary,).
        """
        smoothed = counts.double() + 0.5
        with torch.no_grad():
            self.bias.copy_((smoothed / smoothed.sum()).log())

    def states(self, ids: torch.Tensor, *, first_position: int = 0) -> tuple[torch.Tensor, ...]:
        """States after the embeddings and after each layer.

        Args:
            ids: *Shape* (windows, pieces), without padding.
            first_position: Position of the first piece.

        Returns:
            layers + 1 tensors of *shape* (windows, pieces, hidden).
        """
        places = torch.arange(first_position, first_position + ids.shape[1], device=ids.device)[None]
        found: tuple[torch.Tensor, ...] = self.body(
            input_ids=ids, position_ids=places, output_hidden_states=True
        ).hidden_states
        return found

    def characters(self, states: torch.Tensor) -> torch.Tensor:
        """Logits of the hidden characters: *shape* (characters, hidden) -> (characters, vocabulary)."""
        states = self.norm(functional.gelu(self.transform(states)))
        return functional.linear(states, self.body.embeddings.word_embeddings.weight, self.bias)

    def tags(self, states: torch.Tensor) -> torch.Tensor:
        """Logits of word-class tags: *shape* (windows, pieces, hidden) -> (windows, pieces, tags)."""
        logits: torch.Tensor = self.word_classes(states)
        return logits

    def spans(self, states: torch.Tensor) -> torch.Tensor:
        """Logits of span tags: *shape* (windows, pieces, hidden) -> (windows, pieces, tags)."""
        logits: torch.Tensor = self.classifier(states)
        return logits

    def save_encoder(self, origin: Path, folder: Path, *, with_spans: bool = False) -> None:
        """Writes the body as an encoder folder (float16), tokenizer as in the origin.

        Args:
            origin: The folder that adaptation started from.
            folder: Where to; replaced as a whole.
            with_spans: Write a token classifier with the layer of span tags: fine-tuning on the same labels goes on
                with it, and everything else takes the body out of it.
        """
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".encoder-", dir=folder.parent))
        body = "bert." if with_spans else ""
        weights = {f"{body}{name}": value for name, value in self.body.state_dict().items()}
        config = {**read_config(origin), "dtype": "float16", "architectures": ["BertModel"]}
        if with_spans:
            weights |= {f"classifier.{name}": value for name, value in self.classifier.state_dict().items()}
            config |= {
                "architectures": ["BertForTokenClassification"],
                "id2label": {str(rank): tag for rank, tag in enumerate(self.span_tags)},
                "label2id": {tag: rank for rank, tag in enumerate(self.span_tags)},
            }
        weights = {name: value.detach().to("cpu", torch.float16) for name, value in weights.items()}
        save_file(
            {k: v.contiguous() for k, v in weights.items()}, temporary / "model.safetensors", {"format": "pt"}
        )
        (temporary / "model.safetensors").chmod(0o644)
        write_json(temporary / "config.json", config)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copyfile(origin / name, temporary / name)
        temporary.chmod(0o755)
        old = folder.with_name(f".old-{folder.name}")
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
        temporary.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
