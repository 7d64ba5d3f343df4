"""Compares the label models on gold: each estimated from votes alone, and counted on gold of other articles.

python scripts/compare_label_models.py GOLD --fit-split train --test-split dev [--unlabelled CORPUS] [--markdown FILE]
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from parkner.config import load_config
from parkner.inputs import iter_documents
from parkner.labelling.engine import Labeller
from parkner.labelling.fitting import cross_calibration
from parkner.labelling.label_model import MODELS, LabelModel, Vote, make_label_model
from parkner.labelling.label_model.calibration import Calibration
from parkner.labelling.scoring import Gold, gold_of, read_gold
from parkner.runtime import project_path
from parkner.spans import Span

Articles = tuple[list[Sequence[Vote]], list[Sequence[Span]]]


def articles_of(labeller: Labeller, gold_file: Path, gold: Gold) -> Articles:
    """Votes and gold spans (clean text) of the articles that have gold."""
    votes: list[Sequence[Vote]] = []
    truth: list[Sequence[Span]] = []
    for document in iter_documents([gold_file]):
        spans = gold_of(gold, document.text)
        if spans is not None:
            labelled = labeller.label(document)
            votes.append(labelled.votes)
            truth.append(labelled.clean.spans_to_clean(list(spans)))
    return votes, truth


def scores_of(model: LabelModel, table: Calibration, test: Articles, minimum: float) -> list[str]:
    """F1 of every label, micro F1, and precision of what has confidence 0.9 and more."""
    right: Counter[str] = Counter()
    found: Counter[str] = Counter()
    known: Counter[str] = Counter()
    sure: Counter[bool] = Counter()
    for votes, truth in zip(*test, strict=True):
        exact = {(s.start, s.end, s.label) for s in truth}
        known.update(s.label for s in truth)
        for span in model.spans(votes):
            score = table.score(span)
            if score < minimum:
                continue
            hit = (span.start, span.end, span.label) in exact
            found[span.label] += 1
            right[span.label] += hit
            if score >= 0.9:
                sure[hit] += 1
    cells = [
        f"{2 * right[label] / max(1, found[label] + known[label]):.3f}"
        for label in ("ORG", "PARK", "INDUSTRY", "AMOUNT", "DATE")
    ]
    cells.append(f"{2 * right.total() / max(1, found.total() + known.total()):.4f}")
    cells.append(f"{sure[True] / max(1, sure.total()):.3f} ({sure.total() / max(1, found.total()):.0%})")
    return cells


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("gold", type=Path)
    parser.add_argument("--fit-split", default="train")
    parser.add_argument("--test-split", default="dev")
    parser.add_argument(
        "--unlabelled", nargs="*", default=[], help="further articles to estimate on without gold"
    )
    parser.add_argument("--config", type=Path, default=project_path("configs/default.yaml"))
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()

    config = load_config(options.config)
    labeller = Labeller.from_config(config, fitted=False)
    fit = articles_of(labeller, options.gold, read_gold(options.gold, split=options.fit_split))
    test = articles_of(labeller, options.gold, read_gold(options.gold, split=options.test_split))
    more = (
        [labeller.label(document).votes for document in iter_documents(options.unlabelled)]
        if options.unlabelled
        else []
    )
    lines = [
        "| label model | reliability from | calibrated | ORG | PARK | INDUSTRY | AMOUNT | DATE | micro F1 | precision at >= 0.9 (share) |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name in MODELS:
        for source in ("votes", "gold") if name != "majority" else ("-",):
            model = make_label_model(name)
            model.fit([*fit[0], *more]) if source != "gold" else model.fit(*fit)
            for calibrated in (False, True):
                table = (
                    cross_calibration(name, *fit, supervised=source == "gold")
                    if calibrated
                    else Calibration()
                )
                cells = scores_of(model, table, test, config.labelling.minimum_score)
                lines.append(
                    f"| {name} | {source} | {'yes' if calibrated else 'no'} | " + " | ".join(cells) + " |"
                )
                print(lines[-1], flush=True)
    if options.markdown:
        options.markdown.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
