"""Files as other tools write them; wrong files are named with line and value."""

from __future__ import annotations

import json

import pytest

from format_cases import HARD_DOCUMENTS
from parkner.formats import ReadOptions, find_format, read, write
from parkner.formats.border import Utf16
from parkner.formats.label_studio import label_config
from parkner.spans import DataError, Document, Span, UsageError


def read_text(tmp_path, name, text, options=None, file="in.txt"):
    path = tmp_path / file
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(read(path, name, options))


def found(documents):
    return [[(d.text_of(s), s.label) for s in d.spans] for d in documents]


def test_utf16_offsets():
    text = "a🏭b𠮷"
    count = Utf16(text)
    for offset in range(len(text) + 1):
        units = len(text[:offset].encode("utf-16-le")) // 2
        assert count.from_code_points(offset) == units
        assert count.to_code_points(units) == offset
    with pytest.raises(DataError, match="inside a character"):
        count.to_code_points(2)


# CLUENER


def test_cluener_ends_are_inclusive(tmp_path):
    line = {
        "text": "浙商银行企业信贷部叶老桂博士",
        "label": {"name": {"叶老桂": [[9, 11]]}, "company": {"浙商银行": [[0, 3]]}},
    }
    (document,) = read_text(tmp_path, "cluener", json.dumps(line))
    assert document.spans == (Span(0, 4, "company"), Span(9, 12, "name"))
    write(tmp_path / "out", "cluener", [document])
    assert json.loads((tmp_path / "out").read_text(encoding="utf-8"))["label"] == line["label"]


def test_cluener_names_the_line_whose_text_differs(tmp_path):
    good = {"text": "浙商银行", "label": {"company": {"浙商银行": [[0, 3]]}}}
    bad = {"text": "浙商银行", "label": {"company": {"浙商银行": [[0, 4]]}}}
    text = "\n".join(json.dumps(line) for line in (good, bad, good))
    with pytest.raises(DataError, match=r"in\.txt:2: .*浙商银行"):
        read_text(tmp_path, "cluener", text)
    errors = []
    assert len(read_text(tmp_path, "cluener", text, ReadOptions(on_error=errors.append))) == 2
    assert [(e.line, e.kind) for e in errors] == [(2, "record")]


def test_overlaps_are_an_error_or_flattened(tmp_path):
    line = {
        "text": "上海交通大学医院",
        "label": {"organization": {"上海交通大学医院": [[0, 7]]}, "address": {"上海": [[0, 1]]}},
    }
    with pytest.raises(DataError, match="overlap"):
        read_text(tmp_path, "cluener", json.dumps(line))
    options = ReadOptions(flatten=True)
    (document,) = read_text(tmp_path, "cluener", json.dumps(line), options)
    assert document.spans == (Span(0, 8, "organization"),)
    assert options.left_out["overlapping spans"] == 1


# doccano


def test_doccano_counts_utf16_units(tmp_path):
    # From doccano/doccano#2290: "firetrucks" is [19, 29) in Python and [22, 32) in doccano.
    text = "👨🏻‍🚒 firemen drive firetrucks"
    start = text.index("firetrucks")
    units = len(text[:start].encode("utf-16-le")) // 2
    assert units > start
    for line in (
        {"id": 7, "text": text, "label": [[units, units + 10, "ORG"]], "Comments": ["?"]},
        {
            "id": 7,
            "text": text,
            "entities": [{"id": 1, "label": "ORG", "start_offset": units, "end_offset": units + 10}],
            "relations": [{"id": 1, "from_id": 1, "to_id": 1, "type": "x"}],
        },
    ):
        options = ReadOptions()
        (document,) = read_text(tmp_path, "doccano", json.dumps(line), options)
        assert (document.id, found([document])) == ("7", [[("firetrucks", "ORG")]])
        assert sum(options.left_out.values()) == 1
    (document,) = read_text(
        tmp_path,
        "doccano",
        json.dumps({"text": text, "label": [[start, start + 10, "ORG"]]}),
        ReadOptions(unit="code-point"),
    )
    assert found([document]) == [[("firetrucks", "ORG")]]


