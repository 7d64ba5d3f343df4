"""Label models: one interface, flat spans, trust without gold, scores that gold can calibrate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkner.labelling.label_model import MODELS, Vote, candidates_of, islands, make_label_model
from parkner.labelling.label_model.calibration import Calibration, fit_calibration
from parkner.spans import Document, Span, UsageError

NAMES = sorted(MODELS)


@st.composite
def articles(draw):
    votes = []
    for _ in range(draw(st.integers(0, 8))):
        start = draw(st.integers(0, 25))
        votes.append(
            Vote(
                start,
                start + draw(st.integers(1, 6)),
                draw(st.sampled_from(["ORG", "PARK"])),
                draw(st.sampled_from(["f", "g", "h"])),
            )
        )
    return votes


@pytest.mark.parametrize("name", NAMES)
@given(fitting=st.lists(articles(), min_size=1, max_size=4), votes=articles())
def test_spans_are_flat_voted_for_and_do_not_hang_on_order(name, fitting, votes):
    model = make_label_model(name)
    model.fit(fitting)
    spans = model.spans(votes)
    Document("d", "x" * 40, tuple(spans))  # raises where two overlap
    assert all(0.0 <= span.score <= 1.0 for span in spans)
    covered = {(at, vote.label) for vote in votes for at in range(vote.start, vote.end)}
    assert all((at, span.label) in covered for span in spans for at in range(span.start, span.end))
    assert model.spans(votes[::-1]) == spans


@pytest.mark.parametrize("name", NAMES)
def test_a_lone_vote_becomes_a_span_with_its_source(name):
    model = make_label_model(name)
    model.fit([[Vote(0, 4, "ORG", "f"), Vote(6, 9, "DATE", "g")]] * 20)
    spans = model.spans([Vote(10, 14, "ORG", "f")])
    assert [(s.start, s.end, s.label, s.sources) for s in spans] == [(10, 14, "ORG", ("f",))]
    assert spans[0].score > 0.5


@pytest.mark.parametrize("name", [name for name in NAMES if name != "majority"])
def test_a_function_that_loses_to_agreement_is_trusted_less(name):
    right = [Vote(0, 4, "ORG", "good"), Vote(0, 4, "ORG", "fair")]
    articles = [[*right, Vote(1, 4, "ORG", "bad")]] * 30
    model = make_label_model(name)
    model.fit(articles)
    trust = model.reliability()
    assert trust["bad"] < trust["good"]
    (span,) = model.spans(articles[0])
    assert (span.start, span.end) == (0, 4)


@pytest.mark.parametrize("name", NAMES)
def test_parameters_survive_json(name):
    import json

    model = make_label_model(name)
    votes = [Vote(0, 4, "ORG", "f"), Vote(0, 4, "ORG", "g"), Vote(2, 8, "PARK", "h")]
    model.fit([votes] * 5)
    again = make_label_model(name)
    again.load(json.loads(json.dumps(model.parameters())))
    for before, after in zip(model.spans(votes), again.spans(votes), strict=True):
        assert (before.start, before.end, before.label) == (after.start, after.end, after.label)
        assert before.score == pytest.approx(after.score, abs=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_labels_and_functions_it_was_not_fitted_on(name):
    model = make_label_model(name)
    model.fit([[Vote(0, 4, "ORG", "f")]] * 10)
    spans = model.spans([Vote(0, 5, "PERCENT", "percent_sign"), Vote(8, 12, "ORG", "f")])
    assert [(s.start, s.end, s.label) for s in spans] == [(0, 5, "PERCENT"), (8, 12, "ORG")]
    assert all(s.score > 0.5 for s in spans)


@pytest.mark.parametrize("name", NAMES)
def test_gold_for_other_articles_is_refused(name):
    with pytest.raises(UsageError, match="votes on 2"):
        make_label_model(name).fit([[], []], [[]])


@pytest.mark.parametrize("name", ["weighted", "hmm"])
def test_gold_counts(name):
    votes = [Vote(0, 4, "ORG", "often_wrong"), Vote(10, 14, "ORG", "right")]
    model = make_label_model(name)
    model.fit([votes] * 40, [[Span(10, 14, "ORG")]] * 40)
    trust = model.reliability()
    assert trust["often_wrong"] < trust["right"]


def test_weighted_takes_the_longer_name():
    """A park inside an organisation's name is what the name is made of, no vote against it."""
    model = make_label_model("weighted")
    spans = model.spans(
        [Vote(0, 7, "ORG", "body"), Vote(0, 4, "PARK", "park_a"), Vote(0, 4, "PARK", "park_b")]
    )
    assert max(spans, key=lambda s: s.score).label == "ORG"


def test_unknown_model_is_named():
    with pytest.raises(UsageError, match="snorkel"):
        make_label_model("snorkel")


@given(articles())
def test_islands_share_no_character(votes):
    reach = -1
    for island in islands(candidates_of(votes)):
        assert island[0].start >= reach
        reach = max(candidate.end for candidate in island)


def test_calibration_says_how_often_such_spans_are_right():
    predicted, gold = [], []
    for i in range(200):
        predicted.append([Span(0, 2, "ORG", 0.9, sources=("f",)), Span(4, 6, "ORG", 0.9, sources=("g",))])
        gold.append([Span(4, 6, "ORG")] + ([Span(0, 2, "ORG")] if i % 2 else []))
    table = Calibration.from_dict(fit_calibration(predicted, gold).as_dict())
    assert table.accuracy["ORG"]["f"] == pytest.approx(0.5, abs=0.02)
    assert table.score(predicted[0][0]) == pytest.approx(0.5, abs=0.02)
    assert table.score(predicted[0][1]) > 0.98
    assert table.score(Span(0, 1, "PARK", 0.3)) == 0.3
    assert Calibration().score(Span(0, 1, "ORG", 0.3)) == 0.3


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=120))
def test_calibration_never_falls(pairs):
    predicted = [[Span(0, 1, "ORG", score, sources=("f",))] for score, _ in pairs]
    gold = [[Span(0, 1, "ORG")] if hit else [] for _, hit in pairs]
    steps = fit_calibration(predicted, gold).steps["ORG"]
    assert [a for a, _ in steps] == sorted(a for a, _ in steps)
    assert [b for _, b in steps] == sorted(b for _, b in steps)
