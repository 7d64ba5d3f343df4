"""``README.md`` of a model directory: what it is, what it was made from, what it scores (tier 4).

The head is the metadata of Hugging Face model cards, with the scores as ``model-index``
(https://huggingface.co/docs/hub/model-cards).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from parkner.evaluation import Evaluation
from parkner.metrics import MICRO
from parkner.model_folder import ModelDescription


@dataclass(frozen=True, slots=True)
class Measured:
    """Scores on one set of articles.

    Attributes:
        name: What the articles are, in a few words.
        evaluation: The scores.
        baseline: Strict F1 of the weak labels on the same articles, by label and ``micro``.
    """

    name: str
    evaluation: Evaluation
    baseline: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Source:
    """Training data: what it is, how many documents, characters and spans."""

    name: str
    documents: int
    characters: int
    spans: int


def model_card(
    name: str,
    description: ModelDescription,
    *,
    measured: Sequence[Measured],
    sources: Sequence[Source],
    sizes: Mapping[str, int],
    recipe: Sequence[str],
    notes: Mapping[str, str],
) -> str:
    """The text of a model card.

    Args:
        name: Of the model.
        description: Its labels and window.
        measured: Scores, the set that the model was chosen on first.
        sources: What it was trained on.
        sizes: Bytes of its files by name.
        recipe: The commands that made it, in order.
        notes: Sections of prose by heading, put at the end.
    """
    parts = [
        _head(name, measured),
        f"# {name}\n",
        "Finds "
        + ", ".join(description.labels)
        + " in Chinese news about industrial parks, character by character. "
        '`parkner predict` uses it by default; it also loads in `transformers.pipeline("token-classification")`.\n',
        _table(
            ("file", "size"), [(f"`{file}`", f"{size / 1e6:.1f} MB") for file, size in sorted(sizes.items())]
        ),
        "## Scores\n\nStrict F1 (seqeval, IOB2) with 95 % bootstrap intervals over articles.\n",
        *(_scores(one) for one in measured),
        "## Data\n",
        _table(
            ("source", "documents", "characters", "spans"),
            [(s.name, f"{s.documents:,}", f"{s.characters:,}", f"{s.spans:,}") for s in sources],
        ),
        "## How it was made\n",
        "".join(f"    {line}\n" for line in recipe),
    ]
    parts += [f"## {heading}\n\n{text.strip()}\n" for heading, text in notes.items()]
    return "\n".join(parts)


def write_model_card(folder: Path, text: str) -> None:
    """Writes the card into a model directory."""
    (folder / "README.md").write_text(text, encoding="utf-8")


def _head(name: str, measured: Sequence[Measured]) -> str:
    results: list[dict[str, Any]] = []
    for one in measured:
        micro = one.evaluation.scores["strict"][MICRO]
        results.append(
            {
                "task": {"type": "token-classification", "name": "Named entity recognition"},
                "dataset": {"type": "parkner", "name": one.name},
                "metrics": [
                    {"type": metric, "name": f"strict {metric}", "value": round(getattr(micro, metric), 4)}
                    for metric in ("f1", "precision", "recall")
                ],
            }
        )
    head = {
        "language": "zh",
        "license": "mit",
        "library_name": "transformers",
        "pipeline_tag": "token-classification",
        "tags": ["named-entity-recognition", "chinese", "industrial-parks", "weak-supervision"],
        "model-index": [{"name": name, "results": results}],
    }
    return f"---\n{yaml.safe_dump(head, allow_unicode=True, sort_keys=False)}---\n"


def _scores(one: Measured) -> str:
    strict = one.evaluation.scores["strict"]
    intervals = one.evaluation.intervals.get("strict", {})
    rows = []
    for target in (*one.evaluation.labels, MICRO):
        score = strict[target]
        low, high = intervals.get(target, {}).get("f1", (float("nan"), float("nan")))
        rows.append(
            (
                target, f"{score.precision:.3f}", f"{score.recall:.3f}", f"**{score.f1:.3f}**",
                f"{low:.3f}-{high:.3f}", f"{one.baseline.get(target, float('nan')):.3f}", f"{score.support:,}",
            )
        )  # fmt: skip
    columns = ("", "precision", "recall", "F1", "interval", "weak labels' F1", "gold spans")
    return f"**{one.name}**\n\n{_table(columns, rows)}"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
