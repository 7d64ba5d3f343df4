"""Label Studio's own SDK accepts the tasks, and its converter's exports read back the same (pip install label-studio-sdk)."""

from __future__ import annotations

import json

import pytest

from format_cases import HARD_DOCUMENTS, kept
from parkner.formats import read, write
from parkner.formats.label_studio import label_config
from parkner.spans import Document, Span

pytest.importorskip("label_studio_sdk", reason="label-studio-sdk is not installed")

CONFIG = label_config(["PARK", "AMOUNT", "ORG"])


@pytest.mark.parametrize("export", ["JSON", "JSON_MIN"])
def test_exports_of_the_converter(tmp_path, export):
    from label_studio_sdk.converter import Converter

    tasks = tmp_path / "tasks.json"
    write(tasks, "label-studio-annotations", HARD_DOCUMENTS)
    Converter(config=CONFIG, project_dir=None).convert(
        str(tasks), str(tmp_path / "out"), export, is_dir=False
    )
    found = list(read(tmp_path / "out" / "result.json", "label-studio"))
    assert [kept(d) for d in found] == [kept(d) for d in HARD_DOCUMENTS]


def test_regions_are_valid():
    from label_studio_sdk.label_interface import LabelInterface

    from parkner.formats.label_studio import task_of

    interface = LabelInterface(CONFIG)
    interface.validate()
    scored = Document("s", "🏭开江", (Span(1, 3, "PARK", score=0.5),))
    for number, document in enumerate([*HARD_DOCUMENTS, scored]):
        task = json.loads(json.dumps(task_of(document, number, "annotations")))
        interface.validate_task({"data": task["data"]})
        assert interface.validate_annotation(task["annotations"][0])
        for prediction in task_of(document, number, "predictions")["predictions"]:
            assert interface.validate_prediction(prediction)
    wrong = task_of(Document("w", "开江", (Span(0, 2, "STRANGER"),)), 1, "annotations")["annotations"][0]
    assert not interface.validate_annotation(wrong)