def test_doccano_is_written_in_utf16_units(tmp_path):
    write(tmp_path / "a", "doccano", [Document("1", "🏭开江", (Span(1, 3, "PARK"),), meta={"url": "u"})])
    line = json.loads((tmp_path / "a").read_text(encoding="utf-8"))
    assert line["label"] == [[2, 4, "PARK"]]


def test_doccano_gaps_and_classes(tmp_path):
    (document,) = read_text(
        tmp_path, "doccano", '{"id": 1, "text": "开江", "label": [], "title": NaN, "page": 3}'
    )
    assert (document.title, document.meta) == (None, {"page": 3})
    with pytest.raises(DataError, match=r"in\.txt:1: .*'POSITIVE'"):
        read_text(tmp_path, "doccano", '{"text": "开江", "label": ["POSITIVE"]}')


# Label Studio


def task(text, *spans, key="annotations", **fields):
    result = [
        {
            "id": f"r{start}",
            "from_name": "ner",
            "to_name": "content",
            "type": "labels",
            "value": {"start": start, "end": end, "text": given, "labels": [label]},
        }
        for start, end, given, label in spans
    ]
    return {"id": 5, "data": {"content": text}, key: [{"result": result, **fields}]}


@pytest.mark.parametrize("start", [1, 2])
def test_label_studio_tells_code_points_from_utf16_by_the_texts(tmp_path, start):
    given = task("🏭开江开江", (start, start + 2, "开江", "PARK"), (start + 2, start + 4, "开江", "ORG"))
    (document,) = read_text(tmp_path, "label-studio", json.dumps([given]))
    assert document.spans == (Span(1, 3, "PARK"), Span(3, 5, "ORG"))
    assert document.id == "5"


@pytest.mark.parametrize(
    ("places", "texts"),
    [
        (
            [(13, 18, "工业集中区"), (21, 24, "２亿元"), (25, 29, "𠮷 签约")],
            ["工业集中区", "２亿元", "𠮷 签约"],
        ),
        ([(17, 20, "区\\n投")], ["区\n投"]),
    ],
)
def test_label_studio_as_its_editor_exports(tmp_path, places, texts):
    """Places and texts as the editor of Label Studio 1.23.2 exported what was marked in Chromium."""
    text = "🏭今天\r\n👨🏻‍🚒 开江县工业集中区\n投资２亿元 𠮷 签约。"
    given = task(text, *((start, end, shown, "ORG") for start, end, shown in places))
    (document,) = read_text(tmp_path, "label-studio-annotations", json.dumps([given]))
    assert [x for x, _ in found([document])[0]] == texts


def test_label_studio_line_breaks_and_wrong_texts(tmp_path):
    (document,) = read_text(
        tmp_path, "label-studio", json.dumps([task("开\r\n江", (0, 4, r"开\n\n江", "ORG"))])
    )
    assert document.spans == (Span(0, 4, "ORG"),)
    wrong = [task("开江县", (0, 2, "开江", "ORG")), task("开江县", (1, 3, "开江", "ORG"))]
    with pytest.raises(DataError, match=r"in\.txt:2: .*should read '开江', the text there is '江县'"):
        read_text(tmp_path, "label-studio", json.dumps(wrong))


def test_label_studio_chooses_annotations(tmp_path):
    park, org = [(0, 2, "开江", "PARK")], [(0, 2, "开江", "ORG")]
    tasks = [
        task("开江", *park, updated_at="2024-02-01"),
        task("开江", *park, key="predictions"),
        task("开江", *park),
    ]
    older = task("开江", *org, updated_at="2024-01-01")["annotations"]
    tasks[0]["annotations"] = [*tasks[0]["annotations"], *older]
    tasks[2]["annotations"][0]["was_cancelled"] = True
    labels = {}
    for kind in ("label-studio", "label-studio-annotations", "label-studio-predictions"):
        options = ReadOptions()
        labels[kind] = [
            [x for _, x in spans] for spans in found(read_text(tmp_path, kind, json.dumps(tasks), options))
        ]
        left_out = sum(n for what, n in options.left_out.items() if "without annotation" in what)
        assert left_out == (2 if kind == "label-studio-annotations" else 0)
    assert labels == {
        "label-studio": [["PARK"], ["PARK"], []],
        "label-studio-annotations": [["PARK"]],
        "label-studio-predictions": [[], ["PARK"], []],
    }
    tasks[0]["annotations"][1]["ground_truth"] = True
    assert found(read_text(tmp_path, "label-studio", json.dumps(tasks)))[0] == [("开江", "ORG")]


