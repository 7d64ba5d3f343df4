"""Speed of cleaning on one core, with the share of each step.

    python scripts/benchmark_cleaning.py [--pages ../shared/pages] [--texts ../shared/corpus/crawled.jsonl.gz]

Times are CPU seconds of this process, so that other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from parkner.article import article_of
from parkner.charset import declared_charset, decode
from parkner.clean import clean_text
from parkner.debris import debris_ranges
from parkner.html_reader import read_page
from parkner.inputs import iter_documents
from parkner.pages import document_of_page, extracted_text


def cleaning(pages: Path, *, rounds: int = 3) -> dict[str, Any]:
    """Cleans pages from bytes to clean text.

    Args:
        pages: Folder of HTML files.
        rounds: How often; the fastest counts.

    Returns:
        ``mb_per_second`` of the whole, and ``share`` of each step.
    """
    data = [path.read_bytes() for path in sorted(pages.glob("*.html"))]
    document_of_page(decode(data[0]).text, "warm")  # imports and tables are no part of it
    best: dict[str, Any] = {"seconds": float("inf")}
    for _ in range(rounds):
        seconds = dict.fromkeys(("decode", "read", "extractor", "choose", "other", "clean"), 0.0)

        def timed(step: str, work: Callable[[], Any], seconds: dict[str, float] = seconds) -> Any:
            begun = time.process_time()
            out = work()
            seconds[step] += time.process_time() - begun
            return out

        for content in data:
            page = timed("decode", lambda c=content: decode(c, declared=declared_charset(c)).text)
            before = sum(seconds.values())
            read = timed("read", lambda p=page: read_page(p))
            text = timed("extractor", lambda p=page, r=read: extracted_text(p, r))
            timed("choose", lambda r=read, t=text: article_of(r, t))
            known = sum(seconds.values()) - before
            begun = time.process_time()
            document = document_of_page(page, "page")
            seconds["other"] += max(0.0, time.process_time() - begun - known)
            timed("clean", lambda d=document: clean_text(d.text).on_source(d.raw))
        whole = sum(seconds.values())
        if whole < best["seconds"]:
            best = {
                "pages": len(data),
                "megabytes": sum(map(len, data)) / 1e6,
                "seconds": whole,
                "mb_per_second": sum(map(len, data)) / 1e6 / whole,
                "share": {step: value / whole for step, value in seconds.items()},
            }
    return best


def texts(path: Path) -> dict[str, Any]:
    """Speed on plain texts: reading with debris and date, and cleaning, in characters a second."""
    begun = time.process_time()
    documents = list(iter_documents([path]))
    reading = time.process_time() - begun
    begun = time.process_time()
    for document in documents:
        clean_text(document.text)
    cleaned = time.process_time() - begun
    begun = time.process_time()
    for document in documents:
        debris_ranges(document.text)
    debris = time.process_time() - begun
    characters = sum(len(document.text) for document in documents)
    return {
        "characters": characters,
        "read_characters_per_second": characters / reading,
        "clean_characters_per_second": characters / cleaned,
        "debris_characters_per_second": characters / debris,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=Path, default=Path("../shared/pages"))
    parser.add_argument("--texts", type=Path, default=Path("../shared/corpus/crawled.jsonl.gz"))
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    options = parser.parse_args()
    out: dict[str, Any] = {}
    if options.pages.is_dir():
        out["pages"] = found = cleaning(options.pages)
        print(
            f"{found['pages']} pages, {found['megabytes']:.2f} MB: {found['mb_per_second']:.2f} MB/s on one core"
        )
        for step, share in found["share"].items():
            print(f"  {step:<10}{share:6.1%}")
    if options.texts.is_file():
        out["texts"] = texts(options.texts)
        for name, value in out["texts"].items():
            print(f"{name}: {value:,.0f}")
    if options.json:
        options.json.write_text(json.dumps(out, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
