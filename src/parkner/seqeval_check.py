"""The strict scores once more, by seqeval: the field's reference must agree with our counts (tier 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parkner.metrics import METRICS, Scores
from parkner.spans import ParknerError, Span, UsageError
from parkner.tagging import spans_to_tags


def seqeval_scores(documents: Sequence[tuple[Sequence[Span], Sequence[Span]]]) -> dict[str, dict[str, float]]:
    """Strict scores by seqeval (``mode="strict"``, IOB2), the field's reference.

    seqeval reads a tag a character, too slow for thousands of articles; characters between two span edges carry the
    same tags, so one of them stands for all (`condensed_tags`).

    Args:
        documents: Gold and predicted spans of each document, flat.

    Returns:
        ``precision``, ``recall``, ``f1`` and ``support`` for ``micro``, ``macro`` and each label.

    Raises:
        UsageError: If seqeval is not installed.
    """
    try:
        from seqeval.metrics.v1 import precision_recall_fscore_support
        from seqeval.scheme import IOB2, Entities
    except ImportError:
        raise UsageError("seqeval is not installed: pip install 'parkner[report]'") from None
    # seqeval strips dashes off labels: numbers of one width are safe, and sort as the labels do.
    names = sorted({span.label for sides in documents for side in sides for span in side})
    number = {name: f"{index:06d}" for index, name in enumerate(names)}
    tags = [condensed_tags(gold, predicted, number) for gold, predicted in documents]
    true, guessed = [pair[0] for pair in tags], [pair[1] for pair in tags]
    entities = {"entities_true": Entities(true, IOB2), "entities_pred": Entities(guessed, IOB2)}
    keys = ("precision", "recall", "f1", "support")
    out: dict[str, dict[str, float]] = {}
    for average in ("micro", "macro"):
        values = (
            precision_recall_fscore_support(
                true, guessed, average=average, scheme=IOB2, zero_division=0, **entities
            )
            if names
            else (0.0, 0.0, 0.0, 0)
        )
        out[average] = {key: float(value) for key, value in zip(keys, values, strict=True)}
    each = precision_recall_fscore_support(
        true, guessed, average=None, scheme=IOB2, zero_division=0, **entities
    )
    for index, name in enumerate(names):
        out[name] = {key: float(values[index]) for key, values in zip(keys, each, strict=True)}
    return out


def condensed_tags(
    gold: Sequence[Span], predicted: Sequence[Span], rename: dict[str, str] | None = None
) -> tuple[list[str], list[str]]:
    """IOB2 tags of one text, one for every stretch between two span edges instead of one for every character.

    Args:
        gold, predicted: Flat spans.
        rename: New names of labels.

    Returns:
        Tags of gold and of predictions, equally long; they hold the same spans, shrunk alike.
    """
    edges = sorted({edge for span in (*gold, *predicted) for edge in (span.start, span.end)})
    place = {edge: index for index, edge in enumerate(edges)}
    length = max(1, len(edges) - 1)
    first, second = (
        spans_to_tags(
            [Span(place[s.start], place[s.end], rename[s.label] if rename else s.label) for s in spans],
            length,
        )
        for spans in (gold, predicted)
    )
    return first, second


def must_agree(own: Mapping[str, Scores], reference: Mapping[str, Mapping[str, float]]) -> None:
    """Compares our strict scores with seqeval's, to nine digits.

    Raises:
        ParknerError: If they differ (a bug in one of the two: neither score is to be trusted).
    """
    for target, values in reference.items():
        for metric in (*METRICS, "support"):
            mine = float(getattr(own[target], metric))
            if abs(mine - values[metric]) > 1e-9:
                raise ParknerError(
                    f"strict {target} {metric}: our counts say {mine:.6f}, seqeval says {values[metric]:.6f}; "
                    "no score is given (please report this)"
                )
