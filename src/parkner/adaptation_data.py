"""Raw text for adaptation: one stream of characters, cut into windows and masked (tier 4, no torch)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from parkner.clean import clean_document, clean_text
from parkner.encoding import IGNORED, PieceEncoder
from parkner.runtime import sha256_of_text
from parkner.spans import DataError, Document
from parkner.tagging import bio_tags

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

NO_TAG = 255  # of characters that nothing is known of

# Shares of masked spans of 1, 2, 3 and 4 characters: Chinese words are mostly of 1-2.
SPAN_LENGTHS = (0.4, 0.3, 0.2, 0.1)


def read_texts(path: Path, *, split: str | None = None) -> Iterator[str]:
    """The ``text`` of each line of a JSON Lines file (``.gz`` too).

    Args:
        path: The file.
        split: Only lines whose ``split`` is this.

    Raises:
        DataError: If a line has none; names file and line.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
                text = record["text"]
            except (ValueError, KeyError, TypeError) as error:
                raise DataError(f"{path}:{number}: no text: {error!r}") from None
            if not isinstance(text, str):
                raise DataError(f"{path}:{number}: text must be a string, not {text!r:.60}")
            if split is None or record.get("split") == split:
                yield text


def corpus_text(texts: Sequence[str], *, without: Sequence[str] = (), seed: int = 13) -> str:
    """One clean text of many, in random order, a line break between two.

    Args:
        texts: Texts as crawled.
        without: Texts that are measured on later: their lines of ten characters or more are left out.
        seed: Of the order.
    """
    held = {line.strip() for text in without for line in clean_text(text).text.split("\n")}
    held = {line for line in held if len(line) >= 10}
    out = []
    for place in np.random.default_rng(seed).permutation(len(texts)):
        lines = [line.strip() for line in clean_text(texts[place]).text.split("\n")]
        out += [line for line in lines if line and line not in held]
    return "\n".join(out)


def span_tags(text: str, documents: Iterable[Document], labels: Sequence[str]) -> tuple[Bytes, Floats]:
    """Tags of the characters of a corpus text, from documents with spans.

    A line of the text is looked up among the lines of the clean documents, so their order and the lines that were
    left out do not matter. Where two documents share a line, the later one decides.

    Args:
        text: What `corpus_text` returned.
        documents: Weak spans (with scores) or gold (without).
        labels: Labels in the order of their tags; spans of other labels, and spans across lines, are left out.

    Returns:
        ``(tags, weights)``, both of *shape* (characters,): places in `parkner.tagging.bio_tags`, `NO_TAG` in lines
        that no document has; the score of the span, 1 outside spans.
    """
    ranks = {tag: rank for rank, tag in enumerate(bio_tags(labels))}
    known: dict[str, tuple[Bytes, Floats]] = {}
    for document in documents:
        cleaned, _ = clean_document(document)
        tags = np.zeros(len(cleaned.text), dtype=np.uint8)
        weights = np.ones(len(cleaned.text), dtype=np.float32)
        for span in cleaned.spans:
            if f"B-{span.label}" in ranks and "\n" not in cleaned.text[span.start : span.end]:
                tags[span.start] = ranks[f"B-{span.label}"]
                tags[span.start + 1 : span.end] = ranks[f"I-{span.label}"]
                weights[span.start : span.end] = 1.0 if span.score is None else span.score
        at = 0
        for line in cleaned.text.split("\n"):
            begin = at + len(line) - len(line.lstrip())
            end = begin + len(line.strip())
            known[line.strip()] = tags[begin:end], weights[begin:end]
            at += len(line) + 1
    tags = np.full(len(text), NO_TAG, dtype=np.uint8)
    weights = np.ones(len(text), dtype=np.float32)
    at = 0
    for line in text.split("\n"):
        if line in known:
            tags[at : at + len(line)], weights[at : at + len(line)] = known[line]
        at += len(line) + 1
    return tags, weights


