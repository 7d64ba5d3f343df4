"""Options for reading INPUT that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT...",
        help="Files, folders, globs, or - for stdin: .html .txt .jsonl .parquet .warc, each also as .gz.",
    ),
]
MaxBytes = Annotated[
    int,
    typer.Option(
        "--max-bytes", min=1, help="Largest record in bytes, after unpacking; larger ones are errors."
    ),
]
MaxRatio = Annotated[
    int,
    typer.Option(
        "--max-ratio", min=1, help="Largest ratio of unpacked to packed size of a .gz (gzip bombs)."
    ),
]
MaxDepth = Annotated[int, typer.Option("--max-depth", min=1, help="Deepest nesting of elements in a page.")]
