"""A stream of articles through a labeller, in one process or several (tier 2)."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from parkner.config import Config
from parkner.labelling.engine import Labelled, Labeller
from parkner.spans import Document, ParknerError

_CHUNK_CHARACTERS = (
    60_000  # of text a task: large enough that handing over costs little, small enough to stay even
)
_labeller: Labeller | None = None


def _start(config: Config, fitted: bool, parent: int) -> None:
    global _labeller
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _labeller = Labeller.from_config(config, fitted=fitted)


def _end_with(parent: int) -> None:
    """Ends this worker once its parent is gone: a killed parent cannot say goodbye."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _work(documents: list[Document]) -> list[Labelled]:
    assert _labeller is not None
    return [_labeller.label(document) for document in documents]


def label_stream(
    documents: Iterable[Document], config: Config, *, workers: int = 1, fitted: bool = True
) -> Iterator[Labelled]:
    """Labels documents in their order; the output does not depend on the number of workers.

    Args:
        documents: Any stream; a few chunks of it are held at a time.
        config: The recipe.
        workers: Processes; 1 works in this one.
        fitted: As for `Labeller.from_config`.
    """
    if workers <= 1:
        labeller = Labeller.from_config(config, fitted=fitted)
        for document in documents:
            yield labeller.label(document)
        return
    # Fresh interpreters: forking a process that holds threads (onnxruntime, torch) may hang.
    pool = ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_start, initargs=(config, fitted, os.getpid())
    )
    with pool:
        pending: deque[Future[list[Labelled]]] = deque()
        try:
            for chunk in _chunks(documents):
                pending.append(pool.submit(_work, chunk))
                if len(pending) > 2 * workers:
                    yield from pending.popleft().result()
            while pending:
                yield from pending.popleft().result()
        except BrokenProcessPool:
            raise ParknerError(
                "a worker process died (out of memory?); go on with --resume, or with fewer --workers"
            ) from None
        finally:
            for future in pending:
                future.cancel()


def label_documents(documents: Iterable[Document], config: Config, workers: int = 1) -> Iterator[Document]:
    """Labels documents in their order.

    Args:
        documents: Any stream.
        config: The recipe.
        workers: Processes; 1 works in this one.

    Returns:
        The documents with scored weak spans on their original text.
    """
    for labelled in label_stream(documents, config, workers=workers):
        yield labelled.document


def _chunks(documents: Iterable[Document]) -> Iterator[list[Document]]:
    chunk: list[Document] = []
    characters = 0
    for document in documents:
        chunk.append(document)
        characters += len(document.text)
        if characters >= _CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk
