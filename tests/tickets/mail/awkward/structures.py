"""Parts within parts, and what mail programs make of them."""

from __future__ import annotations

from tests.tickets.mail.awkward.build import Awkward, file, mail, multipart, part, text, tnef

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 60
HTML = "<html><head><style>p{color:red}</style></head><body><p>Where is my <b>order</b>?</p>" \
       "<img src='http://tracker.example/pixel.png'><script>alert(1)</script></body></html>"  # fmt: skip
ICS = b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Call about the\r\n  invoice\r\n" \
      b"DTSTART:20250303T100000Z\r\nLOCATION:Room 5\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"  # fmt: skip


def inner(subject: str = "The first mail", body: str = "It was broken on arrival.") -> bytes:
    raw = mail(body, "Content-Type: text/plain; charset=utf-8\n", sender="Zoe <zoe@example.org>", subject=subject)
    return b"Content-Type: message/rfc822\r\n\r\n" + raw


def nested(depth: int) -> bytes:
    made = text("deep down")
    for _ in range(depth):
        made = part("mixed", made)
    return made


def typed(body: str, kind: str, extra: str = "") -> bytes:
    return mail(body, f"Content-Type: text/{kind}; charset=utf-8{extra}\n")


MAILS = {
    "html_only": Awkward(typed(HTML, "html"), ("Where is my order?",), hides=("alert", "tracker", "color")),
    "html_quote_of_gmail": Awkward(
        typed("<div dir=ltr>Yes, please.</div><div class='gmail_quote'><div>On Mon, Support wrote:</div>"
              "<blockquote>Shall we?</blockquote></div>", "html"), ("Yes, please.",), folds="Shall we?"),
    "html_answers_below_the_quote": Awkward(
        typed("<blockquote type='cite'>Which one?</blockquote><p>The blue one.</p>", "html"), ("The blue one.",)),
    "html_broken": Awkward(typed("<div><p>open <b>everything<table><td>cell", "html"), ("open everything", "cell")),
    "html_empty": Awkward(typed("<html><body></body></html>", "html"), ("(no text)",)),
    "alternative": Awkward(
        multipart("alternative", text("The plain one."), text("<p>The rich one.</p>", kind="html")),
        ("The plain one.",), hides=("rich",)),
    "alternative_with_empty_plain": Awkward(
        multipart("alternative", text(" \r\n"), text("<p>Only here.</p>", kind="html")), ("Only here.",)),
    "related_with_picture": Awkward(
        multipart("related", text('<p>Look:</p><img src="cid:1">', kind="html"),
                  file("shot.png", PNG, "image/png", "inline")), ("Look:",), ("shot.png",)),
    "mixed_in_alternative_in_mixed": Awkward(
        multipart("mixed", part("alternative", text("Plain."), part("related", text("<p>Rich.</p>", kind="html"))),
                  file("log.txt", b"a log", "text/plain")), ("Plain.",), ("log.txt",)),
    "two_texts_around_a_file": Awkward(
        multipart("mixed", text("Before."), file("a.pdf", b"%PDF-1.4 x", "application/pdf"), text("After.")),
        ("Before.", "After."), ("a.pdf",)),
    "eighteen_deep": Awkward(multipart("mixed", nested(17)), ("deep down",)),
    "too_deep": Awkward(multipart("mixed", text("on top"), nested(60)), ("on top", "the original has them")),
    "deeper_than_a_parser_goes": Awkward(multipart("mixed", nested(1500)), outcome="unreadable"),
    "forwarded_as_attachment": Awkward(
        multipart("mixed", text("See below."), inner()), ("See below.", "It was broken", "zoe@example.org"),
        ("The first mail.eml",)),
    "forwarded_without_a_word": Awkward(multipart("mixed", inner()), ("It was broken",), ("The first mail.eml",)),
    "forwarded_twice": Awkward(
        multipart("mixed", b"Content-Type: message/rfc822\r\n\r\n" + multipart("mixed", text("Middle."), inner())),
        ("Middle.", "It was broken")),
    "forwarded_inline": Awkward(
        mail("---------- Forwarded message ---------\nFrom: Zoe <zoe@example.org>\nDate: Mon, 3 Mar 2025\n"
             "Subject: Broken\n\nIt was broken."), ("It was broken.",)),
    "digest": Awkward(multipart("digest", inner("One", "First text."), inner("Two", "Second text.")),
                      ("First text.", "Second text.")),
    "winmail": Awkward(
        multipart("mixed", text(""), file("winmail.dat", tnef("Hidden by Outlook.", "note.txt", b"inside"),
                                          "application/ms-tnef")), ("Hidden by Outlook.",), ("note.txt",)),
    "winmail_broken": Awkward(
        multipart("mixed", text("Beside it."), file("winmail.dat", b"\x78\x9f\x3e\x22garbage" * 3,
                                                    "application/ms-tnef")), ("Beside it.",), ("winmail.dat",)),
    "calendar_only": Awkward(mail(ICS, "Content-Type: text/calendar; charset=utf-8; method=REQUEST\n"),
                             ("Call about the invoice", "Room 5"), ("invitation.ics",)),
    "calendar_as_alternative": Awkward(
        multipart("alternative", text("You are invited."), b"Content-Type: text/calendar\r\n\r\n" + ICS),
        ("You are invited.",), ("invitation.ics",)),
    "flowed": Awkward(typed("This is one \r\nlong line.\r\nAnd another.", "plain", "; format=flowed"),
                      ("This is one long line.", "And another.")),
    "signature": Awkward(typed("Please call me.\r\n\r\n-- \r\nErin Example\r\n+49 221 1\r\n", "plain"),
                         ("Please call me.",), folds="+49 221 1"),
    "outlook_quote": Awkward(
        typed("Thanks!\r\n\r\n________________________________\r\nFrom: Support <support@example.com>\r\n"
              "Sent: Monday\r\nTo: Erin\r\nSubject: Re: Help\r\n\r\nOld words.", "plain"), ("Thanks!",),
        folds="Old words."),
    "german_quote": Awkward(typed("Ja, gern.\r\n\r\nAm 03.03.2025 um 10:00 schrieb Support:\r\n> Passt es?\r\n",
                                  "plain"), ("Ja, gern.",), folds="Passt es?"),
    "answers_between_the_quotes": Awkward(typed("> Which one?\r\nBlue.\r\n> How many?\r\nTwo.", "plain"),
                                          ("Blue.", "Two.")),
    "signed": Awkward(multipart("signed", text("I sign this."), file("smime.p7s", b"\x30\x80sig",
                                                                     "application/pkcs7-signature")),
                      ("I sign this.",), ("smime.p7s",)),
    "encrypted": Awkward(
        multipart("encrypted", b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n",
                  file("encrypted.asc", b"-----BEGIN PGP MESSAGE-----", "application/octet-stream")),
        ("(no text)",), ("part-2", "encrypted.asc")),
    "file_without_text": Awkward(mail(file("scan.pdf", b"%PDF-1.4 scan", "application/pdf").partition(b"\r\n\r\n")[2],
        'Content-Type: application/pdf; name="scan.pdf"\nContent-Transfer-Encoding: base64\n'), ("(no text)",),
        ("scan.pdf",)),
    "file_name_in_pieces": Awkward(
        multipart("mixed", text("Two files."), b"Content-Type: application/pdf\r\nContent-Disposition: inline;\r\n"
                  b" filename*0*=UTF-8''Rech%C3%BCnung;\r\n filename*1=-42.pdf\r\n\r\n%PDF-1.4"),
        ("Two files.",), ("Rechünung-42.pdf",)),
    "program_attached": Awkward(
        multipart("mixed", text("Run it."), file("invoice.exe", b"MZ" + b"\0" * 80)), ("Run it.", "invoice.exe")),
    "huge": Awkward(mail(("All work and no play makes Jack a dull boy. " * 10 + "\r\n") * 4000), ("All work",)),
    "huge_file": Awkward(multipart("mixed", text("Big one."), file("big.bin", b"x" * 3_000_000)),
                         ("Big one.", "big.bin")),
}  # fmt: skip
