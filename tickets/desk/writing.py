"""What an agent writes into a ticket: replies, notes, and what is not sent yet."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from tickets.access import ticket_or_404
from tickets.attachments import AttachmentRefused, hold
from tickets.desk.conflicts import crossing
from tickets.desk.forms import NoteForm, ReplyForm, UnsentForm
from tickets.desk.http import AgentRequest, agent_required
from tickets.desk.neighbours import AT
from tickets.desk.ticket import Composer, address_of, page_context, place_in_list
from tickets.leaks import fingerprint, internal_text_in, leak_sentences
from tickets.models import Message, Ticket, UnsentText


@require_POST
@agent_required
def reply(request: AgentRequest, ticket_id: int) -> HttpResponse:
    """Send, unless somebody else has answered or is about to, or the text holds what is for colleagues alone: then
    the page comes back and Send asks once more."""
    ticket = ticket_or_404(request.user, ticket_id)
    form = ReplyForm(request.POST)
    if not form.is_valid():
        return _back(request, ticket, form)
    seen = form.cleaned_data["seen"]
    met = None if seen is None else crossing(ticket, request.user, seen, form.confirmed)
    leaks = internal_text_in(ticket, form.cleaned_data["body"])
    known = fingerprint(leaks)
    if known in form.cleaned_data["despite"].split():
        leaks = []
    if met is None and not leaks:
        return _send(request, ticket, form)
    writers = sorted({*form.confirmed, *(met.writers if met else ())})
    despite = " ".join([*map(str, writers), known]).strip()
    warnings = [*(met.sentences if met else ()), *leak_sentences(leaks)]
    return _back(request, ticket, form, warnings=warnings, despite=despite, status=409)


@require_POST
@agent_required
def note(request: AgentRequest, ticket_id: int) -> HttpResponse:
    ticket = ticket_or_404(request.user, ticket_id)
    form = NoteForm(request.POST)
    return _send(request, ticket, form) if form.is_valid() else _back(request, ticket, form)


@require_POST
@agent_required
def unsent(request: AgentRequest, ticket_id: int) -> JsonResponse:
    """Keep what is typed. Answers with its revision, which the page names when it stores more."""
    ticket = ticket_or_404(request.user, ticket_id)
    form = UnsentForm(request.POST)
    if not form.is_valid():
        sentences = [str(sentence) for errors in form.errors.values() for sentence in errors]
        return JsonResponse({"error": " ".join(sentences)}, status=422)
    given = form.cleaned_data
    if given["token"] and ticket.messages.filter(token=given["token"]).exists():
        return JsonResponse({"revision": 0})  # it was sent meanwhile: this came late
    revision = UnsentText.keep(
        request.user.pk, ticket.pk, given["kind"], given["body"].replace("\r\n", "\n"),
        base=given["revision"] or 0, now=timezone.now(), draft=given["draft"], other=given["other"],
    )  # fmt: skip
    return JsonResponse({"revision": revision})


def _send(request: AgentRequest, ticket: Ticket, form: NoteForm) -> HttpResponse:
    place = request.GET.get(AT) or place_in_list(request, ticket)
    files, error = _hold_all(ticket, request.user, form.kind, request.FILES.getlist(f"files_{form.kind}"))
    if error:
        return _back(request, ticket, form, error=error)
    message = form.save(ticket, request.user, files)
    return redirect(f"{address_of(request, ticket, at=place)}#message-{message.pk}")


def _hold_all(ticket: Ticket, user: User, kind: str, files: list[UploadedFile]) -> tuple[list[int], str]:
    """The ids of the files as they are held now, and a sentence for each that was refused."""
    held, errors = [], []
    for file in files:
        try:
            held.append(hold(ticket, user, kind, file.name or "", file, file.content_type or "").pk)
        except AttachmentRefused as refused:
            errors.append(str(refused))
    return held, " ".join(errors)


def _back(
    request: AgentRequest,
    ticket: Ticket,
    form: NoteForm,
    *,
    error: str = "",
    warnings: list[str] | None = None,
    despite: str = "",
    status: int = 422,
) -> HttpResponse:
    """The page with all that was typed, and why it was not sent. Files that came along wait in the composer."""
    if not error:
        error = " ".join(str(sentence) for sentences in form.errors.values() for sentence in sentences)
        _hold_all(ticket, request.user, form.kind, request.FILES.getlist(f"files_{form.kind}"))
    texts: dict[str, str] = {
        Message.Kind.REPLY: request.POST.get("body", ""), Message.Kind.NOTE: request.POST.get("note", ""),
    }  # fmt: skip
    texts[form.kind] = str(form.data.get("body", ""))
    composer = Composer(
        form.kind, texts, request.POST.get("draft", ""), error=error, warnings=warnings or (), despite=despite
    )
    return render(request, "tickets/ticket.html", page_context(request, ticket, composer=composer), status=status)
