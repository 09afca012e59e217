"""What counts as a label in whatever a model sends back."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.triage.parse import parse

SLUGS = ["billing", "technical", "Sales-2"]


def result(key="t1", **changes):
    return {"id": key, "category": "billing", "priority": "high", "confidence": 0.9, "reason": "Money."} | changes


def answer(*results):
    return json.dumps({"results": list(results)})


def test_an_answer_as_asked_for_is_read():
    parsed = parse(answer(result("t1"), result("t2", category="technical", confidence=1)), ["t1", "t2"], SLUGS)
    assert parsed.missing == {}
    assert (parsed.results["t1"].category, parsed.results["t2"].confidence) == ("billing", 1.0)


@pytest.mark.parametrize(
    "text",
    [
        "```json\n" + answer(result()) + "\n```",
        'He said: "here {it} is\n' + answer(result()) + "\nAnything else?",
        json.dumps([result()]),
        json.dumps({"answer": {"results": [result()]}}),
        "```\n" + answer(result()),
        "\ufeff" + answer(result()),
    ],
)
def test_whatever_stands_around_the_results_is_left_out(text):
    assert list(parse(text, ["t1"], SLUGS).results) == ["t1"]


def test_complete_results_of_an_answer_cut_off_are_kept():
    whole = answer(*[result(f"t{n}", reason='a "quoted\\" brace } {') for n in range(1, 6)])
    asked = [f"t{n}" for n in range(1, 6)]
    for end in range(len(whole)):
        parsed = parse(whole[:end], asked, SLUGS)
        assert list(parsed.results) == asked[: len(parsed.results)]
    assert len(parse(whole[:-3], asked, SLUGS).results) == 4


def test_labels_are_matched_without_case_and_blanks():
    parsed = parse(answer(result(" t1 ", category=" SALES-2\n", priority="HIGH ")), ["t1"], SLUGS)
    assert (parsed.results["t1"].category, parsed.results["t1"].priority) == ("Sales-2", "high")


def test_ids_that_were_not_asked_are_dropped_and_never_matched_by_position():
    parsed = parse(answer(result("t9"), result(1), result(None)), ["t1"], SLUGS)
    assert parsed.results == {}
    assert "no result" in parsed.missing["t1"]


def test_results_that_contradict_each_other_are_missing_and_equal_ones_are_fine():
    parsed = parse(
        answer(result("t1"), result("t1", category="technical"), result("t2"), result("t2", reason="Other words.")),
        ["t1", "t2"],
        SLUGS,
    )
    assert list(parsed.results) == ["t2"]
    assert "contradicted" in parsed.missing["t1"]


@pytest.mark.parametrize("confidence", ["high", "0.8", 1.7, -0.1, True, None, [0.5], float("nan"), 10**400])
def test_a_confidence_that_is_no_number_from_0_to_1_makes_the_result_invalid(confidence):
    parsed = parse(answer(result(confidence=confidence)), ["t1"], SLUGS)
    assert parsed.results == {}
    assert "confidence" in parsed.missing["t1"]


@pytest.mark.parametrize(
    ("field", "value"), [("category", "other"), ("category", None), ("category", {"a": 1}), ("priority", "urgent")]
)
def test_labels_outside_the_closed_sets_are_missing_with_what_was_said(field, value):
    reason = parse(answer(result(**{field: value})), ["t1"], SLUGS).missing["t1"]
    assert field in reason
    assert not isinstance(value, str) or value in reason


def test_a_reason_is_one_bounded_line_that_any_database_stores():
    text = answer(result(reason="a\x00b\n\ud800c " + "x" * 5000))
    reason = parse(text, ["t1"], SLUGS).results["t1"].reason
    assert len(reason) <= 300
    assert reason.isprintable()
    reason.encode()


TEXTS = st.one_of(
    st.text(),
    st.text(alphabet='{}[]":,\\t1 `\n'),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["results", "id", "category", "x"]), inner),
    ).map(json.dumps),
    st.lists(
        st.fixed_dictionaries(
            {
                "id": st.sampled_from(["t1", "t2", "t3"]) | st.none(),
                "category": st.sampled_from(["billing", "BILLING", "x"]) | st.integers(),
                "priority": st.sampled_from(["high", "low", "urgent"]),
                "confidence": st.floats() | st.booleans() | st.text(),
            }
        )
    ).map(lambda results: json.dumps({"results": results})),
)


@given(TEXTS, st.integers(0, 400))
def test_no_text_breaks_it_and_nothing_outside_the_closed_sets_comes_out(text, cut):
    for candidate in (text, text[:cut], text[cut:]):
        parsed = parse(candidate, ["t1", "t2"], SLUGS)
        assert parsed.results.keys() | parsed.missing.keys() == {"t1", "t2"}
        assert not parsed.results.keys() & parsed.missing.keys()
        for found in parsed.results.values():
            assert found.category in SLUGS
            assert found.priority in {"high", "medium", "low"}
            assert 0 <= found.confidence <= 1


@pytest.mark.parametrize(
    "unit", ["{", '{"a":', "[", '"', '\\"', '{"', "}{", "```json\n{", '{"id":"t1"},', "``` ", '{"a":[']
)
def test_hostile_texts_take_time_in_proportion_to_their_length(unit):
    started = time.thread_time()  # of this thread alone, whatever else the machine does
    parse(unit * (400_000 // len(unit)), ["t1"], SLUGS)
    assert time.thread_time() - started < 4


def test_a_fence_that_is_never_closed_is_soon_given_up():
    assert parse("```" + "\n" * 100_000, ["t1"], SLUGS).results == {}
    assert parse(f"```json\n\n{answer(result())}\n```", ["t1"], SLUGS).results
