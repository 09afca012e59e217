from django.urls import path

from tickets.portal import contact, follow, help

urlpatterns = [
    path("contact/", contact.contact, name="contact"),
    path("contact/sent/", contact.sent, name="contact-sent"),
    path("requests/", follow.ask, name="ask"),
    path("requests/sent/", follow.asked, name="ask-sent"),
    path("t/<str:token>/", follow.follow, name="follow"),
    path("t/<str:token>/reply/", follow.reply, name="follow-reply"),
    path("t/<str:token>/reopen/", follow.reopen, name="follow-reopen"),
    path("t/<str:token>/files/<int:file_id>/", follow.download, name="follow-file"),
    path("help/", help.index, name="help"),
    path("help/suggest/", help.suggest, name="help-suggest"),
    path("help/<slug:slug>/", help.article, name="help-article"),
]
