"""Tickets that speak to the model instead of to the help desk, and answers that look dictated.

The tickets of a request share one prompt, so an order hidden in one of them may bend the labels of its neighbours.
Two things keep it to itself: a ticket whose text looks like an order is asked about alone, and an answer which says
the same of tickets that are not the same is thrown away and asked again one by one. What is then left to an order is
the label of its own ticket; where that label is one the text names, a person decides.

This is posture, not proof. The marks are words of five languages; other words, other languages, pictures of words and
whatever is spelled in code pass by, and then only the second check stands. No mark lowers anything else: a ticket
taken for an order by mistake costs one request more. What no order can do, however it is put, follows from elsewhere:
labels come from closed sets (parse.py), results are matched by id, and nothing but labels is taken from an answer.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from django.utils.translation import gettext as _

from assistant.triage.parse import Parsed, Result
from assistant.triage.texts import TicketText
from tickets.models import Category
from tickets.models.choices import Priority

# All of it is looked for in lower case and without accents: English, German, French, Spanish, Italian. No two
# repeats that take the same characters stand side by side: a text made for it would be looked at for minutes.
_DROP = (
    r"ignor(?:e[rz]?|iere?[nt]?|a|ate|en|ar)|disregard|forget|override|overrule|bypass|vergiss|vergesst|missachte\w*"
    r"|oublie[rz]?|olvid[ae]\w*|omit[ae]|dimentica\w*|tralascia\w*"
)
_RULES = (
    r"instructions?|rules?|prompts?|guidelines?|anweisung\w*|regeln?|vorgaben?|consignes?|regles?|instruccion\w*"
    r"|indicacion\w*|reglas?|istruzion\w*|regol[ae]"
)
_SORT = (
    r"label|classify|categori[sz]e|mark|tag|flag|set|assign|treat|rate|answer|respond|reply|return|output|use|choose"
    r"|markier\w*|klassifizier\w*|kategorisier\w*|stufe?[nt]?|ordne[nt]?|setze?[nt]?|antworte\w*|verwende\w*"
    r"|class(?:e[rz]?|ifie\w*)|marque[rz]?|etiquet\w*|categoris\w*|attribue\w*|mets|mettez|repond\w*|utilise\w*"
    r"|clasifi\w*|marca\w*|marque\w*|asign\w*|pon(?:ga\w*|er|ed)?|respond\w*|categoriz\w*|usa\w*"
    r"|classific\w*|segna\w*|etichett\w*|assegna\w*|imposta\w*|metti|mettete|rispond\w*"
)
_ALL = (
    r"all|every|each|other|these|any|following|remaining|alle[nrs]?|jede[nrsm]?|andere[nr]?|tous|toutes|chaque|autres?"
    r"|tod[oa]s|cada|otr[oa]s|tutt[ei]|ogni|altr[ie]"
)
_ENTRIES = (
    r"tickets?|messages?|requests?|entries|results?|anfragen?|nachricht\w*|meldung\w*|demandes?|billets?|solicitud\w*"
    r"|mensajes?|consultas?|richiest[ae]|messagg\w*|segnalazion\w*"
)
_FIELDS = (
    r"category|priority|confidence|kategorie|prioritat|konfidenz|categorie|priorite|confiance|categoria|prioridad"
    r"|confianza|priorita|confidenza"
)
_MODEL = (
    r"ai|a\.i\.|ki|ia|llm|language model|classifier|chatbot|sprachmodell|modele de langage|modelo de lenguaje"
    r"|modello linguistico|clasificador|classificatore|klassifikator"
)
_YOU_ARE = r"you are|act as|du bist|sie sind|tu es|vous etes|eres|usted es|sei|lei e"
_DEAR = r"dear|to|for|an|fur|liebe|cher|pour|para|per|caro|cara"
_NEAR = r"[^.!?\n]{0,60}?"
_MARKS = re.compile(
    "|".join(
        (
            rf"\b(?:{_DROP})\b{_NEAR}\b(?:{_RULES})\b",
            rf"\b(?:{_RULES})\b{_NEAR}\b(?:ignorieren|missachten|vergessen)\b",
            rf"\b(?:{_SORT})\b{_NEAR}\b(?:{_ALL})\b{_NEAR}\b(?:{_ENTRIES})\b",
            # People, too, ask to be treated as a priority.
            rf"\b(?!(?:treat|respond|reply|answer)\b)(?:{_SORT})\b{_NEAR}\b(?:{_FIELDS})\b",
            rf"\b(?:treat|respond|reply|answer)\b{_NEAR}\b(?!priorit)(?:{_FIELDS})\b",
            rf"\b(?:{_FIELDS})\b{_NEAR}\b(?:einzustufen|einstufen|zu setzen)\b|\bset_(?:{_FIELDS})\b",
            rf"\b(?:{_YOU_ARE})\b{_NEAR}\b(?:{_MODEL})\b",
            rf"\b(?:{_DEAR})\s+(?:(?:the|die|das|den|la|le|el|il|l')\s*)?(?:{_MODEL})\s*[:,]",
            rf"\b(?:hello|hi|hey|hallo|bonjour|hola|ciao) (?:robot|bot|{_MODEL})\b",
            r"\bautomat\w* (?:readers|systeme?\w*)\s*:",
            r"(?:^|[.!?;>])[^\S\n]*+\W{0,4}(?:system|assistant|developer)\W{0,4}:",
            r"<\|?/?(?:im_start|im_end|system|assistant|endoftext|start_header_id)\b|\[/?inst\]|##\s*(?:system|instruct)",
            r"\b(?:system|developer)[ -]?(?:prompt|message|mode|nachricht|hinweis|anweisung)\b",
            r"\b(?:instruction|prompt|message) systeme\b|\b(?:prompt|mensaje|messaggio) d(?:e|el|i) sistema\b",
            r"[\"'](?:results|category|priority|confidence)[\"']\s*:|\bdata-[0-9a-f]{6,}",
            r"\bt\d{1,3}\s*(?:=|:|->|=>|→|(?:-|–|\.{2,3}|to|through|bis|a|al|and|und|et|y|e|,)\s*t\d{1,3}\b)",
        )
    ),
    re.MULTILINE,
)
_ALIKE = 0.75  # the share of two texts' words that are in both, from which they count as one text filled in twice
_WORDS = {
    Priority.HIGH: "high highest urgent critical hoch hochste dringend haute elevee urgente alta critica massima",
    Priority.MEDIUM: "medium mittel mittlere moyenne media",
    Priority.LOW: "low lowest niedrig gering basse faible baja bassa",
}


def is_order(ticket: TicketText) -> bool:
    """Whether some of the text looks as if it was meant for the model."""
    return _MARKS.search(_plain(ticket)) is not None


def _plain(ticket: TicketText) -> str:
    """Lower case, without accents and without the characters that nobody sees."""
    decomposed = unicodedata.normalize("NFKD", f"{ticket.subject}\n{ticket.text}".casefold())
    return "".join(char for char in decomposed if unicodedata.category(char) not in {"Mn", "Cf"})


def doubt_about(ticket: TicketText, result: Result, categories: Iterable[Category]) -> str:
    """Why a person should look at a result before it counts, "" where nothing speaks against it: the text gives
    orders, and the label is one that it names."""
    if not is_order(ticket):
        return ""
    names = {f"{category.slug} {category.name}" for category in categories if category.slug == result.category}
    wanted = set(" ".join([*names, _WORDS[Priority(result.priority)]]).casefold().split())
    if wanted.isdisjoint(re.findall(r"[\w-]+", _plain(ticket))):
        return ""
    return _("The text seems to tell the AI which labels to choose, and these are among them.")


def without_dictation(parsed: Parsed, texts: Mapping[str, TicketText]) -> Parsed:
    """The answer itself, or one without any result where it looks dictated: the same confidence and the same reason
    for four in five of the tickets or more, though their texts differ in more than numbers and a few words. Twenty
    alerts of one monitor are rightly told the same, and asking about each would cost twenty requests."""
    if len(parsed.results) < 2:
        return parsed
    said = {key: _said(result) for key, result in parsed.results.items()}
    (commonest, count), *_others = Counter(said.values()).most_common(1)
    first, *others = (_words(texts[key]) for key, it in said.items() if it == commonest)
    if 5 * count < 4 * len(said) or all(_alike(first, other) for other in others):
        return parsed
    reason = _("The answer said the same of different tickets.")
    return replace(parsed, results={}, missing=dict.fromkeys(said, reason) | parsed.missing, singly=True)


def _words(ticket: TicketText) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W\d_]+", f"{ticket.subject}\n{ticket.text}".casefold()))


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= _ALIKE * len(one | other)


def _said(result: Result) -> tuple[object, ...]:
    if result.reason:
        return result.confidence, result.reason
    return result.confidence, result.category, result.priority
