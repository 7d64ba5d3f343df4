"""Tagging: documents -> documents with spans (tier 3).

Text is cleaned, cut into overlapping windows, scored in batches of like length, put together again (each piece from
the window in which it has most context), decoded into valid IOB2, and reported on the original text.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from parkner.backends import Backend, BackendName, open_backend
from parkner.clean import CleanOptions, CleanText, clean_text
from parkner.config import WindowConfig
from parkner.debris import article_ranges
from parkner.decoding import Decoder, log_softmax
from parkner.encoding import PieceEncoder, Pieces, cut_windows, owned_ranges
from parkner.model_folder import read_description, shipped_model
from parkner.spans import Document, Span
from parkner.tagging import bio_tags

Scores = npt.NDArray[np.float32]

# Pieces read ahead before a batch is run: enough to sort windows by length, little enough to stay small in memory.
LOOK_AHEAD_PIECES = 65536


@dataclass(slots=True)
class _Job:
    document: Document
    clean: CleanText
    pieces: Pieces
    logits: Scores


class Tagger:
    """Finds the spans of documents with a trained model."""

    def __init__(
        self,
        backend: Backend,
        encoder: PieceEncoder,
        labels: Sequence[str],
        *,
        window: WindowConfig | None = None,
        clean: CleanOptions | None = None,
        values: bool = True,
        minimum_score: float = 0.0,
    ) -> None:
        """Puts a tagger together; `from_pretrained` does so from a folder.

        Args:
            backend: The network.
            encoder: Its vocabulary.
            labels: Labels in the order of the network's tags.
            window: Window size and overlap in pieces.
            clean: Cleaning options the model was trained with.
            values: Whether AMOUNT and DATE spans get values.
            minimum_score: Spans with a lower score are left out.
        """
        self.backend = backend
        self.encoder = encoder
        self.labels = tuple(labels)
        self.window = window or WindowConfig()
        self.clean = clean or CleanOptions()
        self.values = values
        self.minimum_score = minimum_score
        self._decoder = Decoder(bio_tags(self.labels))

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path | None = None,
        *,
        backend: BackendName = "auto",
        device: str = "auto",
        threads: int = 0,
        values: bool = True,
        minimum_score: float = 0.0,
    ) -> Tagger:
        """Loads a model directory.

        Args:
            folder: The directory; None for the model that ships with the project.
            backend: ``auto``, ``onnx`` or ``torch`` (see `parkner.backends.open_backend`).
            device: Device for torch: ``auto``, ``cpu``, ``cuda``.
            threads: CPU threads; 0 for the library's own choice.
            values, minimum_score: As for the constructor.

        Raises:
            ModelError: If a file is missing, altered or cannot be read; names the path.
        """
        path = shipped_model() if folder is None else Path(folder)
        description = read_description(path)
        return cls(
            open_backend(path, backend, device=device, threads=threads),
            PieceEncoder.from_folder(path),
            description.labels,
            window=description.window,
            clean=description.clean,
            values=values,
            minimum_score=minimum_score,
        )

    def tag(self, documents: Iterable[str | Document]) -> Iterator[Document]:
        """Tags documents, streaming and in order.

        Args:
            documents: Texts or documents; spans they have are replaced.

        Yields:
            The documents with spans on their own text; a text gets its number as id.
        """
        waiting: deque[_Job] = deque()
        pieces = 0
        for number, item in enumerate(documents):
            document = item if isinstance(item, Document) else Document(str(number), item)
            clean = clean_text(document.text, self.clean)
            encoded = self.encoder.encode(clean.text)
            empty = np.zeros((0, len(self._decoder.tags)), dtype=np.float32)
            waiting.append(_Job(document, clean, encoded, empty))
            pieces += len(encoded)
            if pieces >= LOOK_AHEAD_PIECES:
                yield from self._finish(waiting)
                pieces = 0
        yield from self._finish(waiting)

    def _finish(self, waiting: deque[_Job]) -> Iterator[Document]:
        self._score(list(waiting))
        while waiting:
            job = waiting.popleft()
            yield self._assemble(job)

    def _score(self, jobs: Sequence[_Job]) -> None:
        """Fills the logits of all jobs, window by window, windows of like length together."""
        units = []
        for job in jobs:
            job.logits = np.empty((len(job.pieces), len(self._decoder.tags)), dtype=np.float32)
            cuts = cut_windows(len(job.pieces), size=self.window.size, overlap=self.window.overlap)
            units += [(job, cut, own) for cut, own in zip(cuts, owned_ranges(cuts), strict=True)]
        units.sort(key=lambda unit: unit[1][0] - unit[1][1])
        position = 0
        while position < len(units):
            longest = units[position][1][1] - units[position][1][0] + 2
            count = max(1, self.backend.max_batch_pieces // longest)
            batch = units[position : position + count]
            position += len(batch)
            ids = np.full((len(batch), longest), self.encoder.pad_id, dtype=np.int64)
            mask = np.zeros_like(ids)
            for row, (job, (start, end), _) in enumerate(batch):
                ids[row, : end - start + 2] = [
                    self.encoder.cls_id,
                    *job.pieces.ids[start:end],
                    self.encoder.sep_id,
                ]
                mask[row, : end - start + 2] = 1
            logits = self.backend.logits(ids, mask)
            for row, (job, (start, _), (own_start, own_end)) in enumerate(batch):
                job.logits[own_start:own_end] = logits[row, own_start - start + 1 : own_end - start + 1]

    def _assemble(self, job: _Job) -> Document:
        document = job.document
        article = article_ranges(document)
        spans = [
            span
            for span in job.clean.spans_to_original(self._decode(job.pieces, job.logits))
            if (span.score or 0.0) >= self.minimum_score
            and any(start <= span.start and span.end <= end for start, end in article)
        ]
        if self.values:
            from parkner.values import fill_values

            spans = fill_values(spans, document.text, reference=document.date)
        return replace(document, spans=tuple(spans))

    def _decode(self, pieces: Pieces, logits: Scores) -> list[Span]:
        """Spans on the clean text. Spans do not run across line breaks, so every line is decoded by itself."""
        if not len(pieces):
            return []
        log_probabilities = log_softmax(logits)
        edges = np.flatnonzero(pieces.breaks)
        lines = []
        for start, end in zip([0, *(edges + 1)], [*edges, len(pieces)], strict=True):
            leads = np.flatnonzero(pieces.leads[start:end]) + start
            if len(leads):
                lines.append(leads)
        paths = self._decoder.best_paths([log_probabilities[leads] for leads in lines])
        spans: list[Span] = []
        for leads, path in zip(lines, paths, strict=True):
            characters = pieces.characters[leads]
            spans += self._decoder.spans_of(
                path, np.exp(log_probabilities[leads]), characters, characters + 1
            )
        return spans
