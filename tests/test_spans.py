"""Spans and documents check themselves."""

import re

import pytest

from parkner.spans import DataError, Document, Span, without_overlaps


@pytest.mark.parametrize(
    ("start", "end", "label", "score", "says"),
    [
        (-1, 2, "ORG", None, "[-1, 2)"),
        (2, 2, "ORG", None, "[2, 2)"),
        (3, 1, "ORG", None, "[3, 1)"),
        (0, 1, "", None, "label"),
        (0, 1, "ORG", 1.5, "1.5"),
        (0.0, 1, "ORG", None, "integers"),
        (True, 2, "ORG", None, "integers"),
    ],
)
def test_bad_spans_are_refused_with_their_value(start, end, label, score, says):
    with pytest.raises(DataError, match=re.escape(says)):
        Span(start, end, label, score)


def test_document_sorts_spans_and_refuses_overlaps():
    document = Document("a", "两江新区管委会", (Span(4, 7, "ORG"), Span(0, 4, "PARK")))
    assert [document.text_of(span) for span in document.spans] == ["两江新区", "管委会"]
    with pytest.raises(DataError, match=r"'a'.*overlap.*\[0, 4\) PARK.*\[3, 7\) ORG"):
        Document("a", "两江新区管委会", (Span(0, 4, "PARK"), Span(3, 7, "ORG")))
    with pytest.raises(DataError, match="ends behind the text"):
        Document("a", "两江", (Span(0, 4, "PARK"),))


def test_without_overlaps_prefers_score_then_length():
    long, short, sure = Span(0, 7, "ORG", 0.8), Span(0, 4, "PARK", 0.8), Span(5, 9, "ORG", 0.9)
    assert without_overlaps([short, long]) == [long]
    assert without_overlaps([short, long, sure]) == [short, sure]
