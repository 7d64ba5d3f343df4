"""Clean text -> windows of pieces, labels aligned (tier 2).

Every character becomes its own piece or pieces, whatever the tokenizer: the encoder asks the tokenizer about one
character at a time. So every span edge falls between two pieces, for Latin letters and digits too, and only white
space has no piece. A line break is a piece: the tokenizer's own where it has one, else its separator.
Nothing is truncated: windows cover the whole text; they meet where a sentence ends, and overlap where none does. What cannot be expressed is counted in `Lost`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from parkner.spans import ModelError, Span
from parkner.tagging import OUTSIDE

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# No span runs across one of these (annotations/GUIDELINES.md, All 3).
SENTENCE_ENDS = frozenset("。！？；!?;")
# Nor, but for a few names, across one of these.
PAUSES = frozenset("，、,：:")

IGNORED = -100  # label of pieces that carry no loss, as in torch.nn.CrossEntropyLoss

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pieces:
    """The pieces of one text, without special tokens.

    Attributes:
        ids: Vocabulary ids, *shape* (pieces,).
        characters: Index of the character each piece belongs to, *shape* (pieces,).
        leads: Whether a piece is the first of its character, *shape* (pieces,); only these carry tags.
        breaks: Whether a piece is a line break, *shape* (pieces,).
        stops: How many pieces lie before the end of each sentence (a mark of `SENTENCE_ENDS`, or a line break),
            *shape* (sentences,), rising.
        pauses: The same for the marks of `PAUSES`.
    """

    ids: Ints
    characters: Ints
    leads: npt.NDArray[np.bool_]
    breaks: npt.NDArray[np.bool_]
    stops: Ints
    pauses: Ints

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(slots=True)
class Lost:
    """What encoding could not express, by reason.

    Attributes:
        no_pieces: Spans of white space only.
        across_lines: Spans that run across a line break.
        unknown_label: Spans with a label that the model lacks.
        examples: Up to five descriptions.
    """

    no_pieces: int = 0
    across_lines: int = 0
    unknown_label: int = 0
    spans: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Spans lost for any reason."""
        return self.no_pieces + self.across_lines + self.unknown_label

    def note(self, reason: str, span: Span, text: str) -> None:
        """Counts one span as lost."""
        setattr(self, reason, getattr(self, reason) + 1)
        if len(self.examples) < 5:
            self.examples.append(f"{reason}: {span.label} {text[span.start : span.end]!r}")


