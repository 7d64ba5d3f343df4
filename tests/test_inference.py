"""Tagging: windows merged, offsets on the original, the same for any batch size; batches that can die and go on."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkner.batch import FailedRecord, Job
from parkner.config import WindowConfig
from parkner.encoding import PieceEncoder
from parkner.inference import Tagger
from parkner.spans import Document, Span, UsageError
from parkner.tagging import bio_tags
from tiny import save_tokenizer

LABELS = ("ORG", "DATE")
TAGS = bio_tags(LABELS)


class Marks:
    """A network that knows its answer: 公 begins an ORG, 司 goes on, and so on; sure in the middle of a window.

    At the edges of a window it is unsure and says O, as a real network without context would.
    """

    name = "marks"
    concurrency = 1

    def __init__(self, encoder, max_batch_pieces=64, blind=0):
        self.max_batch_pieces = max_batch_pieces
        self.blind = blind
        self.calls = self.rows = 0
        answers = {"公": "B-ORG", "司": "I-ORG", "年": "I-DATE", "月": "B-DATE"}
        self._answer = {encoder.pieces_of(c)[0]: TAGS.index(tag) for c, tag in answers.items()}

    def logits(self, input_ids, attention_mask):
        self.calls += 1
        self.rows += len(input_ids)
        out = np.zeros((*input_ids.shape, len(TAGS)), dtype=np.float32)
        for row, ids in enumerate(input_ids):
            length = int(attention_mask[row].sum())
            for t, piece in enumerate(ids[:length]):
                sees = self.blind < t < length - 1 - self.blind
                out[row, t, self._answer.get(int(piece), 0) if sees else 0] = 9
        return out


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(folder)
    return PieceEncoder.from_folder(folder)


def tagger(encoder, *, size=16, overlap=8, **options):
    return Tagger(
        Marks(encoder, **options),
        encoder,
        LABELS,
        window=WindowConfig(size=size, overlap=overlap),
        values=False,
    )


def found(document):
    return [(document.text_of(span), span.start) for span in document.spans]


def test_spans_at_window_edges_are_whole(encoder):
    text = "江" * 13 + "公司司司" + "江" * 30 + "公司" + "江" * 5
    (document,) = tagger(encoder, blind=3).tag([text])
    assert found(document) == [("公司司司", 13), ("公司", 47)]


def test_offsets_are_those_of_the_original(encoder):
    text = "2021年,江天科技公 司(sī)在廣安\n公司"
    (document,) = tagger(encoder).tag([text])
    assert found(document) == [("公 司", text.index("公")), ("公司", text.rindex("公"))]


def test_no_span_runs_across_a_line_break(encoder):
    (document,) = tagger(encoder).tag(["公\n司"])
    assert found(document)[0] == ("公", 0)
    assert all("\n" not in text for text, _ in found(document))


def test_debris_gets_no_spans(encoder):
    document = Document("a", "公司\n公司", meta={"debris": [[0, 3]]})
    (tagged,) = tagger(encoder).tag([document])
    assert found(tagged) == [("公司", 3)]


@given(st.lists(st.text(alphabet="公司年月江\n 2a", max_size=60), max_size=8), st.integers(1, 400))
def test_batch_size_changes_nothing_and_order_is_kept(encoder, texts, batch):
    one = list(tagger(encoder, max_batch_pieces=1).tag(texts))
    many = list(tagger(encoder, max_batch_pieces=batch).tag(texts))
    assert one == many
    assert [document.text for document in many] == texts


def test_concurrent_calls_change_nothing(encoder, monkeypatch):
    texts = ["江公司" * n for n in range(1, 40)]
    one = list(tagger(encoder).tag(texts))
    monkeypatch.setattr(Marks, "concurrency", 3)
    assert list(tagger(encoder).tag(texts)) == one


def test_windows_of_debris_are_not_run(encoder):
    text = "菜" * 60 + "\n" + "江公司天" * 5
    whole, parts = tagger(encoder), tagger(encoder)
    (all_tagged,) = whole.tag([Document("a", text)])
    (tagged,) = parts.tag([Document("a", text, meta={"debris": [[0, 60]]})])
    assert found(tagged) == found(all_tagged)
    assert parts.backend.rows < whole.backend.rows


def test_it_streams(encoder, monkeypatch):
    monkeypatch.setattr("parkner.inference.LEAST_LOOK_AHEAD_PIECES", 50)
    monkeypatch.setattr("parkner.inference.LOOK_AHEAD_BATCHES", 0)
    read = []

    def texts():
        for number in range(100):
            read.append(number)
            yield "江天科技公司" * 2

    stream = tagger(encoder).tag(texts())
    next(stream)
    assert len(read) < 10


def document(number):
    return Document(f"d{number}", f"江天公司{number}", (Span(0, 4, "ORG", 0.9),))


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_a_killed_job_goes_on_without_gaps_or_doubles(tmp_path, monkeypatch, suffix):
    monkeypatch.setattr("parkner.batch.PART_DOCUMENTS", 3)
    out = tmp_path / f"out{suffix}"

    def source(job, first):
        for number in range(first, 10):
            if number == 8 and first == 0:
                raise KeyboardInterrupt
            if number == 4:
                job.failed.append(FailedRecord(number, {"id": "bad"}))
            yield document(number)

    job = Job(out, {"model": "a"})
    job.begin(resume=False)
    with pytest.raises(KeyboardInterrupt):
        list(job.write(source(job, 0), 0))
    assert not out.exists()
    # A part without its description was cut short.
    (job.parts_folder / f"part-0000000008{suffix}").write_text("{half")
    job = Job(out, {"model": "a"})
    done = job.begin(resume=True)
    assert done == 8
    list(job.write(source(job, done), done))
    assert job.finish() == (10, 1)
    assert [json.loads(line) for line in job.errors_file.read_text().splitlines()] == [{"id": "bad"}]
    if suffix == ".jsonl":
        ids = [json.loads(line)["id"] for line in out.read_text().splitlines()]
    else:
        import pyarrow.parquet as pq

        ids = pq.read_table(out).column("id").to_pylist()
    assert ids == [f"d{number}" for number in range(10)]
    assert not job.parts_folder.exists()


def test_resume_with_another_model_is_refused_by_name(tmp_path):
    job = Job(tmp_path / "o.jsonl", {"model": "a", "backend": "x"})
    job.begin(resume=False)
    with pytest.raises(UsageError, match="model was 'a', is 'b'"):
        Job(tmp_path / "o.jsonl", {"model": "b", "backend": "x"}).begin(resume=True)


def test_two_jobs_on_one_output_are_refused(tmp_path):
    first, second = (Job(tmp_path / "o.jsonl", {}) for _ in range(2))
    with first.locked(), pytest.raises(UsageError, match="another job"), second.locked():
        pass
    with second.locked():
        pass


@pytest.mark.parametrize("name", ["o.txt", "o"])
def test_output_type_is_checked(tmp_path, name):
    with pytest.raises(UsageError, match=r"\.jsonl or \.parquet"):
        Job(tmp_path / name, {})
