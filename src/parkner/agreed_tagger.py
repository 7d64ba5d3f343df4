"""Model and labelling functions together: what they agree on, and what one of them is sure of (tier 3)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from parkner.agreement import agreed_spans
from parkner.config import DEFAULT_LABELS
from parkner.inference import Tagger
from parkner.preparation import Prepared, Preparer, as_documents
from parkner.rules import RulePreparer, RuleTagger
from parkner.spans import Document, UsageError

# Least scores of a span that only the model, or only the labelling functions found; chosen on the dev split of the
# crawled gold (docs/training.md).
LEAST_MODEL = 0.6
LEAST_RULES = 0.85


class AgreedPreparer:
    """Prepares a document for both; can be sent to another process."""

    def __init__(self, model: Preparer, rules: RulePreparer) -> None:
        """Keeps the two preparers."""
        self.model = model
        self.rules = rules

    def __call__(self, document: Document) -> tuple[Prepared, Document]:
        """A document ready for the network, and the same with the labelling functions' spans."""
        return self.model(document), self.rules(document)


@dataclass(frozen=True, slots=True)
class AgreedBackend:
    """What stands in the place of a network in messages."""

    name: str


class AgreedTagger:
    """Finds the spans that a model and the labelling functions agree on, and those that one of them is sure of."""

    def __init__(self, model: Tagger, rules: RuleTagger, *, minimum_score: float = 0.0) -> None:
        """Puts two taggers together.

        Args:
            model: The model; should report spans of any score.
            rules: The labelling functions, likewise.
            minimum_score: Spans with a lower score are left out.
        """
        self.model = model
        self.rules = rules
        self.minimum_score = minimum_score
        self.labels = model.labels
        self.backend = AgreedBackend(f"{model.backend.name} and {rules.backend.name}")
        self.preparer = AgreedPreparer(model.preparer, rules.preparer)

    @classmethod
    def from_pretrained(
        cls, folder: str | Path | None = None, *, minimum_score: float = 0.0, **options: Any
    ) -> AgreedTagger:
        """Loads a model directory, and the labelling functions beside it.

        Args:
            folder: The directory; None for the model that ships with the project.
            minimum_score: Spans with a lower score are left out.
            options: As for `Tagger.from_pretrained`.

        Raises:
            ModelError: If the directory cannot be read.
            UsageError: If its labels are not those of the labelling functions.
        """
        model = Tagger.from_pretrained(folder, **options)
        check_labels(model.labels)
        return cls(model, RuleTagger(), minimum_score=minimum_score)

    def tag(self, documents: Iterable[str | Document]) -> Iterator[Document]:
        """Tags documents, streaming and in order.

        Args:
            documents: Texts or documents; spans they have are replaced.

        Yields:
            The documents with spans on their own text; a text gets its number as id.
        """
        yield from self.tag_prepared(map(self.preparer, as_documents(documents)))

    def tag_prepared(self, prepared: Iterable[tuple[Prepared, Document]]) -> Iterator[Document]:
        """Tags what `AgreedPreparer` made of documents, here or in other processes, streaming and in order."""
        labelled: deque[Document] = deque()

        def for_model() -> Iterator[Prepared]:
            for item, with_rules in prepared:
                labelled.append(with_rules)
                yield item

        for document in self.model.tag_prepared(for_model()):
            spans = agreed_spans(
                document.spans, labelled.popleft().spans, least_first=LEAST_MODEL, least_second=LEAST_RULES
            )
            kept = tuple(span for span in spans if (span.score or 0.0) >= self.minimum_score)
            yield replace(document, spans=kept)


def check_labels(labels: Sequence[str]) -> None:
    """Refuses a model with labels that the labelling functions do not know.

    Raises:
        UsageError: If there is one.
    """
    if set(labels) - set(DEFAULT_LABELS):
        raise UsageError(f"--with-rules: the model's labels {list(labels)} are not those of the functions")
