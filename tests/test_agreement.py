"""Two taggers, one set of spans."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkner.agreement import agreed_documents, agreed_spans
from parkner.spans import DataError, Document, Span

flat = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 3), st.sampled_from(["ORG", "PARK"]), st.floats(0, 1)),
    max_size=8,
).map(lambda items: _laid_out(items))


def _laid_out(items):
    spans, at = [], 0
    for length, gap, label, score in items:
        spans.append(Span(at + gap, at + gap + length, label, score=score))
        at += gap + length
    return spans


@given(flat, flat, st.floats(0, 1), st.floats(0, 1))
def test_the_result_is_flat_and_every_span_was_found(first, second, one, two):
    found = agreed_spans(first, second, least_first=one, least_second=two)
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))
    keys = lambda spans: {(s.start, s.end, s.label) for s in spans}  # noqa: E731
    assert keys(first) & keys(second) <= keys(found) <= keys(first) | keys(second)
    for span in found:
        if (span.start, span.end, span.label) not in keys(second):
            assert span.score >= one
    # With nobody believed alone, only agreement is left.
    sure = agreed_spans(first, second, least_first=1.1, least_second=1.1)
    assert keys(sure) == keys(first) & keys(second)


def test_the_surer_of_two_that_overlap_stays():
    first = [Span(0, 4, "ORG", score=0.7), Span(10, 12, "DATE", score=0.5)]
    second = [Span(2, 6, "PARK", score=0.95), Span(10, 12, "DATE", score=0.9), Span(20, 22, "ORG")]
    found = agreed_spans(first, second, least_first=0.6, least_second=0.7)
    assert found == [Span(2, 6, "PARK", score=0.95), Span(10, 12, "DATE", score=0.9), Span(20, 22, "ORG")]


def test_documents_are_paired_by_id_and_text():
    one, two = Document("1", "开江", (Span(0, 2, "PARK", score=0.9),)), Document("2", "两江")
    (found, other) = agreed_documents([one, two], [two, one], least_first=0.5, least_second=0.5)
    assert found.spans == one.spans
    assert other == two
    with pytest.raises(DataError, match="'1' is missing"):
        list(agreed_documents([one], [two], least_first=0, least_second=0))
    with pytest.raises(DataError, match="another text"):
        list(agreed_documents([one], [Document("1", "开江县")], least_first=0, least_second=0))