class CharacterStream:
    """A clean text as pieces, in windows of equal size.

    Attributes:
        size: Pieces in a window, without ``[CLS]`` and ``[SEP]``.
        held_out: Windows that are never trained on, *shape* (windows,): start pieces.
        cls_id, sep_id, mask_id: Special pieces.
        ordinary: Ids of pieces that are characters, *shape* (characters,); random replacements come from these.
        word_classes: Tag of each character of the text (see `parkner.teachers.word_class_tags`), or None.
        span_tags: Tag and weight of each character of the text (see `span_tags`), or None.
    """

    def __init__(
        self,
        text: str,
        encoder: PieceEncoder,
        *,
        mask_id: int,
        vocabulary: int,
        size: int = 254,
        held_out: int = 64,
    ) -> None:
        """Encodes the text.

        Args:
            text: A clean text.
            encoder: Vocabulary of the encoder to adapt: one piece a character.
            mask_id: Id of ``[MASK]``.
            vocabulary: Number of pieces.
            size: Pieces in a window.
            held_out: How many windows, spread over the text, are kept for measuring.

        Raises:
            DataError: If the text is too short for two windows.
        """
        pieces = encoder.encode(text)
        if not pieces.leads.all():
            raise DataError("adaptation needs a tokenizer that makes one piece of a character")
        self._text, self._ids, self._characters = text, pieces.ids, pieces.characters
        self.size, self._vocabulary = size, vocabulary
        self.cls_id, self.sep_id, self.mask_id = encoder.cls_id, encoder.sep_id, mask_id
        special = {encoder.cls_id, encoder.sep_id, encoder.pad_id, encoder.unk_id, mask_id}
        self.ordinary: Ints = np.array([i for i in range(vocabulary) if i not in special])
        blocks = len(pieces) // size
        if blocks < 2:
            raise DataError(f"text of {len(text)} characters is too short for two windows of {size}")
        held = np.unique(np.linspace(0, blocks - 1, min(held_out, blocks // 2)).astype(np.int64))
        self.held_out: Ints = held * size
        self._trained: Ints = np.setdiff1d(np.arange(blocks), held) * size
        self._begins = frozenset(self._trained.tolist())
        self._order_of: tuple[int, int] | None = None
        self._order = self._trained
        self.word_classes: Bytes | None = None
        self.span_tags: tuple[Bytes, Floats] | None = None

    def add_word_classes(self, cache: Path, tagger: Callable[[str], Bytes]) -> None:
        """Takes the tag of each character from a cache file, or from the tagger, which fills the cache.

        Args:
            cache: Folder; the file is named by the text's hash.
            tagger: Text to tags, such as `parkner.teachers.word_class_tags`.
        """
        path = cache / f"word-classes-{sha256_of_text(self._text)[:16]}.npy"
        if not path.is_file():
            cache.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".partial.npy")
            np.save(partial, tagger(self._text))
            partial.replace(path)
        tags = np.load(path, allow_pickle=False)
        if tags.shape != (len(self._text),):
            raise DataError(f"{path}: tags of {tags.shape} characters, the text has {len(self._text)}")
        self.word_classes = tags

    def counts(self) -> Ints:
        """How often each piece occurs, *shape* (vocabulary,)."""
        return np.bincount(self._ids, minlength=self._vocabulary)

    def __len__(self) -> int:
        return len(self._trained)

    def batch(self, step: int, count: int, seed: int) -> Ints:
        """Start pieces of the windows of a step, *shape* (count,).

        Each pass over the text has an order of its own and other cuts (windows shifted by part of their size).
        """
        out = []
        for number in range(step * count, (step + 1) * count):
            epoch, place = divmod(number, len(self._trained))
            if self._order_of != (epoch, seed):
                self._order_of = (epoch, seed)
                self._order = np.random.default_rng([seed, epoch]).permutation(self._trained)
            start = int(self._order[place])
            # 0.382 (golden section): the cuts of successive passes spread evenly over a window.
            shift = int(epoch * 0.382 * self.size) % self.size
            # A shifted window reaches into the next: never into one that is held out.
            out.append(start + shift if start + self.size in self._begins else start)
        return np.array(out)

    def ids(self, windows: Ints) -> Ints:
        """Pieces of windows, *shape* (windows, size)."""
        ids: Ints = self._ids[windows[:, None] + np.arange(self.size)]
        return ids

    def tags(self, windows: Ints) -> Ints:
        """Word-class tags of windows, *shape* (windows, size); `IGNORED` where there is none."""
        assert self.word_classes is not None
        return _known(self.word_classes[self._places(windows)])

    def spans(self, windows: Ints) -> tuple[Ints, Floats]:
        """Tags of spans and their weights, both *shape* (windows, size); `IGNORED` where nothing is known."""
        assert self.span_tags is not None
        places = self._places(windows)
        tags, weights = self.span_tags
        return _known(tags[places]), weights[places]

    def _places(self, windows: Ints) -> Ints:
        places: Ints = self._characters[windows[:, None] + np.arange(self.size)]
        return places

    def text(self, window: int) -> str:
        """Characters of a window, spaces between them included."""
        return self._text[self._characters[window] : self._characters[window + self.size - 1] + 1]

    def places(self, window: int) -> Ints:
        """For each character of the window's text, and its end, how many pieces of the window lie before it."""
        characters = self._characters[window : window + self.size]
        length = int(characters[-1] - characters[0]) + 1
        return np.searchsorted(characters - characters[0], np.arange(length + 1)).astype(np.int64)


def _known(tags: Bytes) -> Ints:
    ids = tags.astype(np.int64)
    ids[tags == NO_TAG] = IGNORED
    return ids


def mask_spans(
    pieces: Ints,
    *,
    share: float,
    mask_id: int,
    ordinary: Ints,
    generator: np.random.Generator,
) -> tuple[Ints, Ints]:
    """Hides spans of 1-4 characters.

    As in BERT (Devlin et al. 2019), of the spans chosen 80 % become ``[MASK]``, 10 % random characters, and 10 % stay.

    Args:
        pieces: *Shape* (windows, size).
        share: Share of characters to choose.
        mask_id: Id of ``[MASK]``.
        ordinary: Ids of characters; other pieces (line breaks, unknown ones) are never chosen.
        generator: Source of randomness.

    Returns:
        ``(masked, targets)``, same shape; targets are `IGNORED` where nothing is to be predicted.
    """
    size = pieces.shape[1]
    mean = float(np.dot(SPAN_LENGTHS, np.arange(1, len(SPAN_LENGTHS) + 1)))
    chosen = np.zeros(pieces.shape, dtype=np.bool_)
    kinds = np.zeros(pieces.shape, dtype=np.int64)  # 0: hide, 1: replace, 2: keep
    # Spans start anywhere; 1 - exp(-x) of the characters are hit when x is the mean number of spans over one.
    begins = generator.random(pieces.shape) < -np.log1p(-share) / mean
    lengths = generator.choice(np.arange(1, len(SPAN_LENGTHS) + 1), size=pieces.shape, p=SPAN_LENGTHS)
    ways = generator.choice(3, size=pieces.shape, p=(0.8, 0.1, 0.1))
    for offset in range(len(SPAN_LENGTHS)):
        hit = np.zeros_like(chosen)
        hit[:, offset:] = (begins & (lengths > offset))[:, : size - offset]
        shifted = np.zeros_like(kinds)
        shifted[:, offset:] = ways[:, : size - offset]
        kinds = np.where(hit & ~chosen, shifted, kinds)
        chosen |= hit
    is_character = np.zeros(int(max(pieces.max(), ordinary.max())) + 1, dtype=np.bool_)
    is_character[ordinary] = True
    chosen &= is_character[pieces]
    if not chosen.any():
        # A loss over nothing would be undefined.
        chosen[:, 0] = True
    masked = np.where(chosen & (kinds == 0), mask_id, pieces)
    masked = np.where(chosen & (kinds == 1), generator.choice(ordinary, size=pieces.shape), masked)
    return masked, np.where(chosen, pieces, IGNORED)
