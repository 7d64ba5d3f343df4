"""What to annotate next: articles that the model is unsure of and that differ from one another (tier 4).

An article's uncertainty is the number of its spans that are expected to be wrong, by their scores, for each 1,000
characters to be read. Articles are then taken one by one, each time the one with the best sum of its rank by
uncertainty and its distance to what was taken before (maximal marginal relevance, Carbonell and Goldstein 1998,
https://doi.org/10.1145/290941.291025). Likeness is the cosine of tf-idf weighted character n-grams.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from parkner.runtime import sha256_of_text
from parkner.spans import Document

Vectors = npt.NDArray[np.float32]

# Characters' worth of work that any article takes to open, so that a line with one doubtful span does not come first.
OVERHEAD = 200
# Buckets that n-grams are hashed into; the candidates' vectors then take 16 KiB each.
BUCKETS = 4096
# Candidates kept for each article asked for, and the least and the most of them: greedy choice among the most
# uncertain ones only, so that memory does not grow with the input.
POOL_FACTOR, POOL_LEAST, POOL_MOST = 10, 500, 20_000


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An article to annotate.

    Attributes:
        document: The article with the model's spans.
        uncertainty: Spans expected to be wrong for each 1,000 characters.
        likeness: Cosine, in [0, 1], to the most alike article that was suggested before it or is labelled.
    """

    document: Document
    uncertainty: float
    likeness: float


def uncertainty(document: Document) -> float:
    """Spans of a tagged document that are expected to be wrong for each 1,000 characters; a missing score counts as 1.

    A span with score s is wrong with probability 1 - s where scores are calibrated.
    """
    wrong = sum(1.0 - span.score for span in document.spans if span.score is not None)
    return 1000.0 * wrong / (len(document.text) + OVERHEAD)


def ngram_counts(text: str) -> npt.NDArray[np.float32]:
    """Counts of the text's hashed character 2- and 3-grams, *shape* (BUCKETS,)."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    counts = np.zeros(BUCKETS, dtype=np.float32)
    for size in (2, 3):
        if len(codes) < size:
            continue
        # Polynomial hash; multiplication by an odd constant and the upper bits spread neighbouring code points
        # (Knuth, The Art of Computer Programming 3, section 6.4: Fibonacci hashing).
        keys = np.zeros(len(codes) - size + 1, dtype=np.uint64)
        for place in range(size):
            keys = keys * np.uint64(0x110000 + 1) + codes[place : len(codes) - size + 1 + place]
        buckets = (keys * np.uint64(11400714819323198485)) >> np.uint64(64 - BUCKETS.bit_length() + 1)
        counts += np.bincount(buckets.astype(np.int64), minlength=BUCKETS)
    return counts


def text_vectors(texts: Sequence[str], *, known: Sequence[str] = ()) -> tuple[Vectors, Vectors]:
    """Unit vectors of texts: tf-idf of character n-grams, tf damped by the logarithm.

    Args:
        texts: Texts to compare.
        known: Further texts to compare them with.

    Returns:
        Vectors of both, *shape* (texts, BUCKETS) and (known, BUCKETS); a text too short for n-grams has zeros.
    """
    counts = np.zeros((len(texts) + len(known), BUCKETS), dtype=np.float32)
    for row, text in enumerate([*texts, *known]):
        counts[row] = ngram_counts(text)
    idf = np.log((1 + len(counts)) / (1 + np.count_nonzero(counts, axis=0))) + 1
    vectors = np.log1p(counts, out=counts)
    vectors *= idf.astype(np.float32)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.where(norms > 0, norms, 1)
    return vectors[: len(texts)], vectors[len(texts) :]


def unlabelled(documents: Iterable[Document], labelled: Iterable[str]) -> Iterator[Document]:
    """Leaves out documents whose text is labelled, came before, or is empty.

    Args:
        documents: Any documents.
        labelled: SHA-256 of the texts that have gold labels.
    """
    seen = set(labelled)
    for document in documents:
        digest = sha256_of_text(document.text)
        if digest not in seen and document.text.strip():
            seen.add(digest)
            yield document


def suggest(
    tagged: Iterable[Document], count: int, *, diversity: float = 0.3, labelled: Sequence[str] = ()
) -> list[Suggestion]:
    """Ranks tagged documents by what annotating them would teach the model.

    Args:
        tagged: Documents with the model's spans and their scores; read once, some of them are kept.
        count: How many to suggest.
        diversity: Weight of being unlike what was taken before, in [0, 1]; 0 ranks by uncertainty alone.
        labelled: Texts that have gold labels; what is like them comes later.

    Returns:
        At most ``count`` suggestions, the best first. The same for any order of the documents.

    Raises:
        ValueError: If ``count`` or ``diversity`` is out of range.
    """
    if count < 1 or not 0 <= diversity <= 1:
        raise ValueError(f"needs count >= 1 and 0 <= diversity <= 1, not {count}, {diversity}")
    size = min(max(POOL_FACTOR * count, POOL_LEAST), max(POOL_MOST, count))
    # Ties are broken by id and text, so that the order of the input does not matter.
    pool = heapq.nsmallest(size, tagged, key=lambda d: (-uncertainty(d), d.id, d.text))
    if not pool:
        return []
    values = np.array([uncertainty(document) for document in pool])
    # Ranks in [0, 1]: uncertainties are skewed, and one outlier must not make all others look alike.
    levels, inverse = np.unique(values, return_inverse=True)
    ranks = inverse / max(1, len(levels) - 1)
    vectors, known = text_vectors([document.text for document in pool], known=labelled)
    likeness = (vectors @ known.T).max(axis=1) if len(known) else np.zeros(len(pool), dtype=np.float32)
    left = np.ones(len(pool), dtype=np.bool_)
    chosen: list[Suggestion] = []
    while len(chosen) < min(count, len(pool)):
        gain = np.where(left, (1 - diversity) * ranks - diversity * likeness, -np.inf)
        best = int(np.argmax(gain))
        left[best] = False
        shown = float(np.clip(likeness[best], 0, 1))
        chosen.append(Suggestion(pool[best], float(values[best]), shown))
        likeness = np.maximum(likeness, vectors @ vectors[best])
    return chosen
