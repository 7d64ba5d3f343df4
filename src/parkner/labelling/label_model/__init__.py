"""Label models: the votes of the labelling functions -> spans with confidence (tier 2)."""

from __future__ import annotations

from parkner.labelling.label_model.base import Candidate, LabelModel, Vote, candidates_of, islands
from parkner.labelling.label_model.hmm import HiddenMarkovModel
from parkner.labelling.label_model.majority import MajorityVote
from parkner.labelling.label_model.weighted import WeightedVote
from parkner.spans import UsageError

MODELS: dict[str, type[LabelModel]] = {
    model.name: model for model in (MajorityVote, WeightedVote, HiddenMarkovModel)
}
DEFAULT = "weighted"  # the best on the dev split (docs/labelling.md)

__all__ = [
    "DEFAULT",
    "MODELS",
    "Candidate",
    "HiddenMarkovModel",
    "LabelModel",
    "MajorityVote",
    "Vote",
    "WeightedVote",
    "candidates_of",
    "islands",
    "make_label_model",
]


def make_label_model(name: str = "default") -> LabelModel:
    """A label model by name, not fitted.

    Raises:
        UsageError: If there is none of the name.
    """
    try:
        return MODELS[DEFAULT if name == "default" else name]()
    except KeyError:
        raise UsageError(f"labelling.label_model: {name!r} is none of {', '.join(MODELS)}, default") from None
