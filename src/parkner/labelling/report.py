"""What each labelling function did: coverage, overlaps, conflicts, and with gold how right it was (tier 2).

Numbers are gathered while articles stream by; a few examples of each kind are kept. `Report.write` makes ``report.json`` and
``report.html``, one page without scripts or outside links.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from parkner.config import Config
from parkner.labelling.engine import Labelled, Labeller
from parkner.labelling.functions import DocumentFunction, LabellingFunction
from parkner.labelling.label_model import Vote
from parkner.labelling.scoring import Gold, gold_of
from parkner.runtime import write_json
from parkner.spans import Span

_EXAMPLES = 12  # kept of each conflicting pair, and of each function's errors
_CONTEXT = 18  # characters on either side of an example


@dataclass
class FunctionFigures:
    """Counts of one function for one label.

    Attributes:
        function, label: Which.
        summary: First line of the function's docstring.
        votes: Votes cast.
        articles: Articles with a vote.
        confirmed: Votes that another function cast as well, to the character and label.
        disputed: Votes that overlap another function's vote with other borders or label.
        kept: Votes that are spans of the output.
        reliability: What the label model makes of the function; None for majority vote.
        scored, right: With gold: votes on articles that have gold, and those that are gold spans.
        gold: With gold: gold spans of the label.
        only: With gold: gold spans that no other function voted for.
    """

    function: str
    label: str
    summary: str = ""
    votes: int = 0
    articles: int = 0
    confirmed: int = 0
    disputed: int = 0
    kept: int = 0
    reliability: float | None = None
    scored: int = 0
    right: int = 0
    gold: int = 0
    only: int = 0

    @property
    def precision(self) -> float | None:
        """Share of its votes that are gold spans; None without gold."""
        return self.right / self.scored if self.scored else None

    @property
    def recall(self) -> float | None:
        """Share of the label's gold spans that it voted for; None without gold."""
        return self.right / self.gold if self.gold else None


@dataclass(frozen=True, slots=True)
class Example:
    """A stretch of an article: what stands before, the stretch, what stands behind, and what it is an example of."""

    document: str
    start: int
    before: str
    text: str
    after: str
    note: str


@dataclass
class _Label:
    found: int = 0
    right: int = 0
    gold: int = 0
    sure: int = 0
    sure_right: int = 0
    scores: Counter[int] = field(default_factory=Counter)


