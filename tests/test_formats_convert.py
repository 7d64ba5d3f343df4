"""``parkner convert``."""

from __future__ import annotations

import hashlib
import json

import pytest

from format_cases import HARD_DOCUMENTS, kept
from parkner.cli import convert, main
from parkner.formats import FORMATS, read, write


def test_convert_there_and_back(tmp_path, capsys):
    write(tmp_path / "a.jsonl", "jsonl", HARD_DOCUMENTS)
    for source, out in (("jsonl", "doccano"), ("doccano", "bioes"), ("bioes", "brat"), ("brat", "jsonl")):
        path = tmp_path / ("a.jsonl" if source == "jsonl" else source)
        assert main(["convert", str(path), "--from", source, "--to", out, "--out", str(tmp_path / out)]) == 0
        assert "3 documents" in capsys.readouterr().out
    assert [kept(d) for d in read(tmp_path / "jsonl", "jsonl")] == [kept(d) for d in HARD_DOCUMENTS]


def test_bad_records_are_named_and_the_rest_is_done(tmp_path, capsys):
    lines = [
        {"text": "开江", "label": {"ORG": {"开江": [[0, 1]]}}},
        {"text": "开江", "label": {"ORG": {"县": [[0, 0]]}}},
    ]
    source, out = tmp_path / "in.json", tmp_path / "out.jsonl"
    source.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    arguments = ["convert", str(source), "--from", "cluener", "--to", "jsonl", "--out", str(out)]
    assert main(arguments) == 1
    assert "in.json:2" in capsys.readouterr().err
    assert len(list(read(out, "jsonl"))) == 1
    errors = tmp_path / "out.jsonl.errors.jsonl"
    assert json.loads(errors.read_text(encoding="utf-8"))["line"] == 2
    source.write_text(json.dumps(lines[0]), encoding="utf-8")
    assert main(arguments) == 0
    assert not errors.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "conl", "--to", "jsonl"], "--from conl: unknown format (did you mean conll?"),
        (["--from", "jsonl", "--to", "brta"], "--to brta: unknown format (did you mean brat?"),
        (["--from", "jsonl", "--to", "conll-sentences"], "is only read"),
        (["--from", "jsonl", "--to", "conll", "--offsets", "bytes"], "--offsets bytes"),
    ],
)
def test_wrong_usage(tmp_path, capsys, arguments, message):
    write(tmp_path / "a.jsonl", "jsonl", HARD_DOCUMENTS)
    assert main(["convert", str(tmp_path / "a.jsonl"), *arguments, "--out", str(tmp_path / "b")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "b").exists()


def test_standoff_needs_texts(tmp_path, capsys):
    write(tmp_path / "a.jsonl", "jsonl", HARD_DOCUMENTS)
    write(tmp_path / "gold", "standoff", HARD_DOCUMENTS)
    arguments = [
        "convert",
        str(tmp_path / "gold"),
        "--from",
        "standoff",
        "--to",
        "conll",
        "--out",
        str(tmp_path / "c"),
    ]
    assert main(arguments) == 1
    assert "no text is known" in capsys.readouterr().err
    assert main([*arguments, "--texts", str(tmp_path / "a.jsonl")]) == 0
    assert [(d.id, d.text, d.spans) for d in read(tmp_path / "c", "conll")] == [
        (d.id, d.text, d.spans) for d in HARD_DOCUMENTS
    ]


def test_missing_input_and_same_output(tmp_path, capsys):
    assert (
        main(
            ["convert", str(tmp_path / "x"), "--from", "jsonl", "--to", "conll", "--out", str(tmp_path / "y")]
        )
        == 2
    )
    assert "no such file" in capsys.readouterr().err
    write(tmp_path / "a", "jsonl", HARD_DOCUMENTS)
    same = str(tmp_path / "a")
    assert main(["convert", same, "--from", "jsonl", "--to", "conll", "--out", same]) == 2
    assert len(list(read(tmp_path / "a", "jsonl"))) == 3


def test_help_lists_the_formats(capsys):
    assert ", ".join(FORMATS) == convert._NAMES
    assert main(["convert", "--help"]) == 0
    shown = capsys.readouterr().out
    for name in ("label-studio-annotations", "conll-bioes", "datasets"):
        assert name in shown


def test_standoff_records_may_name_a_part_of_a_text(tmp_path, capsys):
    article = {"id": "news/1", "text": "开江经开区\n江天科技公司投资2亿元"}
    texts, standoff, out = tmp_path / "texts.jsonl", tmp_path / "gold.jsonl", tmp_path / "out.jsonl"
    texts.write_text(json.dumps(article, ensure_ascii=False) + "\n", encoding="utf-8")
    part = article["text"][6:]
    record = {
        "id": "news/1@6", "article": "news/1", "start": 6, "end": 6 + len(part),
        "sha256": hashlib.sha256(part.encode()).hexdigest(), "spans": [[0, 6, "ORG"]],
    }  # fmt: skip
    standoff.write_text(json.dumps(record) + "\n", encoding="utf-8")
    call = [
        "convert",
        str(standoff),
        "--from",
        "standoff",
        "--to",
        "jsonl",
        "--out",
        str(out),
        "--texts",
        str(texts),
    ]
    assert main(call) == 0
    made = json.loads(out.read_text(encoding="utf-8"))
    assert made["text"] == part
    assert made["spans"][0]["text"] == "江天科技公司"
    # Another text under the same id is not taken for it.
    texts.write_text(
        json.dumps({**article, "text": article["text"].replace("2", "3")}) + "\n", encoding="utf-8"
    )
    assert main(call) == 1
    assert "no text is known" in capsys.readouterr().err
