"""The same spans from Ray as from one process, also when a tagger is killed; frames for Spark."""

import json
import os
import signal
import sys
from functools import partial

import pytest

from parkner import distributed
from parkner.agreed_tagger import AgreedTagger
from parkner.cli import main
from parkner.distributed import SPARK_SCHEMA, list_inputs, pack_model, tag_frames
from parkner.inference import Tagger
from parkner.spans import Document, ModelError, UsageError
from tiny import TEXTS, save_model


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    pytest.importorskip("torch")
    return save_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    (folder / "a.txt").write_text(TEXTS[0], encoding="utf-8")
    for name in ("b", "c"):
        with (folder / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            for number in range(150):
                record = {"id": f"{name}{number}", "text": TEXTS[number % 3] * (1 + number % 4)}
                file.write("{oops\n" if number == 70 else json.dumps(record) + "\n")
    return folder


@pytest.fixture(scope="module")
def ray():
    ray = pytest.importorskip("ray", reason="Ray is not installed (extra `ray`)")
    pytest.importorskip("ray.data")
    ray.init(
        num_cpus=3,
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=100_000_000,
        logging_level="error",
    )
    yield ray
    ray.shutdown()


def rows(path):
    import pyarrow.dataset

    table = pyarrow.dataset.dataset(path, format="parquet").to_table()
    if "record" in table.column_names:
        table = table.sort_by([("file", "ascending"), ("record", "ascending")])
    return table.select(["id", "text", "spans", "meta"]).to_pylist()


def test_a_killed_tagger_on_ray_loses_nothing(ray, inputs, model, tmp_path, monkeypatch, capsys):
    options = ["--model", str(model), "--backend", "onnx"]
    local, remote = tmp_path / "local.parquet", tmp_path / "remote.parquet"
    assert main(["predict", str(inputs), "--out", str(local), *options]) == 1
    died = tmp_path / "died"

    class Dying(distributed.PackedTagger):
        """Kills its own process, once, when the third batch comes."""

        batches = 0

        def __call__(self, batch):
            Dying.batches += 1
            if Dying.batches == 3 and not died.exists():
                died.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return super().__call__(batch)

    monkeypatch.setattr(distributed, "PackedTagger", Dying)
    monkeypatch.setattr(distributed, "TAG_BATCH", 20)
    monkeypatch.setattr(distributed, "BLOCK_BYTES", 5000)
    capsys.readouterr()
    command = ["predict", str(inputs), "--out", str(remote), "--engine", "ray", "--workers", "1", *options]
    assert main(command) == 1
    assert died.exists()
    assert "299 articles tagged on Ray" in capsys.readouterr().out
    found = rows(remote)
    assert len(found) == 299
    assert any(row["spans"] for row in found)
    assert found == rows(local)
    errors = [tmp_path / f"{name}.parquet.errors.jsonl" for name in ("local", "remote")]
    assert len(errors[0].read_text().splitlines()) == 2
    assert errors[0].read_text() == errors[1].read_text()
    assert main(command) == 2  # the output is there already


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["{inputs}", "--out", "o.jsonl"], "must end in .parquet"),
        (["{inputs}", "--out", "o.parquet", "--resume"], "--resume: is for --engine local"),
        (["-", "--out", "o.parquet"], "cannot read standard input"),
        (["none.txt", "--out", "o.parquet"], "none.txt: no such file"),
        (["file:///none/x.jsonl", "--out", "o.parquet"], "file:///none/x.jsonl: no such file"),
        (["{inputs}", "--out", "o.parquet", "--model", "none"], "none: no such model folder"),
    ],
)
def test_wrong_use_is_said_before_ray_starts(inputs, monkeypatch, capsys, arguments, says):
    monkeypatch.setattr(distributed.importlib.util, "find_spec", lambda name: True)
    monkeypatch.setattr(distributed, "_ray", lambda: pytest.fail("started Ray"))
    arguments = [argument.format(inputs=inputs) for argument in arguments]
    assert main(["predict", *arguments, "--engine", "ray"]) == 2
    assert says in capsys.readouterr().err


