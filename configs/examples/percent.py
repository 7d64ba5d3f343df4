"""An example of a label of one's own: PERCENT, shares and growth rates (docs/labelling.md walks through it)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from parkner.labelling.functions import Article, Found, labelling_function


@labelling_function("PERCENT")
def percent_sign(article: Article) -> Iterator[Found]:
    """Numbers before a percent sign: 17.8%, 8%-10%. Misses 百分之三 and 个百分点."""
    for match in re.finditer(r"-?\d+(?:\.\d+)?%?(?:[-~—至]\d+(?:\.\d+)?)?%", article.text):
        yield match.span()


@labelling_function("PERCENT")
def percent_in_words(article: Article) -> Iterator[Found]:
    """Percentages in words: 百分之三, 百分之九十五. Misses 三成, which is a fraction."""
    for match in re.finditer("百分之[零一二三四五六七八九十百点]+", article.text):
        yield match.span()
