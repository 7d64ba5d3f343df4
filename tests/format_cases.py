"""Random documents and what the format tests share."""

from __future__ import annotations

import datetime as dt

from hypothesis import strategies as st

from parkner.spans import Document, Span

# Line ends of all kinds, white space that tokenizers lose, full-width and beyond U+FFFF, marks of the formats.
HARD = "\n\r\t \u3000\u00a0\u2028\u0085\x1c\ufeff\u200b\\-#\"'<&;%,[]{}:BOI0a园区１亿元。🏭👨🏻‍🚒𠮷"
CHARACTERS = st.one_of(
    st.sampled_from(HARD), st.sampled_from("开江县工业集中区投资"), st.characters(exclude_categories=("Cs",))
)
NAMES = st.text(CHARACTERS, min_size=1, max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | NAMES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)
# Entries of meta that are not fields of a document themselves; null ones are not kept.
META = st.dictionaries(NAMES.map("m_".__add__), JSON.filter(lambda v: v is not None), max_size=2)


@st.composite
def documents(draw, labels=("ORG", "PARK", "AMOUNT"), scores=False):
    """A document with hard characters in its text, id, title and meta."""
    text = "".join(draw(st.lists(CHARACTERS, max_size=30)))
    spans, position = [], 0
    while position < len(text) and draw(st.booleans()):
        start = draw(st.integers(position, len(text) - 1))
        end = draw(st.integers(start + 1, min(len(text), start + 8)))
        score = draw(st.integers(0, 10_000)) / 10_000 if scores else None
        spans.append(Span(start, end, draw(st.sampled_from(labels)), score=score))
        position = end
    return Document(
        draw(NAMES),
        text,
        tuple(spans),
        date=draw(st.none() | st.dates(dt.date(1950, 1, 1), dt.date(2040, 1, 1))),
        source=draw(st.none() | NAMES),
        title=draw(st.none() | NAMES),
        meta=draw(META),
    )


# Emoji before and inside spans, CRLF, an empty line, a full-width amount, and a document without text.
HARD_DOCUMENTS = (
    Document(
        "a/1",
        "🏭开江县工业集中区\r\n投资２亿元\n\n👨🏻‍🚒 签约",
        (Span(1, 9, "PARK"), Span(13, 16, "AMOUNT"), Span(18, 22, "ORG")),
        date=dt.date(2021, 12, 22),
        source="kaijiang",
        title="开江 🏭",
        meta={"page": [1, {"url": "http://example.org/?a=1&b=2"}]},
    ),
    Document("空", "", title="没有正文"),
    Document("3", "\n"),
)


def kept(document: Document, *, scores: bool = False) -> tuple[object, ...]:
    """What every lossless format keeps; scores where it has a place for them."""
    return (
        document.id,
        document.text,
        document.spans,
        tuple(s.score for s in document.spans) if scores else (),
        document.date,
        document.source,
        document.title,
        dict(document.meta),
    )
