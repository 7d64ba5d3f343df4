"""Label Studio: task files, exports (JSON and JSON-MIN) and pre-annotations (tier 1).

Its editor counts code points since version 1.4 (HumanSignal/label-studio#1559; the editor's own test is "Should
calculate offsets by code points in text") and UTF-16 code units before; which of the two a task has is told by the
span texts that it carries. A line break inside a span's text is written ``\\n`` with a backslash by the editor.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from xml.sax.saxutils import quoteattr

from parkner.corpus import write_lines
from parkner.formats.border import ReadOptions, document_of, meta_of, settled_unit, with_meta
from parkner.spans import DataError, Document, UsageError
from parkner.streams import InputError

Kind = Literal["any", "annotations", "predictions"]

FROM_NAME, TO_NAME = "label", "text"  # names of the tags in `label_config`
_OWN = ("text", "document_id", "id", "date", "source", "title", "meta")
_MIN_KEYS = ("annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement")
_COLOURS = ("#2f6fde", "#2e9d5b", "#c2571a", "#a13fb8", "#b3261e", "#0b8a8f", "#7a6a00", "#5b5bd6")


def label_config(labels: Sequence[str]) -> str:
    """The labelling interface (XML) that fits the tasks: paste it under Settings > Labeling Interface > Code."""
    rows = "\n".join(
        f"    <Label value={quoteattr(label)} background={quoteattr(_COLOURS[i % len(_COLOURS)])}/>"
        for i, label in enumerate(labels)
    )
    return (
        "<View>\n"
        "  <Style>.htx-text { white-space: pre-wrap; }</Style>\n"
        f'  <Labels name="{FROM_NAME}" toName="{TO_NAME}">\n{rows}\n  </Labels>\n'
        f'  <Text name="{TO_NAME}" value="$text"/>\n'
        "</View>\n"
    )


def task_of(
    document: Document,
    number: int,
    kind: Kind = "any",
    *,
    model_version: str = "parkner",
    score: float | None = None,
    data: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A document as Label Studio task.

    Args:
        document: The document.
        number: The task's id (Label Studio gives its own on import).
        kind: Where its spans go: ``annotations``, ``predictions`` (pre-annotations), or ``any``: predictions where a
            span has a score, annotations where none has.
        model_version: Name of the predictions.
        score: Score of the prediction, by which Label Studio can sort tasks; by default the mean of the spans' scores.
        data: Further entries for the task's data.

    Returns:
        The task, JSON-ready.
    """
    meta = meta_of(document)
    fields: dict[str, Any] = {key: meta.pop(key) for key in ("date", "source", "title") if key in meta}
    if meta:
        fields["meta"] = meta
    scores = [span.score for span in document.spans if span.score is not None]
    if kind == "any":
        kind = "predictions" if scores or not document.spans else "annotations"
    result = []
    for place, span in enumerate(document.spans):
        value = {
            "start": span.start,
            "end": span.end,
            "text": document.text_of(span),
            "labels": [span.label],
        }
        region: dict[str, Any] = {
            "id": f"s{place}",
            "from_name": FROM_NAME,
            "to_name": TO_NAME,
            "type": "labels",
            "value": value,
        }
        if span.score is not None:
            region["score"] = round(span.score, 4)
        result.append(region)
    task: dict[str, Any] = {
        "id": number,
        "data": {"text": document.text, "document_id": document.id, **fields, **(data or {})},
        "annotations": [],
        "predictions": [],
    }
    if kind == "annotations":
        task["annotations"].append({"result": result, "was_cancelled": False})
    elif result or score is not None:
        mean = sum(scores) / len(scores) if scores else 0.0
        rounded = round(mean if score is None else score, 4)
        task["predictions"].append({"model_version": model_version, "score": rounded, "result": result})
    return task


def write_tasks(path: Path, tasks: Iterable[Mapping[str, Any]]) -> int:
    """Writes tasks as a JSON list, a task a line; returns how many."""
    count = 0

    def lines() -> Iterator[str]:
        nonlocal count
        yield "["
        before = None
        for task in tasks:
            if before is not None:
                yield before + ","
            before = json.dumps(task, ensure_ascii=False)
            count += 1
        if before is not None:
            yield before
        yield "]"

    write_lines(path, lines())
    return count


def write_label_studio(path: Path, documents: Iterable[Document], kind: Kind = "any") -> int:
    """Writes documents as tasks (see `task_of`)."""
    return write_tasks(path, (task_of(document, i, kind) for i, document in enumerate(documents, 1)))


