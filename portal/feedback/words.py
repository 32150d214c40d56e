"""What was chosen of the catalogue when a lead ended, in the reader's words."""

from __future__ import annotations

from flask_babel import get_locale
from flask_babel import gettext as _

from portal.catalog.models import Blame, Reason
from portal.catalog.queries import book


def entry_words(entry_id: int | None) -> str:
    """Return what an entry of the catalogue is called; empty for none."""
    return book().label(entry_id, str(get_locale()))


def blame_words(reason_id: int | None) -> str:
    """Say whom a reason counts against; empty for none."""
    reason = book().by_id.get(reason_id) if reason_id else None
    if not isinstance(reason, Reason):
        return ""
    words: dict[str, str] = {
        Blame.VENDOR: _("counts against the source"),
        Blame.PARTNER: _("counts against the partner"),
        Blame.MARKET: _("counts against the market"),
        Blame.NONE: _("counts against nobody"),
    }
    return words.get(reason.blame or "", "")
