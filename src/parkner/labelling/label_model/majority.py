"""Majority vote: the baseline that the other label models are measured against (tier 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from parkner.labelling.label_model.base import LabelModel, Vote, candidates_of, check_same_length, islands
from parkner.spans import Span, without_overlaps


class MajorityVote(LabelModel):
    """Every function counts the same.

    A candidate's score is the share of its supporters among the functions that voted anywhere on its characters. The
    higher share wins, then the longer span ("longest name wins").
    """

    name = "majority"

    def fit(self, articles: Sequence[Sequence[Vote]], gold: Sequence[Sequence[Span]] | None = None) -> None:
        """Nothing is estimated."""
        check_same_length(articles, gold)

    def spans(self, votes: Sequence[Vote]) -> list[Span]:
        """See `LabelModel.spans`."""
        out: list[Span] = []
        for island in islands(candidates_of(votes)):
            scored = []
            for candidate in island:
                around = {name for other in island if candidate.overlaps(other) for name in other.functions}
                scored.append(
                    Span(
                        candidate.start,
                        candidate.end,
                        candidate.label,
                        score=len(candidate.functions) / len(around),
                        sources=candidate.functions,
                    )
                )
            out += without_overlaps(scored)
        return out

    def parameters(self) -> dict[str, Any]:
        """Empty: there are none."""
        return {}

    def load(self, parameters: Mapping[str, Any]) -> None:
        """Nothing to take over."""

    def reliability(self) -> dict[str, float]:
        """Empty: every function is trusted alike."""
        return {}
