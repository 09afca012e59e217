"""import_tickets on what goes wrong in files: encodings, broken rows, wrong arguments."""

import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command

from tests.tickets.test_import_tickets import jsonl, run, write
from tickets.importing import lines as lines_module
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db
__all__ = ["write"]


def refusal(path, *arguments):
    with pytest.raises(CommandError) as caught:
        call_command("import_tickets", str(path), *arguments, stdout=io.StringIO(), stderr=io.StringIO())
    assert caught.value.returncode == 2
    assert not Ticket.objects.exists()
    return str(caught.value)


def rejects(path):
    with path.with_name(path.name + ".rejects.csv").open(newline="", encoding="utf-8") as file:
        return [(int(row["line"]), row["reason"], json.loads(row["row"])) for row in csv.DictReader(file)]


def bodies():
    return sorted(Message.objects.values_list("body", flat=True))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_files_are_read_with_and_without_mark(write, encoding):
    assert run(write("body\nGrüße 日本 😀\n", encoding=encoding)) == (1, 0, 0)
    assert bodies() == ["Grüße 日本 😀"]


def test_another_encoding_is_said_with_an_option(write):
    path = write("body\nok\nGrüße\n", encoding="latin-1")
    message = refusal(path)
    assert "Line 3" in message and "--encoding latin-1" in message and "\n" not in message
    assert run(path, "--encoding", "latin-1") == (2, 0, 0)
    assert bodies() == ["Grüße", "ok"]


def test_a_bad_byte_far_into_the_file_is_found_before_anything_is_imported(write):
    path = write(b"body\n" + b"good line\n" * 20_000 + b"caf\xe9\n")
    assert "Line 20002" in refusal(path)


def test_a_file_cut_off_inside_a_character_is_refused(write):
    assert "Line 2" in refusal(write("body\ncafé".encode()[:-1]))


@pytest.mark.parametrize("name", ["klingon", "base64", "bad\0name"])
def test_an_unknown_encoding_is_named(write, name):
    assert "There is no encoding" in refusal(write("body\nx\n"), "--encoding", name)


def test_the_separator_is_found(write):
    for name, sign in (("a.csv", ","), ("b.csv", ";"), ("c.tsv", "\t")):
        assert run(write(f'subject{sign}body\nHi{sign}"a{sign} b; c, d"\n', name)) == (1, 0, 0)


def test_embedded_newlines_and_quotes_belong_to_the_field(write):
    path = write('subject,body\r\nHi,"line 1\r\nline 2, ""quoted""\r\n"\r\nHo,next\r\n')
    assert run(path) == (2, 0, 0)
    assert bodies() == ['line 1\nline 2, "quoted"', "next"]


def test_ragged_rows_are_rejected_with_their_line_and_the_rest_goes_in(write):
    path = write('subject,body\n"a\nb",one\nshort\n\nlong,row,here\nlast,two\n')
    assert run(path) == (2, 0, 2)
    assert [(line, row) for line, _reason, row in rejects(path)] == [(4, ["short"]), (6, ["long", "row", "here"])]
    assert "1 fields, the header 2" in rejects(path)[0][1]


def test_a_stray_quote_costs_its_own_row_only(write):
    path = write('subject,body\none,"never closed\ntwo,"fine"\nthree,fine\nfour,"said ""ok"" there"\n')
    assert run(path) == (3, 0, 1)
    assert rejects(path)[0][0] == 2


def test_a_quote_open_to_the_end_of_the_file_costs_its_own_row_only(write):
    path = write('subject,body\none,good\ntwo,"never closed\nthree,fine\nfour,fine\n')
    assert run(path) == (3, 0, 1)


def test_rows_beyond_the_limit_are_rejected_one_by_one(write, monkeypatch):
    monkeypatch.setattr(lines_module, "MAX_ROW", 1000)
    huge_line, huge_field = "x" * 5000, '"' + "many words\n" * 500 + '"'
    path = write(f'subject,body\na,{huge_line}\nb,fine\nc,{huge_field}\nd,fine too\ne,"{huge_line}"\nf,last\n')
    assert run(path) == (3, 0, 3)
    assert [line for line, _reason, _row in rejects(path)] == [2, 4, 506]
    assert "longer than 1000 characters" in rejects(path)[0][1]