class PieceEncoder:
    """Turns text into pieces, one character at a time, with a fast tokenizer's vocabulary."""

    def __init__(self, tokenizer: Tokenizer, *, cls_id: int, sep_id: int, pad_id: int, unk_id: int) -> None:
        """Keeps a tokenizer and the ids of its special tokens."""
        self.cls_id, self.sep_id, self.pad_id, self.unk_id = cls_id, sep_id, pad_id, unk_id
        self._tokenizer = tokenizer
        self._known: dict[str, tuple[int, ...]] = {}

    @classmethod
    def from_folder(cls, folder: Path) -> PieceEncoder:
        """Reads ``tokenizer.json`` and the names of the special tokens beside it.

        Raises:
            ModelError: If a file or a special token is missing; names the path.
        """
        from tokenizers import Tokenizer

        path = folder / "tokenizer.json"
        if not path.is_file():
            raise ModelError(f"{path}: no such file (a fast tokenizer is needed)")
        try:
            tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # tokenizers raises plain Exception
            raise ModelError(f"{path}: not a tokenizer: {error}") from None
        named: dict[str, Any] = {}
        for name in ("special_tokens_map.json", "tokenizer_config.json"):
            if (folder / name).is_file():
                named.update(json.loads((folder / name).read_text(encoding="utf-8")))
        return cls(tokenizer, **_special_ids(tokenizer, named, str(folder)))

    @classmethod
    def from_transformers(cls, tokenizer: Any) -> PieceEncoder:
        """Uses the tokenizer inside a transformers fast tokenizer.

        Raises:
            ModelError: If it is not a fast tokenizer or lacks a special token.
        """
        backend = getattr(tokenizer, "backend_tokenizer", None)
        name = str(getattr(tokenizer, "name_or_path", "tokenizer"))
        if backend is None:
            raise ModelError(f"{name}: a fast tokenizer is needed")
        keys = ("cls_token", "sep_token", "pad_token", "unk_token", "bos_token", "eos_token")
        return cls(
            backend, **_special_ids(backend, {key: getattr(tokenizer, key, None) for key in keys}, name)
        )

    def pieces_of(self, character: str) -> tuple[int, ...]:
        """Vocabulary ids of one character; empty for white space, the unknown id where nothing fits."""
        known = self._known.get(character)
        if known is None:
            known = tuple(self._tokenizer.encode(character, add_special_tokens=False).ids)
            if character == "\n":
                line_break = self._tokenizer.token_to_id(character)
                known = (line_break,) if line_break is not None else known[-1:] or (self.sep_id,)
            elif not known and not character.isspace():
                known = (self.unk_id,)
            self._known[character] = known
        return known

    def encode(self, text: str) -> Pieces:
        """The pieces of a clean text; line breaks that follow each other are one piece.

        Args:
            text: A clean text; offsets in the result are its characters.
        """
        ids: list[int] = []
        characters: list[int] = []
        leads: list[bool] = []
        breaks: list[bool] = []
        stops: list[int] = []
        pauses: list[int] = []
        after_break = True  # no break piece at the very start
        for position, character in enumerate(text):
            is_break = character == "\n"
            if is_break and after_break:
                continue
            found = self.pieces_of(character)
            for rank, piece in enumerate(found):
                ids.append(piece)
                characters.append(position)
                leads.append(rank == 0)
                breaks.append(is_break)
            if found:
                after_break = is_break
                if is_break or character in SENTENCE_ENDS:
                    stops.append(len(ids))
                elif character in PAUSES:
                    pauses.append(len(ids))
        if breaks and breaks[-1]:
            for column in (ids, characters, leads, breaks):
                column.pop()
        return Pieces(
            np.array(ids, dtype=np.int64),
            np.array(characters, dtype=np.int64),
            np.array(leads, dtype=np.bool_),
            np.array(breaks, dtype=np.bool_),
            np.array(stops, dtype=np.int64),
            np.array(pauses, dtype=np.int64),
        )


def _special_ids(tokenizer: Tokenizer, named: dict[str, Any], where: str) -> dict[str, int]:
    out = {}
    for key, names in {
        "cls_id": ("cls_token", "bos_token"),
        "sep_id": ("sep_token", "eos_token"),
        "pad_id": ("pad_token",),
        "unk_id": ("unk_token",),
    }.items():
        for name in names:
            token = named.get(name)
            token = token.get("content") if isinstance(token, dict) else token
            found = tokenizer.token_to_id(str(token)) if token is not None else None
            if found is not None:
                out[key] = found
                break
        else:
            raise ModelError(f"{where}: the tokenizer has no {names[0]}")
    return out


def cut_windows(
    pieces: int, *, size: int, overlap: int, stops: Ints | Sequence[int] = ()
) -> list[tuple[int, int]]:
    """Cuts a sequence into windows that cover all of it.

    Args:
        pieces: Length of the sequence in pieces.
        size: Most pieces in a window, special tokens not counted.
        overlap: Pieces that two neighbours share at least where they do not meet at a stop; smaller than ``size``.
        stops: Where a sentence ends, rising (see `Pieces`). A window with a stop in its second half ends at the last
            one, and the next begins there: no span runs across it, and nothing is computed twice.

    Returns:
        Start and end of each window. Without a stop to begin at, the last is as long as the others, so that it has
        as much context as they have.
    """
    if not pieces:
        return []
    windows: list[tuple[int, int]] = []
    start, meets = 0, True
    while pieces - start > size:
        place = int(np.searchsorted(stops, start + size, side="right")) - 1
        end = int(stops[place]) if place >= 0 else 0
        meets = end >= start + size // 2
        if not meets:
            end = start + size
        windows.append((start, end))
        start = end if meets else end - overlap
    windows.append((start if meets else pieces - size, pieces))
    return windows


