"""parkner: organisations, parks, industries, amounts and dates in Chinese news about industrial parks.

The names below are imported on first use, so that ``import parkner`` stays fast and needs neither torch nor
transformers.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parkner.clean import CleanText, clean_text
    from parkner.inference import Tagger
    from parkner.spans import Document, ParknerError, Span
    from parkner.values import parse_amount, parse_date

__version__ = "0.1.0"

_HOME = {
    "CleanText": "parkner.clean",
    "Document": "parkner.spans",
    "ParknerError": "parkner.spans",
    "Span": "parkner.spans",
    "Tagger": "parkner.inference",
    "clean_text": "parkner.clean",
    "parse_amount": "parkner.values",
    "parse_date": "parkner.values",
}

__all__ = [
    "CleanText",
    "Document",
    "ParknerError",
    "Span",
    "Tagger",
    "clean_text",
    "parse_amount",
    "parse_date",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'parkner' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
