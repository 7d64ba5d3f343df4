"""A hidden Markov model over characters (tier 2).

In the manner of skweak (Lison, Barnes and Hubin 2021, "skweak: Weak Supervision Made Easy for NLP"): the hidden state of a character
is its IOB2 tag, every labelling function emits a tag or nothing, independently given the state. Transitions and emissions are
estimated by Baum-Welch from the votes alone, started from the majority vote; with gold they are counted.

Characters outside every vote are outside in every state sequence, so only the islands of votes are sequences. Islands of the
same shape (the same functions at the same places) are worked out once and weighed by how often they occur.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from parkner.labelling.label_model.base import (
    Candidate,
    LabelModel,
    Vote,
    candidates_of,
    check_same_length,
    islands,
)
from parkner.labelling.label_model.majority import MajorityVote
from parkner.spans import Span
from parkner.tagging import OUTSIDE, allowed_transitions, bio_tags

Floats = npt.NDArray[np.float64]
# (start, end, label, functions) of every candidate, starts counted from the island's first character.
Shape = tuple[tuple[int, int, str, tuple[str, ...]], ...]

_ROUNDS = 8
_PSEUDO = 0.5  # added to every allowed transition and emission count
# A function nobody has seen: how probable it is that it emits the tag it ought to; else it is silent.
_UNSEEN = 0.8
# What happens next to never.
_RARE = 1e-4
# Characters of running text for each character that a function votes for, all outside and all silent. They keep the state
# "outside" apart: without them it may as well be the last character of every span.
_RUNNING_TEXT = 20.0
# The characters of a vote repeat one piece of evidence, and functions err together: for the scores (not for the choice of
# spans) likelihoods are raised to this power.
_TEMPER = 0.2
# Votes of its own that each function is credited with beforehand, as a share of all its votes.
_FAITH = 0.5
_CACHE = 50_000  # shapes whose result is kept


class HiddenMarkovModel(LabelModel):
    """Votes as emissions of hidden tags."""

    name = "hmm"

    def __init__(self) -> None:
        self._set_tags([])
        self._emissions: dict[str, Floats] = {}
        self._kept: dict[Shape, list[tuple[int, int, str, float]]] = {}

    def _set_tags(self, labels: Sequence[str]) -> None:
        self._tags = bio_tags(labels) if labels else [OUTSIDE]
        self._index = {tag: i for i, tag in enumerate(self._tags)}
        steps, starts = allowed_transitions(self._tags)
        self._allowed = steps
        self._steps: Floats = steps / steps.sum(axis=1, keepdims=True)
        self._starts: Floats = starts / starts.sum()
        self._may_start: Floats = starts.astype(np.float64)

    def fit(self, articles: Sequence[Sequence[Vote]], gold: Sequence[Sequence[Span]] | None = None) -> None:
        """Estimates transitions and emissions; see the module and `LabelModel.fit`."""
        check_same_length(articles, gold)
        self._kept.clear()
        self._set_tags(sorted({vote.label for votes in articles for vote in votes}))
        functions: dict[str, Counter[str]] = {}
        for vote in (vote for votes in articles for vote in votes):
            functions.setdefault(vote.function, Counter())[vote.label] += 1
        size = len(self._tags)
        if gold is not None:
            pairs = []
            for votes, spans in zip(articles, gold, strict=True):
                for island in islands(candidates_of(votes)):
                    pairs.append((_shape(island), self._one_hot(_within(island, spans), _length(island))))
            self._count(functions, pairs)
            return
        shapes = Counter(_shape(island) for votes in articles for island in islands(candidates_of(votes)))
        majority = MajorityVote()
        start = []
        for shape, weight in shapes.items():
            votes = [Vote(s, e, label, name) for s, e, label, names in shape for name in names]
            length = max(e for _, e, _, _ in shape)
            start.append((shape, weight * self._one_hot(majority.spans(votes), length)))
        self._count(functions, start)
        for _ in range(_ROUNDS):
            expected = []
            transitions = np.zeros((size, size))
            begins = np.zeros(size)
            for shape, weight in shapes.items():
                states, pairs_of = self._posterior(self._likelihood(shape))
                expected.append((shape, weight * states))
                transitions += weight * pairs_of
                begins += weight * states[0]
            self._count(functions, expected, transitions, begins)

    def spans(self, votes: Sequence[Vote]) -> list[Span]:
        """See `LabelModel.spans`."""
        out: list[Span] = []
        self._admit({vote.label for vote in votes})
        for island in islands(candidates_of(votes)):
            shape = _shape(island)
            found = self._kept.get(shape)
            if found is None:
                found = self._decode(shape)
                if len(self._kept) < _CACHE:
                    self._kept[shape] = found
            first = island[0].start
            for start, end, label, score in found:
                sources = tuple(
                    sorted(
                        {
                            name
                            for c in island
                            if c.label == label and c.start < first + end and first + start < c.end
                            for name in c.functions
                        }
                    )
                )
                out.append(Span(first + start, first + end, label, score=score, sources=sources))
        return out

    def parameters(self) -> dict[str, Any]:
        """``{"labels", "starts", "steps", "emissions": {function: [state][emitted tag]}}``, rounded."""
        return {
            "labels": [tag[2:] for tag in self._tags if tag.startswith("B-")],
            "starts": np.round(self._starts, 5).tolist(),
            "steps": np.round(self._steps, 5).tolist(),
            "emissions": {
                name: np.round(table, 5).tolist() for name, table in sorted(self._emissions.items())
            },
        }

    def load(self, parameters: Mapping[str, Any]) -> None:
        """See `LabelModel.load`."""
        self._kept.clear()
        self._set_tags(parameters["labels"])
        self._starts = np.asarray(parameters["starts"], dtype=np.float64)
        self._steps = np.asarray(parameters["steps"], dtype=np.float64)
        self._emissions = {
            name: np.asarray(table, dtype=np.float64) for name, table in parameters["emissions"].items()
        }

    def reliability(self) -> dict[str, float]:
        """How probable it is that a function is right where it says that a span begins, all labels alike."""
        out = {}
        begins = [i for i, tag in enumerate(self._tags) if tag.startswith("B-")]
        for name, table in self._emissions.items():
            right = sum(table[i, i] for i in begins)
            every = sum(table[:, i].sum() for i in begins)
            out[name] = float(right / every) if every else 0.0
        return out

    def _admit(self, labels: set[str]) -> None:
        """Makes room for labels that were not there when the model was fitted: as likely as the mean of the others."""
        fresh = sorted(label for label in labels if f"B-{label}" not in self._index)
        if not fresh:
            return
        self._kept.clear()
        old_size, starts, steps, emissions = len(self._tags), self._starts, self._steps, self._emissions
        known = [tag[2:] for tag in self._tags if tag.startswith("B-")]
        self._set_tags([*known, *fresh])
        if known:
            begins = [i for i, tag in enumerate(self._tags[:old_size]) if tag.startswith("B-")]
            self._starts[:old_size], self._starts[old_size:] = starts, 0.0
            self._steps[:old_size, :old_size], self._steps[:old_size, old_size:] = steps, 0.0
            for label in fresh:
                begin = self._index[f"B-{label}"]
                self._starts[begin] = starts[begins].mean()
                self._steps[:old_size, begin] = steps[:, begins].mean(axis=1)
                self._steps[begin], self._steps[begin + 1] = 0.0, 0.0
                for at, row in ((begin, 0), (begin + 1, 1)):
                    means = steps[[b + row for b in begins]].mean(axis=0)
                    goes_on = np.mean([steps[b + row, b + 1] for b in begins])
                    self._steps[at, 0], self._steps[at, at + 1 - row] = means[0], goes_on
            self._starts /= self._starts.sum()
            self._steps /= self._steps.sum(axis=1, keepdims=True)
        size = len(self._tags)
        self._emissions = {}
        for name, table in emissions.items():
            # None of the functions that the model knows votes for the fresh labels, or on spans of them.
            wide = np.full((size, size), _RARE)
            wide[:, 0] = 1.0
            wide[:old_size, :old_size] = table
            wide /= wide.sum(axis=1, keepdims=True)
            self._emissions[name] = wide

    def _one_hot(self, spans: Sequence[Span], length: int) -> Floats:
        states = np.zeros((length, len(self._tags)))
        states[:, 0] = 1
        for span in spans:
            for at in range(span.start, span.end):
                tag = f"{'B' if at == span.start else 'I'}-{span.label}"
                if 0 <= at < length and tag in self._index:
                    states[at] = 0
                    states[at, self._index[tag]] = 1
        return states

    def _count(
        self,
        functions: Mapping[str, Counter[str]],
        expected: Sequence[tuple[Shape, Floats]],
        transitions: Floats | None = None,
        begins: Floats | None = None,
    ) -> None:
        """Sets the parameters from (expected) state counts."""
        size = len(self._tags)
        counts = {name: self._prior(voted) for name, voted in functions.items()}
        steps = np.where(self._allowed, _PSEUDO, 0.0) if transitions is None else transitions + _PSEUDO
        silent = np.zeros(size)
        starts = np.full(size, _PSEUDO) if begins is None else begins + _PSEUDO
        for shape, states in expected:
            if transitions is None:
                steps += states[:-1].T @ states[1:]
                steps[:, 0] += states[-1]
                starts += states[0]
            silent += states.sum(axis=0)
            for name, emitted in self._emitted(shape, len(states)).items():
                np.add.at(counts[name].T, emitted, states)
                counts[name][:, 0] -= states.sum(axis=0)  # it was not silent here
                counts[name][0, 0] += _RUNNING_TEXT * states[emitted > 0].sum()
        steps = np.where(self._allowed, steps, 0.0)
        starts = np.where([not tag.startswith("I-") for tag in self._tags], starts, 0.0)
        self._steps = steps / steps.sum(axis=1, keepdims=True)
        self._starts = starts / starts.sum()
        self._emissions = {}
        for name, table in counts.items():
            table[:, 0] += silent  # where it voted nowhere on an island, it emitted nothing
            self._emissions[name] = table / table.sum(axis=1, keepdims=True)

    def _prior(self, voted: Counter[str]) -> Floats:
        """Emission counts before anything is seen: a function is silent, or votes for the label it votes for.

        Without this the states of two labels that no functions dispute may change places.
        """
        size = len(self._tags)
        counts = np.full((size, size), _PSEUDO / size)
        counts[:, 0] += _PSEUDO
        for label, votes in voted.items():
            for tag in (f"B-{label}", f"I-{label}"):
                counts[self._index[tag], self._index[tag]] += _FAITH * votes
        return counts

    def _emitted(self, shape: Shape, length: int) -> dict[str, npt.NDArray[np.int64]]:
        """What each function that votes on an island emits at each of its characters (tag ids)."""
        out: dict[str, npt.NDArray[np.int64]] = {}
        # The longest vote of a function is written last.
        for start, end, label, names in sorted(shape, key=lambda item: item[1] - item[0]):
            for name in names:
                row = out.setdefault(name, np.zeros(length, dtype=np.int64))
                begin, inside = self._index.get(f"B-{label}"), self._index.get(f"I-{label}")
                if begin is not None and inside is not None:
                    row[start:end] = inside
                    row[start] = begin
        return out

    def _likelihood(self, shape: Shape) -> Floats:
        length = max(end for _, end, _, _ in shape)
        size = len(self._tags)
        log = np.zeros((length, size))
        # A function nobody has seen emits the tag it ought to or nothing, and nothing where nothing is.
        unseen = np.full((size, size), _RARE)
        unseen[:, 0] = 1 - _UNSEEN
        np.fill_diagonal(unseen, _UNSEEN)
        unseen[0, 0] = 1.0
        for name, emitted in self._emitted(shape, length).items():
            log += np.log(self._emissions.get(name, unseen)[:, emitted].T + 1e-9)
        # A character is in a span of a label only if some function says so.
        said = np.zeros((length, size), dtype=np.bool_)
        said[:, 0] = True
        for start, end, label, _ in shape:
            begin = self._index.get(f"B-{label}")
            if begin is not None:
                said[start:end, begin : begin + 2] = True
        log[~said] = -np.inf
        scaled: Floats = np.exp(log - log.max(axis=1, keepdims=True))
        return scaled

    def _posterior(self, likelihood: Floats) -> tuple[Floats, Floats]:
        """State posteriors, *shape* (characters, tags), and summed transition posteriors, *shape* (tags, tags)."""
        length, size = likelihood.shape
        forward = np.empty((length, size))
        forward[0] = (self._starts + _RARE * self._may_start) * likelihood[0]
        forward[0] /= forward[0].sum()
        for t in range(1, length):
            forward[t] = (forward[t - 1] @ self._steps) * likelihood[t]
            forward[t] /= forward[t].sum()
        backward = np.empty((length, size))
        backward[-1] = self._steps[:, 0]  # the character behind an island is outside, or begins another one
        pairs = np.zeros((size, size))
        for t in range(length - 2, -1, -1):
            behind = likelihood[t + 1] * backward[t + 1]
            backward[t] = self._steps @ behind
            backward[t] /= backward[t].sum()
            joint = forward[t][:, None] * self._steps * behind[None]
            pairs += joint / joint.sum()
        states = forward * backward
        states /= states.sum(axis=1, keepdims=True)
        pairs[:, 0] += states[-1]
        return states, pairs

    def _decode(self, shape: Shape) -> list[tuple[int, int, str, float]]:
        """Most probable tags of an island, as ``(start, end, label, score)``."""
        likelihood = self._likelihood(shape)
        states, _ = self._posterior(likelihood**_TEMPER)
        with np.errstate(divide="ignore"):
            steps = np.log(self._steps)
            best = np.log(self._starts + _RARE * self._may_start) + np.log(likelihood[0])
            log_likelihood = np.log(likelihood)
        length = len(likelihood)
        back = np.zeros((length, len(self._tags)), dtype=np.int64)
        for t in range(1, length):
            scores = best[:, None] + steps
            back[t] = scores.argmax(axis=0)
            best = scores.max(axis=0) + log_likelihood[t]
        path = [int((best + steps[:, 0]).argmax())]
        for t in range(length - 1, 0, -1):
            path.append(int(back[t, path[-1]]))
        path.reverse()
        out = []
        start = 0
        while start < length:
            tag = self._tags[path[start]]
            if not tag.startswith("B-"):
                start += 1
                continue
            inside = self._index[f"I-{tag[2:]}"]
            end = start + 1
            while end < length and path[end] == inside:
                end += 1
            score = states[start, path[start]]
            if end - start > 1:
                score = min(score, states[start + 1 : end, inside].min())
            if end < length:
                score = min(score, 1 - states[end, inside])
            out.append((start, end, tag[2:], float(min(1.0, max(0.0, score)))))
            start = end
        return out


def _length(island: Sequence[Candidate]) -> int:
    return max(candidate.end for candidate in island) - island[0].start


def _shape(island: Sequence[Candidate]) -> Shape:
    first = island[0].start
    return tuple((c.start - first, c.end - first, c.label, c.functions) for c in island)


def _within(island: Sequence[Candidate], spans: Sequence[Span]) -> list[Span]:
    """The gold spans that lie within an island, counted from its first character."""
    first, length = island[0].start, _length(island)
    return [
        Span(span.start - first, span.end - first, span.label)
        for span in spans
        if first <= span.start and span.end <= first + length
    ]
