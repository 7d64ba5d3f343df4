"""Puts `parkner predict` through a long, bad night and says for each case whether anything was lost or doubled.

    python scripts/soak.py --model DIR                              # 50,000 articles, 1 % bad, killed ten times
    python scripts/soak.py --model DIR --articles 3000 --kills 4    # a short one

Cases: kill -9 at random with --resume; a full disk (a small tmpfs, where mounting is allowed); every file of the model
missing or truncated; two jobs on one output; SIGTERM. Exit code 1 where a case fails.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BAD = ("{not json", '{"id": "no text"}', '{"text": "\\ud800"}', '{"text": 3}')


def main() -> int:
    """Runs every case and prints a table."""
    options = arguments()
    random.seed(options.seed)
    results: list[tuple[str, str]] = []
    with tempfile.TemporaryDirectory(prefix="parkner-soak-", dir=options.scratch) as name:
        scratch = Path(name)
        articles = scratch / "articles.jsonl"
        expected, bad = write_articles(articles, texts_of(options), options.articles)
        for case, check in (
            ("killed at random", lambda: killed(options, articles, scratch, expected, bad)),
            ("SIGTERM", lambda: terminated(options, articles, scratch, expected, bad)),
            ("full disk", lambda: full_disk(options, articles, scratch)),
            ("damaged model", lambda: damaged_models(options, articles, scratch)),
            ("two jobs, one output", lambda: two_jobs(options, articles, scratch)),
        ):
            started = time.monotonic()
            try:
                said = check()
            except AssertionError as error:
                said = f"FAILED: {error}"
            results.append((case, f"{said} ({time.monotonic() - started:.0f} s)"))
            print(f"{case}: {results[-1][1]}", flush=True)
    print("\n| case | result |\n|---|---|\n" + "\n".join(f"| {case} | {said} |" for case, said in results))
    return int(any("FAILED" in said for _, said in results))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    corpus = ROOT.parent / "shared" / "corpus" / "crawled.jsonl.gz"
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument(
        "--input", type=Path, default=corpus if corpus.is_file() else ROOT / "annotations/seeds.jsonl"
    )
    parser.add_argument("--articles", type=int, default=50_000, help="of the input, repeated")
    parser.add_argument("--characters", type=int, default=0, help="cut articles to this; 0: whole")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--scratch", type=Path, help="folder for the outputs")
    return parser.parse_args()


def texts_of(options: argparse.Namespace) -> list[str]:
    """Texts of the input, a JSON Lines file, plain or packed."""
    path: Path = options.input
    with (
        gzip.open(path, "rt", encoding="utf-8")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8") as file
    ):
        return [json.loads(line)["text"][: options.characters or None] for line in file]


def write_articles(path: Path, texts: list[str], count: int) -> tuple[list[str], int]:
    """Writes articles with 1 % bad records; returns the ids of the good ones and the number of bad ones."""
    expected, bad = [], 0
    with path.open("w", encoding="utf-8") as file:
        for number, text in zip(range(count), cycle(texts), strict=False):
            if random.random() < 0.01:
                file.write(random.choice(BAD) + "\n")
                bad += 1
            else:
                expected.append(f"a{number}")
                file.write(json.dumps({"id": f"a{number}", "text": text}, ensure_ascii=False) + "\n")
    return expected, bad


def command(
    options: argparse.Namespace, articles: Path, out: Path, *more: str, model: Path | None = None
) -> list[str]:
    """A predict command."""
    base = [sys.executable, "-m", "parkner", "predict", str(articles), "--out", str(out)]
    return [
        *base,
        "--model",
        str(model or options.model),
        "--backend",
        "onnx",
        "--workers",
        str(options.workers),
        *more,
    ]


def start(arguments: list[str]) -> subprocess.Popen[str]:
    """Starts a command in a process group of its own."""
    return subprocess.Popen(
        arguments,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )


def parts_of(out: Path) -> set[str]:
    """Parts that are done."""
    return {path.name for path in out.with_name(out.name + ".parts").glob("part-*.json")}


def wait_for_part(job: subprocess.Popen[str], out: Path, before: set[str]) -> bool:
    """Waits until another part is done; False where the job ended first."""
    while job.poll() is None:
        if parts_of(out) - before:
            return True
        time.sleep(0.05)
    return False


def check_output(out: Path, expected: list[str], bad: int) -> str:
    """Nothing lost, nothing double, in order; every bad record named."""
    found = [json.loads(line)["id"] for line in out.open(encoding="utf-8")]
    errors = [json.loads(line)["line"] for line in out.with_name(out.name + ".errors.jsonl").open()]
    assert len(found) == len(set(found)), f"{len(found) - len(set(found))} articles are double"
    assert found == expected, f"{len(set(expected) - set(found))} articles are lost"
    assert len(errors) == len(set(errors)) == bad, f"{len(errors)} errors for {bad} bad records"
    leftover = [
        p.name
        for p in out.parent.glob(out.name + ".*")
        if not p.name.endswith((".errors.jsonl", ".job.json"))
    ]
    assert not leftover, f"left behind: {leftover}"
    return f"{len(found)} articles and {bad} errors, nothing lost, nothing double"


def killed(options: argparse.Namespace, articles: Path, scratch: Path, expected: list[str], bad: int) -> str:
    """kill -9 of the main process alone: its workers must see to themselves."""
    out = scratch / "killed.jsonl"
    kills = 0
    while True:
        before = parts_of(out)
        job = start(command(options, articles, out, "--resume"))
        if kills < options.kills and wait_for_part(job, out, before):
            time.sleep(random.uniform(0, 3))
            job.kill()
            kills += 1
        _, said = job.communicate()
        if job.returncode >= 0:
            break
        deadline = time.monotonic() + 10
        while group_alive(job.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not group_alive(job.pid), "worker processes outlive the main process"
    assert job.returncode == 1, f"exit code {job.returncode}: {said[-300:]}"
    return f"killed {kills} times: " + check_output(out, expected, bad)


def group_alive(group: int) -> bool:
    """Whether a process of the group is there and no zombie."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, member = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(member) == group and state != "Z":
            return True
    return False


