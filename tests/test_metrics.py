"""Matching, scores, intervals and calibration: against references, and against their own definitions."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkner.calibration import calibration, precision_recall_curve
from parkner.matching import align, count_matches
from parkner.metrics import (
    METRICS,
    MODES,
    count_table,
    interval,
    paired_p_value,
    resampled_scores,
    scores,
)
from parkner.seqeval_check import condensed_tags, seqeval_scores
from parkner.spans import DataError, Span
from parkner.tagging import spans_to_tags

LABELS = ("ORG", "PARK", "-DATE-")
Pair = tuple[list[Span], list[Span]]


def flat_spans(rng: random.Random, length: int, count: int) -> list[Span]:
    edges = sorted(rng.sample(range(length + 1), min(2 * count, (length + 1) // 2 * 2)))
    return [Span(a, b, rng.choice(LABELS)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def random_case(rng: random.Random) -> tuple[list[Pair], list[int]]:
    """A few short texts with flat gold spans, and predictions that copy, bend, drop and invent spans."""
    pairs, lengths = [], []
    for _ in range(rng.randint(1, 4)):
        length = rng.randint(4, 40)
        gold = flat_spans(rng, length, rng.randint(0, 6))
        predicted = flat_spans(rng, length, rng.randint(0, 6))
        kept = [s for s in gold if rng.random() < 0.6]
        predicted = kept + [s for s in predicted if not any(s.overlaps(k) for k in kept)]
        pairs.append((gold, sorted(predicted)))
        lengths.append(length)
    return pairs, lengths


def any_spans(length: int = 12) -> st.SearchStrategy[list[Span]]:
    """Spans that may overlap and repeat."""
    edge = st.integers(0, length)
    one = st.tuples(edge, edge, st.sampled_from("AB")).filter(lambda t: t[0] != t[1])
    return st.lists(one.map(lambda t: Span(min(t[:2]), max(t[:2]), t[2])), max_size=6)


def largest_matching(gold: Sequence[Span], predicted: Sequence[Span]) -> int:
    """Largest number of overlapping pairs, by trying everything."""
    if not gold:
        return 0
    best = largest_matching(gold[1:], predicted)
    for i, other in enumerate(predicted):
        if gold[0].overlaps(other):
            best = max(best, 1 + largest_matching(gold[1:], [*predicted[:i], *predicted[i + 1 :]]))
    return best


def test_strict_equals_seqeval_on_1000_random_cases() -> None:
    from seqeval.metrics.v1 import precision_recall_fscore_support
    from seqeval.scheme import IOB2, Entities

    rng = random.Random(11)
    for _ in range(1000):
        pairs, lengths = random_case(rng)
        names = {label: f"L{i}" for i, label in enumerate(sorted(LABELS))}
        true, guessed = (
            [
                spans_to_tags([Span(s.start, s.end, names[s.label]) for s in pair[side]], length)
                for pair, length in zip(pairs, lengths, strict=True)
            ]
            for side in (0, 1)
        )
        # Read once, not once an average: seqeval is slow.
        read = {"entities_true": Entities(true, IOB2), "entities_pred": Entities(guessed, IOB2)}
        own = scores(count_table(pairs))
        targets = [target for target in own if target not in ("micro", "macro")]
        for average, keys in (("micro", ["micro"]), ("macro", ["macro"]), (None, targets)):
            if not targets:
                continue
            reference = precision_recall_fscore_support(
                true, guessed, average=average, scheme=IOB2, zero_division=0, **read
            )
            for index, key in enumerate(keys):
                mine = own[key]
                values = [np.atleast_1d(value)[index] for value in reference]
                assert (mine.precision, mine.recall, mine.f1) == pytest.approx(values[:3], abs=1e-12)
                assert mine.support == values[3]


def test_condensed_tags_give_seqeval_the_same_scores() -> None:
    rng = random.Random(12)
    for _ in range(200):
        pairs, _ = random_case(rng)
        reference = seqeval_scores(pairs)
        own = scores(count_table(pairs))
        assert set(reference) == set(own)
        for target, values in reference.items():
            assert [getattr(own[target], m) for m in METRICS] == pytest.approx([values[m] for m in METRICS])


def test_condensed_tags_hold_one_tag_a_stretch() -> None:
    gold, predicted = [Span(2, 5, "A"), Span(100, 2000, "B")], [Span(2, 4, "A")]
    assert condensed_tags(gold, predicted) == (
        ["B-A", "I-A", "O", "B-B"],
        ["B-A", "O", "O", "O"],
    )


def test_equals_nervaluate_where_it_is_right_on_1000_random_cases() -> None:
    """Strict, exact, partial: always. Type: where no span overlaps two of the other side; elsewhere nervaluate's greedy
    choice can only lose matches (docs/evaluation.md)."""
    from nervaluate.evaluator import Evaluator

    rng = random.Random(13)
    simple = lower = 0
    for _ in range(1000):
        pairs, _ = random_case(rng)
        sides = [
            [[{"label": s.label, "start": s.start, "end": s.end - 1} for s in pair[side]] for pair in pairs]
            for side in (0, 1)
        ]
        theirs = Evaluator(*sides, tags=list(LABELS), loader="dict").evaluate()
        table = count_table(pairs)
        is_simple = all(
            sum(s.overlaps(o) for o in others) < 2
            for pair in pairs
            for a, others in (pair, pair[::-1])
            for s in a
        )
        simple += is_simple
        for mode in MODES:
            own = scores(table, mode)
            name = "ent_type" if mode == "type" else mode
            found = {"micro": theirs["overall"][name]}
            found |= {label: theirs["entities"][label][name] for label in table.labels}
            for target, result in found.items():
                correct = result.correct + 0.5 * result.partial
                assert (own[target].support, own[target].predicted) == (result.possible, result.actual)
                if mode == "type" and not is_simple:
                    assert own[target].correct >= correct
                    lower += own[target].correct > correct
                else:
                    assert own[target].correct == correct, (mode, target, pairs)
                    got = (own[target].precision, own[target].recall, own[target].f1)
                    assert got == pytest.approx((result.precision, result.recall, result.f1))
    assert simple > 200
    assert lower > 20


def test_where_nervaluate_is_not_right() -> None:
    """The cases that docs/evaluation.md lists: if one fails, nervaluate has changed and the list must too."""
    from nervaluate.evaluator import Evaluator

    def theirs(gold: list[Span], predicted: list[Span], mode: str) -> float:
        sides = [
            [[{"label": s.label, "start": s.start, "end": s.end - 1} for s in spans]]
            for spans in (gold, predicted)
        ]
        result = Evaluator(*sides, tags=["A", "B"], loader="dict").evaluate()["overall"][mode]
        return float(result.correct + 0.5 * result.partial)

    def ours(gold: list[Span], predicted: list[Span], mode: str) -> float:
        return scores(count_table([(gold, predicted)]), mode)["micro"].correct

    # A wrong label uses up the gold span that a later prediction has right.
    gold, predicted = [Span(1, 3, "B")], [Span(0, 2, "A"), Span(2, 4, "B")]
    assert (theirs(gold, predicted, "ent_type"), ours(gold, predicted, "type")) == (0, 1)
    # The closest gold span is taken although only it can serve the next prediction.
    gold, predicted = [Span(0, 1, "A"), Span(1, 6, "A")], [Span(0, 5, "A"), Span(5, 6, "A")]
    assert (theirs(gold, predicted, "ent_type"), ours(gold, predicted, "type")) == (1, 2)
    # The order of the predictions decides.
    gold, predicted = [Span(0, 2, "A"), Span(2, 4, "A")], [Span(0, 1, "A"), Span(1, 5, "A")]
    assert theirs(gold, predicted, "partial") == 1.0 == ours(gold, predicted, "partial")
    assert (theirs(gold, predicted[::-1], "partial"), ours(gold, predicted[::-1], "partial")) == (0.5, 1.0)
    # Spans that overlap each other: an overlapping prediction uses up the gold span of an equal one.
    gold, predicted = [Span(0, 5, "A")], [Span(0, 3, "A"), Span(0, 5, "A")]
    assert (theirs(gold, predicted, "strict"), ours(gold, predicted, "strict")) == (0, 1)
    # An overlap of less than a hundredth of the gold span is none.
    gold, predicted = [Span(0, 101, "A")], [Span(100, 105, "A")]
    assert (theirs(gold, predicted, "ent_type"), ours(gold, predicted, "type")) == (0, 1)
    # The default loader looks at the first document's first span.
    with pytest.raises(IndexError):
        Evaluator([[]], [[]], tags=["A"])


@given(any_spans(), any_spans(), st.randoms())
def test_counts_are_the_largest_matching_and_ignore_order(
    gold: list[Span], predicted: list[Span], rng: random.Random
) -> None:
    by_label, (same_place, overlapping) = count_matches(gold, predicted)
    for label, (in_gold, in_predicted, equal, near) in by_label.items():
        mine, theirs = ([s for s in side if s.label == label] for side in (gold, predicted))
        assert (in_gold, in_predicted) == (len(mine), len(theirs))
        common = Counter(mine) & Counter(theirs)
        assert equal == common.total()
        rest = [list((Counter(side) - common).elements()) for side in (mine, theirs)]
        assert near == largest_matching(*rest)
    places = [Counter((s.start, s.end) for s in side) for side in (gold, predicted)]
    common_places = places[0] & places[1]
    assert same_place == common_places.total()
    left = [[Span(a, b, "X") for a, b in (p - common_places).elements()] for p in places]
    assert overlapping == largest_matching(*left)
    matches = align(gold, predicted)
    rng.shuffle(gold)
    rng.shuffle(predicted)
    assert count_matches(gold, predicted) == (by_label, (same_place, overlapping))
    assert align(gold, predicted) == matches


@given(any_spans(), any_spans())
def test_align_uses_every_span_once_and_names_the_kind(gold: list[Span], predicted: list[Span]) -> None:
    matches = align(gold, predicted)
    assert Counter(m.gold for m in matches if m.gold) == Counter(gold)
    assert Counter(m.predicted for m in matches if m.predicted) == Counter(predicted)
    for match in matches:
        one, other = match.gold, match.predicted
        if one is None or other is None:
            assert match.kind == ("missed" if other is None else "spurious")
            continue
        assert one.overlaps(other)
        same_label, same_place = one.label == other.label, (one.start, one.end) == (other.start, other.end)
        expected = {
            (True, True): "correct",
            (False, True): "wrong_label",
            (False, False): "wrong_label_and_boundary",
        }
        if (same_label, same_place) in expected:
            assert match.kind == expected[same_label, same_place]
        elif match.kind == "too_long":
            assert other.start <= one.start <= one.end <= other.end
        elif match.kind == "too_short":
            assert one.start <= other.start <= other.end <= one.end
        else:
            assert match.kind == "shifted"
            assert (other.start < one.start) == (other.end < one.end)


def test_a_long_chain_of_overlaps_is_matched_whole() -> None:
    """The last gold span's only partner is taken, and so on back to the first: one path through all of them."""
    count = 3000
    gold = [Span(10 * i + 10, 10 * i + 19, "A") for i in range(count)]
    predicted = [Span(10 * i + 3, 10 * i + 11, "A") for i in range(count)]
    assert count_matches(gold, predicted)[0]["A"][3] == count
    assert {m.kind for m in align(gold, predicted)} == {"shifted"}


