"""Varied copies of annotated documents: other names in the same places, and text made messy (tier 2, no torch).

Name replacement is "mention replacement" of Dai and Adel (2020, COLING, "An Analysis of Simple Data Augmentation for
Named Entity Recognition"). The messy forms are what crawled pages look like: traditional characters, pinyin behind
characters (``產(chǎn)業(yè)``), full-width digits and letters. Each keeps the spans on the text it makes, so they also
serve to measure how robust a model is (``scripts/robustness.py``).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from parkner.config import AugmentConfig
from parkner.labelling.lexicon import read_lexicon
from parkner.runtime import project_path
from parkner.spans import Document, Span


def augmented(documents: Sequence[Document], options: AugmentConfig, *, seed: int) -> Iterator[Document]:
    """The varied copies of documents, without the documents themselves.

    Args:
        documents: Annotated documents.
        options: How many copies, and what is varied in them.
        seed: Of everything random.

    Yields:
        ``options.copies`` copies of every document, and of those that hold a label of ``options.more`` so many more;
        ids end in ``~1``, ``~2`` ...

    Raises:
        UsageError: If a lexicon is missing; names it.
    """
    generator = random.Random(seed)
    names = name_lists(documents, options)
    for document in documents:
        labels = {span.label for span in document.spans}
        count = options.copies + max((options.more.get(label, 0) for label in labels), default=0)
        for number in range(1, count + 1):
            copy = swap_names(document, names, share=options.swap, generator=generator)
            if generator.random() < options.messy:
                copy = generator.choice(list(MESSY.values()))(copy, generator)
            yield replace(copy, id=f"{document.id}~{number}")


def name_lists(documents: Iterable[Document], options: AugmentConfig) -> dict[str, list[str]]:
    """Names to put in, by label: those that occur in the documents, and those of the lexicons.

    Lexicons count as much as the documents do, however long they are: a label's list is filled up with them to twice
    its length at most, evenly spread over the lexicon.
    """
    found: dict[str, list[str]] = {label: [] for label in options.labels}
    for document in documents:
        for span in document.spans:
            if span.label in found:
                found[span.label].append(document.text_of(span))
    for label, files in options.lexicons.items():
        entries: list[str] = []
        for name in files:
            entries += read_lexicon(project_path(name))
        own = found.setdefault(label, [])
        wanted = min(len(entries), max(len(own), 100))
        own += random.Random(0).sample(entries, wanted)
    return {label: sorted(names) for label, names in found.items() if names}


def swap_names(
    document: Document, names: Mapping[str, Sequence[str]], *, share: float, generator: random.Random
) -> Document:
    """A copy with other names in the places of some spans.

    Args:
        document: The document; scores of its spans are kept, values and places in a page are not.
        names: Names by label; spans of other labels stay.
        share: Probability of each span to be replaced.
        generator: Source of randomness.
    """
    chosen = {
        span: generator.choice(names[span.label])
        for span in document.spans
        if names.get(span.label) and generator.random() < share
    }
    return _rewritten(document, lambda span, text: chosen.get(span, text) if span else text)


def _rewritten(document: Document, rewrite: Callable[[Span | None, str], str]) -> Document:
    """A document put together from its spans and what lies between them, each piece rewritten."""
    text: list[str] = []
    spans: list[Span] = []
    length = at = 0
    for span in sorted(document.spans, key=lambda s: s.start):
        between = rewrite(None, document.text[at : span.start])
        name = rewrite(span, document.text_of(span))
        start = length + len(between)
        length = start + len(name)
        text += [between, name]
        spans.append(Span(start, length, span.label, score=span.score))
        at = span.end
    text.append(rewrite(None, document.text[at:]))
    return replace(document, text="".join(text), spans=tuple(spans), raw=None)


@lru_cache(maxsize=1)
def _to_traditional() -> Any:
    from opencc import OpenCC

    return OpenCC("s2t")


def traditional(document: Document, generator: random.Random | None = None) -> Document:
    """In traditional characters (OpenCC, phrase by phrase, so that 后 becomes 後 or 后 as the word wants)."""
    converted = _to_traditional().convert(document.text)
    if len(converted) == len(document.text):
        return replace(document, text=converted, raw=None)
    # A phrase of another length: convert in pieces, which keeps the edges of spans.
    return _rewritten(document, lambda _, text: _to_traditional().convert(text))


def with_pinyin(
    document: Document, generator: random.Random | None = None, *, share: float = 0.05
) -> Document:
    """With pinyin behind some of its Chinese characters, ``業(yè)``, as a converter of one site writes it.

    What stands behind the last character of a span is outside the span (annotations/README.md).

    Args:
        document: The document.
        generator: Source of randomness.
        share: Probability of each character.
    """
    from pypinyin import Style, pinyin

    random_ = generator or random.Random(0)

    def insert(text: str, *, end: bool) -> str:
        out = []
        for place, character in enumerate(text):
            out.append(character)
            chosen = "\u4e00" <= character <= "\u9fff" and random_.random() < share
            if chosen and (end or place < len(text) - 1):
                out.append(f"({pinyin(character, style=Style.TONE)[0][0]})")
        return "".join(out)

    return _rewritten(document, lambda span, text: insert(text, end=span is None))


_WIDE = {code: code + 0xFEE0 for code in (*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B))}
_WIDE |= {ord("."): ord("．"), ord("%"): ord("％")}


def full_width(document: Document, generator: random.Random | None = None) -> Document:
    """With digits, Latin letters, points and percent signs in full width."""
    return replace(document, text=document.text.translate(_WIDE), raw=None)


MESSY: dict[str, Callable[[Document, random.Random | None], Document]] = {
    "traditional": traditional,
    "pinyin": with_pinyin,
    "full-width": full_width,
}
