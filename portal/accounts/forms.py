"""Forms of sign-in and settings."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, StringField

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
