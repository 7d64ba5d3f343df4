"""Tagging: documents -> documents with spans (tier 3).

Text is cleaned, cut into windows, scored in batches of like length, put together again (where windows
overlap, each piece from the one in which it has most context), decoded into valid IOB2, and reported on the original text.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from parkner.backends import Backend, BackendName, open_backend
from parkner.clean import CleanOptions
from parkner.config import WindowConfig
from parkner.debris import article_ranges
from parkner.decoding import Decoder, log_softmax
from parkner.encoding import PieceEncoder, Pieces, cut_windows, owned_ranges
from parkner.model_folder import read_description, shipped_model
from parkner.preparation import Prepared, Preparer, as_documents
from parkner.spans import Document, Span
from parkner.tagging import bio_tags

Scores = npt.NDArray[np.float32]

# Pieces read ahead before batches are run, in full batches: enough to sort windows by length, little enough to stay
# small in memory and to answer SIGTERM within seconds.
LOOK_AHEAD_BATCHES = 4
LEAST_LOOK_AHEAD_PIECES = 8192


@dataclass(slots=True)
class _Job:
    prepared: Prepared
    article: list[tuple[int, int]]  # of the original's characters
    logits: Scores


# A window of a job: the job, first piece and end, and first and end of the pieces for which it has most context.
_Unit = tuple[_Job, tuple[int, int], tuple[int, int]]


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
        minimum_lengths: Mapping[str, int] | None = None,
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
            minimum_lengths: Spans with fewer characters are left out, by label.
        """
        self.backend = backend
        self.encoder = encoder
        self.labels = tuple(labels)
        self.window = window or WindowConfig()
        self.preparer = Preparer(encoder, clean or CleanOptions())
        self.values = values
        self.minimum_score = minimum_score
        self.minimum_lengths = dict(minimum_lengths or {})
        self._decoder = Decoder(bio_tags(self.labels))
        self._pool: ThreadPoolExecutor | None = None

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
            minimum_lengths=description.minimum_lengths,
        )

    def tag(self, documents: Iterable[str | Document]) -> Iterator[Document]:
        """Tags documents, streaming and in order.

        Args:
            documents: Texts or documents; spans they have are replaced.

        Yields:
            The documents with spans on their own text; a text gets its number as id.
        """
        yield from self.tag_prepared(map(self.preparer, as_documents(documents)))

    def tag_prepared(self, prepared: Iterable[Prepared]) -> Iterator[Document]:
        """Tags what `Preparer` made of documents, here or in other processes, streaming and in order.

        Args:
            prepared: Documents prepared with this tagger's `preparer`.

        Yields:
            The documents with spans on their own text.
        """
        waiting: deque[_Job] = deque()
        pieces = 0
        enough = max(LEAST_LOOK_AHEAD_PIECES, LOOK_AHEAD_BATCHES * self.backend.max_batch_pieces)
        for item in prepared:
            # An article without a piece still waits for its turn, and counts, so that these cannot pile up.
            pieces += len(item.pieces) + 1
            none = np.zeros((0, len(self._decoder.tags)), dtype=np.float32)
            waiting.append(_Job(item, article_ranges(item.document), none))
            if pieces >= enough:
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
        units: list[_Unit] = []
        for job in jobs:
            pieces = job.prepared.pieces
            # Where no window is run all tags are equal, and the first of equals is taken: O.
            job.logits = np.zeros((len(pieces), len(self._decoder.tags)), dtype=np.float32)
            cuts = cut_windows(
                len(pieces), size=self.window.size, overlap=self.window.overlap, stops=pieces.stops
            )
            owned = owned_ranges(cuts, pieces.pauses)
            wanted = self._wanted(job, owned)
            units += [(job, cut, own) for cut, own, want in zip(cuts, owned, wanted, strict=True) if want]
        units.sort(key=lambda unit: unit[1][0] - unit[1][1])
        for batch, logits in self._run(units):
            for row, (job, (start, _), (own_start, own_end)) in enumerate(batch):
                job.logits[own_start:own_end] = logits[row, own_start - start + 1 : own_end - start + 1]

    def _run(self, units: Sequence[_Unit]) -> Iterator[tuple[Sequence[_Unit], Scores]]:
        """Runs units in batches, several at a time where the backend wants it."""
        batches = self._batches(units)
        if self.backend.concurrency <= 1:
            for batch in batches:
                yield batch, self._logits(batch)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.backend.concurrency, thread_name_prefix="parkner")
        all_batches = list(batches)
        yield from zip(all_batches, self._pool.map(self._logits, all_batches), strict=True)

    def _batches(self, units: Sequence[_Unit]) -> Iterator[Sequence[_Unit]]:
        position = 0
        while position < len(units):
            longest = units[position][1][1] - units[position][1][0] + 2
            # Asked for every batch: a GPU that ran out of memory wants smaller ones from then on.
            count = max(1, self.backend.max_batch_pieces // longest)
            yield units[position : position + count]
            position += count

    def _logits(self, batch: Sequence[_Unit]) -> Scores:
        longest = max(end - start for _, (start, end), _ in batch) + 2
        ids = np.full((len(batch), longest), self.encoder.pad_id, dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, (job, (start, end), _) in enumerate(batch):
            length = end - start + 2
            ids[row, 0], ids[row, length - 1] = self.encoder.cls_id, self.encoder.sep_id
            ids[row, 1 : length - 1] = job.prepared.pieces.ids[start:end]
            mask[row, :length] = 1
        return self.backend.logits(ids, mask)

    @staticmethod
    def _wanted(job: _Job, owned: Sequence[tuple[int, int]]) -> list[bool]:
        """Whether a window owns a piece of the article: menus and footers get no spans, so they need no network."""
        if not job.prepared.document.meta.get("debris"):
            return [True] * len(owned)
        places = job.prepared.clean.offsets.starts[job.prepared.pieces.characters]
        wanted = np.zeros(len(places), dtype=np.bool_)
        for start, end in job.article:
            wanted[np.searchsorted(places, start) : np.searchsorted(places, end)] = True
        return [bool(wanted[start:end].any()) for start, end in owned]

    def _assemble(self, job: _Job) -> Document:
        document = job.prepared.document
        spans = [
            span
            for span in job.prepared.clean.spans_to_original(self._decode(job.prepared.pieces, job.logits))
            if (span.score or 0.0) >= self.minimum_score
            and any(start <= span.start and span.end <= end for start, end in job.article)
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
        return [span for span in spans if span.end - span.start >= self.minimum_lengths.get(span.label, 1)]