def test_modes_on_a_case_by_hand() -> None:
    gold = [Span(0, 4, "ORG"), Span(5, 8, "PARK"), Span(10, 12, "DATE")]
    predicted = [Span(0, 4, "ORG"), Span(5, 8, "ORG"), Span(10, 13, "DATE"), Span(20, 22, "DATE")]
    table = count_table([(gold, predicted)])
    correct = {mode: scores(table, mode)["micro"].correct for mode in MODES}
    assert correct == {"strict": 1, "exact": 2, "partial": 2.5, "type": 2}
    strict = scores(table)["micro"]
    assert (strict.precision, strict.recall, strict.f1) == pytest.approx((1 / 4, 1 / 3, 2 / 7))
    assert scores(table)["macro"].f1 == pytest.approx((2 / 3 + 0 + 0) / 3)
    assert [m.kind for m in align(gold, predicted)] == ["correct", "wrong_label", "too_long", "spurious"]


def test_micro_and_macro_are_no_labels() -> None:
    with pytest.raises(DataError, match="'macro'"):
        count_table([([Span(0, 1, "macro")], [])])


def test_scores_of_nothing_are_zero_not_nan() -> None:
    for mode in MODES:
        for value in scores(count_table([([], [])]), mode).values():
            assert (value.precision, value.recall, value.f1, value.support) == (0, 0, 0, 0)


