"""Compares parkner's amounts and dates with JioNLP and Recognizers-Text on tests/data/values.jsonl; measures speed.

The peers are no dependencies of the project. Install them beside it in an environment of their own, then run this:

    python -m venv peers && peers/bin/pip install . jionlp recognizers-text-suite "emoji<2"
    peers/bin/python scripts/compare_value_parsers.py

A peer that is not installed is left out and named. ``--benchmark`` times parkner instead (spans a second, one core).
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import io
import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from parkner.values import DateInterval, parse_amount, parse_date

CASES = Path(__file__).resolve().parents[1] / "tests" / "data" / "values.jsonl"
# Low and high of an amount, or first and last day; None where the parser gives no value for the whole span.
Bounds = tuple[Any, Any] | None
Parser = Callable[[dict[str, Any]], Bounds]


def expected(case: dict[str, Any]) -> Bounds:
    """The bounds of a case; None if it has to be refused."""
    value = case.get("value")
    if value is None:
        return None
    return (value["low"], value["high"]) if case["kind"] == "amount" else (value["start"], value["end"])


def reference_of(case: dict[str, Any]) -> dt.date | None:
    """The publication date of a case."""
    return dt.date.fromisoformat(case["reference"]) if "reference" in case else None


def parkner_parser(case: dict[str, Any]) -> Bounds:
    """This project."""
    try:
        if case["kind"] == "amount":
            amount = parse_amount(case["text"]).to_dict()
            return amount["low"], amount["high"]
        context = [
            DateInterval(dt.date.fromisoformat(c["start"]), dt.date.fromisoformat(c["end"]), c["grain"])
            for c in case.get("context", ())
        ]
        date = parse_date(case["text"], reference=reference_of(case), context=context).to_dict()
    except ValueError:
        return None
    return date["start"], date["end"]


def jionlp_parser() -> Parser:
    """JioNLP's parse_money and parse_time (time base: the reference at noon, or today)."""
    with contextlib.redirect_stdout(io.StringIO()):
        import jionlp

    def parse(case: dict[str, Any]) -> Bounds:
        try:
            if case["kind"] == "amount":
                found = jionlp.parse_money(case["text"])
                number, definition = found["num"], found["definition"]
                numbers = [float(n) for n in (number if isinstance(number, list) else [number])]
                low, high = numbers[0], numbers[-1]
                return (
                    (low, None)
                    if definition == "blur+"
                    else (None, high)
                    if definition == "blur-"
                    else (low, high)
                )
            base = reference_of(case) or dt.date.today()
            moment = time.mktime(dt.datetime.combine(base, dt.time(12)).timetuple())
            first, last = jionlp.parse_time(case["text"], time_base=moment)["time"]
            return first[:10], last[:10]
        except Exception:  # JioNLP fails with many types of error; all mean that it gives no value.
            return None

    return parse


def recognizers_parser() -> Parser:
    """Recognizers-Text, culture zh-cn; of several readings the last that is not after the reference."""
    from recognizers_date_time import recognize_datetime
    from recognizers_number_with_unit import recognize_currency

    def parse(case: dict[str, Any]) -> Bounds:
        text = case["text"]
        try:
            if case["kind"] == "amount":
                found = recognize_currency(text, "zh-cn")
                if len(found) != 1 or found[0].text != text.lower():
                    return None
                value = float(found[0].resolution["value"])
                return value, value
            base = reference_of(case) or dt.date.today()
            found = recognize_datetime(text, "zh-cn", reference=dt.datetime.combine(base, dt.time()))
            if len(found) != 1 or found[0].text != text.lower():
                return None
            readings = [bounds for v in found[0].resolution["values"] if (bounds := _recognized(v))]
            past = [bounds for bounds in readings if bounds[0] <= base.isoformat()]
            return (past or readings or [None])[-1]
        except Exception:  # As above.
            return None

    return parse


