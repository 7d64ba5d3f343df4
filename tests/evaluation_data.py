"""Gold and spoiled predictions for the tests of evaluation."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from parkner.corpus import write_documents
from parkner.matching import ERROR_KINDS
from parkner.spans import Document, Span

LABELS = ("ORG", "PARK", "DATE")


def make_gold(count: int = 30, seed: int = 1) -> list[Document]:
    rng = random.Random(seed)
    documents = []
    for number in range(count):
        spans = tuple(Span(20 * i + 2, 20 * i + rng.randint(5, 9), rng.choice(LABELS)) for i in range(6))
        documents.append(
            Document(f"{'news' if number % 3 else 'notices'}/{number}", f"文𠀀{number:05d}字" * 20, spans)
        )
    return documents


def predict(gold: Sequence[Document], right: float, seed: int = 2) -> list[Document]:
    """Copies gold, and spoils some spans in every way there is."""
    rng = random.Random(seed)
    documents = []
    for document in gold:
        spans = []
        for span in document.spans:
            start, end, label = span.start, span.end, span.label
            if rng.random() > right:
                way = rng.choice(ERROR_KINDS)
                if way == "missed":
                    continue
                start += {"too_short": 1, "shifted": 2, "too_long": -1}.get(way, 0)
                end += {"shifted": 2, "too_long": 1, "wrong_label_and_boundary": 3}.get(way, 0)
                if way.startswith("wrong_label"):
                    label = rng.choice([other for other in LABELS if other != label])
                if way == "spurious":
                    spans.append(Span(span.end + 4, span.end + 6, label, score=0.4))
            spans.append(Span(start, end, label, score=round(rng.uniform(0.5, 1), 3)))
        documents.append(Document(document.id, document.text, tuple(spans)))
    return documents


def write(path: Path, documents: Sequence[Document]) -> Path:
    write_documents(path, documents)
    return path