def test_label_studio_passes_over_and_refuses(tmp_path):
    given = task("开江", (0, 2, "开江", "PARK"))
    given["annotations"][0]["result"] += [
        {"type": "choices", "value": {"choices": ["ok"]}},
        {"type": "relation"},
    ]
    options = ReadOptions()
    (document,) = read_text(tmp_path, "label-studio", json.dumps(given), options)
    assert len(document.spans) == 1
    assert options.left_out == {"regions of type choices": 1, "regions of type relation": 1}
    given["annotations"][0]["result"][0]["type"] = "hypertextlabels"
    with pytest.raises(DataError, match="HyperText"):
        read_text(tmp_path, "label-studio", json.dumps(given))
    given = task("开江", (0, 2, "开江", "PARK"))
    given["annotations"][0]["result"][0]["value"]["labels"] = ["PARK", "ORG"]
    with pytest.raises(DataError, match=r"task 5: .*\['PARK', 'ORG'\]"):
        read_text(tmp_path, "label-studio", json.dumps(given))
    with pytest.raises(DataError, match=r"in\.txt:1: not JSON"):
        read_text(tmp_path, "label-studio", "[")


def test_label_studio_json_min(tmp_path):
    given = {
        "id": 3,
        "text": "🏭开江",
        "document_id": "a",
        "label": [{"start": 1, "end": 3, "text": "开江", "labels": ["PARK"]}],
        "annotator": 1,
        "annotation_id": 2,
        "lead_time": 1.5,
    }
    (document,) = read_text(tmp_path, "label-studio", json.dumps([given]))
    assert (document.id, found([document]), document.meta) == ("a", [[("开江", "PARK")]], {})


def test_label_studio_predictions_and_config(tmp_path):
    scored = Document("1", "开江", (Span(0, 2, "PARK", score=0.75),))
    write(tmp_path / "a", "label-studio", [scored, *HARD_DOCUMENTS])
    first, second, third, _ = json.loads((tmp_path / "a").read_text(encoding="utf-8"))
    assert first["predictions"][0]["score"] == first["predictions"][0]["result"][0]["score"] == 0.75
    assert (len(first["annotations"]), len(second["annotations"]), len(second["predictions"])) == (0, 1, 0)
    # A document without spans says nothing: it may be unlabelled.
    assert (third["annotations"], third["predictions"]) == ([], [])
    assert 'value="A&amp;&lt;B&quot;"' in label_config(['A&<B"']) or "value='A&amp;&lt;B\"'" in label_config(
        ['A&<B"']
    )


# CoNLL


@pytest.mark.parametrize(
    ("scheme", "tags"),
    [
        ("IOB2", "B-ORG I-ORG B-ORG O B-PARK"),
        ("IOB1", "I-ORG I-ORG B-ORG O I-PARK"),
        ("BIOES", "B-ORG E-ORG S-ORG O S-PARK"),
        ("BILOU", "B-ORG L-ORG U-ORG O U-PARK"),
        ("BMES", "B-ORG E-ORG S-ORG O S-PARK"),
    ],
)
@pytest.mark.parametrize("separator", [" ", "\t", " X _ "])
def test_conll_schemes(tmp_path, scheme, tags, separator):
    lines = [f"{c}{separator}{t}" for c, t in zip("开江县在园", tags.split(), strict=True)]
    (document,) = read_text(tmp_path, "conll", "\n".join(lines) + "\n")
    assert found([document]) == [[("开江", "ORG"), ("县", "ORG"), ("园", "PARK")]]


PLAIN = "\ufeff开 B-ORG\r\n江 I-ORG\r\n\r\n\r\n\u3000 O\r\n在 O\r\n  O\r\n园 B-PARK\r\n\r\n"