def _recognized(value: dict[str, str]) -> tuple[str, str] | None:
    if value["type"] == "date":
        return value["value"], value["value"]
    if value["type"] != "daterange" or "start" not in value or "end" not in value:
        return None
    last = dt.date.fromisoformat(value["end"]) - dt.timedelta(days=1)  # Its ranges leave the end out.
    return value["start"], last.isoformat()


def parsers() -> Iterator[tuple[str, Parser]]:
    """parkner and the peers that are installed."""
    yield "parkner", parkner_parser
    for name, load in (("JioNLP", jionlp_parser), ("Recognizers-Text", recognizers_parser)):
        try:
            yield name, load()
        except ImportError as error:
            print(f"{name} left out: {error}\n")


def _groups(case: dict[str, Any]) -> str:
    if "value" not in case:
        return f"{case['kind']}: to refuse"
    return f"{case['kind']}: {case['value']['qualifier' if case['kind'] == 'amount' else 'grain']}"


def compare(cases: list[dict[str, Any]], *, show: bool) -> None:
    """Prints a table: cases whose two bounds are right (refusals: cases left without value), by parser."""
    groups = sorted({_groups(case) for case in cases})
    columns: dict[str, dict[str, int]] = {}
    for name, parse in parsers():
        right = dict.fromkeys(groups, 0)
        for case in cases:
            got = parse(case)
            if got == expected(case):
                right[_groups(case)] += 1
            elif show:
                print(f"{name}: {case['text']!r} -> {got}, not {expected(case)}")
        columns[name] = right
    print("| cases | " + " | ".join(["n", *columns]) + " |")
    print("|---" * (len(columns) + 2) + "|")
    for kind in ("amount", "date"):
        for group in [g for g in groups if g.startswith(kind)]:
            n = sum(_groups(case) == group for case in cases)
            print(
                f"| {group} | {n} | " + " | ".join(str(column[group]) for column in columns.values()) + " |"
            )
        n = sum(case["kind"] == kind for case in cases)
        totals = [sum(count for g, count in c.items() if g.startswith(kind)) for c in columns.values()]
        print(f"| **{kind}s** | {n} | " + " | ".join(f"{t} ({t / n:.1%})" for t in totals) + " |")


def benchmark(cases: list[dict[str, Any]], seconds: float) -> None:
    """Prints spans a second for texts that do not repeat: every number of a case is drawn anew."""
    draw = random.Random(0)
    work: list[dict[str, Any]] = []
    for _ in range(20_000 // len(cases) + 1):
        for case in cases:
            text = "".join(
                draw.choice("123456789") if c in "123456789" and draw.random() < 0.5 else c
                for c in case["text"]
            )
            work.append({**case, "text": text})
    rounds: list[float] = []
    stop = time.perf_counter() + seconds
    while time.perf_counter() < stop or not rounds:
        for kind in ("amount", "date"):
            calls = [(c["text"], reference_of(c)) for c in work if c["kind"] == kind]
            start = time.process_time()
            for text, reference in calls:
                with contextlib.suppress(ValueError):
                    parse_amount(text) if kind == "amount" else parse_date(text, reference=reference)
            took = time.process_time() - start
            rounds.append(took)
            print(
                f"{kind}s: {len(calls) / took:,.0f} spans/s ({len(calls)} spans, {len({c[0] for c in calls})} texts)"
            )
    pairs = [sum(pair) for pair in zip(rounds[::2], rounds[1::2], strict=True)]
    print(f"all: {len(work) / min(pairs):,.0f} spans/s in the best of {len(pairs)} rounds")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=Path, default=CASES, help="JSON Lines of cases")
    parser.add_argument("--show", action="store_true", help="print every case that a parser gets wrong")
    parser.add_argument("--benchmark", action="store_true", help="time parkner instead of comparing")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long to time")
    options = parser.parse_args()
    cases = [json.loads(line) for line in options.cases.read_text(encoding="utf-8").splitlines()]
    if options.benchmark:
        benchmark(cases, options.seconds)
    else:
        compare(cases, show=options.show)


if __name__ == "__main__":
    main()
