"""Compares extractors of article text on pages with stand-off gold.

    python scripts/compare_extractors.py --pages ../shared/pages --gold tests/data/pages_gold.jsonl [--json FILE]

Gives recall, precision and F1 by characters (white space left out), micro-averaged, and the speed of each on one core.
Peers that are not installed are left out (`pip install resiliparse lxml_html_clean`; trafilatura brings justext along).
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import html
import json
import re
import time
from collections.abc import Callable
from pathlib import Path

from parkner.charset import declared_charset, decode
from parkner.pages import document_of_page


def characters(text: str) -> str:
    """Text without white space."""
    return "".join(text.split())


def gold_text(page: str, lines: list[list[object]]) -> str:
    """The article's characters from stand-off lines ``[start, end, characters, sha256]`` on the decoded page.

    Raises:
        ValueError: If a line does not have the hash it should have.
    """
    out = []
    for start, end, _, digest in lines:
        key = characters(html.unescape(re.sub(r"<!--.*?-->|<[^>]*>", "", page[start:end], flags=re.DOTALL)))
        if hashlib.sha256(key.encode()).hexdigest() != digest:
            raise ValueError(f"gold line at {start} does not fit the page")
        out.append(key)
    return "".join(out)


def common(left: str, right: str) -> int:
    """Characters in the matching blocks of two texts."""
    return sum(
        block.size
        for block in difflib.SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
    )


def extractors() -> dict[str, Callable[[str], str]]:
    """Name -> page in, article text out."""
    found: dict[str, Callable[[str], str]] = {
        "parkner": lambda page: document_of_page(page, "page").text,
    }
    import trafilatura

    found["trafilatura"] = lambda page: trafilatura.extract(page, include_comments=False) or ""
    found["trafilatura (fast, recall)"] = lambda page: (
        trafilatura.extract(page, include_comments=False, fast=True, favor_recall=True) or ""
    )
    try:
        import justext

        # Chinese has no blanks, hence no stop words to count: thresholds 0, as the stop list is empty.
        found["justext"] = lambda page: "\n".join(
            p.text
            for p in justext.justext(
                page, frozenset(), stopwords_low=0, stopwords_high=0, length_low=20, length_high=60
            )
            if not p.is_boilerplate
        )
    except ImportError:
        pass
    try:
        from resiliparse.extract.html2text import extract_plain_text

        found["resiliparse"] = lambda page: extract_plain_text(page, main_content=True, alt_texts=False)
    except ImportError:
        pass
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=Path, default=Path("../shared/pages"))
    parser.add_argument("--gold", type=Path, default=Path("tests/data/pages_gold.jsonl"))
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    parser.add_argument("--worst", action="store_true", help="name the worst page of each extractor")
    options = parser.parse_args()
    pages = []
    for line in options.gold.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        data = (options.pages / record["page"]).read_bytes()
        page = decode(data, declared=declared_charset(data)).text
        pages.append((record["page"], page, gold_text(page, record["lines"]), len(data)))
    rows = []
    for name, extract in extractors().items():
        extract(pages[0][1])  # imports and tables are no part of the speed
        begun = time.process_time()
        texts = [characters(extract(page)) for _, page, _, _ in pages]
        seconds = time.process_time() - begun
        hits = [common(text, gold) for text, (_, _, gold, _) in zip(texts, pages, strict=True)]
        recall = sum(hits) / sum(len(gold) for _, _, gold, _ in pages)
        precision = sum(hits) / max(1, sum(map(len, texts)))
        speed = sum(size for *_, size in pages) / seconds / 1e6
        f1 = 2 * recall * precision / max(recall + precision, 1e-9)
        rows.append(
            {"extractor": name, "recall": recall, "precision": precision, "f1": f1, "mb_per_second": speed}
        )
        if options.worst:
            ranked = sorted(
                (2 * hit / max(1, len(text) + len(page[2])), page[0])
                for hit, text, page in zip(hits, texts, pages, strict=True)
            )
            print(name, [(page, round(score, 3)) for score, page in ranked[:5]])
    print(f"{len(pages)} pages, {sum(len(gold) for _, _, gold, _ in pages)} characters of article text\n")
    print("| extractor | recall | precision | F1 | MB/s |\n|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row['extractor']} | {row['recall']:.4f} | {row['precision']:.4f} | {row['f1']:.4f} | {row['mb_per_second']:.2f} |"
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