def test_conll_of_others_keeps_sentence_breaks(tmp_path):
    (document,) = read_text(tmp_path, "conll", PLAIN)
    assert (document.id, document.text) == ("in:1", "开江\n\u3000在 园")
    assert found([document]) == [[("开江", "ORG"), ("园", "PARK")]]
    first, second = read_text(tmp_path, "conll-sentences", PLAIN)
    assert (first.text, second.text, second.spans) == ("开江", "\u3000在 园", (Span(3, 4, "PARK"),))


def test_conll_2003_documents(tmp_path):
    text = "-DOCSTART- -X- O O\n\n开 O\n\n-DOCSTART- -X- O O\n\n江 B-ORG\n"
    assert [d.text for d in read_text(tmp_path, "conll", text)] == ["开", "江"]


def test_conll_says_which_line_is_wrong_and_reads_the_rest(tmp_path):
    text = "-DOCSTART- O\n\n开 O\n江 X-ORG\n\n-DOCSTART- O\n\n园\n\n-DOCSTART- O\n\n区 O\n"
    errors = []
    (document,) = read_text(tmp_path, "conll", text, ReadOptions(on_error=errors.append))
    assert document.text == "区"
    assert [str(e).partition(" ")[0].rpartition("/")[2] for e in errors] == ["in.txt:4:", "in.txt:8:"]
    assert "X-ORG" in str(errors[0])
    assert "园" in str(errors[1])


def test_conll_is_two_columns_for_other_programs(tmp_path):
    write(tmp_path / "a", "conll", HARD_DOCUMENTS)
    for line in (tmp_path / "a").read_bytes().decode().split("\n"):
        assert len(line.split()) in (0, 3 if line.startswith("-DOCSTART-") else 2)
    tags = [line.split()[1] for line in (tmp_path / "a").read_text(encoding="utf-8").splitlines()[2:10]]
    assert tags[:3] == ["O", "B-PARK", "I-PARK"]
    write(tmp_path / "b", "conll-bioes", [Document("1", "开江县", (Span(0, 2, "ORG"), Span(2, 3, "ORG")))])
    assert (tmp_path / "b").read_text(encoding="utf-8").split("\n")[2:5] == [
        "开 B-ORG",
        "江 E-ORG",
        "县 S-ORG",
    ]


# brat


def brat(tmp_path, text, annotations):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "1.txt").write_bytes(text.encode())
    (tmp_path / "d" / "1.ann").write_bytes(annotations.encode())
    return tmp_path / "d"


def test_brat_of_others(tmp_path):
    folder = brat(
        tmp_path,
        "🏭开江\n园区签约",
        "T1\tORG 1 3\t开江\nT2\tPARK 4 6;6 8\t园区 签约\nR1\tat Arg1:T1 Arg2:T2\n#1\tAnnotatorNotes T1\tok\n",
    )
    options = ReadOptions()
    (document,) = read(folder, "brat", options)
    assert (document.id, document.spans) == ("1", (Span(1, 3, "ORG"), Span(4, 8, "PARK")))
    assert options.left_out == {"relations": 1, "notes": 1}
    (alone,) = read(folder / "1.ann", "brat")
    assert alone == document


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ("T1\tORG 0 1;2 3\t开 县", "1.ann:1: .*0 1;2 3 is discontinuous"),
        ("T1\tORG 0 2\t开江\nT2\tORG 0 x\t开", "1.ann:2: needs the form"),
        ("T1\tORG 0 2\t江县", "should read '江县', the text there is '开江'"),
        ("T1\tORG 0 9\t开江", "should read '开江'"),
        ("hello", "1.ann:1: not an annotation"),
    ],
)
def test_brat_errors(tmp_path, annotations, message):
    folder = brat(tmp_path, "开江县", annotations)
    with pytest.raises(DataError, match=message):
        list(read(folder, "brat"))
    errors = []
    assert list(read(folder, "brat", ReadOptions(on_error=errors.append))) == []
    assert len(errors) == 1


def test_brat_files_of_hostile_ids(tmp_path):
    ids = ["../../etc/passwd", "A", "a", "", ".", "长" * 300, "a/b", "a%2Fb"]
    given = [Document(i, "开江") for i in ids]
    write(tmp_path / "out", "brat", given)
    assert [d.id for d in read(tmp_path / "out", "brat")] == ids
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out"]
    with pytest.raises(UsageError, match="not empty"):
        write(tmp_path / "out", "brat", given)
    with pytest.raises(DataError, match="white space"):
        write(tmp_path / "new", "brat", [Document("1", "开江", (Span(0, 1, "A B"),))])


