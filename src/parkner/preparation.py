"""Records -> documents that are ready for the network, in this process or in several (tier 3).

Reading files is cheap, parsing pages and cleaning is not: the main process reads, worker processes parse, clean and
encode, and the main process gets the results in the order of the inputs. A few chunks are held at a time.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from typing import Any, TypeVar

from parkner.clean import CleanOptions, CleanText, clean_text
from parkner.encoding import PieceEncoder, Pieces
from parkner.records import Record
from parkner.spans import DataError, Document
from parkner.streams import InputError

T = TypeVar("T")

# A task is sent off when it holds this much: large enough that handing over costs little, small enough to stay even.
CHUNK_RECORDS = 64
CHUNK_BYTES = 500_000


def as_documents(items: Iterable[str | Document]) -> Iterator[Document]:
    """Documents as they are; a text becomes one, with its place as id."""
    for number, item in enumerate(items):
        yield item if isinstance(item, Document) else Document(str(number), item)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document ready for the network.

    Attributes:
        document: The document as it was read.
        clean: Its clean text with the places in the original.
        pieces: The pieces of the clean text.
    """

    document: Document
    clean: CleanText
    pieces: Pieces


class Preparer:
    """Cleans and encodes documents; can be sent to another process."""

    def __init__(self, encoder: PieceEncoder, clean: CleanOptions) -> None:
        """Keeps the model's vocabulary and cleaning options."""
        self.encoder = encoder
        self.clean = clean

    def __call__(self, document: Document) -> Prepared:
        """Cleans and encodes one document."""
        clean = clean_text(document.text, self.clean)
        return Prepared(document, clean, self.encoder.encode(clean.text))


def as_is(document: Document) -> Document:
    """The preparation of those who need none: parsing alone is done in the processes."""
    return document


def prepare_stream(
    records: Iterable[Record | InputError], prepare: Callable[[Document], T], *, workers: int = 1
) -> Iterator[T | InputError]:
    """Parses and prepares records in their order; the output does not depend on the number of workers.

    A record on which the program itself fails becomes an `InputError` of kind ``internal``: one such page must not
    take a night's work with it.

    Args:
        records: As `parkner.inputs.iter_records` gives them.
        prepare: What is done to each document; must be picklable for several workers.
        workers: Processes; 1 works in this one.

    Raises:
        DataError: If a worker process dies.
    """
    if workers <= 1:
        for number, record in enumerate(records, 1):
            yield _prepare(record, prepare, number)
        return
    # Fresh interpreters: forking a process that holds threads (onnxruntime, torch) may hang.
    pool = ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_start, initargs=(prepare,)
    )
    pending: deque[Future[list[T | InputError]]] = deque()
    try:
        for first, chunk in _chunks(records):
            pending.append(pool.submit(_work, first, chunk))
            if len(pending) > 2 * workers:
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()
    except BrokenProcessPool:
        raise DataError(
            "a worker process died (killed, or out of memory): what was written is kept, go on with --resume"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _prepare(record: Record | InputError, prepare: Callable[[Document], T], number: int) -> T | InputError:
    if isinstance(record, InputError):
        return record
    where = f"record {number} of the inputs"
    try:
        item = record()
        if isinstance(item, InputError):
            return item
        where = item.id
        return prepare(item)
    except Exception as error:
        return InputError(where, f"the program failed on it: {type(error).__name__}: {error}", "internal")


def _chunks(records: Iterable[Record | InputError]) -> Iterator[tuple[int, list[bytes]]]:
    """Pickled records in tasks, each with the number of its first record; pickled here, so that sizes are known."""
    chunk: list[bytes] = []
    size = 0
    first = 1
    for record in records:
        chunk.append(pickle.dumps(record, protocol=pickle.HIGHEST_PROTOCOL))
        size += len(chunk[-1])
        if len(chunk) >= CHUNK_RECORDS or size >= CHUNK_BYTES:
            yield first, chunk
            first += len(chunk)
            chunk, size = [], 0
    if chunk:
        yield first, chunk


_prepare_document: Callable[[Document], Any] | None = None  # of a worker process


def _start(prepare: Callable[[Document], Any]) -> None:
    global _prepare_document
    _prepare_document = prepare
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the main process decides
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A main process that was killed with SIGKILL cannot end its workers, and they would wait for ever."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _work(first: int, chunk: list[bytes]) -> list[Any]:
    assert _prepare_document is not None
    return [_prepare(pickle.loads(item), _prepare_document, first + n) for n, item in enumerate(chunk)]
