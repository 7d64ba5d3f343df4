"""``parkner convert``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from parkner.errors import UsageError

# As in parkner.formats.FORMATS, which --help does not import (a test compares them).
_NAMES = (
    "jsonl, standoff, label-studio, label-studio-annotations, label-studio-predictions, doccano, "
    "doccano-relations, conll, conll-bioes, conll-sentences, brat, cluener, spacy, datasets"
)


def convert_command(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="File or folder to read.")],
    from_: Annotated[str, typer.Option("--from", "-f", metavar="FORMAT", help=f"One of {_NAMES}.")],
    to: Annotated[str, typer.Option("--to", "-t", metavar="FORMAT", help="One of the same.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File or folder to write.")],
    texts: Annotated[
        Path | None, typer.Option("--texts", help="JSON Lines with the texts of a standoff file.")
    ] = None,
    offsets: Annotated[
        str | None,
        typer.Option(
            "--offsets",
            help="What INPUT's offsets count: code-point or utf-16 (by default what its tool writes).",
        ),
    ] = None,
    flatten: Annotated[
        bool, typer.Option("--flatten", help="Of spans that overlap keep the longest, in place of an error.")
    ] = False,
) -> int:
    """Convert annotated text between formats (docs/formats.md).

    Records that cannot be read are named in OUT.errors.jsonl, the others are converted, and the exit code is 1.
    """
    from parkner.formats import ReadOptions, find_format
    from parkner.pairing import read_texts
    from parkner.streams import InputError

    reader, writer = find_format(from_, option="--from"), find_format(to, option="--to")
    if reader.read is None:
        raise UsageError(f"--from {from_}: is only written")
    if writer.write is None:
        raise UsageError(f"--to {to}: is only read")
    if offsets not in (None, "code-point", "utf-16"):
        raise UsageError(f"--offsets {offsets}: one of code-point, utf-16")
    if not source.exists():
        raise UsageError(f"{source}: no such file or folder")
    if source.resolve() == out.resolve():
        raise UsageError(f"--out {out}: is the input")
    errors: list[InputError] = []
    options = ReadOptions(
        on_error=errors.append,
        texts=read_texts(texts, standoff=source) if texts is not None and source.is_file() else None,
        unit=offsets,  # type: ignore[arg-type]
        flatten=flatten,
    )
    count = writer.write(out, reader.read(source, options))
    errors_file = out.with_name(out.name + ".errors.jsonl")
    errors_file.unlink(missing_ok=True)
    print(f"{count} documents; {out}")
    for what, number in options.left_out.items():
        if number:
            print(f"parkner: left out: {number} {what}", file=sys.stderr)
    if not errors:
        return 0
    with errors_file.open("w", encoding="utf-8") as file:
        for error in errors:
            file.write(json.dumps(error.to_dict(), ensure_ascii=False) + "\n")
    for error in errors[:5]:
        print(f"parkner: {error}", file=sys.stderr)
    print(f"parkner: {len(errors)} records could not be read; see {errors_file}", file=sys.stderr)
    return 1
