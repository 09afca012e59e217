"""Sentences of support replies in five languages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Phrases:
    """One language. {name}, {subject} and {words} are filled in from the ticket."""

    telling: str  # frequent small words: how the language is recognised
    greeting: dict[str, str]  # by tone; "" for a customer without a name
    thanks: str
    apology: str
    understood: str
    steps: dict[str, tuple[str, ...]]  # by topic
    instruction: str
    cited: str  # before the number of an article
    closing: dict[str, str]  # by tone


ENGLISH = Phrases(
    telling="the and is my to i you for it have not was with this of please can",
    greeting={"friendly": "Hi {name},", "formal": "Dear {name},", "brief": "Hi {name},", "": "Hello,"},
    thanks="Thank you for writing to us about “{subject}”.",
    apology="I am sorry for the trouble this has caused you, and I apologise for the wait.",
    understood="As I understand it, this is about {words}, and I have looked at what you describe.",
    steps={
        "billing": (
            "I have asked our billing team to compare the charge with your account.",
            "If the amount is wrong, the difference goes back to the payment method you used within 5 working days.",
            "Could you send us the date and the reference of the payment?",
        ),
        "technical": (
            "Please sign out, update to the latest version and sign in again.",
            "If it still happens, tell us the exact error message and the time you saw it.",
            "Our technical team will then look at the logs for that moment.",
        ),
        "sales": (
            "I am glad to prepare an offer that fits what you need.",
            "Could you tell us how many people will use it, and from when?",
            "You will have the prices and the next steps by tomorrow.",
        ),
        "general": (
            "I have passed your message to the colleague who knows this best.",
            "You will hear from us within one working day.",
            "If anything changes in the meantime, just answer this message.",
        ),
    },
    instruction="I have also taken care of this: {instruction}.",
    cited="It is explained step by step in",
    closing={
        "friendly": "Do write again if anything is unclear. We are happy to help!\n\nBest wishes,\nYour support team",
        "formal": "Please do not hesitate to contact us again.\n\nYours sincerely,\nCustomer Support",
        "brief": "Best,\nSupport",
    },
)
GERMAN = Phrases(
    telling="der die das und ist nicht ich mein meine sie für mit ein eine bitte wir habe auf wie",
    greeting={"friendly": "Hallo {name},", "formal": "Guten Tag {name},", "brief": "Hallo {name},", "": "Guten Tag,"},
    thanks="vielen Dank für Ihre Nachricht zu „{subject}“.",
    apology="Es tut mir leid, dass Sie Ärger damit hatten, und ich entschuldige mich für die Wartezeit.",
    understood="Wenn ich Sie richtig verstehe, geht es um {words}; ich habe mir Ihre Schilderung angesehen.",
    steps={
        "billing": (
            "Unsere Buchhaltung vergleicht die Abbuchung mit Ihrem Konto.",
            "Stimmt der Betrag nicht, erhalten Sie die Differenz innerhalb von 5 Werktagen zurück.",
            "Bitte schicken Sie uns Datum und Referenz der Zahlung.",
        ),
        "technical": (
            "Bitte melden Sie sich ab, installieren Sie die neueste Version und melden Sie sich wieder an.",
            "Tritt der Fehler weiter auf, nennen Sie uns bitte die genaue Meldung und die Uhrzeit.",
            "Unsere Technik sieht dann in den Protokollen nach.",
        ),
        "sales": (
            "Gern erstelle ich Ihnen ein passendes Angebot.",
            "Wie viele Personen werden es nutzen, und ab wann?",
            "Preise und nächste Schritte erhalten Sie bis morgen.",
        ),
        "general": (
            "Ich habe Ihre Nachricht an die zuständige Kollegin gegeben.",
            "Sie hören innerhalb eines Werktags von uns.",
            "Falls sich etwas ändert, antworten Sie einfach auf diese Nachricht.",
        ),
    },
    instruction="Auch darum habe ich mich gekümmert: {instruction}.",
    cited="Schritt für Schritt steht das hier:",
    closing={
        "friendly": "Melden Sie sich gern, wenn etwas unklar ist!\n\nViele Grüße\nIhr Support-Team",
        "formal": "Für Rückfragen stehen wir Ihnen gern zur Verfügung.\n\nMit freundlichen Grüßen\nKundenservice",
        "brief": "Viele Grüße\nSupport",
    },
)
FRENCH = Phrases(
    telling="le la les et est pas je mon ma vous pour avec une un des du dans bonjour nous ne que",
    greeting={"friendly": "Bonjour {name},", "formal": "Bonjour {name},", "brief": "Bonjour {name},", "": "Bonjour,"},
    thanks="Merci de nous avoir écrit au sujet de « {subject} ».",
    apology="Je suis désolé pour la gêne occasionnée et je vous présente nos excuses pour l'attente.",
    understood="Si je comprends bien, il s'agit de {words} ; j'ai regardé ce que vous décrivez.",
    steps={
        "billing": (
            "Notre service de facturation compare le débit avec votre compte.",
            "Si le montant est faux, la différence vous est remboursée sous 5 jours ouvrés.",
            "Pouvez-vous nous envoyer la date et la référence du paiement ?",
        ),
        "technical": (
            "Veuillez vous déconnecter, installer la dernière version et vous reconnecter.",
            "Si le problème persiste, indiquez-nous le message d'erreur exact et l'heure.",
            "Notre équipe technique consultera alors les journaux.",
        ),
        "sales": (
            "Je vous prépare volontiers une offre adaptée.",
            "Combien de personnes l'utiliseront, et à partir de quand ?",
            "Vous aurez les prix et la suite d'ici demain.",
        ),
        "general": (
            "J'ai transmis votre message à la personne compétente.",
            "Vous aurez de nos nouvelles sous un jour ouvré.",
            "Si quelque chose change, répondez simplement à ce message.",
        ),
    },
    instruction="Je me suis aussi occupé de ceci : {instruction}.",
    cited="Tout est expliqué pas à pas ici :",
    closing={
        "friendly": "N'hésitez pas à nous écrire de nouveau !\n\nBien à vous,\nVotre équipe support",
        "formal": "Nous restons à votre disposition.\n\nCordialement,\nLe service client",
        "brief": "Cordialement,\nSupport",
    },
)
SPANISH = Phrases(
    telling="el los las y es no mi por para con una un que hola en me se su gracias quiero",
    greeting={"friendly": "Hola {name}:", "formal": "Estimado/a {name}:", "brief": "Hola {name}:", "": "Hola:"},
    thanks="Gracias por escribirnos sobre «{subject}».",
    apology="Lamento las molestias y le pido disculpas por la espera.",
    understood="Si entiendo bien, se trata de {words}; he revisado lo que nos cuenta.",
    steps={
        "billing": (
            "Nuestro equipo de facturación está comparando el cargo con su cuenta.",
            "Si el importe no es correcto, le devolvemos la diferencia en 5 días laborables.",
            "¿Puede enviarnos la fecha y la referencia del pago?",
        ),
        "technical": (
            "Cierre la sesión, instale la última versión y vuelva a entrar, por favor.",
            "Si sigue ocurriendo, indíquenos el mensaje de error exacto y la hora.",
            "Nuestro equipo técnico revisará entonces los registros.",
        ),
        "sales": (
            "Con mucho gusto le preparo una oferta a su medida.",
            "¿Cuántas personas lo usarán y desde cuándo?",
            "Mañana tendrá los precios y los próximos pasos.",
        ),
        "general": (
            "He pasado su mensaje a la persona que mejor conoce el tema.",
            "Tendrá noticias nuestras en un día laborable.",
            "Si algo cambia, responda simplemente a este mensaje.",
        ),
    },
    instruction="También me he ocupado de esto: {instruction}.",
    cited="Lo explicamos paso a paso aquí:",
    closing={
        "friendly": "¡Escríbanos de nuevo cuando quiera!\n\nUn saludo,\nSu equipo de soporte",
        "formal": "Quedamos a su disposición.\n\nAtentamente,\nAtención al cliente",
        "brief": "Saludos,\nSoporte",
    },
)
ITALIAN = Phrases(
    telling="il lo gli e è non mio mia per con una un che di sono ho del della ciao buongiorno grazie",
    greeting={"friendly": "Ciao {name},", "formal": "Gentile {name},", "brief": "Ciao {name},", "": "Buongiorno,"},
    thanks="grazie per averci scritto a proposito di «{subject}».",
    apology="Mi dispiace per il disagio e mi scuso per l'attesa.",
    understood="Se ho capito bene, si tratta di {words}; ho esaminato quanto descrive.",
    steps={
        "billing": (
            "Il nostro ufficio fatturazione sta confrontando l'addebito con il suo conto.",
            "Se l'importo è sbagliato, la differenza viene rimborsata entro 5 giorni lavorativi.",
            "Può inviarci la data e il riferimento del pagamento?",
        ),
        "technical": (
            "Esca dall'account, installi l'ultima versione e acceda di nuovo.",
            "Se succede ancora, ci indichi il messaggio di errore esatto e l'ora.",
            "Il nostro team tecnico controllerà i registri.",
        ),
        "sales": (
            "Le preparo volentieri un'offerta su misura.",
            "Quante persone lo useranno, e da quando?",
            "Avrà i prezzi e i prossimi passi entro domani.",
        ),
        "general": (
            "Ho passato il suo messaggio al collega che conosce meglio il tema.",
            "Avrà nostre notizie entro un giorno lavorativo.",
            "Se qualcosa cambia, risponda semplicemente a questo messaggio.",
        ),
    },
    instruction="Mi sono occupato anche di questo: {instruction}.",
    cited="È spiegato passo per passo qui:",
    closing={
        "friendly": "Ci scriva ancora quando vuole!\n\nUn caro saluto,\nIl suo team di assistenza",
        "formal": "Restiamo a sua disposizione.\n\nCordiali saluti,\nServizio clienti",
        "brief": "Saluti,\nAssistenza",
    },
)
LANGUAGES = {"en": ENGLISH, "de": GERMAN, "fr": FRENCH, "es": SPANISH, "it": ITALIAN}
