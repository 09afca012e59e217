"""Attachments of a ticket: uploaded into the composer, taken out of it again, downloaded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.files.base import File
from django.core.handlers.asgi import ASGIRequest
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tickets.access import ticket_or_404
from tickets.attachments import AttachmentRefused, hold
from tickets.desk.forms import UploadForm
from tickets.desk.http import AgentRequest, agent_required
from tickets.models import Attachment, Ticket

PIECE = 256 * 1024  # bytes of a download in memory
POLICY = "default-src 'none'; sandbox"


@require_POST
@agent_required
def upload(request: AgentRequest, ticket_id: int) -> HttpResponse:
    """Hold one file for a message that is being written. Answers with its line in the composer."""
    ticket = ticket_or_404(request.user, ticket_id)
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _refused(" ".join(str(sentence) for sentences in form.errors.values() for sentence in sentences))
    file = form.cleaned_data["file"]
    try:
        held = hold(ticket, request.user, form.cleaned_data["kind"], file.name, file, file.content_type or "")
    except AttachmentRefused as refused:
        return _refused(str(refused))
    return render(request, "tickets/parts/held_file.html", {"file": held, "ticket": ticket})


@require_POST
@agent_required
def remove(request: AgentRequest, ticket_id: int, attachment_id: int) -> HttpResponse:
    """Forget a file of one's own that was not sent."""
    ticket = ticket_or_404(request.user, ticket_id)
    waiting = Attachment.objects.filter(ticket=ticket, uploaded_by=request.user, message__isnull=True)
    for attachment in waiting.filter(pk=attachment_id):
        attachment.delete()
    return HttpResponse(status=204)


@require_GET
@agent_required
def download(request: AgentRequest, ticket_id: int, attachment_id: int) -> HttpResponse | StreamingHttpResponse:
    ticket = ticket_or_404(request.user, ticket_id)
    return file_answer(request, attachment_or_404(request.user, ticket, attachment_id))


def file_answer(request: HttpRequest, attachment: Attachment) -> StreamingHttpResponse:
    """The file, to be kept and never opened in the desk's own name.

    Only raster pictures, by their bytes, are called what they are, so that the page can show them; everything else
    is bytes. The policy holds even for a browser that would open it: no scripts, no forms, an origin of its own.
    """
    try:
        file = attachment.file.open("rb")
    except FileNotFoundError:
        raise Http404(_("The file is no longer there.")) from None
    response = StreamingHttpResponse(
        _pieces_async(file) if isinstance(request, ASGIRequest) else _pieces(file),
        content_type=attachment.detected if attachment.is_picture else "application/octet-stream",
    )
    response["Content-Length"] = str(attachment.size)
    response["Content-Disposition"] = content_disposition_header(True, attachment.name) or "attachment"
    response["Content-Security-Policy"] = POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def attachment_or_404(user: User, ticket: Ticket, attachment_id: int) -> Attachment:
    """One of the ticket's messages, or the user's own while it waits."""
    sent_or_own = Q(message__isnull=False) | Q(uploaded_by=user)
    attachment = ticket.attachments.filter(sent_or_own, pk=attachment_id).first()
    if attachment is None:
        raise Http404(_("No such attachment."))
    return attachment


def _pieces(file: File) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


async def _pieces_async(file: File) -> AsyncIterator[bytes]:
    try:
        while piece := await sync_to_async(file.read, thread_sensitive=False)(PIECE):
            yield piece
    finally:
        file.close()


def _refused(sentence: str) -> JsonResponse:
    return JsonResponse({"error": sentence}, status=422)