def test_bootstrap_covers_the_true_score() -> None:
    """Of 200 samples from a known process about 95 % must have the true precision in their interval."""
    rng, true, covered = np.random.default_rng(3), 0.8, 0
    for sample in range(200):
        pairs = []
        for _ in range(60):
            gold = [Span(2 * i, 2 * i + 1, "A") for i in range(5)]
            pairs.append((gold, [s if rng.random() < true else Span(s.start, s.end, "B") for s in gold]))
        (drawn,) = resampled_scores([count_table(pairs, ["A", "B"])], resamples=300, seed=sample)
        low, high = interval(drawn["recall"][:, 0])
        covered += low <= true <= high
    assert 180 <= covered <= 199


def test_paired_p_value_is_uniform_without_a_difference_and_small_with_one() -> None:
    rng = np.random.default_rng(4)
    gold = [Span(2 * i, 2 * i + 1, "A") for i in range(5)]

    def run(right: float) -> list[Pair]:
        return [(gold, [s for s in gold if rng.random() < right]) for _ in range(60)]

    def p_value(first: list[Pair], second: list[Pair], seed: int) -> float:
        tables = [count_table(first), count_table(second)]
        drawn = resampled_scores(tables, resamples=200, seed=seed)
        values = [scores(table)["micro"].f1 for table in tables]
        return paired_p_value(drawn[0]["f1"][:, 0] - drawn[1]["f1"][:, 0], values[0] - values[1])

    equal = [p_value(run(0.7), run(0.7), i) for i in range(100)]
    assert sum(p < 0.05 for p in equal) <= 14
    assert 0.35 < float(np.mean(equal)) < 0.65
    assert p_value(run(0.9), run(0.6), 1) < 0.01
    same = run(0.7)
    assert p_value(same, same, 1) == 1.0


