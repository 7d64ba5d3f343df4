"""Offset maps: monotone, reversible in their compact form, composable."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkner.offsets import OffsetMap


@st.composite
def offset_maps(draw, derived=None):
    """A random map: characters dropped, and characters that stand for several."""
    count = draw(st.integers(0, 30)) if derived is None else derived
    starts, ends, position = [], [], 0
    for _ in range(count):
        position += draw(st.integers(0, 3))
        width = draw(st.sampled_from([1, 1, 1, 2, 5]))
        starts.append(position)
        ends.append(position + width)
        position += width
    return OffsetMap(starts, ends, source_length=position + draw(st.integers(0, 3)))


@given(offset_maps())
def test_runs_are_lossless(places):
    assert OffsetMap.from_runs(places.runs(), source_length=places.source_length) == places


@given(offset_maps(), st.data())
def test_spans_go_there_and_back(places, data):
    if not len(places):
        return
    start = data.draw(st.integers(0, len(places) - 1))
    end = data.draw(st.integers(start + 1, len(places)))
    assert places.to_derived(*places.to_source(start, end)) == (start, end)


@given(offset_maps(), st.data())
def test_composition_equals_two_steps(inner, data):
    outer = data.draw(offset_maps(derived=inner.source_length))
    both = inner.compose(outer)
    for i in range(len(inner)):
        start, end = inner.to_source(i, i + 1)
        assert both.to_source(i, i + 1) == outer.to_source(start, end)


def test_dropped_source_has_no_derived_characters():
    places = OffsetMap([0, 5], [1, 6], source_length=6)
    start, end = places.to_derived(2, 4)
    assert start == end == 1


@pytest.mark.parametrize(("starts", "ends"), [([0, 0], [1, 0]), ([2, 1], [3, 2]), ([0], [9]), ([1], [1])])
def test_impossible_places_are_refused(starts, ends):
    with pytest.raises(ValueError, match="places"):
        OffsetMap(starts, ends, source_length=5)


def test_empty_span_has_no_place():
    with pytest.raises(IndexError, match="empty"):
        OffsetMap.identity(3).to_source(1, 1)
    assert np.array_equal(OffsetMap.identity(3).starts, [0, 1, 2])
