"""A further round of self-training from a finished model, in steps that are not done twice (tier 4).

narrow -> its labels of the lines that nobody has read, where the labelling functions agree or one is sure -> train on
those, in two halves -> finish on gold, twice; two runs each time, whose weights are averaged. Why: docs/training.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from parkner import building_data
from parkner.averaging import WEIGHTS, average_models
from parkner.cli import main as parkner
from parkner.corpus import read_documents
from parkner.export import typical_windows
from parkner.model_folder import read_description
from parkner.narrowing import narrow
from parkner.steps import Steps


@dataclass(frozen=True, slots=True)
class SecondRound:
    """How a further round is done.

    Attributes:
        recipe: Configuration of the training on agreed labels and of the first on gold.
        last_recipe: Configuration of the last training on gold.
        width: Units that each feed-forward layer keeps; 0 leaves the network as it is.
        least_scores: Of spans that only the model, or only the labelling functions found (see `parkner.agreement`).
        characters: How much of the unread text is trained on, the richest in names first.
        seeds: One for each run; the mean of their weights is taken.
        last_seeds: The same for the last training.
    """

    recipe: Path
    last_recipe: Path
    width: int = 768
    least_scores: tuple[float, float] = (0.6, 0.85)
    characters: int = 4_600_000
    seeds: Sequence[int] = (13, 14)
    last_seeds: Sequence[int] = (15, 16)


def second_round(
    steps: Steps,
    model: Path,
    out: Path,
    work: Path,
    options: SecondRound,
    *,
    corpus: Path,
    gold: Sequence[Path],
    written: Path,
    dev: Path,
    threads: int = 0,
) -> None:
    """Makes a better model of a model.

    Args:
        steps: What keeps account of the steps.
        model: The model directory to start from.
        out: Model directory to write.
        work: Folder of the files in between.
        options: How.
        corpus: Crawled articles.
        gold: Files of annotated documents of the corpus.
        written: Annotated articles that are not of the corpus.
        dev: Annotated documents to measure on; nothing of them is trained on.
        threads: CPU threads; 0 for torch's own choice.

    Raises:
        StepError: If a step fails.
    """
    narrowed, middle, finished = (work / name for name in ("narrowed", "agreed-again", "gold-again"))
    rest, found, weak, agreed = (
        work / f"rest{suffix}.jsonl" for suffix in ("", "-model", "-rules", "-agreed")
    )
    halves = [work / f"rest-agreed-{seed}.jsonl" for seed in options.seeds]

    def narrow_it() -> int:
        texts = list(read_documents(gold[0]))
        narrow(
            model,
            narrowed,
            width=options.width,
            windows=typical_windows(model, read_description(model), texts),
        )
        return 0

    def train(start: Path, folder: Path, recipe: Path, files: Sequence[tuple[int, Sequence[Path]]]) -> int:
        """Fine-tunes once for each seed, on files of its own and the practice articles, and takes the mean."""
        runs = []
        for seed, own in files:
            run = folder.with_name(f"{folder.name}-{seed}")
            command = ["train", "--config", str(recipe), "--dev", str(dev), "--out", str(run), "--resume"]
            for path in [*own, written]:
                command += ["--train", str(path)]
            for setting in (f"encoder.name={start}", f"seed={seed}", f"threads={threads}"):
                command += ["--set", setting]
            if code := parkner(command):
                return code
            runs.append(run / "model")
        average_models(runs, folder)
        return 0

    start = model
    if options.width:
        steps.run("narrow", [model / WEIGHTS, gold[0]], [narrowed], narrow_it, options=f"{options.width}")
        start = narrowed
    steps.run(
        "unread lines", [corpus, *gold, dev], [rest],
        lambda: building_data.unread_lines(corpus, [*gold, dev], rest),
    )  # fmt: skip
    steps.run(
        "the model's labels", [rest, model / WEIGHTS], [found],
        lambda: parkner(["predict", str(rest), "--model", str(model), "--out", str(found)]),
    )  # fmt: skip
    steps.run(
        "weak labels of unread lines", [rest], [weak],
        lambda: parkner(["label", str(rest), "--out", str(weak), "--workers", "2"]),
    )  # fmt: skip
    steps.run(
        "agreement, again", [found, weak], [agreed],
        lambda: building_data.agree(found, weak, agreed, options.least_scores), options=f"{options.least_scores}",
    )  # fmt: skip
    steps.run(
        "the richest documents", [agreed], halves,
        lambda: building_data.densest_halves(agreed, options.characters, halves), options=f"{options.characters}",
    )  # fmt: skip
    steps.run(
        "train on agreed labels", [*halves, written, options.recipe, start / WEIGHTS], [middle],
        lambda: train(start, middle, options.recipe, [(s, [half]) for s, half in zip(options.seeds, halves, strict=True)]),
    )  # fmt: skip
    steps.run(
        "finish on gold, again", [*gold, written, options.recipe, middle / WEIGHTS], [finished],
        lambda: train(middle, finished, options.recipe, [(seed, gold) for seed in options.seeds]),
    )  # fmt: skip
    steps.run(
        "finish on gold, a last time", [*gold, written, options.last_recipe, finished / WEIGHTS], [out],
        lambda: train(finished, out, options.last_recipe, [(seed, gold) for seed in options.last_seeds]),
    )  # fmt: skip
