"""What a build trains on, put together from the corpus and its annotation (tier 4)."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from parkner.agreement import agreed_documents
from parkner.corpus import iterate_jsonl, read_documents, write_documents
from parkner.pairing import read_texts
from parkner.spans import Document

NAMES = ("ORG", "PARK", "INDUSTRY")  # what is hard to find; amounts and dates are not


def split_gold(gold: Path, corpus: Path, annotated: Path, *, train: Path, dev: Path, more: Path) -> int:
    """Writes the gold's two splits, and the stand-off gold with its texts.

    Args:
        gold: Annotated documents with ``split`` "train" or "dev".
        corpus: Crawled articles.
        annotated: Stand-off gold of documents of the corpus.
        train, dev, more: Files to write.
    """
    splits = {str(record.get("id")): record.get("split") for _, record in iterate_jsonl(gold)}
    documents = list(read_documents(gold))
    write_documents(train, (d for d in documents if splits[d.id] == "train"))
    write_documents(dev, (d for d in documents if splits[d.id] == "dev"))
    texts = read_texts(corpus, standoff=annotated)
    write_documents(more, read_documents(annotated, texts=texts))
    return 0


def agree(pseudo: Path, weak: Path, out: Path, least_scores: tuple[float, float]) -> int:
    """Writes the spans that a network and the labelling functions agree on (see `parkner.agreement`)."""
    first, second = least_scores
    found = agreed_documents(
        read_documents(pseudo), read_documents(weak), least_first=first, least_second=second
    )
    write_documents(out, found)
    return 0


def unread_lines(corpus: Path, read: Sequence[Path], out: Path) -> int:
    """Writes the articles of a corpus without the lines that somebody has annotated.

    Args:
        corpus: Crawled articles.
        read: Files of documents; their lines are left out.
        out: File to write.
    """
    known = {
        line.strip()
        for path in read
        for document in read_documents(path)
        for line in document.text.split("\n")
    }

    def rest() -> Iterator[Document]:
        for document in read_documents(corpus):
            lines = [line for line in document.text.split("\n") if line.strip() and line.strip() not in known]
            if lines:
                yield replace(document, text="\n".join(lines), spans=(), raw=None)

    write_documents(out, rest())
    return 0


def densest_halves(documents: Path, characters: int, outs: Sequence[Path], *, seed: int = 5) -> int:
    """Writes the documents that are richest in names, dealt out to several files.

    Args:
        documents: Documents with spans.
        characters: How much to take; the last document may go beyond.
        outs: Files to write; the documents are shuffled and dealt out to them in turn.
        seed: Of the order.
    """

    def density(document: Document) -> float:
        # Below 200 characters a single name would count too much.
        return sum(span.label in NAMES for span in document.spans) / max(200, len(document.text))

    chosen: list[Document] = []
    taken = 0
    for document in sorted(read_documents(documents), key=density, reverse=True):
        if taken > characters:
            break
        chosen.append(document)
        taken += len(document.text)
    random.Random(seed).shuffle(chosen)
    for number, out in enumerate(outs):
        write_documents(out, chosen[number :: len(outs)])
    return 0
