"""Periods of whole days, and the form in which people choose one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

LONGEST_PERIOD = 366


@dataclass(frozen=True)
class Period:
    """Whole days, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(n) for n in range((self.last - self.first).days + 1)]

    def bounds(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """The first moment of the period and the first one after it, by the clocks of that zone."""
        return datetime.combine(self.first, time(), zone), datetime.combine(self.last + timedelta(1), time(), zone)


class PeriodForm(forms.Form):
    """This month, the last days, or two dates. `shown` is the period that was chosen."""

    default = "month"
    last_days = {"30days": 30}  # name -> number of days up to today

    period = forms.ChoiceField(
        label=gettext_lazy("Period"),
        required=False,
        choices=[
            ("month", gettext_lazy("This month")),
            ("30days", gettext_lazy("Last 30 days")),
            ("range", gettext_lazy("From … to …")),
        ],
        error_messages={"invalid_choice": gettext_lazy("“%(value)s” is no period: use month, 30days or range.")},
    )
    first = forms.DateField(label=gettext_lazy("From"), required=False, widget=forms.DateInput({"type": "date"}))
    last = forms.DateField(label=gettext_lazy("To"), required=False, widget=forms.DateInput({"type": "date"}))

    def __init__(self, data: object, today: date) -> None:
        super().__init__(data, label_suffix="")  # type: ignore[arg-type]
        self.today = today
        for name in ("first", "last"):
            self.fields[name].error_messages["invalid"] = _("Write the date as year-month-day, such as 2026-11-23.")

    def clean(self) -> dict[str, object]:
        values = super().clean() or {}
        if self.errors:
            return values
        first, last = values["first"], values["last"]
        chosen = values["period"] or ("range" if first or last else self.default)
        if chosen == "range":
            values["shown"] = self._between(first, last)
        elif chosen in self.last_days:
            values["shown"] = Period(self.today - timedelta(self.last_days[chosen] - 1), self.today)
        else:
            values["shown"] = Period(self.today.replace(day=1), self.today)
        return values

    def _between(self, first: date | None, last: date | None) -> Period:
        if first is None or last is None:
            raise forms.ValidationError(_("Give both dates of the range, from and to."))
        if first > last:
            raise forms.ValidationError(_("The range ends before it begins: swap the two dates."))
        if (last - first).days >= LONGEST_PERIOD:
            text = _("A range may have up to %(days)d days: choose a shorter one.")
            raise forms.ValidationError(text % {"days": LONGEST_PERIOD})
        return Period(first, last)
