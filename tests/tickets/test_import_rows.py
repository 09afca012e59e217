"""The row and date parsers on anything at all."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.importing.columns import FIELDS
from tickets.importing.dates import parse_moment
from tickets.importing.errors import RowError
from tickets.importing.rows import Row, parse_row
from tickets.importing.seen import Seen
from tickets.models.choices import Priority, Status

NOON = datetime(2024, 1, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-02T12:00:00Z",
        "2024-01-02T13:00:00+01:00",
        "2024-01-02 12:00",
        "2024-01-02 12:00:00 UTC",
        "2024-01-02 07:00:00 -0500",
        "2024-01-02T12:00:00.000",
        "20240102T120000Z",
        "2024/01/02 12:00",
        "02.01.2024 12:00",
        "2.1.2024, 12:00:00",
        "01/02/2024 12:00",
        "1/2/2024 12:00 PM",
        "Tue, 02 Jan 2024 12:00:00 +0000",
        "Tue, 2 Jan 2024 07:00:00 EST",
        "1704196800",
        "1704196800.0",
        "1704196800000",
    ],
)
def test_common_forms_of_one_moment_are_read(text):
    assert parse_moment(text) == NOON


def test_a_day_alone_is_its_beginning():
    day = datetime(2024, 1, 2, tzinfo=UTC)
    assert all(parse_moment(text) == day for text in ("2024-01-02", "20240102", "02.01.2024", "1/2/2024"))
    assert parse_moment("1/2/2024 12:30 am") == day + timedelta(minutes=30)


def test_without_a_zone_the_desk_s_own_is_meant(settings):
    settings.TIME_ZONE = "Europe/Berlin"
    assert parse_moment("2024-01-02 13:00") == NOON
    assert parse_moment("2024-01-02T12:00Z") == NOON


@pytest.mark.parametrize(
    "text",
    ["13/02/2024", "yesterday", "2024-02-30", "32.01.2024", "1/2/2024 13:00 PM", "1/2/24", "12345", "1850-01-01",
     "2100-01-01", "9999-12-31T23:59:59-14:00", "0001-01-01", "2024-01-02x10:00", "٢٠٢٤-٠١-٠٢", "2024-W01-2"],
)  # fmt: skip
def test_what_is_no_date_is_refused_rather_than_guessed_at(text):
    with pytest.raises(RowError):
        parse_moment(text)


def only_row_errors(function, *arguments):
    try:
        return function(*arguments)
    except RowError as error:
        assert str(error)
        return None


digits = st.text("0123456789-/.: TZ+APMapmGUCJan,", max_size=40)


@given(st.one_of(st.text(max_size=60), digits))
def test_any_text_is_a_moment_or_a_row_error(text):
    moment = only_row_errors(parse_moment, text)
    assert moment is None or 1970 <= moment.year <= 2099


@given(st.datetimes(datetime(1970, 1, 2), datetime(2099, 12, 30), timezones=st.timezones()))
def test_every_iso_moment_is_read_exactly(moment):
    assert parse_moment(moment.isoformat()) == moment.astimezone(UTC)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(FIELDS), json_values))
def test_any_values_are_a_row_or_a_row_error(values):
    row = only_row_errors(parse_row, values)
    if row is not None:
        assert isinstance(row, Row) and row.body.strip()
        assert row.status in {"", *Status.values} and row.priority in {"", *Priority.values}
        assert len(row.name) <= 200 and len(row.external_id) <= 200 and all(len(tag) <= 100 for tag in row.tags)
        row.body.encode()


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=30)))
def test_equal_rows_have_equal_digests(values):
    first, second = only_row_errors(parse_row, values), only_row_errors(parse_row, dict(values))
    assert first == second


def test_fields_cannot_run_into_each_other_in_a_digest():
    one = parse_row({"body": "x", "subject": "ab", "thread": "c"})
    other = parse_row({"body": "x", "subject": "a", "thread": "bc"})
    assert one.content != other.content


def test_repeats_are_counted_one_by_one():
    with Seen() as seen:
        assert [seen.times_before(key) for key in (b"a", b"b", b"a", b"a")] == [0, 0, 1, 2]
