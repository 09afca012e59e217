"""What customers send."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.core import signing
from django.utils.translation import gettext_lazy as _

MIN_SECONDS = 3  # nobody reads and fills a form in less
MAX_AGE = timedelta(days=1)
BODY_LENGTH = 50_000
_SALT = "tickets.contact-form"


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files; the limits are those of attachments."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        given = data if isinstance(data, list | tuple) else [data]
        return [super(FilesField, self).clean(file, initial) for file in given if file]


class WordsForm(forms.Form):
    """A text with files: an answer in a thread."""

    body = forms.CharField(
        label=_("Your message"), max_length=BODY_LENGTH, widget=forms.Textarea({"rows": 7}),
        error_messages={"required": _("Write something first: there is nothing to send yet.")},
    )  # fmt: skip
    attachments = FilesField(label=_("Files"), required=False)

    def __init__(self, data: Any = None, files: Any = None, **kwargs: Any) -> None:
        super().__init__(data, files, label_suffix="", **kwargs)

    def clean_body(self) -> str:
        return str(self.cleaned_data["body"]).replace("\r\n", "\n").replace("\0", "")


class ContactForm(WordsForm):
    """A new request. `reference` is a field that people do not see and programs fill in; `begun` is when the form was
    opened, signed."""

    name = forms.CharField(
        label=_("Your name"), max_length=200, required=False, widget=forms.TextInput({"autocomplete": "name"})
    )
    email = forms.EmailField(
        label=_("Your e-mail address"), max_length=254,
        widget=forms.EmailInput({"autocomplete": "email", "inputmode": "email"}),
        help_text=_("We answer to this address."),
    )  # fmt: skip
    subject = forms.CharField(label=_("What is it about?"), max_length=200)
    reference = forms.CharField(required=False, max_length=1000)
    begun = forms.CharField(required=False, max_length=200)

    field_order = ["name", "email", "subject", "body", "attachments"]

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).strip().lower()

    def clean_begun(self) -> str:
        """Asked last of what a person may see: pressing Send once more is all it takes."""
        begun = str(self.cleaned_data["begun"])
        signer = signing.TimestampSigner(salt=_SALT)
        try:
            signer.unsign(begun, max_age=MAX_AGE)
        except signing.BadSignature:
            raise forms.ValidationError(_("This form was open for a long time. Please press Send again.")) from None
        try:
            signer.unsign(begun, max_age=MIN_SECONDS)
        except signing.SignatureExpired:
            return begun
        raise forms.ValidationError(_("That was very quick. Please press Send again."), code="quick")

    @property
    def marked(self) -> bool:
        """Whether a field that people see is wrong."""
        return any(name != "begun" for name in self.errors)

    @property
    def stamp(self) -> str:
        """What `begun` holds when the form is shown: the old one while it is good, so that waiting helps."""
        given = str(self.data.get("begun", "")) if self.is_bound else ""
        errors = self.errors.as_data().get("begun", []) if self.is_bound else []
        return given if given and not any(error.code != "quick" for error in errors) else new_stamp()


class AddressForm(forms.Form):
    email = forms.EmailField(
        label=_("Your e-mail address"), max_length=254,
        widget=forms.EmailInput({"autocomplete": "email", "inputmode": "email"}),
    )  # fmt: skip

    def __init__(self, data: Any = None, files: Any = None, **kwargs: Any) -> None:
        super().__init__(data, files, label_suffix="", **kwargs)


def new_stamp() -> str:
    return signing.TimestampSigner(salt=_SALT).sign("contact")