def test_resampling_needs_the_same_documents() -> None:
    tables = [count_table([([], [])]), count_table([([], [])] * 2)]
    with pytest.raises(ValueError, match=r"\[1, 2\]"):
        resampled_scores(tables)


def test_ece_by_hand() -> None:
    found = calibration([0.95, 0.95, 0.55, 0.05, None], [True, False, True, False, True])
    # Bins: 0.0-0.1 (0.05 against 0), 0.5-0.6 (0.55 against 1), 0.9-1.0 (0.95 against 0.5).
    assert found.ece == pytest.approx((0.05 + 0.45 + 2 * 0.45) / 4)
    assert found.brier == pytest.approx((0.05**2 + 0.95**2 + 0.45**2 + 0.05**2) / 4)
    assert (found.count, found.unscored) == (4, 1)
    assert [line[2] for line in found.bins] == [1, 1, 2]


def test_calibration_without_scores_is_none_not_zero() -> None:
    found = calibration([None, None], [True, False])
    assert (found.ece, found.brier, found.bins, found.unscored) == (None, None, (), 2)


def test_edge_scores_fall_in_the_outer_bins() -> None:
    assert [(line[0], line[2]) for line in calibration([0.0, 1.0], [False, True]).bins] == [
        (0.0, 1),
        (0.9, 1),
    ]


def test_precision_recall_curve_equals_scikit_learn() -> None:
    from sklearn.metrics import average_precision_score

    rng = random.Random(5)
    for _ in range(20):
        values = [round(rng.random(), 1) for _ in range(40)]
        right = [rng.random() < value for value in values]
        if not any(right):
            continue
        curve = precision_recall_curve(values, right, sum(right))
        assert curve.average_precision == pytest.approx(average_precision_score(right, values))
        assert curve.best is not None
        threshold, precision, recall, f1 = curve.best
        kept = [r for value, r in zip(values, right, strict=True) if value >= threshold]
        assert precision == pytest.approx(sum(kept) / len(kept))
        assert recall == pytest.approx(sum(kept) / sum(right))
        for other in set(values):
            kept = [r for value, r in zip(values, right, strict=True) if value >= other]
            assert f1 >= 2 * sum(kept) / (len(kept) + sum(right)) - 1e-12


def test_curve_counts_gold_spans_that_were_never_predicted() -> None:
    curve = precision_recall_curve([0.9], [True], 4)
    assert curve.points == ((0.9, 1.0, 0.25),)
    assert precision_recall_curve([], [], 4).best is None


def test_order_of_documents_changes_no_sum() -> None:
    rng = random.Random(6)
    pairs, _ = zip(*(random_case(rng) for _ in range(30)), strict=True)
    documents = list(itertools.chain(*pairs))
    first = {mode: scores(count_table(documents), mode) for mode in MODES}
    rng.shuffle(documents)
    assert first == {mode: scores(count_table(documents), mode) for mode in MODES}
