"""Forms of sign-in and settings."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired

from portal.accounts.models import Hears, User
from portal.accounts.operations import Hours
from portal.accounts.rules import SHORTEST
from portal.web.forms import Form, needed


class SignInForm(Form):
    email = StringField(
        _l("E-mail"),
        [needed()],
        render_kw={"autocomplete": "username", "type": "email"},
    )
    password = PasswordField(
        _l("Password"), [needed()], render_kw={"autocomplete": "current-password"}
    )


class ForgotForm(Form):
    email = StringField(
        _l("E-mail"),
        [needed()],
        render_kw={"autocomplete": "username", "type": "email"},
    )


WHAT_IS_GOOD = _l(
    "At least %(least)d characters. Several words are easy to keep in mind.", least=SHORTEST
)


class ResetForm(Form):
    password = PasswordField(
        _l("New password"),
        [needed()],
        description=WHAT_IS_GOOD,
        render_kw={"autocomplete": "new-password"},
    )


class PasswordForm(ResetForm):
    """A new password of somebody who is in; the one she has shows that it is she."""

    current = PasswordField(
        _l("Your password now"), [needed()], render_kw={"autocomplete": "current-password"}
    )


class InvitedForm(Form):
    """What an invited person tells: her name as she writes it, and her password."""

    name = StringField(_l("Your name"), [needed()], render_kw={"autocomplete": "name"})
    password = PasswordField(
        _l("Choose a password"),
        [needed()],
        description=WHAT_IS_GOOD,
        render_kw={"autocomplete": "new-password"},
    )


class CodeForm(Form):
    """A code of the app or, where one may stand in, a recovery code."""

    code = StringField(
        _l("Code"),
        [needed()],
        render_kw={
            "autocomplete": "one-time-code",
            "autocapitalize": "none",
            "spellcheck": "false",
            "maxlength": 40,
        },
    )


class ProofForm(Form):
    """The password once more, before something about the sign-in changes."""

    password = PasswordField(
        _l("Your password"), [needed()], render_kw={"autocomplete": "current-password"}
    )


class BothForm(ProofForm, CodeForm):
    """Password and code once more."""


HOURS = [SelectChoice(str(hour), f"{hour:02}:00") for hour in range(24)]


class HearingForm(Form):
    """When to hear by mail; the hours are those of the person's zone."""

    hears = RadioField(
        _l("When shall we write to you?"),
        [InputRequired(_l("Please choose when you want to hear."))],
        choices=[
            SelectChoice(Hears.AT_ONCE.value, _l("At once, a mail for each")),
            SelectChoice(Hears.DAILY.value, _l("Once a day, all in one mail")),
            SelectChoice(Hears.NEVER.value, _l("Never: I look myself")),
        ],
        description=_l("Of leads on offer, of feedback that is due, and the like."),
    )
    digest_hour = SelectField(_l("The daily mail comes at"), choices=HOURS)
    quiet_from = SelectField(_l("Quiet from"))
    quiet_until = SelectField(_l("Quiet until"))

    def __init__(self, user: User | None = None, **kwargs: object) -> None:
        if user is not None:
            hears = user.hears if user.hears_by_mail else Hears.NEVER
            kwargs["data"] = {
                "hears": hears,
                "digest_hour": str(user.digest_hour),
                "quiet_from": "" if user.quiet_from is None else str(user.quiet_from),
                "quiet_until": "" if user.quiet_until is None else str(user.quiet_until),
            }
        super().__init__(**kwargs)
        for field in (self.quiet_from, self.quiet_until):
            field.choices = [SelectChoice("", _("not at all")), *HOURS]

    def hours(self) -> Hours:
        """Return the chosen hours."""

        def hour(field: SelectField) -> int | None:
            return int(field.data) if field.data else None

        return Hours(int(self.digest_hour.data), hour(self.quiet_from), hour(self.quiet_until))
