"""What breaks programs that trust mail."""

from __future__ import annotations

from tests.tickets.mail.awkward.build import Awkward, mail, multi, multipart, text

_open = multi("mixed", text("Never closed."), closed=False)
_no_mark = "Content-Type: multipart/mixed\n"


def bare(head: str, body: str = "Some words.") -> bytes:
    return head.replace("\n", "\r\n").encode("latin-1") + b"\r\n" + body.encode()


MAILS = {
    "no_from": Awkward(bare("Subject: Anonymous\nMessage-ID: <nobody@x>\n"), outcome="unreadable"),
    "from_without_address": Awkward(bare("From: undisclosed-recipients:;\nSubject: x\n"), outcome="unreadable"),
    "from_twice": Awkward(bare("From: erin@example.com\nFrom: zoe@example.com\nSubject: x\n"), ("Some words.",)),
    "from_only_in_sender": Awkward(bare("Sender: erin@example.com\nSubject: x\n"), ("Some words.",)),
    "from_with_comma_in_name": Awkward(bare("From: Example, Erin <erin@example.com>\n"), ("Some words.",)),
    "no_message_id_and_no_date": Awkward(bare("From: erin@example.com\n"), ("Some words.",)),
    "message_id_without_brackets": Awkward(bare("From: erin@example.com\nMessage-ID: 12345\n"), ("Some words.",)),
    "message_id_of_kilobytes": Awkward(bare(f"From: erin@example.com\nMessage-ID: <{'x' * 5000}@y>\n"),
                                       ("Some words.",)),
    "no_headers_at_all": Awkward(b"\r\n\r\njust words", outcome="unreadable"),
    "no_mail_at_all": Awkward(bytes(range(256)) * 20, outcome="unreadable"),
    "only_headers": Awkward(b"From: erin@example.com\r\nSubject: Call me", ("(no text)",)),
    "line_feeds_alone": Awkward(mail("Unix lines.", eol="\n"), ("Unix lines.",)),
    "boundary_never_closed": Awkward(mail(_open[1], _open[0]), ("Never closed.",)),
    "boundary_missing": Awkward(mail("Nobody said where parts begin.", _no_mark), ("Nobody said",)),
    "boundary_of_another_mail": Awkward(
        mail("--zzz\r\n\r\nWords.\r\n", 'Content-Type: multipart/mixed; boundary="q"\n'), ("Words.",)),
    "content_type_nonsense": Awkward(mail("Still words.", "Content-Type: ;;;/\n"), ("Still words.",)),
    "date_impossible": Awkward(bare("From: erin@example.com\nDate: 99 Foo 20255 77:88\n"), ("Some words.",)),
    "subject_of_kilobytes": Awkward(mail("Long subject.", subject="word " * 4000), ("Long subject.",)),
    "subject_with_line_breaks": Awkward(mail("Injected.", subject="=?utf-8?Q?a=0D=0ABcc:_x@y.z?="), ("Injected.",)),
    "received_a_thousand_times": Awkward(
        mail("Went round.", "".join(f"Received: from a{n} by b\n" for n in range(1000))), ("Went round.",)),
    "control_characters": Awkward(mail(b"bell\x07 and \x1b[31mescape"), ("bell",)),
    "uuencoded": Awkward(mail("begin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\n"), ("begin 644 a.txt",)),
    "thousand_parts": Awkward(multipart("mixed", *[text(f"part {n}") for n in range(1000)]), ("part 0", "part 100")),
    "one_line_of_megabytes": Awkward(mail(b"x" * 3_000_000), ("xxxx",)),
}  # fmt: skip
