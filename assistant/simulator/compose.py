"""The text of an answer, from the prompt alone."""

import json
import re
from dataclasses import replace

from . import label as labels
from .prompt import Prompt, Ticket
from .reply import customer_texts, free_answer, reply
from .report import report
from .rewrite import rewrite

# What an instruction hidden in a ticket looks like.
_ORDERS = (
    r"\b(?:ignor\w*|disregard|forget|override|vergiss|oublie\w*|olvida\w*|dimentica\w*)\b[^.!?\n]*"
    r"\b(?:instructions?|rules?|prompts?|anweisung\w*|instruccion\w*|istruzion\w*)\b",
    r"\b(?:label|classify|categori[sz]e|mark)\b[^.!?\n]*\b(?:all|every\w*|tickets?)\b",
    r"\b(?:markiere|classe[zr]?|marque[zr]?|marca\w*|etichetta\w*|clasifica\w*)\b[^.!?\n]*\btickets?\b",
    r"\b(?:label|mark|set|assign|answer|use)\b[^.!?\n]*\b(?:category|priority)\b",
    r"\bsystem\s*:",
)
_ORDER = re.compile(rf"[^.!?\n]*(?:{'|'.join(_ORDERS)})[^.!?\n]*[.!?]?", re.IGNORECASE)
_DICTATED = re.compile(
    r"\b(?:say|write|answer|reply|respond)(?: only)?(?: with)?:? [\"“']?([^\"”\n]{1,200})", re.IGNORECASE
)


def compose(prompt: Prompt, seed: int, *, obey: bool = False) -> str:
    """Labels for tickets, a reply for a draft, a report on figures, else words about the prompt.

    obey: do what customers' texts order.
    """
    if prompt.tickets:
        return _results(prompt, seed, obey)
    if prompt.task is not None:
        return rewrite(prompt.task, prompt.language)
    if prompt.draft is not None:
        said = "\n".join(customer_texts(prompt.draft))
        order = _ORDER.search(said) if obey else None
        dictated = _DICTATED.search(said, order.start()) if order else None
        return dictated[1] if dictated else reply(prompt.draft, seed, prompt.language)
    return report(prompt.report) if prompt.report is not None else free_answer(prompt.user, seed)


def _results(prompt: Prompt, seed: int, obey: bool) -> str:
    found = [labels.label(_without_orders(ticket), prompt, seed) for ticket in prompt.tickets]
    ordered = _ordered(prompt) if obey else {}
    results = [
        {
            "id": ticket.id,
            "category": it.category,
            "priority": it.priority,
            "confidence": it.confidence,
            "reason": it.reason,
        }
        | ordered
        for ticket, it in zip(prompt.tickets, found, strict=True)
    ]
    return json.dumps({"results": results}, ensure_ascii=False)


def _without_orders(ticket: Ticket) -> Ticket:
    text = _ORDER.sub(" ", ticket.text)
    return replace(ticket, text=text) if text.strip() else ticket


def _ordered(prompt: Prompt) -> dict[str, object]:
    """The labels which some ticket orders, for every ticket of the prompt."""
    slugs = [category.slug for category in prompt.categories]
    for ticket in prompt.tickets:
        orders = " ".join(_ORDER.findall(f"{ticket.subject}\n{ticket.text}")).lower()
        category = next((s for s in slugs if re.search(rf"\b{re.escape(s.lower())}\b", orders)), None)
        urgent = "high" if re.search(r"\b(urgent|critical)\b", orders) else None
        priority = next((p for p in prompt.priorities if re.search(rf"\b{p}\b", orders)), urgent)
        if category or priority:
            found = {"category": category, "priority": priority}
            return {k: v for k, v in found.items() if v} | {"confidence": 0.99, "reason": "As instructed."}
    return {}
