"""A language model behind an OpenAI-compatible endpoint as labelling function (tier 2; off by default).

The guidelines go into the prompt, the article comes back as a list of spans. Every answer is kept in the cache, named by the SHA-256
of its request: a second run asks nothing, and recorded answers can be replayed without a network.
"""

from __future__ import annotations

import json
import logging
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parkner.config import DEFAULT_LABELS
from parkner.labelling.functions import REGISTER, Article, Found, labelling_function
from parkner.runtime import cache_folder, project_path, sha256_of_text
from parkner.spans import ParknerError, UsageError

log = logging.getLogger("parkner")

GUIDELINES = "annotations/GUIDELINES.md"
KEY_VARIABLE = "OPENAI_API_KEY"
_TIMEOUT = 120  # seconds for one answer
_TRIES = 3
_PART = 3000  # characters of an article in one request
_TASK = (
    "You annotate Chinese articles. Follow the guidelines below to the letter. Answer with JSON only: a list of objects "
    '{"text": the exact characters of the span, "label": one of %s}, one for every mention, in the order of the text.\n\n%s'
)


@dataclass
class Endpoint:
    """An OpenAI-compatible endpoint with a store of answers.

    Attributes:
        url: Base URL, such as ``http://localhost:8000/v1``.
        model: Name of the model there.
        labels: Labels to ask for.
        store: Folder of kept answers.
    """

    url: str
    model: str
    labels: tuple[str, ...]
    store: Path = field(default_factory=lambda: cache_folder() / "llm")

    def request(self, text: str) -> dict[str, Any]:
        """The request for a text, JSON-ready."""
        guidelines = project_path(GUIDELINES).read_text(encoding="utf-8")
        return {
            "model": self.model,
            "temperature": 0,
            "messages": [
                {"role": "system", "content": _TASK % (", ".join(self.labels), guidelines)},
                {"role": "user", "content": text},
            ],
        }

    def recording(self, text: str) -> Path:
        """The file that holds, or will hold, the answer for a text."""
        key = sha256_of_text(json.dumps(self.request(text), ensure_ascii=False, sort_keys=True))
        return self.store / f"{key}.json"

    def answer(self, text: str) -> str:
        """The content of the answer, from the store or from the endpoint.

        Raises:
            ParknerError: If the endpoint cannot be reached or refuses; names it.
        """
        path = self.recording(text)
        if path.is_file():
            kept: str = json.loads(path.read_text(encoding="utf-8"))["content"]
            return kept
        content = self._post(self.request(text))
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(
            json.dumps({"model": self.model, "content": content}, ensure_ascii=False), encoding="utf-8"
        )
        partial.replace(path)
        return content

    def _post(self, body: dict[str, Any]) -> str:
        address = self.url.rstrip("/") + "/chat/completions"
        headers = {"Content-Type": "application/json"}
        if key := os.environ.get(KEY_VARIABLE):
            headers["Authorization"] = f"Bearer {key}"
        data = json.dumps(body).encode("utf-8")
        problem = ""
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(2.0**attempt)
            try:
                request = urllib.request.Request(address, data=data, headers=headers)
                with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:
                    answer = json.load(response)
                content: str = answer["choices"][0]["message"]["content"]
                return content
            except urllib.error.HTTPError as error:
                problem = f"HTTP {error.code}"
                if error.code < 500 and error.code != 429:
                    break
            except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
                problem = str(error) or type(error).__name__
        raise ParknerError(f"{address}: no answer of the language model: {problem}")


_endpoint: Endpoint | None = None


def configure(url: str, model: str, labels: Sequence[str] = DEFAULT_LABELS) -> None:
    """Says which endpoint to ask, and registers the function for the labels.

    Raises:
        UsageError: If the URL is none of http or https.
    """
    global _endpoint
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"labelling.llm_endpoint: {url!r} is no http or https address")
    _endpoint = Endpoint(url, model, tuple(labels))
    REGISTER.pop(ask_language_model.__name__, None)
    labelling_function(*labels)(ask_language_model)


def ask_language_model(article: Article) -> Iterator[Found]:
    """What a language model finds that was given the guidelines. Misses what it does not copy exactly."""
    if _endpoint is None:
        return
    for first, part in _parts(article.text):
        if not part.strip():
            continue
        for start, end, label in place(_endpoint.answer(part), part, _endpoint.labels, where=article.id):
            yield first + start, first + end, label


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """Stretches of whole lines, of no more than `_PART` characters where lines allow."""
    start = 0
    while start < len(text):
        end = min(len(text), start + _PART)
        if end < len(text):
            end = max(text.rfind("\n", start, end), text.rfind("。", start, end)) + 1 or end
        yield start, text[start:end]
        start = end


def place(answer: str, text: str, labels: Sequence[str], *, where: str = "") -> list[tuple[int, int, str]]:
    """Finds the spans of an answer in the text they were copied from, in order.

    Args:
        answer: What the model wrote; JSON, perhaps in a code fence.
        text: The text it was given.
        labels: Labels that count.
        where: The article's id, for messages.

    Returns:
        ``(start, end, label)`` of what could be placed; the rest is logged and left out.
    """
    begin, end = answer.find("["), answer.rfind("]")
    try:
        items = json.loads(answer[begin : end + 1]) if 0 <= begin < end else None
    except ValueError:
        items = None
    if not isinstance(items, list):
        log.warning("%s: the language model's answer is no JSON list: %r", where, answer[:60])
        return []
    out: list[tuple[int, int, str]] = []
    at = lost = 0
    for item in items:
        copied = item.get("text") if isinstance(item, dict) else None
        label = item.get("label") if isinstance(item, dict) else None
        if not isinstance(copied, str) or not copied or label not in labels:
            lost += 1
            continue
        start = text.find(copied, at)
        if start < 0:
            lost += 1
            continue
        at = start + len(copied)
        out.append((start, at, str(label)))
    if lost:
        log.warning("%s: %d of %d spans of the language model are not in the text", where, lost, len(items))
    return out
