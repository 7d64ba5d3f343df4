"""What to annotate next."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import parkner.inference
from parkner.cli import main
from parkner.formats import read
from parkner.spans import Document, Span
from parkner.suggestion import BUCKETS, OVERHEAD, ngram_counts, suggest, text_vectors, uncertainty, unlabelled


def article(name: str, text: str, *scores: float) -> Document:
    spans = tuple(Span(2 * i, 2 * i + 1, "ORG", score=score) for i, score in enumerate(scores))
    return Document(name, text, spans)


PARK = "开江县工业集中区引进生物医药企业十家，总投资二十亿元。"
FARM = "四川盆地今年水稻丰收，农民收入稳步增长，粮食总产量再创新高。"
PORT = "青岛港与招商局签署协议，新码头将于明年三月开工建设，年吞吐量六百万吨。"


def ids(suggestions):
    return [s.document.id for s in suggestions]


def test_uncertainty_counts_expected_errors_by_length():
    assert uncertainty(article("a", PARK, 1.0, 0.5, 0.75)) == pytest.approx(750 / (len(PARK) + OVERHEAD))
    assert uncertainty(article("a", PARK)) == 0
    assert uncertainty(article("a", PARK * 9, 0.5)) < uncertainty(article("a", PARK, 0.5))


def test_uncertain_articles_come_first():
    documents = [article("sure", PARK, 0.99), article("unsure", FARM, 0.4), article("between", PORT, 0.8)]
    assert ids(suggest(documents, 3, diversity=0)) == ["unsure", "between", "sure"]


def test_near_copies_wait_for_others():
    documents = [
        article("park", PARK, 0.2),
        article("copy", PARK.replace("十家", "九家"), 0.3),
        article("port", PORT, 0.6),
        article("farm", FARM, 0.7),
    ]
    assert ids(suggest(documents, 2, diversity=0)) == ["park", "copy"]
    chosen = suggest(documents, 4, diversity=0.6)
    assert chosen[0].document.id == "park"
    assert ids(chosen).index("copy") > 1
    copy = next(s for s in chosen if s.document.id == "copy")
    assert copy.likeness > 0.7 > max(s.likeness for s in chosen if s.document.id != "copy")


def test_what_is_like_the_labelled_comes_later():
    # Of one length, so that both are equally uncertain.
    documents = [article("park", PARK[:25], 0.5), article("farm", FARM[:25], 0.5)]
    assert ids(suggest(documents, 2, diversity=0.5, labelled=[PARK + "。"])) == ["farm", "park"]
    assert ids(suggest(documents, 2, diversity=0.5, labelled=[FARM + "。"])) == ["park", "farm"]


@given(st.randoms(use_true_random=False), st.integers(1, 12), st.sampled_from([0.0, 0.3, 1.0]))
def test_the_order_of_the_input_does_not_matter(shuffler, count, diversity):
    numbers = random.Random(7)
    documents = [
        article(
            str(i),
            "".join(numbers.choices("开江县园区投资亿元", k=40)),
            *(numbers.random() for _ in range(3)),
        )
        for i in range(12)
    ]
    before = ids(suggest(documents, count, diversity=diversity))
    shuffler.shuffle(documents)
    assert ids(suggest(iter(documents), count, diversity=diversity)) == before
    assert len(set(before)) == count


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_vectors(texts):
    vectors, known = text_vectors(texts, known=["开江县工业集中区"])
    assert vectors.shape == (len(texts), BUCKETS)
    assert known.shape == (1, BUCKETS)
    norms = np.linalg.norm(vectors, axis=1)
    for text, norm in zip(texts, norms, strict=True):
        assert norm == pytest.approx(1.0 if len(text) > 1 else 0.0, abs=1e-5)
    assert [ngram_counts(t).sum() for t in texts] == [max(0, len(t) - 1) + max(0, len(t) - 2) for t in texts]


def test_empty_inputs_and_wrong_numbers():
    assert suggest([], 3) == []
    assert ids(suggest([article("a", PARK)], 3)) == ["a"]
    for arguments in ({"count": 0}, {"count": 1, "diversity": 1.5}):
        with pytest.raises(ValueError, match="count >= 1"):
            suggest([], **arguments)


def test_labelled_repeated_and_empty_texts_are_left_out():
    from parkner.runtime import sha256_of_text

    documents = [Document("1", PARK), Document("2", PARK), Document("3", FARM), Document("4", " \n")]
    assert [d.id for d in unlabelled(documents, [])] == ["1", "3"]
    assert [d.id for d in unlabelled(documents, [sha256_of_text(PARK)])] == ["3"]


class StubTagger:
    """Says of every text that its first two characters are a park; the longer, the surer."""

    labels = ("PARK", "ORG")

    @classmethod
    def from_pretrained(cls, folder=None, **options):
        return cls()

    def tag(self, documents):
        from dataclasses import replace

        for document in documents:
            score = min(0.9, len(document.text) / 100)
            yield replace(document, spans=(Span(0, 2, "PARK", score=score),))


def test_command_writes_tasks(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(parkner.inference, "Tagger", StubTagger)
    lines = [json.dumps({"id": str(i), "text": text}) for i, text in enumerate((PARK, FARM, PORT))]
    (tmp_path / "in.jsonl").write_text("\n".join([*lines, "{bad"]), encoding="utf-8")
    (tmp_path / "gold.jsonl").write_text(json.dumps({"id": "x", "text": FARM, "spans": []}), encoding="utf-8")
    out = tmp_path / "tasks.json"
    arguments = ["suggest", str(tmp_path / "in.jsonl"), "--count", "5", "--out", str(out)]
    assert main([*arguments, "--labelled", str(tmp_path / "gold.jsonl")]) == 1  # for the bad line
    assert "in.jsonl" in (tmp_path / "tasks.json.errors.jsonl").read_text(encoding="utf-8")
    assert "2 articles" in capsys.readouterr().out
    tasks = json.loads(out.read_text(encoding="utf-8"))
    assert [t["data"]["suggestion"]["rank"] for t in tasks] == [1, 2]
    assert {t["data"]["document_id"] for t in tasks} == {"0", "2"}
    region = tasks[0]["predictions"][0]["result"][0]
    assert region["value"]["text"] == tasks[0]["data"]["text"][:2]
    assert tasks[0]["predictions"][0]["score"] == region["score"]
    config = (tmp_path / "tasks.config.xml").read_text(encoding="utf-8")
    assert f'name="{region["from_name"]}" toName="{region["to_name"]}"' in config
    assert [d.spans for d in read(out, "label-studio-predictions")] == [(Span(0, 2, "PARK"),)] * 2
    assert list(read(out, "label-studio-annotations")) == []
