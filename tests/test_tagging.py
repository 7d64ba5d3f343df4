"""Spans <-> IOB2 tags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkner.spans import DataError, Span
from parkner.tagging import allowed_transitions, bio_tags, spans_to_tags, tags_to_spans

LABELS = ("ORG", "PARK")


@st.composite
def flat_spans(draw):
    spans, position = [], 0
    for _ in range(draw(st.integers(0, 6))):
        start = position + draw(st.integers(0, 3))
        end = start + draw(st.integers(1, 4))
        spans.append(Span(start, end, draw(st.sampled_from(LABELS))))
        position = end
    return spans, position + draw(st.integers(0, 3))


@given(flat_spans())
def test_round_trip(case):
    spans, length = case
    assert tags_to_spans(spans_to_tags(spans, length)) == spans


@given(st.lists(st.sampled_from(bio_tags(LABELS)), max_size=20))
def test_same_spans_as_seqeval_strict(tags):
    from seqeval.scheme import IOB2, Entities

    expected = [(e.start, e.end, e.tag) for e in Entities([tags], IOB2).entities[0]]
    assert [(s.start, s.end, s.label) for s in tags_to_spans(tags)] == expected


def test_neighbours_of_one_label_stay_two():
    assert tags_to_spans(["B-ORG", "I-ORG", "B-ORG"]) == [Span(0, 2, "ORG"), Span(2, 3, "ORG")]


def test_transitions_are_those_of_iob2():
    tags = bio_tags(LABELS)
    steps, starts = allowed_transitions(tags)
    assert [tags[j] for j in range(5) if starts[j]] == ["O", "B-ORG", "B-PARK"]
    assert not steps[tags.index("O"), tags.index("I-ORG")]
    assert not steps[tags.index("B-PARK"), tags.index("I-ORG")]
    assert steps[tags.index("I-ORG"), tags.index("I-ORG")]


def test_overlap_and_overrun_are_refused():
    with pytest.raises(DataError, match="overlaps"):
        spans_to_tags([Span(0, 3, "ORG"), Span(2, 4, "PARK")], 5)
    with pytest.raises(DataError, match="behind 3"):
        spans_to_tags([Span(0, 4, "ORG")], 3)
