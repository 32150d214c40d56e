"""Forms of sign-in and settings."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, StringField

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


class ResetForm(Form):
    password = PasswordField(
        _l("New password"), [needed()], render_kw={"autocomplete": "new-password"}
    )
