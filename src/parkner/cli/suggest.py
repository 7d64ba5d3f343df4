"""``parkner suggest``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer


def suggest_command(
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT...", help="Files, folders, globs, or - for stdin.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Label Studio task file to write (.json).")],
    model: Annotated[
        Path | None, typer.Option("--model", "-m", help="Model folder (by default the shipped one).")
    ] = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many articles to suggest.")] = 50,
    diversity: Annotated[
        float,
        typer.Option("--diversity", min=0, max=1, help="Weight of unlikeness; 0: by uncertainty alone."),
    ] = 0.3,
    labelled: Annotated[
        list[Path] | None,
        typer.Option(
            "--labelled",
            help="Gold files (JSON Lines): their texts are left out, what is like them comes later.",
        ),
    ] = None,
) -> int:
    """Choose what to annotate next, with the model's spans as pre-annotations for Label Studio."""
    from parkner.formats.label_studio import label_config, task_of, write_tasks
    from parkner.inference import Tagger
    from parkner.inputs import InputError, iter_documents
    from parkner.suggestion import suggest, unlabelled

    known_texts, known_digests = _known(labelled or [])
    errors: list[InputError] = []
    documents = iter_documents(inputs, on_error=errors.append)
    tagger = Tagger.from_pretrained(model, values=False)
    chosen = suggest(
        tagger.tag(unlabelled(documents, known_digests)), count, diversity=diversity, labelled=known_texts
    )
    tasks = (
        task_of(
            suggestion.document,
            number,
            "predictions",
            data={
                "suggestion": {
                    "rank": number,
                    "uncertainty": round(suggestion.uncertainty, 4),
                    "likeness": round(suggestion.likeness, 4),
                }
            },
        )
        for number, suggestion in enumerate(chosen, 1)
    )
    written = write_tasks(out, tasks)
    config = out.with_suffix(".config.xml")
    config.write_text(label_config(tagger.labels), encoding="utf-8")
    print(f"{written} articles to annotate; {out} (labelling interface: {config})")
    errors_file = out.with_name(out.name + ".errors.jsonl")
    errors_file.unlink(missing_ok=True)
    if not errors:
        return 0
    lines = [json.dumps(error.to_dict(), ensure_ascii=False) + "\n" for error in errors]
    errors_file.write_text("".join(lines), encoding="utf-8")
    print(f"parkner: {len(errors)} records could not be read; see {errors_file}", file=sys.stderr)
    return 1


def _known(files: list[Path]) -> tuple[list[str], set[str]]:
    """Texts of gold files and the SHA-256 of all of them; of stand-off records there is the SHA-256 only."""
    from parkner.corpus import iterate_jsonl
    from parkner.runtime import sha256_of_text
    from parkner.spans import DataError

    texts: list[str] = []
    digests: set[str] = set()
    for path in files:
        for number, record in iterate_jsonl(path):
            text = record.get("text") if isinstance(record, dict) else None
            digest = record.get("sha256") if isinstance(record, dict) else None
            if isinstance(text, str):
                texts.append(text)
                digests.add(sha256_of_text(text))
            elif isinstance(digest, str):
                digests.add(digest)
            else:
                raise DataError(f"{path}:{number}: the record has neither text nor sha256")
    return texts, digests
