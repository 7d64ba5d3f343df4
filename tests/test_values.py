"""Amounts and dates as values: the table, round trips of random values, and what is refused."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import cn2an
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkner.spans import Span
from parkner.values import (
    Amount,
    AmountError,
    DateError,
    DateInterval,
    fill_values,
    parse_amount,
    parse_date,
)

TABLE = Path(__file__).parent / "data" / "values.jsonl"
CASES = [json.loads(line) for line in TABLE.read_text(encoding="utf-8").splitlines()]
REFERENCE = dt.date(2022, 1, 28)


def _interval(value: dict[str, str]) -> DateInterval:
    return DateInterval(
        dt.date.fromisoformat(value["start"]),
        dt.date.fromisoformat(value["end"]),
        value["grain"],  # type: ignore[arg-type]
    )


def _parse(case: dict[str, Any]) -> dict[str, Any]:
    if case["kind"] == "amount":
        return parse_amount(case["text"]).to_dict()
    reference = dt.date.fromisoformat(case["reference"]) if "reference" in case else None
    context = [_interval(value) for value in case.get("context", ())]
    return parse_date(case["text"], reference=reference, context=context).to_dict()


def test_table_is_as_large_as_it_has_to_be() -> None:
    kinds = [case["kind"] for case in CASES if "value" in case]
    assert kinds.count("amount") >= 150
    assert kinds.count("date") >= 200
    keys = [json.dumps({k: v for k, v in c.items() if k not in ("value", "error")}) for c in CASES]
    assert len(keys) == len(set(keys)), "a case stands twice"


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['text']}@{c.get('reference', '')}")
def test_table(case: dict[str, Any]) -> None:
    if "value" in case:
        got = _parse(case)
        assert got == case["value"]
        assert json.loads(json.dumps(got)) == case["value"]
        return
    with pytest.raises(AmountError if case["kind"] == "amount" else DateError) as caught:
        _parse(case)
    assert str(caught.value) == f"{case['text']!r}: {case['error']}"


# Amounts: random values in every accepted way of writing.

UNITS = {
    "元": "CNY",
    "元人民币": "CNY",
    "美元": "USD",
    "欧元": "EUR",
    "港币": "HKD",
    "日元": "JPY",
    "英镑": "GBP",
}
SCALES = {"": 0, "万": 4, "亿": 8, "万亿": 12}
FULL_WIDTH = str.maketrans("0123456789.", "０１２３４５６７８９．")
numbers = st.decimals(Decimal("0.01"), Decimal("99999.99"), places=2)


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


@given(number=numbers, scale=st.sampled_from(list(SCALES)), unit=st.sampled_from(list(UNITS)))
def test_amounts_written_in_digits(number: Decimal, scale: str, unit: str) -> None:
    value = number * 10 ** SCALES[scale]
    for written in (_plain(number), f"{number:,}", _plain(number).translate(FULL_WIDTH), f" {number} "):
        amount = parse_amount(f"{written}{scale}{unit}")
        assert (amount.unit, amount.low, amount.high, amount.qualifier) == (
            UNITS[unit],
            value,
            value,
            "exact",
        )
    traditional = scale.replace("万", "萬").replace("亿", "億")
    assert parse_amount(f"{number}{traditional}{unit.replace('币', '幣').replace('欧', '歐')}").low == value
    assert Decimal(repr(parse_amount(f"{number}{scale}{unit}").to_dict()["low"])) == value


@given(number=st.integers(1, 10**12))
def test_amounts_written_in_chinese(number: int) -> None:
    for mode in ("low", "up"):
        assert parse_amount(f"{cn2an.an2cn(number, mode)}元").low == number


@given(number=numbers, scale=st.sampled_from(list(SCALES)))
@pytest.mark.parametrize(
    ("ending", "qualifier"),
    [
        ("左右", "about"),
        ("以上", "at_least"),
        ("以内", "at_most"),
        ("以下", "at_most"),
        ("多", "over"),
        ("及以上", "at_least"),
    ],
)
def test_words_behind_a_number(number: Decimal, scale: str, ending: str, qualifier: str) -> None:
    value = number * 10 ** SCALES[scale]
    amount = parse_amount(f"{_plain(number)}{scale}元{ending}")
    assert amount.qualifier == qualifier
    assert amount.low == (None if qualifier == "at_most" else value)
    assert amount.high == (None if qualifier in ("over", "at_least") else value)


@given(
    ends=st.tuples(numbers, numbers).map(sorted),
    scale=st.sampled_from(list(SCALES)),
    dash=st.sampled_from(["-", "—", "~", "～", "至", "到", "－", "–"]),
)
def test_ranges_share_the_unit_of_the_upper_end(ends: list[Decimal], scale: str, dash: str) -> None:
    low, high = (_plain(end) for end in ends)
    expected = Amount("CNY", ends[0] * 10 ** SCALES[scale], ends[1] * 10 ** SCALES[scale], "range")
    for text in (
        f"{low}{scale}元{dash}{high}{scale}元",
        f"{low}{scale}{dash}{high}{scale}元",
        f"{low}{dash}{high}{scale}元",
    ):
        assert parse_amount(text) == expected


def test_amounts_are_exact() -> None:
    assert parse_amount("3541.07万元").to_dict()["low"] == 35410700
    assert isinstance(parse_amount("3541.07万元").low, int)
    assert parse_amount("0.1元").low == Decimal("0.1")
    assert parse_amount("99999999999999999999亿元").low == 99999999999999999999 * 10**8


# Dates: the same.

dates = st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31))
CHINESE_DIGITS = str.maketrans("0123456789", "〇一二三四五六七八九")


@given(date=dates)
def test_days(date: dt.date) -> None:
    y, m, d = date.year, date.month, date.day
    chinese = f"{str(y).translate(CHINESE_DIGITS)}年{cn2an.an2cn(m)}月{cn2an.an2cn(d)}日"
    ways = [
        f"{y}年{m}月{d}日",
        f"{y}年{m}月{d}号",
        f"{date}",
        f"{y}/{m}/{d}",
        f"{y}.{m:02}.{d:02}",
        f"{date:%Y%m%d}",
        chinese,
    ]
    ways += [
        f"{y}年{m}月{d}日".translate(FULL_WIDTH),
        f"{date} 10:38:35",
        f"{y}年{m}月{d}日上午",
        f" {y} 年{m} 月{d} 日",
    ]
    for way in ways:
        assert parse_date(way) == DateInterval(date, date, "day"), way


@given(date=dates)
def test_months_quarters_halves_years(date: dt.date) -> None:
    year, month = date.year, date.month
    found = parse_date(f"{year}年{month}月")
    assert (found.start, found.grain) == (date.replace(day=1), "month")
    assert (found.end + dt.timedelta(days=1)).day == 1
    quarter = (month + 2) // 3
    found = parse_date(f"{year}年第{'一二三四'[quarter - 1]}季度")
    assert found.start <= date <= found.end
    assert found.grain == "quarter"
    found = parse_date(f"{year}年{'上' if month <= 6 else '下'}半年")
    assert found.start <= date <= found.end
    assert found.grain == "half"
    assert parse_date(f"{year}年").to_dict() == {
        "start": f"{year}-01-01",
        "end": f"{year}-12-31",
        "grain": "year",
    }


@given(date=dates, reference=dates)
def test_a_date_without_its_year_is_the_last_one_begun(date: dt.date, reference: dt.date) -> None:
    found = parse_date(f"{date.month}月{date.day}日", reference=reference).start
    assert (found.month, found.day) == (date.month, date.day)
    assert found <= reference
    following = [
        dt.date(y, date.month, date.day)
        for y in range(found.year + 1, reference.year + 1)
        if _exists(y, date)
    ]
    assert all(later > reference for later in following)
    day = parse_date(f"{date.day}日", reference=reference).start
    assert day.day == date.day
    assert dt.timedelta(0) <= reference - day < dt.timedelta(days=62)


def _exists(year: int, date: dt.date) -> bool:
    try:
        dt.date(year, date.month, date.day)
    except ValueError:
        return False
    return True


@given(ends=st.tuples(dates, dates).map(sorted), dash=st.sampled_from(["至", "到", "-", "—", "～"]))
def test_ranges_of_dates(ends: list[dt.date], dash: str) -> None:
    first, last = ends
    texts = [f"{first.year}年{first.month}月{first.day}日{dash}{last.year}年{last.month}月{last.day}日"]
    if first.year == last.year:
        texts.append(f"{first.year}年{first.month}月{first.day}日{dash}{last.month}月{last.day}日")
    if (first.year, first.month) == (last.year, last.month):
        texts.append(f"{first.year}年{first.month}月{first.day}日{dash}{last.day}日")
        texts.append(f"{first.year}年{first.month}月{first.day}{dash}{last.day}日")
    for text in texts:
        assert parse_date(text) == DateInterval(first, last, "period"), text
    years = parse_date(f"{first.year}{dash}{last.year}年")
    assert (years.start.year, years.end.year, years.end.month) == (first.year, last.year, 12)


@given(reference=dates, months=st.integers(1, 12))
def test_months_so_far(reference: dt.date, months: int) -> None:
    found = parse_date(f"前{months}个月", reference=reference)
    same = parse_date(f"1-{months}月份", reference=reference) if months > 1 else found
    assert found == same
    assert (found.start.month, found.end.month) == (1, months)
    assert found.end.replace(day=1) <= reference < found.end.replace(year=found.end.year + 1, day=1)


# Refusals.

ALPHABET = "0123456789.,-~—至到年月日号季度半上下前后今去明同当次底初末旬个周天元万亿千百十几多余约以内级美欧块角分一二两三〇（)“五ab ²٣"


@given(
    text=st.one_of(st.text(max_size=30), st.text(alphabet=ALPHABET, max_size=12)),
    with_reference=st.booleans(),
)
def test_nothing_but_value_errors_with_the_text(text: str, with_reference: bool) -> None:
    context = [DateInterval(REFERENCE, REFERENCE, "day")]
    reference = REFERENCE if with_reference else None
    amount = _refusal(lambda: parse_amount(text).to_dict(), AmountError)
    date = _refusal(
        lambda: parse_date(text, reference=reference, context=context, future=with_reference).to_dict(),
        DateError,
    )
    for message in (amount, date):
        assert message is None or repr(text) in message


def _refusal(call: Callable[[], dict[str, Any]], error: type[ValueError]) -> str | None:
    """The message of the one error that is allowed; None if there is a value that JSON can hold."""
    try:
        json.dumps(call(), allow_nan=False)
    except error as refused:
        return str(refused)
    return None


@pytest.mark.parametrize("reference", [dt.date.min, dt.date.max, dt.date(999, 1, 1), dt.date(2999, 12, 31)])
@pytest.mark.parametrize(
    "text",
    ["今年", "昨天", "明天", "下周", "去年同期", "2月29日", "31日", "前8个月", "上月", "明年底", "90年代"],
)
def test_references_at_the_ends_of_the_calendar(reference: dt.date, text: str) -> None:
    context = [DateInterval(reference, reference, "day")]
    for future in (False, True):
        message = _refusal(
            lambda future=future: parse_date(
                text, reference=reference, context=context, future=future
            ).to_dict(),
            DateError,
        )
        assert message is None or text in message


def test_very_long_texts_are_refused_at_once() -> None:
    with pytest.raises(AmountError, match="longer than any amount"):
        parse_amount("9" * 100_000 + "元")
    with pytest.raises(DateError, match="longer than any date"):
        parse_date("2021年" * 100_000)


def test_a_datetime_is_taken_as_its_day() -> None:
    assert parse_date("昨天", reference=dt.datetime(2022, 1, 28, 23, 59)).start == dt.date(2022, 1, 27)


# A document.


def _filled(text: str, reference: dt.date | None, *marked: tuple[str, str]) -> list[Span]:
    spans, place = [], 0
    for label, written in marked:
        start = text.index(written, place)
        place = start + len(written)
        spans.append(Span(start, place, label, score=0.5))
    return fill_values(spans, text, reference=reference)


def test_fill_carries_dates_along_and_leaves_other_spans_alone() -> None:
    text = "去年8月31日，上汽红岩挂牌成立，订单4000万元。同年11月17日开业，近日到位资金。"
    marked = [
        ("DATE", "去年8月31日"),
        ("ORG", "上汽红岩"),
        ("AMOUNT", "4000万元"),
        ("DATE", "同年11月17日"),
        ("DATE", "近日"),
    ]
    date, org, amount, later, vague = _filled(text, REFERENCE, *marked)
    assert date.value == {"start": "2021-08-31", "end": "2021-08-31", "grain": "day"}
    assert org == Span(org.start, org.end, "ORG")
    assert org.value is None
    assert org.value_error is None
    assert amount.value == {"unit": "CNY", "low": 40000000, "high": 40000000, "qualifier": "exact"}
    assert later.value is not None
    assert later.value["start"] == "2021-11-17"
    assert vague.value is None
    assert vague.value_error == "'近日': a vague time"
    assert all(span.score == 0.5 for span in (date, org, amount, later, vague))


@pytest.mark.parametrize(
    ("text", "written", "start"),
    [
        ("项目预计10月投产。", "10月", "2011-10-01"),
        ("一期项目10月将投产。", "10月", "2011-10-01"),
        ("项目10月投产。", "10月", "2010-10-01"),
        ("条例9月1日起施行。", "9月1日", "2011-09-01"),
        ("力争年底前完工。", "年底", "2011-12-01"),
        ("此前预计6月零售增长。", "6月", "2011-06-01"),
        ("昨日(24日)，公司开业。", "昨日", "2011-07-24"),
    ],
)
def test_words_around_a_date_say_where_it_lies(text: str, written: str, start: str) -> None:
    (span,) = _filled(text, dt.date(2011, 7, 26), ("DATE", written))
    assert span.value is not None
    assert span.value["start"] == start


def test_comparisons_are_with_the_time_spoken_of() -> None:
    text = "2010年增长9%，比上年快2个百分点，较上年也好。1—5月增长8%，比去年同期快，去年同期为7%。"
    marked = [
        ("DATE", "2010年"),
        ("DATE", "上年"),
        ("DATE", "上年"),
        ("DATE", "1—5月"),
        ("DATE", "去年同期"),
        ("DATE", "去年同期"),
    ]
    spans = _filled(text, dt.date(2011, 7, 26), *marked)
    got = [
        (span.value or {}).get("start", "")[:7] + "/" + (span.value or {}).get("end", "")[:7]
        for span in spans
    ]
    assert got == [
        "2010-01/2010-12",
        "2009-01/2009-12",
        "2009-01/2009-12",
        "2011-01/2011-05",
        "2010-01/2010-05",
        "2010-01/2010-05",
    ]


def test_what_points_back_at_an_unread_date_is_refused() -> None:
    text = "2009年建成。2011财年第一财季盈利，比上年同期增长。"
    spans = _filled(
        text, dt.date(2011, 8, 3), ("DATE", "2009年"), ("DATE", "2011财年第一财季"), ("DATE", "上年同期")
    )
    assert spans[0].value is not None
    assert [span.value for span in spans[1:]] == [None, None]
    assert "none was named before" in (spans[2].value_error or "")


def test_without_a_reference_only_absolute_dates_have_a_value() -> None:
    spans = _filled("2022年增长，一季度开工。", None, ("DATE", "2022年"), ("DATE", "一季度"))
    assert spans[0].value is not None
    assert spans[1].value is None
    assert "no reference date" in (spans[1].value_error or "")


def test_seed_gold_is_parsed_or_refused_with_a_reason(root: Path) -> None:
    gold = root / "annotations" / "seeds.jsonl"
    amounts = parsed = 0
    for line in gold.read_text(encoding="utf-8").splitlines():
        document = json.loads(line)
        reference = dt.date.fromisoformat(document["date"]) if document.get("date") else None
        spans = [Span(*span) for span in document["spans"]]
        for span in fill_values(spans, document["text"], reference=reference):
            if span.label not in ("AMOUNT", "DATE"):
                continue
            assert (span.value is None) == bool(span.value_error)
            # The one article without a date of its own leaves its relative dates open.
            assert span.value is not None or reference is None, span.value_error
            amounts += span.label == "AMOUNT"
            parsed += span.label == "AMOUNT" and span.value is not None
    assert amounts == parsed > 0


def test_crawled_gold_is_parsed_or_refused_with_a_reason(shared: Path) -> None:
    total = parsed = 0
    for line in (shared / "gold" / "crawled.jsonl").read_text(encoding="utf-8").splitlines():
        document = json.loads(line)
        spans = [Span(*span) for span in document["spans"]]
        for span in fill_values(spans, document["text"], reference=dt.date(2011, 7, 26)):
            if span.label in ("AMOUNT", "DATE"):
                assert (span.value is None) == bool(span.value_error)
                total += 1
                parsed += span.value is not None
    assert parsed >= 0.98 * total > 0


def test_import_is_light() -> None:
    code = "import sys, parkner.values; sys.exit(any(m in sys.modules for m in ('torch', 'transformers', 'cn2an', 'dateutil')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
