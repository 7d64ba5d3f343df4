"""Inputs: every kind of file, encodings, bad records, limits, and that memory stays flat."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from opencc import OpenCC
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from parkner.charset import declared_charset, decode
from parkner.cli import main
from parkner.inputs import InputError, Limits, iter_documents
from parkner.spans import Document, UsageError
from parkner.streams import kind_of

TEXT = "万州经开区签约三个项目\n发布时间：2022-03-15 09:30\n3月14日，万州经济技术开发区与某新材料公司签订投资协议，项目总投资12亿元。\n"
PAGE = (
    "<html><head><meta charset='{charset}'><title>万州经开区签约三个项目</title></head><body><h1>万州经开区签约三个项目</h1>"
    "<p>发布时间：2022-03-15</p><p>3月14日，万州经济技术开发区与某新材料公司签订投资协议，项目总投资12亿元，将建设生产基地。</p></body></html>"
)


def read(*inputs: Path | str, limits: Limits | None = None) -> tuple[list[Document], list[InputError]]:
    errors: list[InputError] = []
    return list(iter_documents(inputs, limits=limits, on_error=errors.append)), errors


def test_a_text_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("一行\r\n二行\r三行\n".encode())
    ((document,), errors) = read(path)
    assert document.text == "一行\r\n二行\r三行\n"
    assert (document.id, errors) == ("a", [])
    assert document.meta["encoding"] == "utf-8"


def test_date_and_title_of_a_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    ((document,), _) = read(tmp_path)
    assert str(document.date) == "2022-03-15"
    assert document.title == "万州经开区签约三个项目"


def test_seeds_come_with_what_their_manifest_says(seeds: Path) -> None:
    documents, errors = read(seeds)
    assert errors == []
    assert [document.id[:3] for document in documents] == ["000", "001", "002", "003", "004"]
    assert [str(document.date) for document in documents] == [
        "2021-12-22",
        "None",
        "2022-01-28",
        "2023-03-23",
        "2023-02-28",
    ]


def test_folders_globs_and_ids(tmp_path: Path) -> None:
    for name in ("b/1.txt", "b/c/2.html", "a.txt", "a.html", ".hidden.txt", "x.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PAGE.format(charset="utf-8") if name.endswith("html") else TEXT, encoding="utf-8")
    documents, errors = read(tmp_path)
    assert [document.id for document in documents] == ["a.html", "a.txt", "b/1", "b/c/2"]
    assert errors == []
    assert [d.id for d in read(str(tmp_path / "**" / "*.txt"))[0]] == ["a", "1"]
    twice, _ = read(tmp_path / "b", tmp_path / "b" / "1.txt")
    assert len({document.id for document in twice}) == 3


def test_missing_inputs_are_usage_errors() -> None:
    for wrong in (["nowhere.txt"], ["nowhere/*.txt"], []):
        with pytest.raises(UsageError):
            iter_documents(wrong)


@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-8-sig", "gb18030", "big5", "utf-16", "utf-16-le", "utf-16-be"]
)
@pytest.mark.parametrize("page", [False, True])
def test_encodings(tmp_path: Path, codec: str, page: bool) -> None:
    text = PAGE.format(charset="x") if page else TEXT
    if codec == "big5":
        text = OpenCC("s2tw").convert(text)
    text = text.replace("charset='x'", "charset='utf-8'")
    path = tmp_path / ("a.html" if page else "a.txt")
    path.write_bytes(text.encode(codec))
    ((document,), errors) = read(path)
    assert errors == []
    assert str(document.date) == "2022-03-15"
    assert document.text == text if not page else "12" in document.text


def test_a_wrong_declaration_is_noticed() -> None:
    data = PAGE.format(charset="utf-8").encode("gb18030")
    decoded = decode(data, declared=declared_charset(data))
    assert decoded.encoding == "gb18030"
    assert decoded.declared_wrong
    data = PAGE.format(charset="gb2312").encode("gb18030")
    assert not decode(data, declared=declared_charset(data)).declared_wrong
    data = PAGE.format(charset="gb2312").encode()
    assert decode(data, declared=declared_charset(data)).encoding == "utf-8"


def test_undecodable_bytes_are_counted(tmp_path: Path) -> None:
    data = TEXT.encode()
    (tmp_path / "a.txt").write_bytes(data[:33] + b"\xff" + data[33:66] + b"\xe4\xb8" + data[66:])
    ((document,), _) = read(tmp_path)
    assert document.meta["undecodable"] == document.text.count("\ufffd") == 2
    assert document.meta["encoding"] == "utf-8"
    broken = (TEXT * 3).encode("gb18030")
    decoded = decode(broken[:61] + broken[62:])
    assert decoded.encoding == "gb18030"
    assert decoded.undecodable == decoded.text.count("\ufffd")


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (b"<!DOCTYPE html><html>", "a.txt", "page"),
        (b"\xef\xbb\xbf<%@ page %>\n<html>", "a", "page"),
        (b'{"text": "x"}\n', "a.txt", "jsonl"),
        (b"{broken", "a.jsonl", "jsonl"),
        (b"{not json} text", "a.txt", "text"),
        ("没有标签的正文".encode(), "a.html", "text"),
        (b"x <b>y</b>", "a.jsp", "page"),
        (b"PAR1...", "a.txt", "parquet"),
        (b"WARC/1.0\r\n", "a", "warc"),
        ("<html>".encode("utf-16"), "a.txt", "page"),
        ("《办法》<修订>".encode(), "a.txt", "text"),
    ],
)
def test_kind_by_content(head: bytes, name: str, kind: str) -> None:
    assert kind_of(head, name) == kind


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    rows = [{"id": "x", "text": TEXT, "url": "http://a.cn/202203/t20220315_1.html"}, {"html": PAGE.format(charset="x")}, {"text": ""},
            {"text": "短", "date": "2021/7/1"}, {"text": "短文", "spans": [[0, 1, "ORG"]]}]  # fmt: skip
    path.write_text(
        "\ufeff" + "\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8"
    )
    documents, errors = read(path)
    assert errors == []
    assert [d.id for d in documents] == ["x", "d.jsonl:3", "d.jsonl:5", "d.jsonl:7", "d.jsonl:9"]
    assert documents[0].meta["url"].startswith("http")
    assert documents[1].raw is not None
    assert documents[2].text == ""
    assert str(documents[3].date) == "2021-07-01"
    assert documents[4].spans[0].label == "ORG"


def test_gzip_parquet_and_warc(tmp_path: Path) -> None:
    (tmp_path / "a.txt.gz").write_bytes(
        gzip.compress(TEXT.encode()) + gzip.compress("尾".encode())
    )  # two members
    pq.write_table(pa.table({"id": ["p1", "p2"], "text": [TEXT, None], "n": [1, 2]}), tmp_path / "b.parquet")
    with (tmp_path / "c.warc.gz").open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        for number, (kind, body) in enumerate(
            [
                ("text/html; charset=gb2312", PAGE.format(charset="gb2312").encode("gb18030")),
                ("image/png", b"x"),
                ("text/html", b""),
            ]
        ):
            headers = StatusAndHeaders("200 OK", [("Content-Type", kind)], protocol="HTTP/1.0")
            writer.write_record(
                writer.create_warc_record(
                    f"http://a.cn/{number}", "response", payload=io.BytesIO(body), http_headers=headers
                )
            )
    packed = tmp_path / "packed" / "b.parquet.gz"
    packed.parent.mkdir()
    packed.write_bytes(gzip.compress((tmp_path / "b.parquet").read_bytes()))
    assert [d.id for d in read(packed)[0]] == ["p1"]
    packed.unlink()
    documents, errors = read(tmp_path)
    assert [d.id for d in documents] == ["a", "p1", "http://a.cn/0"]
    assert documents[0].text == TEXT + "尾"
    assert "万州经济技术开发区" in documents[2].text
    assert [(e.file, e.line, e.kind) for e in errors] == [
        ("b.parquet", 2, "no_text"),
        ("c.warc.gz", 3, "empty"),
    ]


def bad_files(folder: Path) -> dict[str, str]:
    """Writes one bad file of each kind; gives the expected error by file name."""
    packed = gzip.compress(TEXT.encode() * 50)
    bomb = zlib.compressobj(9, wbits=31)
    zeros = b" " * 1_000_000
    contents = {
        "empty.txt": (b"", "empty"),
        "empty.txt.gz": (gzip.compress(b""), "empty"),
        "binary.txt": (bytes(range(256)) * 40, "binary"),
        "picture.html": (b"\x89PNG\r\n\x1a\n" + bytes(100), "binary"),
        "truncated.txt.gz": (packed[: len(packed) // 2], "damaged_gzip"),
        "wrong.txt.gz": (packed[:20] + b"\xff" * 30, "damaged_gzip"),
        "bomb.jsonl.gz": (b"".join(bomb.compress(zeros) for _ in range(60)) + bomb.flush(), "gzip_bomb"),
        "large.html": (b"<p>" + b"x" * 50_000_000, "too_large"),
        "deep.html": (b"<html>" + b"<div>" * 10_000 + b"x", "too_deep"),
        "marks.html": (b"<html>" + b"<i></i>" * 600_000, "too_large"),
        "nul.txt": (TEXT.replace("时间", "时\0间").encode(), "nul"),
        "no_text.html": (b"<html><script>x()</script></html>", "no_text"),
        "broken.parquet": (b"PAR1" + b"x" * 100, "damaged_parquet"),
        "broken.warc": (b"WARC/1.0\r\nbroken", "damaged_warc"),
    }
    for name, (content, _) in contents.items():
        (folder / name).write_bytes(content)
    return {name: kind for name, (_, kind) in contents.items()}


def test_bad_files_are_named_and_the_others_read(tmp_path: Path) -> None:
    wanted = bad_files(tmp_path)
    (tmp_path / "good.txt").write_text(TEXT, encoding="utf-8")
    documents, errors = read(tmp_path)
    assert [document.id for document in documents] == ["good"]
    assert {error.file: error.kind for error in errors} == wanted
    assert all(error.file in str(error) for error in errors)


def test_bad_records_are_named_and_the_others_read(tmp_path: Path) -> None:
    lines = [
        (b'{"id": "a", "text": "\\ud800"}', "surrogate"),
        (b'{"id": "b", "text": "x\\u0000y"}', "nul"),
        (b'{"id": "c"}', "no_text"),
        (b'{"id": "d", "text": 5}', "record"),
        (b'{"text": "x", "date": "gestern"}', "record"),
        (b'{"text": "x", "spans": [[0, 9, "ORG"]]}', "record"),
        (b'[1]', "record"),
        (b'{"text": ', "json"),
        (b"[" * 100_000, "json"),
        (b'{"text": "\xff"}', "encoding"),
        (b'{"text": "' + b"x" * 3000 + b'"}', "too_large"),
        (b'{"html": "<p>"}', "no_text"),
    ]  # fmt: skip
    good = b'{"id": "good", "text": "\xe5\xa5\xbd"}'
    path = tmp_path / "d.jsonl"
    path.write_bytes(
        b"\n".join([line for line, _ in lines[:8]] + [good] + [line for line, _ in lines[8:]] + [good])
    )
    documents, errors = read(path, limits=Limits(max_bytes=2000))
    assert [document.id for document in documents] == ["good", "good"]
    kinds = [kind for _, kind in lines]
    kinds[8] = "too_large"  # the deep nest is longer than the limit as well
    assert [error.kind for error in errors] == kinds
    assert [error.line for error in errors] == [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13]


def test_without_a_handler_the_first_error_is_raised(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"")
    with pytest.raises(InputError, match="empty"):
        list(iter_documents([tmp_path]))


def test_memory_stays_flat(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl.gz"
    line = json.dumps({"text": "x" * 20_000}).encode() + b"\n"
    with gzip.open(path, "wb") as file:
        for _ in range(400):
            file.write(line)
    tracemalloc.start()
    count = sum(1 for _ in iter_documents([path], limits=Limits(max_ratio=100_000)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 400
    assert peak < 1_000_000  # the file unpacks to 8 MB


def test_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(gzip.compress(TEXT.encode()))

    monkeypatch.setattr("sys.stdin", Stdin())
    ((document,), errors) = read("-")
    assert (document.id, document.text, errors) == ("stdin", TEXT, [])


def test_clean_command(tmp_path: Path, seeds: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "o.jsonl"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.html").write_text(PAGE.format(charset="utf-8"), encoding="utf-8")
    (tmp_path / "in" / "b.txt").write_bytes(b"")
    assert main(["clean", str(tmp_path / "in"), str(seeds), "--out", str(out)]) == 1
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 6
    assert set(rows[0]) == {"id", "text", "title", "date", "source", "meta"}
    assert rows[0]["title"] == "万州经开区签约三个项目"
    (error,) = [
        json.loads(line)
        for line in (tmp_path / "o.jsonl.errors.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert error == {"file": "b.txt", "line": None, "error": "the file is empty", "kind": "empty"}
    again = tmp_path / "again.jsonl"
    assert main(["clean", str(out), "--out", str(again)]) == 0
    assert again.read_bytes() == out.read_bytes()
    assert "b.txt" in capsys.readouterr().err


def test_clean_command_in_clean_form(tmp_path: Path, seeds: Path) -> None:
    out = tmp_path / "o.parquet"
    assert main(["clean", str(seeds), "--text", "clean", "--out", str(out)]) == 0
    document = next(d for d in iter_documents([out]) if d.id.startswith("001"))
    source = (seeds / "001_04f38ca700b2c47f.txt").read_bytes().decode("utf-8")
    start = document.text.index("广安经开区")
    assert document.raw is not None
    begin, end = document.raw.to_source(start, start + 5)
    assert source[begin:end] == "廣安經(jīng)開區"


def test_clean_command_refuses_wrong_usage(tmp_path: Path, seeds: Path) -> None:
    assert main(["clean", str(tmp_path / "none"), "--out", str(tmp_path / "o.jsonl")]) == 2
    assert main(["clean", str(seeds), "--out", str(tmp_path / "o.csv")]) == 2
    assert main(["clean", str(seeds), "--out", str(tmp_path)]) == 2
