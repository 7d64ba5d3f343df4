"""Mines names of fields from crawled articles: what stands in lists that end in 等产业, or before 产业 and 行业.

    python scripts/mine_lexicon.py CORPUS... --out mined.txt

An entry is kept if it was found so in at least ``--least`` articles and no other lexicon has it. The outcome is to be read
through: about half of it is no field.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from parkner.clean import clean_text
from parkner.inputs import iter_documents
from parkner.labelling.functions import Article
from parkner.labelling.industry import industry_unknown_with_suffix
from parkner.labelling.industry_lists import field_lists, looks_like_field
from parkner.labelling.industry_phrases import is_field_material
from parkner.labelling.lexicon import Lexicons
from parkner.labelling.words import words_of

_SUFFIX = re.compile("(?:产业|行业|工业|业)$")
_HEAD = """# Names of fields mined from the crawled corpus with scripts/mine_lexicon.py: items of lists that end in 等产业, 等行业,
# 等领域, and nouns before 产业 and 行业, in at least {least} articles each ({articles} articles read). They need a context, as products do.
"""


def found_in(article: Article) -> Iterator[str]:
    """Field names of one article that its lists and suffixes show."""
    for found in field_lists(article):
        if found.head == 3 or (found.head == 2 and sum(found.known) * 2 >= len(found.known)):
            for (start, end), known in zip(found.items, found.known, strict=True):
                item = article.text[start:end]
                if not known and looks_like_field(item) and _is_material(article, start, end):
                    yield item
    for hit in industry_unknown_with_suffix(article):
        if _is_material(article, hit[0], hit[1] - 2):
            yield article.text[hit[0] : hit[1]]


def _is_material(article: Article, start: int, end: int) -> bool:
    """Whether a stretch is whole words, all of them such as names of fields are made of."""
    words = words_of(article)
    if start not in words.boundaries or end not in words.boundaries:
        return False
    inside = range(words.containing(start), words.starting_from(end))
    return all(is_field_material(words.words[i], words.tags[i]) for i in inside)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", nargs="+", help="articles: JSON Lines, folders, ...")
    parser.add_argument("--lexicons", type=Path, default=Path("configs/lexicons"))
    parser.add_argument("--least", type=int, default=3, help="articles an entry must be found in")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()

    lexicons = Lexicons(options.lexicons)
    others = [name for name in lexicons if name != "industry_mined"]
    taken = {entry for name in others for entry in lexicons[name]}
    counts: Counter[str] = Counter()
    articles = 0
    for document in iter_documents(options.corpus):
        articles += 1
        article = Article(clean_text(document.text).text, lexicons, document.id)
        names = {_SUFFIX.sub("", name) for name in found_in(article)}
        counts.update(name for name in names if re.fullmatch(r"[\u4e00-\u9fff]{2,8}", name))
    kept = sorted(name for name, count in counts.items() if count >= options.least and name not in taken)
    head = _HEAD.format(least=options.least, articles=articles)
    options.out.write_text(head + "\n".join(kept) + "\n", encoding="utf-8")
    print(f"{len(kept)} entries; {options.out}")


if __name__ == "__main__":
    main()
