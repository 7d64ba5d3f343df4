"""Formats of annotated text, converted at the border (tier 1): `read` and `write` by name, `FORMATS` lists them.

Each has a module. What a format has no place for is lost on writing; docs/formats.md says what.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from parkner.formats.border import OffsetUnit, ReadOptions
from parkner.formats.brat import read_brat, write_brat
from parkner.formats.cluener import read_cluener, write_cluener
from parkner.formats.conll import read_conll, write_conll
from parkner.formats.doccano import read_doccano, write_doccano, write_doccano_relations
from parkner.formats.hf_datasets import read_datasets, write_datasets
from parkner.formats.label_studio import read_label_studio, write_label_studio
from parkner.formats.native import read_native, write_native, write_standoff
from parkner.formats.spacy_jsonl import read_spacy, write_spacy
from parkner.spans import Document, UsageError

__all__ = ["FORMATS", "Format", "OffsetUnit", "ReadOptions", "find_format", "read", "write"]

Reader = Callable[[Path, ReadOptions], Iterator[Document]]
Writer = Callable[[Path, Iterable[Document]], int]


@dataclass(frozen=True, slots=True)
class Format:
    """A format.

    Attributes:
        name: Its name on the command line.
        summary: One line for the help.
        read: Streams the documents of a file or folder; None where it is only written.
        write: Writes documents, in one step, and returns how many; None where it is only read.
        aliases: Further names.
    """

    name: str
    summary: str
    read: Reader | None
    write: Writer | None
    aliases: tuple[str, ...] = ()


FORMATS: dict[str, Format] = {
    entry.name: entry
    for entry in (
        Format("jsonl", "our JSON Lines", read_native, write_native, ("parkner", "json-lines")),
        Format("standoff", "sha256 and spans, no text", read_native, write_standoff, ("stand-off", "gold")),
        Format(
            "label-studio",
            "tasks or export; spans with scores as predictions, others as annotations",
            read_label_studio,
            write_label_studio,
            ("labelstudio", "ls"),
        ),
        Format(
            "label-studio-annotations",
            "the same, annotated tasks only",
            partial(read_label_studio, kind="annotations"),
            partial(write_label_studio, kind="annotations"),
        ),
        Format(
            "label-studio-predictions",
            "the same, pre-annotations",
            partial(read_label_studio, kind="predictions"),
            partial(write_label_studio, kind="predictions"),
        ),
        Format("doccano", "JSON Lines with label: [[start, end, label]]", read_doccano, write_doccano),
        Format(
            "doccano-relations",
            "JSON Lines with entities and relations",
            read_doccano,
            write_doccano_relations,
            ("doccano-entities",),
        ),
        Format(
            "conll",
            "a character and its BIO tag a line",
            read_conll,
            write_conll,
            ("conll-bio", "bio", "iob", "iob2", "conll2003", "conll-2003"),
        ),
        Format(
            "conll-bioes",
            "a character and its BIOES tag a line",
            read_conll,
            partial(write_conll, scheme="bioes"),
            ("bioes", "bmes", "bilou", "iobes"),
        ),
        Format(
            "conll-sentences",
            "CoNLL of others, a document a sentence (read only)",
            partial(read_conll, sentences=True),
            None,
        ),
        Format("brat", "a folder of .txt and .ann files", read_brat, write_brat),
        Format(
            "cluener", "CLUENER2020, ends inclusive", read_cluener, write_cluener, ("cluener2020", "clue")
        ),
        Format(
            "spacy", "JSON Lines with text and spans", read_spacy, write_spacy, ("spacy-jsonl", "prodigy")
        ),
        Format(
            "datasets",
            "a folder of Hugging Face datasets",
            read_datasets,
            write_datasets,
            ("hf", "hf-datasets", "huggingface", "hugging-face"),
        ),
    )
}
_ALIASES = {alias: entry.name for entry in FORMATS.values() for alias in entry.aliases}


def find_format(name: str, *, option: str = "format") -> Format:
    """The format of a name; case, ``_`` and spaces do not matter.

    Args:
        name: A name of `FORMATS` or an alias.
        option: What to call it in the message.

    Raises:
        UsageError: If there is none; names the nearest and lists all.
    """
    plain = name.strip().casefold().replace("_", "-").replace(" ", "-")
    plain = _ALIASES.get(plain, plain)
    if plain in FORMATS:
        return FORMATS[plain]
    near = difflib.get_close_matches(plain, [*FORMATS, *_ALIASES], n=1, cutoff=0.5)
    hint = f"did you mean {_ALIASES.get(near[0], near[0])}? " if near else ""
    raise UsageError(f"{option} {name}: unknown format ({hint}known: {', '.join(FORMATS)})")


def read(path: Path | str, name: str, options: ReadOptions | None = None) -> Iterator[Document]:
    """Streams the documents of a file or folder in a format.

    Args:
        path: The file or folder.
        name: The format.
        options: How to read.

    Raises:
        UsageError: If the format is not known or only written, or the path cannot be opened.
        InputError: At the first record that cannot be read, where ``options`` has no ``on_error``.
    """
    entry = find_format(name)
    if entry.read is None:
        raise UsageError(f"format {entry.name} is only written")
    return entry.read(Path(path), options or ReadOptions())


def write(path: Path | str, name: str, documents: Iterable[Document]) -> int:
    """Writes documents in a format, in one step; returns how many.

    Raises:
        UsageError: If the format is not known or only read, or the path cannot be written.
        DataError: If the format cannot hold a document; names it.
    """
    entry = find_format(name)
    if entry.write is None:
        raise UsageError(f"format {entry.name} is only read")
    return entry.write(Path(path), documents)
