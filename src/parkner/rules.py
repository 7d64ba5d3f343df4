"""A tagger without a network: labelling functions and values, for where no model is at hand (tier 3).

It has the calls of `parkner.inference.Tagger`, so that a command can use either.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from parkner.config import Config, load_config
from parkner.preparation import as_documents
from parkner.runtime import project_path, sha256_of_file
from parkner.spans import Document, UsageError

if TYPE_CHECKING:
    from parkner.labelling.engine import Labeller

NAME = "labelling-functions"


@dataclass(frozen=True, slots=True)
class RuleBackend:
    """What stands in the place of a network in messages."""

    name: str = NAME


class RulePreparer:
    """Labels documents; can be sent to another process, which loads its word lists itself."""

    def __init__(self, config: Config, *, values: bool = True, minimum_score: float = 0.0) -> None:
        """Keeps the recipe; arguments as for `RuleTagger`."""
        self.config = config
        self.values = values
        self.minimum_score = minimum_score
        self._labeller: Labeller | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_labeller": None}

    def __call__(self, document: Document) -> Document:
        """A document with scored spans on its own text, without the names of the functions that found them."""
        if self._labeller is None:
            from parkner.labelling.engine import Labeller

            self._labeller = Labeller.from_config(self.config)
        found = self._labeller.label(document).document
        spans = [
            replace(span, sources=()) for span in found.spans if (span.score or 0.0) >= self.minimum_score
        ]
        if self.values:
            from parkner.values import fill_values

            spans = fill_values(spans, document.text, reference=document.date)
        return replace(document, spans=tuple(spans))


class RuleTagger:
    """Finds the spans of documents with the labelling functions of a recipe."""

    def __init__(
        self, config: Config | None = None, *, values: bool = True, minimum_score: float = 0.0
    ) -> None:
        """Puts a tagger together.

        Args:
            config: The recipe; ``configs/default.yaml`` by default.
            values: Whether AMOUNT and DATE spans get values.
            minimum_score: Spans with a lower score are left out.

        Raises:
            UsageError: If the recipe cannot be read.
        """
        recipe = config if config is not None else load_config(project_path("configs/default.yaml"))
        self.backend = RuleBackend()
        self.labels = tuple(recipe.labels)
        self.preparer = RulePreparer(recipe, values=values, minimum_score=minimum_score)

    def fingerprint(self) -> str:
        """SHA-256 over the recipe, the word lists and the label model's parameters: what the spans depend on."""
        config = self.preparer.config
        digest = hashlib.sha256(json.dumps(config.model_dump(mode="json"), sort_keys=True).encode())
        files = sorted(project_path(config.labelling.lexicons).glob("*.txt"))
        with suppress(UsageError):  # not fitted: nothing to depend on
            files.append(project_path(config.labelling.label_model_file))
        for file in files:
            digest.update(f"{file.name} {sha256_of_file(file)}\n".encode())
        return digest.hexdigest()

    def tag(self, documents: Iterable[str | Document]) -> Iterator[Document]:
        """Tags documents, streaming and in order.

        Args:
            documents: Texts or documents; spans they have are replaced.

        Yields:
            The documents with spans on their own text; a text gets its number as id.
        """
        yield from map(self.preparer, as_documents(documents))

    def tag_prepared(self, prepared: Iterable[Document]) -> Iterator[Document]:
        """Passes on what `preparer` has labelled already, here or in other processes."""
        yield from prepared
