"""Which predicted span answers which gold span (tier 1).

Everything here depends on the *set* of spans (with repeats), never on their order: equal spans are paired off first,
then as many overlapping ones as can be (a maximum matching), so that no greedy choice costs a match.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from parkner.spans import Span

CORRECT = "correct"
WRONG_LABEL = "wrong_label"
TOO_LONG = "too_long"
TOO_SHORT = "too_short"
SHIFTED = "shifted"
WRONG_BOTH = "wrong_label_and_boundary"
MISSED = "missed"
SPURIOUS = "spurious"

ERROR_KINDS = (MISSED, SPURIOUS, TOO_LONG, TOO_SHORT, SHIFTED, WRONG_LABEL, WRONG_BOTH)


@dataclass(frozen=True, slots=True)
class Match:
    """A gold span and the predicted span that answers it; one of them is None where there is no other.

    Attributes:
        kind: ``correct`` (same place, same label), ``wrong_label`` (same place), ``too_long`` (same label, holds the
            gold span), ``too_short`` (same label, lies in the gold span), ``shifted`` (same label, crosses its edge),
            ``wrong_label_and_boundary`` (overlaps, different label), ``missed`` (gold alone), ``spurious`` (predicted
            alone).
    """

    gold: Span | None
    predicted: Span | None
    kind: str


def align(gold: Sequence[Span], predicted: Sequence[Span]) -> list[Match]:
    """Pairs the spans of one text and says what went wrong with each.

    Pairs are made in this order, each step among what the steps before left over: equal spans; same place, other
    label; same label, overlapping; overlapping. The last two pair as many spans as possible.

    Args:
        gold, predicted: Spans of one text in any order; they may repeat and overlap.

    Returns:
        Every gold and every predicted span in exactly one match, in the order of the text.
    """
    rest_gold, rest_predicted = _in_order(gold), _in_order(predicted)
    matches: list[Match] = []
    for key, kind in ((_place_and_label, CORRECT), (_place, WRONG_LABEL)):
        pairs, rest_gold, rest_predicted = _pair_equal(rest_gold, rest_predicted, key)
        matches += [Match(one, other, kind) for one, other in pairs]
    for label in sorted({span.label for span in rest_gold} & {span.label for span in rest_predicted}):
        pairs, rest_gold, rest_predicted = _pair_overlapping(rest_gold, rest_predicted, label)
        matches += [Match(one, other, _boundary_kind(one, other)) for one, other in pairs]
    pairs, rest_gold, rest_predicted = _pair_overlapping(rest_gold, rest_predicted, None)
    matches += [Match(one, other, WRONG_BOTH) for one, other in pairs]
    matches += [Match(span, None, MISSED) for span in rest_gold]
    matches += [Match(None, span, SPURIOUS) for span in rest_predicted]
    return sorted(matches, key=_reading_order)


def count_matches(
    gold: Sequence[Span], predicted: Sequence[Span]
) -> tuple[dict[str, list[int]], tuple[int, int]]:
    """The counts that all scores are made of.

    Returns:
        By label ``[gold, predicted, equal, overlapping]``, where ``overlapping`` is the largest number of pairs of that
        label that share a character, once the equal ones are paired off; and over all labels ``(same place,
        overlapping)``, counted in the same way without looking at labels.
    """
    by_label: dict[str, list[int]] = {}
    for column, spans in enumerate((gold, predicted)):
        for span in spans:
            by_label.setdefault(span.label, [0, 0, 0, 0])[column] += 1
    pairs, rest_gold, rest_predicted = _pair_equal(gold, predicted, _place_and_label)
    for one, _ in pairs:
        by_label[one.label][2] += 1
    for label in {span.label for span in rest_gold} & {span.label for span in rest_predicted}:
        by_label[label][3] = len(
            _overlapping_pairs(
                [span for span in rest_gold if span.label == label],
                [span for span in rest_predicted if span.label == label],
            )
        )
    # Equal spans share their place, so the rest is all that is left to look at.
    more, rest_gold, rest_predicted = _pair_equal(rest_gold, rest_predicted, _place)
    return by_label, (len(pairs) + len(more), len(_overlapping_pairs(rest_gold, rest_predicted)))


def _in_order(spans: Sequence[Span]) -> list[Span]:
    # Of equal spans the surer one first, so that it is the one that counts as right.
    return sorted(spans, key=lambda s: (s.start, s.end, s.label, -(1.0 if s.score is None else s.score)))


def _place(span: Span) -> tuple[int, int]:
    return span.start, span.end


def _place_and_label(span: Span) -> tuple[int, int, str]:
    return span.start, span.end, span.label


def _reading_order(match: Match) -> tuple[int, int, str, str]:
    span = match.gold or match.predicted
    assert span is not None
    return span.start, span.end, span.label, match.kind


def _pair_equal(
    gold: Sequence[Span], predicted: Sequence[Span], key: Callable[[Span], Hashable]
) -> tuple[list[tuple[Span, Span]], list[Span], list[Span]]:
    """Pairs spans with equal keys, one to one; returns the pairs and what is left of both sides."""
    common = Counter(map(key, gold)) & Counter(map(key, predicted))
    if not common:
        return [], list(gold), list(predicted)
    sides: list[list[Span]] = []
    rests: list[list[Span]] = []
    for spans in (gold, predicted):
        left = Counter(common)
        taken: list[Span] = []
        rest: list[Span] = []
        for span in spans:
            if left[key(span)] > 0:
                left[key(span)] -= 1
                taken.append(span)
            else:
                rest.append(span)
        sides.append(sorted(taken, key=lambda s: (s.start, s.end, s.label)))
        rests.append(rest)
    return list(zip(sides[0], sides[1], strict=True)), rests[0], rests[1]


def _pair_overlapping(
    gold: list[Span], predicted: list[Span], label: str | None
) -> tuple[list[tuple[Span, Span]], list[Span], list[Span]]:
    mine = [span for span in gold if label is None or span.label == label]
    theirs = [span for span in predicted if label is None or span.label == label]
    pairs = _overlapping_pairs(mine, theirs)
    if not pairs:
        return [], gold, predicted
    used_gold = {id(one) for one, _ in pairs}
    used_predicted = {id(other) for _, other in pairs}
    return (
        pairs,
        [span for span in gold if id(span) not in used_gold],
        [span for span in predicted if id(span) not in used_predicted],
    )


def _overlapping_pairs(gold: Sequence[Span], predicted: Sequence[Span]) -> list[tuple[Span, Span]]:
    """A largest set of pairs that share a character, no span in two pairs; long overlaps preferred among equals."""
    if not gold or not predicted:
        return []
    left, right = _in_order(gold), _in_order(predicted)
    starts = [span.start for span in right]
    # Of spans that may lie in each other the furthest end so far never falls: it bounds the search from below.
    reach = list(accumulate((span.end for span in right), max))
    neighbours = []
    for span in left:
        window = range(bisect_right(reach, span.start), bisect_left(starts, span.end))
        near = [j for j in window if right[j].end > span.start]
        near.sort(key=lambda j: (max(starts[j], span.start) - min(right[j].end, span.end), j))
        neighbours.append(near)
    partner = _maximum_matching(neighbours, len(right))
    return [(left[i], right[j]) for j, i in enumerate(partner) if i >= 0]


def _maximum_matching(neighbours: Sequence[Sequence[int]], size: int) -> list[int]:
    """Maximum bipartite matching by augmenting paths (Kuhn 1955); for every right node its left node, or -1."""
    partner = [-1] * size
    for root, near in enumerate(neighbours):
        free = next((j for j in near if partner[j] < 0), None)
        if free is not None:
            partner[free] = root
            continue
        # Depth first for a free right node, with our own stack: a chain of spans may be longer than Python's.
        seen: set[int] = set()
        path: list[tuple[int, int]] = []  # (left node, right node it wants)
        stack = [(root, iter(near))]
        while stack:
            node, wanted = stack[-1]
            j = next((j for j in wanted if j not in seen), None)
            if j is None:
                stack.pop()
                if path:
                    path.pop()
                continue
            seen.add(j)
            path.append((node, j))
            if partner[j] < 0:
                for left, right in path:
                    partner[right] = left
                break
            stack.append((partner[j], iter(neighbours[partner[j]])))
    return partner


def _boundary_kind(gold: Span, predicted: Span) -> str:
    if predicted.start <= gold.start and predicted.end >= gold.end:
        return TOO_LONG
    if predicted.start >= gold.start and predicted.end <= gold.end:
        return TOO_SHORT
    return SHIFTED