def test_without_ray_it_says_what_to_install(inputs, monkeypatch):
    monkeypatch.setattr(distributed.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'parkner\[ray\]'"):
        distributed.predict_on_ray([str(inputs)], "o.parquet", model=None)


def test_object_storage_and_paths_give_the_same_documents(inputs):
    by_path = list_inputs([str(inputs)])
    by_uri = list_inputs([inputs.as_uri()])
    assert [file.identity for file in by_uri] == [file.identity for file in by_path] == ["a", "b", "c"]

    def texts(files):
        items = [item for file in files for item in distributed._items(file)]
        return [(item.id, item.text) if hasattr(item, "text") else (item.kind, item.line) for item in items]

    assert texts(by_uri) == texts(by_path)
    (one,) = list_inputs([f"{inputs.as_uri()}/b.jsonl"])
    assert one.identity == "b"


def test_a_damaged_model_is_not_sent(model, tmp_path):
    assert set(pack_model(model)) >= {"parkner.json", "model.onnx", "tokenizer.json"}
    with pytest.raises(ModelError, match="no such model folder"):
        pack_model(tmp_path / "none")


def test_rules_are_asked_on_ray_as_they_are_here(model, tmp_path):
    import pickle

    import pyarrow as pa

    packed = distributed.PackedTagger(pack_model(model), {"with_rules": True, "backend": "onnx"})
    documents = [Document(str(n), text) for n, text in enumerate(TEXTS)]
    rows = {"document": [pickle.dumps(d) for d in documents], "file": [0, 0, 0], "record": [1, 2, 3]}
    table = packed(pa.table(rows))
    local = AgreedTagger.from_pretrained(model, backend="onnx").tag(documents)
    plain = Tagger.from_pretrained(model, backend="onnx").tag(documents)
    found, alone = ([[(s.start, s.end, s.label) for s in d.spans] for d in some] for some in (local, plain))
    assert [[(s["start"], s["end"], s["label"]) for s in row] for row in table["spans"].to_pylist()] == found
    assert found != alone
    other = save_model(tmp_path / "other", labels=("ORG", "PERSON"))
    with pytest.raises(UsageError, match="PERSON"):
        distributed._model_to_send(other, {"with_rules": True})


def frame():
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame(
        {
            "id": ["x", "y", "z"],
            "text": [*TEXTS[:2], None],
            "date": ["2021-12-22", None, None],
            "more": [1, 2, 3],
        }
    )


def test_frames_are_tagged_row_by_row(model):
    given = frame()
    (out,) = tag_frames([given], model=str(model), backend="onnx")
    assert list(out["id"]) == ["x", "y", "z"]
    tagged = list(Tagger.from_pretrained(model, backend="onnx").tag([*TEXTS[:2], ""]))
    assert [[(s["start"], s["end"], s["label"]) for s in spans] for spans in out["spans"]] == [
        [(s.start, s.end, s.label) for s in document.spans] for document in tagged
    ]
    assert json.loads(out["meta"][0])["date"] == "2021-12-22"


def test_spark_maps_the_same_frames(model, monkeypatch):
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    sql = pytest.importorskip("pyspark.sql", reason="pyspark (434 MB) is not installed")
    spark = sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        given = spark.createDataFrame(
            [("x", TEXTS[0]), ("y", TEXTS[1]), ("z", None)], "id string, text string"
        )
        tag = partial(tag_frames, model=str(model), backend="onnx")
        found = given.mapInPandas(tag, SPARK_SCHEMA).collect()
    finally:
        spark.stop()
    expected = list(Tagger.from_pretrained(model, backend="onnx").tag([*TEXTS[:2], ""]))
    assert [[(s.start, s.end, s.label) for s in row.spans] for row in found] == [
        [(s.start, s.end, s.label) for s in document.spans] for document in expected
    ]
