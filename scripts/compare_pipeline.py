"""How many spans `transformers.pipeline` and parkner have in common on clean lines, with the same model.

python scripts/compare_pipeline.py --texts dev.jsonl [--model DIR]
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from parkner.clean import clean_document
from parkner.corpus import read_documents
from parkner.export import agreement
from parkner.inference import Tagger
from parkner.model_folder import shipped_model
from parkner.spans import Document, ParknerError, Span, UsageError

LEAST, MOST = 20, 126  # characters a line: a headline says little, and a window holds no more


def main(
    texts: Annotated[Path, typer.Option(help="Documents (JSON Lines); their spans are not looked at.")],
    model: Annotated[Path | None, typer.Option(help="Model folder; default: the model that ships.")] = None,
) -> None:
    """Prints the share of spans in common, for each backend, and of lines on which the two differ."""
    from transformers import pipeline

    folder = model or shipped_model()
    found = (clean_document(document)[0].text.split("\n") for document in read_documents(texts))
    lines = sorted({line for article in found for line in article if LEAST < len(line) <= MOST})
    if not lines:
        raise UsageError(f"{texts}: no line of {LEAST + 1} to {MOST} characters in it")
    ner: Any = pipeline(
        "token-classification", model=str(folder), dtype="float32", aggregation_strategy="simple"
    )
    theirs = [
        Document(line, line, tuple(Span(e["start"], e["end"], e["entity_group"]) for e in ner(line)))
        for line in lines
    ]
    for backend in ("torch", "onnx"):
        tagger = Tagger.from_pretrained(folder, backend=backend, values=False)  # type: ignore[arg-type]
        ours = [
            replace(document, spans=tuple(replace(span, score=None) for span in document.spans))
            for document in tagger.tag(lines)
        ]
        differ = sum(a.spans != b.spans for a, b in zip(ours, theirs, strict=True))
        print(
            f"{tagger.backend.name}: {100 * agreement(ours, theirs):.1f} % of spans in common on {len(lines)} lines, "
            f"{differ} of which differ"
        )


if __name__ == "__main__":
    try:
        typer.run(main)
    except ParknerError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
