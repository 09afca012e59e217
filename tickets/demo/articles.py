"""What the demo's teams know: help pages for customers, and a text for colleagues alone."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User

from tickets.models import Article, Category

PUBLIC, INTERNAL = Article.Audience.PUBLIC, Article.Audience.INTERNAL

# (title, category, audience, language, Markdown)
_ARTICLES = (
    ("I was charged twice", "billing", PUBLIC, "en", """\
A second charge is nearly always a *reservation* of your bank: it disappears within five working days.

1. Open **Billing → Payments** and count the invoices of the month.
2. One invoice: the second line on your card is a reservation. There is nothing to do.
3. Two invoices: write to us with both numbers. We pay one of them back to the same card."""),
    ("Changing the billing address or the VAT number", "billing", PUBLIC, "en", """\
Open **Billing → Company**, change what is wrong and press **Save**. The next invoice shows it.

An invoice that is written already is not changed. Write to us with its number, and we send a corrected one."""),
    ("I cannot log in", "technical", PUBLIC, "en", """\
1. Ask for a new password on the login page. The mail with the link works for one hour.
2. No mail? Look into the spam folder, and check that you used the address of your account.
3. After ten wrong passwords the login is locked for fifteen minutes. Wait, then try once more.

Still outside? Write to us and name the time of your last try."""),
    ("The export is empty or stops", "technical", PUBLIC, "en", """\
An export holds what the filter above the table shows. Choose **All** and start it again.

Above 50,000 rows the file comes by mail, within some minutes. A file of 0 bytes means that the export was cut off: \
start it again, and tell us the time if it happens twice."""),
    ("Mein Konto wurde doppelt belastet", "billing", PUBLIC, "de", """\
Eine zweite Buchung ist fast immer eine *Vormerkung* Ihrer Bank und verschwindet innerhalb von fünf Werktagen.

1. Öffnen Sie **Abrechnung → Zahlungen** und zählen Sie die Rechnungen des Monats.
2. Eine Rechnung: die zweite Zeile ist eine Vormerkung. Es ist nichts zu tun.
3. Zwei Rechnungen: schreiben Sie uns beide Nummern. Wir zahlen eine davon zurück."""),
    ("What we may give away", "billing", INTERNAL, "en", """\
For colleagues alone.

- An agent may give back one month without asking anybody, once for each customer and year.
- More than that is decided by Carol. Promise nothing before she has answered.
- Never name the reason for a chargeback: the bank's answer is confidential."""),
)  # fmt: skip


def load_articles(author: User, now: datetime) -> int:
    """Write the articles that are not there yet; returns how many."""
    categories = {category.slug: category for category in Category.objects.all()}
    there = set(Article.objects.values_list("title", flat=True))
    fresh = [article for article in _ARTICLES if article[0] not in there]
    for title, category, audience, language, body in fresh:
        Article.objects.create(
            title=title, category=categories.get(category), audience=audience, language=language, body=body,
            author=author, published=now,
        )  # fmt: skip
    return len(fresh)
