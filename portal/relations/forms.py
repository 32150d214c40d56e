"""The form of a firm's list of its own customers."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, TextAreaField
from wtforms.validators import Optional

from portal.web.forms import Form

LONGEST = 2_000_000


class ListForm(Form):
    """A list as text or as a file; what is in both counts."""

    written = TextAreaField(
        _l("Your customers, a line for each"),
        [Optional()],
        description=_l("A web domain, e-mail address or phone number, as kanarienwerke.example."),
    )
    file = FileField(
        _l("Or a file"), description=_l("CSV or plain text; other columns are passed over.")
    )
    replace = BooleanField(_l("Take this in place of the list that is kept"))

    def read(self) -> str:
        """Return all that was written or sent."""
        sent = self.file.data
        told = sent.read(LONGEST) if sent else b""
        return f"{self.written.data or ''}\n{decoded(told)}"


def decoded(told: bytes) -> str:
    """Return the text of a file; what is no UTF-8 was written by an older spreadsheet."""
    for coding in ("utf-8-sig", "utf-16" if told[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp1252"):
        try:
            return told.decode(coding).replace("\x00", "")
        except UnicodeDecodeError:
            continue
    return told.decode("latin-1").replace("\x00", "")