def read_label_studio(path: Path, options: ReadOptions, kind: Kind = "any") -> Iterator[Document]:
    """Reads a task file or an export, JSON or JSON-MIN.

    Args:
        path: The file.
        options: How to read.
        kind: ``annotations``: tasks with an annotation that was not cancelled, the others are left out and counted;
            ``predictions``: every task with its newest prediction; ``any``: the annotation, else the prediction, else
            no spans.

    Yields:
        Documents; an id is ``document_id`` of the task's data, its ``id``, or the task's number.
    """
    for number, task in enumerate(_tasks(path), 1):
        file = str(path)
        try:
            if not isinstance(task, Mapping):
                raise DataError(f"a task is a JSON object, not {type(task).__name__}")
            data, regions = _parts(task, kind, options)
            if regions is None:
                options.left_out["tasks without annotation"] += 1
                continue
            record = _record(task, data, regions, options)
        except DataError as error:
            shown = task.get("id") if isinstance(task, Mapping) else None
            options.fail(InputError(file, f"{file}:{number}: task {shown}: {error}", "record", number))
            continue
        unit = settled_unit(record["text"], record["spans"], _same)
        document = document_of(record, file=file, line=number, options=options, unit=unit, same=_same)
        if document is not None:
            yield document


def _tasks(path: Path) -> list[Any]:
    try:
        tasks = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: cannot read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8") from None
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{error.lineno}: not JSON: {error.msg}") from None
    return tasks if isinstance(tasks, list) else [tasks]


def _parts(
    task: Mapping[str, Any], kind: Kind, options: ReadOptions
) -> tuple[Mapping[str, Any], list[Any] | None]:
    """Data and regions of a task; None for the regions where it has none of the kind."""
    data = task.get("data")
    if data is None:  # JSON-MIN: data and regions side by side
        found = [v for k, v in task.items() if isinstance(v, list) and k not in _OWN and _are_labels(v)]
        if len(found) > 1:
            raise DataError("regions of more than one control tag; one is expected")
        if not found and kind == "annotations" and task.get("annotation_id") is None:
            return task, None
        return task, [{"type": "labels", "value": value} for value in (found[0] if found else [])]
    if not isinstance(data, Mapping):
        raise DataError(f"data must be an object, not {data!r}")
    annotations = [
        a
        for a in task.get("annotations") or task.get("completions") or []
        if isinstance(a, Mapping) and not a.get("was_cancelled") and not a.get("skipped")
    ]
    predictions = [p for p in task.get("predictions") or [] if isinstance(p, Mapping)]
    if kind == "annotations" and not annotations:
        return data, None
    usable = predictions if kind == "predictions" else annotations or predictions
    if not usable:
        return data, []
    if usable is annotations and len(usable) > 1:
        options.left_out["further annotations of a task (the ground truth, else the newest, is read)"] += (
            len(usable) - 1
        )
    chosen = max(
        enumerate(usable),
        key=lambda item: (
            bool(item[1].get("ground_truth")),
            str(item[1].get("updated_at") or item[1].get("created_at") or ""),
            item[0],
        ),
    )[1]
    result = chosen.get("result") or []
    if not isinstance(result, list):
        raise DataError(f"result must be a list, not {result!r}")
    return data, result


def _are_labels(value: Sequence[Any]) -> bool:
    return bool(value) and all(
        isinstance(item, Mapping) and "start" in item and "labels" in item for item in value
    )


def _record(
    task: Mapping[str, Any], data: Mapping[str, Any], regions: Sequence[Any], options: ReadOptions
) -> dict[str, Any]:
    key = _text_key(data)
    spans = []
    for region in regions:
        kind = region.get("type") if isinstance(region, Mapping) else None
        if kind != "labels":
            if kind == "hypertextlabels":
                raise DataError("regions of HyperText are places in HTML; only <Text> can be read")
            options.left_out[f"regions of type {kind}"] += 1
            continue
        value = region.get("value") or {}
        labels = value.get("labels") or []
        if len(labels) != 1:
            raise DataError(
                f"the region [{value.get('start')}, {value.get('end')}) has labels {labels!r}; one is needed"
            )
        span = {"start": value.get("start"), "end": value.get("end"), "label": labels[0]}
        for field, source in (("text", value), ("score", region)):
            if source.get(field) is not None:
                span[field] = source[field]
        spans.append(span)
    identity = next(
        (v for v in (data.get("document_id"), data.get("id"), task.get("id")) if v is not None), None
    )
    record = {k: data[k] for k in ("date", "source", "title", "meta") if data.get(k) is not None}
    record |= {"text": data[key], "spans": spans}
    if identity is not None:
        record["id"] = identity
    known = {*_OWN, key, *(() if data is not task else (*_MIN_KEYS, *_region_keys(data)))}
    return with_meta(record, {k: v for k, v in data.items() if k not in known})


def _region_keys(data: Mapping[str, Any]) -> list[str]:
    return [k for k, v in data.items() if isinstance(v, list) and _are_labels(v)]


def _text_key(data: Mapping[str, Any]) -> str:
    """The entry that holds the text: ``text``, else the only string."""
    if isinstance(data.get("text"), str):
        return "text"
    strings = [k for k, v in data.items() if isinstance(v, str) and k not in (*_OWN, *_MIN_KEYS)]
    if len(strings) != 1:
        raise DataError(f"no text: data has the entries {', '.join(map(str, data)) or 'none'}")
    return strings[0]


def _same(text: str, given: str) -> bool:
    """Whether two span texts are the same for the editor, which writes each line break as backslash and n."""
    return text == given or re.sub(r"[\n\r]", r"\\n", text) == re.sub(r"[\n\r]", r"\\n", given)