def test_a_quote_that_is_never_closed_in_a_long_file_costs_its_own_row_only(write, monkeypatch):
    monkeypatch.setattr(lines_module, "MAX_ROW", 1000)
    path = write('subject,body\na,"open\n' + "b,fine\n" * 500)
    assert run(path) == (500, 0, 1)


def test_nul_bytes_bad_addresses_and_bad_dates_are_rejected(write):
    path = write("body,email,created_at\na\0b,,\nok,not an address,\nok,,yesterday\nok,a@example.com,2024-01-01\n")
    assert run(path) == (1, 0, 3)
    reasons = [reason for _line, reason, _row in rejects(path)]
    assert "NUL" in reasons[0] and "not an e-mail address" in reasons[1] and "not a date" in reasons[2]
    assert rejects(path)[1][2] == {"body": "ok", "email": "not an address", "created_at": ""}


def test_unknown_words_for_states_are_rejected_not_guessed(write):
    path = write("body,status,priority\na,blocked,\nb,,whatever\nc,On-Hold,P\n")
    assert run(path) == (0, 0, 3)
    assert "write one of open, pending, resolved, closed" in rejects(path)[0][1]


def test_broken_json_lines_and_wrong_types_are_rejected(write):
    good = {"body": "good"}
    text = jsonl(good) + '{"body": "cut off\n\n[1]\n"text"\n' + "[" * 100_000 + "\n"
    text += '{"body": "\\ud800"}\n{"body": "a\\u0000b"}\n{"body": NaN}\n{"external_id": ' + "9" * 5000 + "}\n"
    text += jsonl({"body": ["a"]}, {"body": True}, {"body": {}}, {"body": ""}, {"body": "x", "tags": [["y"]]}, good)
    path = write(text, "export.jsonl")
    assert run(path) == (2, 0, 13)
    found = rejects(path)
    assert [line for line, _reason, _row in found] == [2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
    assert "not JSON" in found[0][1] and "body is a list; text is needed" in found[8][1]


def test_old_rejects_are_replaced(write):
    path = write('body\n" "\n')
    run(path)
    run(path)
    assert len(rejects(path)) == 1


def test_rejects_go_to_var_when_the_folder_cannot_be_written_to(write, settings, tmp_path):
    path = write('body\n" "\n')
    (tmp_path / "export.csv.rejects.csv").mkdir()  # stands in the way, also of a superuser
    settings.VAR_DIR = tmp_path / "var"
    settings.VAR_DIR.mkdir()
    errors = io.StringIO()
    call_command("import_tickets", str(path), stdout=io.StringIO(), stderr=errors)
    assert "cannot be written to" in errors.getvalue()
    assert (settings.VAR_DIR / "export.csv.rejects.csv").read_text().count("no body") == 1


def test_reasons_are_told_at_once_but_not_without_end(write):
    errors = io.StringIO()
    path = write("body\n" + '" "\n' * 30)
    call_command("import_tickets", str(path), stdout=io.StringIO(), stderr=errors)
    assert "line 2: The row has no body." in errors.getvalue() and "… and 20 more" in errors.getvalue()


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        ("", [], "is empty"),
        ("\n \n", [], "is empty"),
        ("text,topic\nx,y\n", [], "The columns are: text, topic"),
        ("text,topic\nx,y\n", ["--map", "body=Body"], "There is no column “Body” for body; the columns are: text"),
        ("body\nx\n", ["--map", "boddy=body"], "There is no field “boddy”; the fields are subject, body"),
        ("body\nx\n", ["--map", "body"], "--map takes field=column"),
        ("body\nx\n", ["--map", "body=body", "--map", "body=body"], "twice"),
        ("body,body\nx,y\n", [], "is there 2 times"),
        ("body\nx\n", ["--source", "s" * 101], "--source"),
        ("b\0o\0d\0y\0\nx\n", [], "does not begin like text"),
        ('[{"body": "x"}]', [], "one JSON list"),
        ('{"text": "x"}\n', [], "The columns are: text"),
        ('bo"dy,"x\n', [], "header"),
    ],
)
def test_an_unusable_file_or_argument_is_one_sentence_that_says_what_to_do(write, text, arguments, words):
    message = refusal(write(text), *arguments)
    assert words in message and "\n" not in message


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    assert "There is no file" in refusal(tmp_path / "none.csv")
    assert "is a folder" in refusal(tmp_path)


def test_a_file_of_a_header_alone_imports_nothing(write):
    assert run(write("subject,body\n")) == (0, 0, 0)
