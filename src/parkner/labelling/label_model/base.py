"""Votes, and what every label model is (tier 2)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from parkner.spans import Span, UsageError


@dataclass(frozen=True, slots=True, order=True)
class Vote:
    """One function's belief that a stretch of the clean text is a span.

    Attributes:
        start, end: Characters of the clean text, end exclusive.
        label: The type it believes in.
        function: The labelling function's name.
    """

    start: int
    end: int
    label: str
    function: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stretch and label that at least one function voted for, with its supporters in name order."""

    start: int
    end: int
    label: str
    functions: tuple[str, ...]

    def overlaps(self, other: Candidate) -> bool:
        """Whether the two share a character."""
        return self.start < other.end and other.start < self.end

    def lies_inside(self, other: Candidate) -> bool:
        """Whether the other covers this one and more."""
        return (
            other.start <= self.start
            and self.end <= other.end
            and (other.end - other.start) > (self.end - self.start)
        )


def candidates_of(votes: Iterable[Vote]) -> list[Candidate]:
    """Joins equal votes; sorted by start, end, label."""
    supporters: dict[tuple[int, int, str], set[str]] = {}
    for vote in votes:
        supporters.setdefault((vote.start, vote.end, vote.label), set()).add(vote.function)
    return [Candidate(*key, tuple(sorted(names))) for key, names in sorted(supporters.items())]


def islands(candidates: Sequence[Candidate]) -> Iterator[list[Candidate]]:
    """Groups candidates (sorted by start) that hang together by shared characters; the groups are independent."""
    group: list[Candidate] = []
    reach = 0
    for candidate in candidates:
        if group and candidate.start >= reach:
            yield group
            group = []
            reach = 0
        group.append(candidate)
        reach = max(reach, candidate.end)
    if group:
        yield group


class LabelModel(ABC):
    """Turns the votes on a text into spans with confidence.

    A model estimates how far each function is to be trusted from the votes alone (`fit`); gold may be given to count
    instead of to estimate. It works on characters: no word segmentation limits where a span may begin or end.
    """

    name: ClassVar[str]

    @abstractmethod
    def fit(self, articles: Sequence[Sequence[Vote]], gold: Sequence[Sequence[Span]] | None = None) -> None:
        """Estimates the reliability of the functions.

        Args:
            articles: The votes on each article.
            gold: Spans of the clean text of each article, same order; None to estimate from agreement alone.

        Raises:
            UsageError: If gold is given for another number of articles.
        """

    @abstractmethod
    def spans(self, votes: Sequence[Vote]) -> list[Span]:
        """The spans of one article: flat, sorted, with score and sources.

        Args:
            votes: All votes on the article, in any order.
        """

    @abstractmethod
    def parameters(self) -> dict[str, Any]:
        """What `fit` found, JSON-ready; `load` takes it back."""

    @abstractmethod
    def load(self, parameters: Mapping[str, Any]) -> None:
        """Takes over parameters of an earlier `fit`."""

    @abstractmethod
    def reliability(self) -> dict[str, float]:
        """How far each known function is trusted, in [0, 1]."""


def check_same_length(articles: Sequence[Any], gold: Sequence[Any] | None) -> None:
    """Raises UsageError if there is gold for another number of articles."""
    if gold is not None and len(gold) != len(articles):
        raise UsageError(f"gold for {len(gold)} articles, votes on {len(articles)}")
