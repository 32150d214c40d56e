"""The form of a letter to a customer."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, StringField, TextAreaField

from portal.core.mail.replies import new_token
from portal.web.forms import Form, needed


class LetterForm(Form):
    """What somebody writes; `once` makes sure that a second press sends nothing."""

    subject = StringField(_l("Subject"), validators=[needed()])
    text = TextAreaField(_l("Text"), validators=[needed()])
    shared = BooleanField()
    once = HiddenField()

    def mark(self) -> str:
        """Return the mark of this form, a new one where none came along."""
        if not 20 <= len(self.once.data or "") <= 60:
            self.once.data = new_token()
        return str(self.once.data)
