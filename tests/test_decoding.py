"""Constrained decoding: valid, and the best of all valid paths."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from parkner.decoding import Decoder, log_softmax
from parkner.tagging import allowed_transitions, bio_tags

TAGS = bio_tags(("ORG", "PARK"))
STEPS, STARTS = allowed_transitions(TAGS)


def best_by_enumeration(scores):
    best, best_score = None, -np.inf
    for path in itertools.product(range(len(TAGS)), repeat=len(scores)):
        if not STARTS[path[0]] or not all(STEPS[a, b] for a, b in itertools.pairwise(path)):
            continue
        score = sum(float(scores[t, tag]) for t, tag in enumerate(path))
        if score > best_score:
            best, best_score = path, score
    return list(best), best_score


@given(st.lists(st.integers(1, 5), min_size=1, max_size=3), st.integers(0, 2**32 - 1))
def test_viterbi_finds_the_best_valid_path(lengths, seed):
    random = np.random.default_rng(seed)
    sequences = [
        log_softmax(random.normal(0, 3, (length, len(TAGS))).astype(np.float32)) for length in lengths
    ]
    for scores, path in zip(sequences, Decoder(TAGS).best_paths(sequences), strict=True):
        expected, expected_score = best_by_enumeration(scores)
        got = sum(float(scores[t, tag]) for t, tag in enumerate(path))
        assert STARTS[path[0]]
        assert all(STEPS[a, b] for a, b in itertools.pairwise(path))
        assert np.isclose(got, expected_score, atol=1e-4), (list(path), expected)


def test_inside_without_begin_is_mended():
    logits = np.full((3, len(TAGS)), -5.0, dtype=np.float32)
    logits[0, TAGS.index("I-ORG")] = 3
    logits[0, TAGS.index("B-ORG")] = 2
    logits[1, TAGS.index("I-ORG")] = 3
    logits[2, TAGS.index("O")] = 3
    decoder = Decoder(TAGS)
    scores = log_softmax(logits)
    (path,) = decoder.best_paths([scores])
    assert [TAGS[i] for i in path] == ["B-ORG", "I-ORG", "O"]
    (span,) = decoder.spans_of(path, np.exp(scores), np.array([0, 1, 5]), np.array([1, 3, 6]))
    assert (span.start, span.end, span.label) == (0, 3, "ORG")
    assert np.isclose(span.score, np.exp(scores[0, TAGS.index("B-ORG")]), atol=1e-5)


def test_a_doubtful_end_lowers_the_score():
    logits = np.full((2, len(TAGS)), -9.0, dtype=np.float32)
    logits[0, TAGS.index("B-ORG")] = 9
    logits[1, TAGS.index("O")] = 1.0
    logits[1, TAGS.index("I-ORG")] = 0.9
    decoder = Decoder(TAGS)
    scores = log_softmax(logits)
    (path,) = decoder.best_paths([scores])
    (span,) = decoder.spans_of(path, np.exp(scores), np.arange(2), np.arange(1, 3))
    assert span.end == 1
    assert 0.5 < span.score < 0.55
