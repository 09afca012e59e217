from django.urls import URLPattern, path

from assistant.api import assist, classify, drafts, figures, problems, runs  # noqa: F401  (problems registers itself)

_STEPS = {
    "estimate": runs.RunEstimate,
    "sample": runs.RunSample,
    "start": runs.RunStart,
    "pause": runs.RunPause,
    "resume": runs.RunResume,
    "cancel": runs.RunCancel,
    "retry": runs.RunRetry,
    "undo": runs.RunUndo,
    "items": runs.RunItems,
}
_ONE = "tickets/<int:ticket_id>/classifications/<int:classification_id>"

urlpatterns: list[URLPattern] = [
    path("tickets/<int:ticket_id>/classify/", classify.Classify.as_view(), name="api-classify"),
    path(f"{_ONE}/accept/", classify.Accept.as_view(), name="api-classification-accept"),
    path(f"{_ONE}/correct/", classify.Correct.as_view(), name="api-classification-correct"),
    path("tickets/<int:ticket_id>/drafts/", drafts.TicketDrafts.as_view(), name="api-drafts"),
    path("drafts/<uuid:draft_id>/", drafts.DraftDetail.as_view(), name="api-draft"),
    path("drafts/<uuid:draft_id>/stop/", drafts.DraftStop.as_view(), name="api-draft-stop"),
    path("drafts/<uuid:draft_id>/discard/", drafts.DraftDiscard.as_view(), name="api-draft-discard"),
    path("drafts/<uuid:draft_id>/stream/", drafts.DraftStream.as_view(), name="api-draft-stream"),
    path("triage-runs/", runs.Runs.as_view(), name="api-runs"),
    path("triage-runs/<int:run_id>/", runs.RunDetail.as_view(), name="api-run"),
    *(
        path(f"triage-runs/<int:run_id>/{step}/", view.as_view(), name=f"api-run-{step}")
        for step, view in _STEPS.items()
    ),
    path("assist/", assist.Assist.as_view(), name="api-assist"),
    path("models/", figures.Models.as_view(), name="api-models"),
    path("usage/", figures.Usage.as_view(), name="api-usage"),
]
