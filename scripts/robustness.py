"""What a model loses on messy text: the same gold in traditional characters, with pinyin behind characters, in full width.

python scripts/robustness.py --gold dev.jsonl [--model DIR] [--backend auto]
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Annotated

import typer

from parkner.augmentation import MESSY
from parkner.corpus import read_documents
from parkner.inference import Tagger
from parkner.metrics import count_table, scores
from parkner.spans import Document, ParknerError, UsageError


def main(
    gold: Annotated[Path, typer.Option(help="Documents with gold spans (JSON Lines).")],
    model: Annotated[Path | None, typer.Option(help="Model folder; default: the model that ships.")] = None,
    backend: Annotated[str, typer.Option(help="auto, onnx or torch.")] = "auto",
    seed: int = 13,
) -> None:
    """Prints strict micro F1 on the gold as it is, and in each messy form."""
    documents = list(read_documents(gold))
    if not documents:
        raise UsageError(f"{gold}: no documents in it")
    tagger = Tagger.from_pretrained(model, backend=backend, values=False)  # type: ignore[arg-type]
    plain = _f1(tagger, documents)
    print("| text | micro F1 | points lost |\n|---|---|---|")
    print(f"| as it is | {plain:.4f} | |")
    for name, form in MESSY.items():
        generator = random.Random(seed)
        found = _f1(tagger, [form(document, generator) for document in documents])
        print(f"| {name} | {found:.4f} | {100 * (plain - found):.2f} |")


def _f1(tagger: Tagger, documents: list[Document]) -> float:
    tagged = tagger.tag(documents)
    return scores(count_table([(g.spans, t.spans) for g, t in zip(documents, tagged, strict=True)]))[
        "micro"
    ].f1


if __name__ == "__main__":
    try:
        typer.run(main)
    except ParknerError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
