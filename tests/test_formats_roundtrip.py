"""Every format, written and read again, keeps texts, spans, ids and metadata."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from format_cases import HARD_DOCUMENTS, documents, kept
from parkner.formats import FORMATS, ReadOptions, read, write
from parkner.offsets import OffsetMap
from parkner.runtime import sha256_of_text
from parkner.spans import Document, Span

LOSSLESS = [
    name
    for name, entry in FORMATS.items()
    if entry.read and entry.write and name not in ("standoff", "datasets")
]
WITH_SCORES = ("jsonl", "spacy", "label-studio", "label-studio-annotations", "label-studio-predictions")


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """A new path at each call."""
    folder = tmp_path_factory.mktemp("formats")
    numbers = itertools.count()
    return lambda: folder / f"{next(numbers)}"


@pytest.mark.parametrize("name", LOSSLESS)
def test_random_documents_come_back(name, scratch):
    @settings(max_examples=50)
    @given(st.lists(documents(scores=name in WITH_SCORES), max_size=3))
    def check(given_documents):
        path = scratch()
        assert write(path, name, given_documents) == len(given_documents)
        if name == "brat" and not given_documents:
            return  # an empty folder is an error to read
        found = list(read(path, name))
        scores = name in WITH_SCORES
        assert [kept(d, scores=scores) for d in found] == [kept(d, scores=scores) for d in given_documents]

    check()


@pytest.mark.parametrize("name", [*LOSSLESS, "datasets"])
def test_hard_documents_come_back(name, tmp_path):
    if name == "datasets":
        pytest.importorskip("datasets")
    path = tmp_path / "out"
    assert write(path, name, HARD_DOCUMENTS) == 3
    assert [kept(d) for d in read(path, name)] == [kept(d) for d in HARD_DOCUMENTS]


@pytest.mark.parametrize("name", [*LOSSLESS, "datasets"])
def test_the_place_in_the_page_comes_back(name, tmp_path):
    if name == "datasets":
        pytest.importorskip("datasets")
    page = Document("p", "开江", (Span(0, 2, "ORG"),), raw=OffsetMap([3, 7], [4, 8], source_length=9))
    write(tmp_path / "out", name, [page])
    (found,) = read(tmp_path / "out", name)
    assert found.raw == page.raw


@pytest.mark.parametrize("first", LOSSLESS)
def test_chains_of_formats(first, tmp_path):
    """Through a second format and back: the formats do not disagree on what an offset is."""
    for second in ("label-studio-annotations", "doccano", "conll"):
        write(tmp_path / f"1{second}", first, HARD_DOCUMENTS)
        write(tmp_path / f"2{second}", second, read(tmp_path / f"1{second}", first))
        found = read(tmp_path / f"2{second}", second)
        assert [kept(d) for d in found] == [kept(d) for d in HARD_DOCUMENTS]


@settings(max_examples=50)
@given(st.lists(documents(), max_size=3))
def test_standoff_finds_its_texts(scratch, given_documents):
    path = scratch()
    write(path, "standoff", given_documents)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    assert all(set(line) == {"id", "sha256", "spans"} for line in lines)
    texts = {sha256_of_text(d.text): d.text for d in given_documents}
    found = list(read(path, "standoff", ReadOptions(texts=texts)))
    assert [(d.id, d.text, d.spans) for d in found] == [(d.id, d.text, d.spans) for d in given_documents]


@pytest.mark.parametrize("name", ["jsonl", "cluener", "spacy", "doccano", "conll"])
def test_packed_files(name, tmp_path):
    path = tmp_path / "out.gz"
    write(path, name, HARD_DOCUMENTS)
    assert path.read_bytes()[:2] == b"\x1f\x8b"
    assert [kept(d) for d in read(path, name)] == [kept(d) for d in HARD_DOCUMENTS]


def test_datasets_keeps_random_documents(tmp_path):
    pytest.importorskip("datasets")
    made = []

    @settings(max_examples=40)
    @given(documents(scores=True))
    def collect(document):
        made.append(document)

    collect()
    write(tmp_path / "out", "datasets", made)
    assert [kept(d, scores=True) for d in read(tmp_path / "out", "datasets")] == [
        kept(d, scores=True) for d in made
    ]
