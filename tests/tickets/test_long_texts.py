"""Texts made to keep a search busy: what took a square of steps would not end in anybody's lifetime."""

from __future__ import annotations

import pytest

from tickets.fulltext import marked, parse
from tickets.mail.incoming import quotes
from tickets.placeholders import complaint, fill
from tickets.text import html_to_text, looks_like_html

LONG = 200_000


@pytest.mark.parametrize("end", ["x", "\nx", ""])
def test_a_rule_over_many_lines_of_a_mail(end):
    text = "-" * LONG + end
    new, rest = quotes.fold(text)
    assert new + rest == text


@pytest.mark.parametrize("text", ["-- Forwarded --", "--- Forwarded ---", "-----", "------", f"---{'x' * 61}---"])
def test_what_stands_between_dashes_is_a_rule_if_it_is_short(text):
    _new, rest = quotes.fold(f"{text}\nwords")
    assert rest == ""
    assert bool(quotes._RULE.match(text)) is (text in {"--- Forwarded ---", "------"})


def test_tags_that_are_never_closed():
    assert html_to_text("<br" * LONG) == ""
    assert html_to_text("one<br>two<p title='x'>three</p >four") == "one\ntwothree\nfour"
    assert not looks_like_html(" " * LONG + "<br" + " " * LONG)


def test_placeholders_that_are_never_closed():
    body = "{{" + " " * LONG + "{{ customer.name }} {{\ncustomer.name\n}}"
    assert complaint(body) == ""
    assert fill(body, {"customer.name": "Erin"}) == "{{" + " " * LONG + "Erin Erin"


@pytest.mark.parametrize("typed", ["a b", '"a b"', "a-b"])
@pytest.mark.parametrize("text", ["a" + "_" * LONG, "a_" * LONG, "a" + " " * LONG + "\u00e9"])
def test_words_far_apart(text, typed):
    assert "".join(piece.text for piece in marked(text, parse(typed))) == text
