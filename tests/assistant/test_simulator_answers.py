import json

import pytest

from assistant.simulator import SimulatedRelay
from assistant.simulator.tokens import pieces
from tests.assistant.asking import ask, draft, triage

TICKETS = [
    ("billing", "Charged twice", "I was charged twice for March, please refund one of them."),
    ("billing", "", "Why is my bank transfer still pending? The money has left my account."),
    ("billing", "", "The exchange rate for my cash withdrawal was wrong."),
    ("billing", "Rechnung", "Auf der Rechnung fehlt die Mehrwertsteuer, bitte um Gutschrift."),
    ("billing", "Remboursement", "Je n'ai toujours pas reçu mon remboursement, le montant est faux."),
    ("billing", "Cobro doble", "Me han cobrado dos veces la factura de mayo."),
    ("billing", "Fattura", "Vorrei il rimborso: l'addebito sulla carta è sbagliato."),
    ("technical", "Login", "I can't log in, the password reset link shows error 500."),
    ("technical", "", "The app freezes and crashes every time I open the export."),
    ("technical", "", "My contactless stopped working and the PIN is blocked."),
    ("technical", "Absturz", "Seit dem Update stürzt die App ab und die Anmeldung funktioniert nicht."),
    ("technical", "Panne", "Le site ne fonctionne plus, message d'erreur à la connexion."),
    ("technical", "", "No puedo entrar, la aplicación se cierra y da un error."),
    ("technical", "Errore", "Il sito non funziona, non riesco ad accedere con la password."),
    ("sales", "Quote", "We are a team of 40 and would like a quote and a demo of the enterprise plan."),
    ("sales", "", "Is there a discount on the yearly plan before we buy more seats?"),
    ("sales", "Angebot", "Bitte senden Sie uns ein Angebot mit Rabatt für 50 Lizenzen."),
    ("sales", "Devis", "Pouvez-vous nous envoyer un devis et une démonstration ?"),
    ("sales", "Presupuesto", "Queremos un presupuesto con descuento para 20 licencias."),
    ("general", "", "Please change my address and my personal details."),
    ("general", "Suggestion", "A suggestion: it would be nice to have your opening hours on the site."),
    ("general", "", "Ein Vorschlag und ein Lob an Ihr Team: der Kontakt war sehr freundlich."),
    ("general", "DSGVO", "Nach DSGVO bitte ich um Auskunft über meine Daten."),
]


@pytest.fixture
def relay():
    with SimulatedRelay() as relay:
        yield relay


def labels(relay, *tickets, **more):
    return json.loads(ask(relay, *triage(*tickets, **more)).text)["results"]


def test_labels_are_mostly_right_in_five_languages(relay):
    found = labels(relay, *[(subject, text) for _, subject, text in TICKETS])
    assert [r["id"] for r in found] == [f"t{n}" for n in range(1, len(TICKETS) + 1)]
    wrong = [(t, r["category"]) for t, r in zip(TICKETS, found, strict=True) if r["category"] != t[0]]
    assert len(wrong) <= len(TICKETS) // 5, wrong


def test_confidence_follows_how_clear_the_words_are(relay):
    clear, *unclear = labels(
        relay,
        ("Refund", "Please refund the invoice I was charged twice for"),
        *[("", f"Invoice {n} shows an error") for n in range(10)],
    )
    assert min(r["confidence"] for r in unclear) < 0.6 < clear["confidence"] <= 1
    assert "refund" in clear["reason"]


def test_urgency_decides_the_priority(relay):
    urgent, idle, plain = labels(
        relay,
        ("URGENT", "Production is down, nobody can work, fix this immediately"),
        ("", "No rush, just wondering: is there a newsletter?"),
        ("Invoice", "The amount on the invoice is wrong."),
    )
    assert (urgent["priority"], idle["priority"], plain["priority"]) == ("high", "low", "medium")


def test_own_categories_are_understood_from_their_descriptions(relay):
    system = """Categories:
- shipping: Shipping. Parcels, couriers and customs
- garden: Garden. Plants, soil and watering

Priorities: high, medium, low"""
    found = labels(relay, ("", "Where is my parcel? The courier lost it"), ("", "My plants need soil"), system=system)
    assert [r["category"] for r in found] == ["shipping", "garden"]


def test_a_ticket_is_labelled_alike_whoever_stands_beside_it(relay):
    alone = labels(relay, ("", "Is my card blocked?"))[0]
    beside = labels(relay, ("", "Is my card blocked?"), ("Other", "Charged twice"))[0]
    assert alone == beside


def test_only_the_prompt_is_read(relay):
    found = labels(relay, ("", "Zzz"), system="Categories:\n- only: Only. One\n")
    assert found[0]["category"] == "only"
    assert ask(relay, *triage(("Refund", "refund")), user="x", metadata={"category": "sales"}).text == (
        ask(relay, *triage(("Refund", "refund"))).text
    )


def test_tickets_are_found_without_delimiters_too(relay):
    reply = ask(relay, 'Label these: [{"id": "a7", "subject": "Refund", "text": "I want a refund"}] Thanks!')
    assert json.loads(reply.text)["results"][0]["id"] == "a7"


@pytest.mark.parametrize(
    ("text", "greeting"),
    [
        ("The invoice for my order is wrong and I have not heard from you", "Hi Alice,"),
        ("Die Rechnung ist falsch und ich habe noch keine Antwort", "Hallo Alice,"),
        ("Bonjour, la facture est fausse et je ne comprends pas", "Bonjour Alice,"),
        ("Hola, la factura no es correcta y quiero una respuesta", "Hola Alice:"),
        ("Buongiorno, la fattura non è corretta e sono ancora in attesa", "Ciao Alice,"),
    ],
)
def test_a_draft_answers_in_the_customer_s_language(relay, text, greeting):
    answer = ask(relay, *draft(text)).json
    content = answer["choices"][0]["message"]["content"]
    assert content.startswith(greeting) and "Order 17" in content
    assert 60 <= answer["usage"]["completion_tokens"] <= 220


def test_a_draft_is_in_the_language_that_its_instructions_name(relay):
    system, said = draft("CASSA BLOCCATA SU «SINCRONIZZAZIONE 99%», LA FILA FINO ALLA FONTANA")
    told = {"role": "system", "content": f"{system['content']}\n- Write in Italian."}
    assert ask(relay, told, said).text.startswith("Ciao Alice,")


def test_a_draft_follows_tone_and_instruction(relay):
    friendly = ask(relay, *draft("The app crashes on the settings page")).text
    formal = ask(relay, *draft("The app crashes on the settings page", tone="formal")).text
    brief = ask(relay, *draft("The app crashes on the settings page", tone="brief")).text
    sorry = ask(relay, *draft("The app crashes on the settings page", instruction="Apologise. Offer a call")).text
    assert "Dear Alice Smith" in formal and "Yours sincerely" in formal
    assert len(brief) < len(friendly)
    assert "apologise" in sorry and "Offer a call" in sorry and "apologise" not in friendly


def test_a_free_prompt_is_answered_from_its_words(relay):
    assert "spreadsheet" in ask(relay, "Tell me how to import a spreadsheet").text


@pytest.mark.parametrize("text", ["", "Hello, world!", "  two  spaces\n\nlines ", "Grüße 東京 12345 ✓", "naïve–café"])
def test_tokens_joined_are_the_text(text):
    assert "".join(pieces(text)) == text