class Report:
    """Gathers the figures of a run."""

    def __init__(self, config: Config, gold: Gold | None = None) -> None:
        """Starts with nothing seen.

        Args:
            config: The recipe of the run.
            gold: Gold spans by text, to score with.
        """
        labeller = Labeller.from_config(config)
        self.model = labeller.model.name
        self.gold = gold
        self.articles = self.characters = self.with_gold = self.covered = 0
        self.labels: dict[str, _Label] = {label: _Label() for label in config.labels}
        self.figures: dict[tuple[str, str], FunctionFigures] = {}
        reliability = labeller.model.reliability()
        every: list[LabellingFunction | DocumentFunction] = [
            *labeller.functions,
            *labeller.document_functions,
        ]
        for function in every:
            for label in function.labels:
                if label in self.labels:
                    self.figures[function.name, label] = FunctionFigures(
                        function.name, label, function.summary, reliability=reliability.get(function.name)
                    )
        self.overlaps: Counter[tuple[str, str]] = Counter()
        self.conflicts: Counter[tuple[str, str]] = Counter()
        self.conflict_examples: dict[tuple[str, str], list[Example]] = defaultdict(list)
        self.error_examples: dict[tuple[str, str], list[Example]] = defaultdict(list)
        self.missed_examples: dict[str, list[Example]] = defaultdict(list)

    def add(self, item: Labelled) -> None:
        """Counts one article."""
        self.articles += 1
        self.characters += len(item.document.text)
        votes = item.votes
        exact: dict[tuple[int, int, str], list[str]] = defaultdict(list)
        for vote in votes:
            exact[vote.start, vote.end, vote.label].append(vote.function)
        kept = {(*item.clean.to_clean(s.start, s.end), s.label) for s in item.document.spans}
        self.covered += sum(s.end - s.start for s in item.document.spans)
        disputed = self._conflicts(item, votes)
        for vote in votes:
            figures = self._of(vote)
            figures.votes += 1
            figures.confirmed += len(exact[vote.start, vote.end, vote.label]) > 1
            figures.disputed += vote in disputed
            figures.kept += (vote.start, vote.end, vote.label) in kept
        for key in {(vote.function, vote.label) for vote in votes}:
            self.figures[key].articles += 1
        for names in exact.values():
            for i, left in enumerate(sorted(names)):
                for right in sorted(names)[i + 1 :]:
                    self.overlaps[left, right] += 1
        for span in item.document.spans:
            score = span.score or 0.0
            figures_of_label = self.labels[span.label]
            figures_of_label.found += 1
            figures_of_label.scores[min(9, int(score * 10))] += 1
        truth = gold_of(self.gold, item.document.text) if self.gold is not None else None
        if truth is not None:
            self._score(item, exact, truth)

    def _of(self, vote: Vote) -> FunctionFigures:
        return self.figures.setdefault(
            (vote.function, vote.label), FunctionFigures(vote.function, vote.label)
        )

    def _conflicts(self, item: Labelled, votes: Sequence[Vote]) -> set[Vote]:
        disputed: set[Vote] = set()
        ordered = sorted(votes)
        for i, left in enumerate(ordered):
            for right in ordered[i + 1 :]:
                if right.start >= left.end:
                    break
                same = (left.start, left.end, left.label) == (right.start, right.end, right.label)
                if same or left.function == right.function:
                    continue
                disputed |= {left, right}
                first, second = sorted((left, right), key=lambda vote: vote.function)
                pair = (first.function, second.function)
                self.conflicts[pair] += 1
                if len(self.conflict_examples[pair]) < _EXAMPLES:
                    text = item.clean.text
                    note = (
                        f"{first.function}: {text[first.start : first.end]} ({first.label}) · "
                        f"{second.function}: {text[second.start : second.end]} ({second.label})"
                    )
                    self.conflict_examples[pair].append(
                        self._example(item, min(left.start, right.start), max(left.end, right.end), note)
                    )
        return disputed

    def _score(
        self, item: Labelled, exact: dict[tuple[int, int, str], list[str]], truth: Sequence[Span]
    ) -> None:
        self.with_gold += 1
        right = {(s.start, s.end, s.label) for s in item.clean.spans_to_clean(list(truth))}
        for key, names in exact.items():
            for name in names:
                figures = self.figures[name, key[2]]
                figures.scored += 1
                figures.right += key in right
                if key in right and len(names) == 1:
                    figures.only += 1
                examples = self.error_examples[name, key[2]]
                if key not in right and len(examples) < _EXAMPLES:
                    examples.append(self._example(item, key[0], key[1], self._note(item, key, right)))
        for _, _, label in right:
            if label in self.labels:
                self.labels[label].gold += 1
            for (_, voted), figures in self.figures.items():
                figures.gold += voted == label
        for start, end, label in right - set(exact):
            if len(self.missed_examples[label]) < _EXAMPLES:
                self.missed_examples[label].append(
                    self._example(item, start, end, "no function votes for it")
                )
        for span in item.document.spans:
            hit = (*item.clean.to_clean(span.start, span.end), span.label) in right
            label_figures = self.labels[span.label]
            label_figures.right += hit
            if (span.score or 0.0) >= 0.9:
                label_figures.sure += 1
                label_figures.sure_right += hit

    @staticmethod
    def _note(item: Labelled, key: tuple[int, int, str], right: set[tuple[int, int, str]]) -> str:
        near = [k for k in sorted(right) if k[0] < key[1] and key[0] < k[1]]
        if not near:
            return "gold marks nothing here"
        return "gold: " + ", ".join(f"{item.clean.text[a:b]} ({label})" for a, b, label in near)

    @staticmethod
    def _example(item: Labelled, start: int, end: int, note: str) -> Example:
        text = item.clean.text
        return Example(
            item.document.id,
            item.clean.to_original(start, end)[0],
            text[max(0, start - _CONTEXT) : start].replace("\n", " "),
            text[start:end],
            text[end : end + _CONTEXT].replace("\n", " "),
            note,
        )

    def as_dict(self) -> dict[str, Any]:
        """Everything, JSON-ready."""
        functions = []
        for figures in sorted(self.figures.values(), key=lambda f: (f.label, -f.votes, f.function)):
            functions.append({**asdict(figures), "precision": figures.precision, "recall": figures.recall})
        return {
            "label_model": self.model,
            "articles": self.articles,
            "articles_with_gold": self.with_gold,
            "characters": self.characters,
            "characters_in_spans": self.covered,
            "labels": {label: self._label_dict(figures) for label, figures in self.labels.items()},
            "functions": functions,
            "agreements": [{"functions": list(pair), "votes": n} for pair, n in self.overlaps.most_common()],
            "conflicts": [
                {
                    "functions": list(pair),
                    "votes": n,
                    "examples": [asdict(example) for example in self.conflict_examples[pair]],
                }
                for pair, n in self.conflicts.most_common()
            ],
            "errors": {
                f"{name} {label}": [asdict(example) for example in examples]
                for (name, label), examples in sorted(self.error_examples.items())
                if examples
            },
            "missed": {
                label: [asdict(example) for example in examples]
                for label, examples in sorted(self.missed_examples.items())
            },
        }

    @staticmethod
    def _label_dict(figures: _Label) -> dict[str, Any]:
        scored = figures.gold > 0
        precision = figures.right / figures.found if figures.found else 0.0
        recall = figures.right / figures.gold if scored else 0.0
        return {
            "spans": figures.found,
            "scores": [figures.scores[i] for i in range(10)],
            "gold": figures.gold if scored else None,
            "precision": precision if scored else None,
            "recall": recall if scored else None,
            "f1": (2 * figures.right / (figures.found + figures.gold)) if scored else None,
            "sure": figures.sure,
            "sure_precision": figures.sure_right / figures.sure if figures.sure else None,
        }

    def write(self, folder: Path) -> None:
        """Writes ``report.json`` and ``report.html`` into a folder, which is made."""
        from parkner.labelling.report_page import render

        folder.mkdir(parents=True, exist_ok=True)
        found = self.as_dict()
        write_json(folder / "report.json", found)
        partial = folder / "report.html.partial"
        partial.write_text(render(found), encoding="utf-8")
        partial.replace(folder / "report.html")