# spaCy, Prodigy


def test_spacy_layouts(tmp_path):
    lines = [
        {
            "text": "开江县",
            "spans": [{"start": 0, "end": 2, "label": "ORG", "token_start": 0}],
            "tokens": [],
            "_task_hash": 1,
        },
        {"text": "开江县", "ents": [{"start": 0, "end": 2, "label": "ORG"}]},
        {"text": "开江县", "entities": [[0, 2, "ORG"]], "url": "u"},
        {"text": "开江县", "spans": [], "answer": "reject"},
    ]
    options = ReadOptions()
    documents = read_text(tmp_path, "spacy", "\n".join(map(json.dumps, lines)), options)
    assert found(documents) == [[("开江", "ORG")]] * 3
    assert [d.meta for d in documents] == [{}, {}, {"url": "u"}]
    assert options.left_out == {"records answered 'reject'": 1}
    with pytest.raises(DataError, match=r"in\.txt:1: .*start, end, label"):
        read_text(tmp_path, "spacy", '{"text": "开江", "spans": [{"start": 0}]}')


# Hugging Face datasets


def test_datasets_of_others(tmp_path):
    datasets = pytest.importorskip("datasets")
    names = datasets.ClassLabel(names=["O", "B-ORG", "I-ORG"])
    features = datasets.Features(
        {
            "id": datasets.Value("string"),
            "tokens": datasets.Sequence(datasets.Value("string")),
            "ner_tags": datasets.Sequence(names),
        }
    )
    rows = {"id": ["0", "1"], "tokens": [["开", "江", "县"], []], "ner_tags": [[1, 2, 0], []]}
    split = datasets.Dataset.from_dict(rows, features=features)
    datasets.DatasetDict({"train": split, "test": split}).save_to_disk(str(tmp_path / "d"))
    documents = list(read(tmp_path / "d", "datasets"))
    assert found(documents) == [[("开江", "ORG")], []] * 2
    assert [d.meta["split"] for d in documents] == ["train", "train", "test", "test"]
    plain = datasets.Dataset.from_dict({"tokens": [["开"]], "ner_tags": [[1]]})
    plain.save_to_disk(str(tmp_path / "plain"))
    with pytest.raises(UsageError, match="numbers without names"):
        list(read(tmp_path / "plain", "datasets"))
    with pytest.raises(UsageError, match="no folder of the datasets library"):
        list(read(tmp_path, "datasets"))


# Our own


def test_native_errors_name_line_and_value(tmp_path):
    lines = [
        '{"id": "1", "text": "开江", "spans": [{"start": 0, "end": 2, "label": "ORG", "text": "江开"}]}',
        '{"id": "2", "text": "开江", "spans": [[0, 3, "ORG"]]}',
        "{nothing",
        '{"id": "4", "sha256": "ab", "spans": []}',
        '{"id": "5", "text": "开江", "spans": [[0, 2, "ORG"]]}',
    ]
    errors = []
    documents = read_text(tmp_path, "jsonl", "\n".join(lines), ReadOptions(on_error=errors.append))
    assert [d.id for d in documents] == ["5"]
    assert [e.line for e in errors] == [1, 2, 3, 4]
    for error, words in zip(errors, ("江开", "behind the text", "{nothing", "sha256 ab"), strict=True):
        assert words in str(error)
        assert str(error).count("in.txt") == 1


def test_formats_by_name():
    assert find_format("Label_Studio").name == "label-studio"
    assert find_format("HF").name == "datasets"
    with pytest.raises(UsageError, match="did you mean cluener"):
        find_format("cluner")
    with pytest.raises(UsageError, match="conll-sentences is only read"):
        write("x", "conll-sentences", [])


def test_what_utf8_cannot_hold_is_an_error_and_leaves_no_file(tmp_path):
    for name in ("doccano", "conll", "jsonl", "label-studio"):
        with pytest.raises(DataError, match="surrogate"):
            write(tmp_path / name, name, [Document("1", "\ud800")])
    assert list(tmp_path.iterdir()) == []