def terminated(
    options: argparse.Namespace, articles: Path, scratch: Path, expected: list[str], bad: int
) -> str:
    """SIGTERM in the middle, then --resume."""
    out = scratch / "terminated.jsonl"
    job = start(command(options, articles, out))
    assert wait_for_part(job, out, set()), "ended before it could be stopped: more articles are needed"
    asked = time.monotonic()
    job.send_signal(signal.SIGTERM)
    _, said = job.communicate()
    seconds = time.monotonic() - asked
    assert job.returncode == 143, f"exit code {job.returncode}"
    assert "--resume" in said, "does not say how to go on"
    done = start(command(options, articles, out, "--resume"))
    done.communicate()
    return f"ended after {seconds:.1f} s; resumed: " + check_output(out, expected, bad)


def full_disk(options: argparse.Namespace, articles: Path, scratch: Path) -> str:
    """An output on a disk that is too small; then on one that has grown."""
    disk = scratch / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True
    ).returncode:
        return "not run: mounting a tmpfs is not allowed here (tests/test_batch.py has the same case without a mount)"
    try:
        small = scratch / "small.jsonl"
        with articles.open(encoding="utf-8") as source:
            lines = [line for _, line in zip(range(1500), source, strict=False)]
        small.write_text("".join(lines), encoding="utf-8")
        job = start(command(options, small, disk / "out.jsonl"))
        _, said = job.communicate()
        last = said.strip().splitlines()[-1]
        assert job.returncode == 1, f"exit code {job.returncode}: {last}"
        assert "No space left on device" in last, f"does not say why: {last}"
        assert "Traceback" not in said, "shows a traceback"
        subprocess.run(["mount", "-o", "remount,size=500m", str(disk)], check=True)
        again = start(command(options, small, disk / "out.jsonl", "--resume"))
        again.communicate()
        found = (disk / "out.jsonl").read_text(encoding="utf-8").count("\n")
        errors = (disk / "out.jsonl.errors.jsonl").read_text().count("\n")
        assert found + errors == len(lines), f"{found} + {errors} of {len(lines)} records after it had grown"
        return f"named, exit code 1; after it had grown --resume wrote {found} articles and {errors} errors"
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def damaged_models(options: argparse.Namespace, articles: Path, scratch: Path) -> str:
    """Each file of the model missing, then cut in half: refused by name before any work."""
    files = sorted(path.name for path in options.model.iterdir() if path.is_file())
    for file, harm in ((file, harm) for file in files for harm in ("missing", "truncated")):
        model = scratch / "damaged"
        shutil.rmtree(model, ignore_errors=True)
        shutil.copytree(options.model, model)
        if harm == "missing":
            (model / file).unlink()
        else:
            os.truncate(model / file, (model / file).stat().st_size // 2)
        job = start(command(options, articles, scratch / "x.jsonl", model=model))
        _, said = job.communicate()
        named = job.returncode == 2 and file in said
        assert named, f"{file} {harm}: exit code {job.returncode}, {said[-200:]!r}"
        assert not (scratch / "x.jsonl.parts").exists(), "began to work"
    return f"{2 * len(files)} damaged folders refused by the name of the file, exit code 2"


def two_jobs(options: argparse.Namespace, articles: Path, scratch: Path) -> str:
    """A second job on an output that is being written."""
    out = scratch / "both.jsonl"
    first = start(command(options, articles, out))
    try:
        for _ in started_writing(first, out):
            pass
        second = start(command(options, articles, out))
        _, said = second.communicate()
        refused = second.returncode == 2 and "another job" in said
        assert refused, f"exit code {second.returncode}: {said[-200:]}"
        assert first.poll() is None, "the first job ended: more articles are needed"
    finally:
        first.kill()
        first.communicate()
    return "the second is refused, exit code 2; the first goes on"


def started_writing(job: subprocess.Popen[str], out: Path) -> Iterator[None]:
    """Waits for the folder of parts."""
    while job.poll() is None and not out.with_name(out.name + ".parts").exists():
        time.sleep(0.05)
        yield


if __name__ == "__main__":
    sys.exit(main())