def owned_ranges(
    windows: Sequence[tuple[int, int]], pauses: Ints | Sequence[int] = ()
) -> list[tuple[int, int]]:
    """For each window the pieces that are taken from it: overlaps are cut near their middle.

    Args:
        windows: Start and end of each, as `cut_windows` gives them.
        pauses: Where to cut rather, so that no span is put together from two windows: at the pause that is nearest to
            the middle, if there is one in the middle half of the overlap.
    """
    cuts: list[int] = []
    places = np.asarray(pauses, dtype=np.int64)
    for before, after in pairwise(windows):
        # Every window keeps a piece at least, however large the overlaps.
        least = cuts[-1] + 1 if cuts else windows[0][0] + 1
        middle = max(least, (after[0] + before[1]) // 2)
        reach = (before[1] - after[0]) // 4
        latest = min(before[1], middle + reach)
        first, last = np.searchsorted(places, (max(least, middle - reach), latest + 1))
        cuts.append(min(places[first:last].tolist(), key=lambda place: abs(place - middle), default=middle))
    starts = [windows[0][0], *cuts] if windows else []
    ends = [*cuts, windows[-1][1]] if windows else []
    return list(zip(starts, ends, strict=True))


@dataclass(frozen=True, slots=True)
class LabelledWindow:
    """One training example.

    Attributes:
        input_ids: With the special tokens, *shape* (pieces + 2,).
        labels: Tag ids; `IGNORED` on special tokens and on pieces that do not lead, same shape.
        weights: Loss weight of each piece, same shape.
    """

    input_ids: Ints
    labels: Ints
    weights: Floats


def align_labels(
    text: str, spans: Sequence[Span], pieces: Pieces, tag_ids: dict[str, int], lost: Lost
) -> tuple[Ints, Floats]:
    """Tag ids and confidence for the pieces of a clean text.

    Args:
        text: The clean text.
        spans: Its flat spans in characters.
        pieces: Its pieces.
        tag_ids: Id of each BIO tag.
        lost: Counts what cannot be expressed.

    Returns:
        ``(labels, confidence)``, both of *shape* (pieces,); confidence is the span's score, NaN outside spans.
    """
    labels = np.full(len(pieces), tag_ids[OUTSIDE], dtype=np.int64)
    labels[~pieces.leads] = IGNORED
    confidence = np.full(len(pieces), np.nan, dtype=np.float32)
    for span in spans:
        lost.spans += 1
        first, last = (int(x) for x in np.searchsorted(pieces.characters, (span.start, span.end)))
        inside = np.arange(first, last)
        if f"B-{span.label}" not in tag_ids:
            lost.note("unknown_label", span, text)
        elif not len(inside):
            lost.note("no_pieces", span, text)
        elif pieces.breaks[inside].any():
            lost.note("across_lines", span, text)
        else:
            leads = inside[pieces.leads[inside]]
            labels[leads] = tag_ids[f"I-{span.label}"]
            labels[leads[0]] = tag_ids[f"B-{span.label}"]
            confidence[inside] = 1.0 if span.score is None else span.score
    return labels, confidence


def labelled_windows(
    text: str,
    spans: Sequence[Span],
    encoder: PieceEncoder,
    tag_ids: dict[str, int],
    *,
    size: int,
    overlap: int,
    outside_weight: float,
    lost: Lost,
) -> list[LabelledWindow]:
    """Training examples that cover a whole clean text.

    A piece in an overlap is learnt in the window that owns it (see `owned_ranges`) and is only context in the other.
    """
    pieces = encoder.encode(text)
    labels, confidence = align_labels(text, spans, pieces, tag_ids, lost)
    weights = np.where(np.isnan(confidence), outside_weight, confidence).astype(np.float32)
    cuts = cut_windows(len(pieces), size=size, overlap=overlap, stops=pieces.stops)
    out = []
    for (start, end), (own_start, own_end) in zip(cuts, owned_ranges(cuts, pieces.pauses), strict=True):
        window_labels = np.full(end - start + 2, IGNORED, dtype=np.int64)
        window_labels[own_start - start + 1 : own_end - start + 1] = labels[own_start:own_end]
        window_weights = np.zeros(end - start + 2, dtype=np.float32)
        window_weights[1:-1] = weights[start:end]
        ids = np.concatenate(([encoder.cls_id], pieces.ids[start:end], [encoder.sep_id]))
        out.append(LabelledWindow(ids, window_labels, window_weights))
    return out
