"""What a person hears of a note that the other side wrote about a lead.

Only what she may read by now: a note that is not shared, or not any more, is never told, nor is
anything told to who holds the lead no longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _

from portal.accounts.models import User
from portal.accounts.queries import find_actor_of
from portal.core.db import session
from portal.hearing.models import Topic
from portal.leads.attachments import load_attachments
from portal.leads.models import Lead
from portal.leads.notes import load_notes
from portal.notifications.sentences import News

ALONG = timedelta(minutes=10)
"""Files that its writer shares so soon before or after a note are named with it."""


def find_comment(facts: Mapping[str, Any], user: User, at: datetime) -> News | None:
    """Return the news of a note for a person; None where it is none of hers to read by now."""
    actor = find_actor_of(user.id, at)
    lead = session().get(Lead, facts["commented_id"], populate_existing=True)
    if actor is None or lead is None or lead.holder_id is None:
        return None
    notes = (one for one in load_notes(lead, actor) if one.shared_at is not None)
    note = next((one for one in notes if one.id == facts["note_id"]), None)
    if note is None:
        return None
    names = [
        one.name
        for one in load_attachments(lead, actor)
        if one.shared and one.author_id == note.author_id and abs(one.at - note.at) <= ALONG
    ]
    named = {"name": note.author.name, "number": lead.number}
    return News(
        Topic.COMMENTED,
        _("Note about %(number)s", **named),
        _("%(name)s wrote about %(number)s.", **named),
        [str(_("Files on the portal: %(names)s", names=", ".join(names)))] if names else [],
        f"/leads/{lead.id}",
        _("Open the lead"),
        _("You get this mail because this lead is yours to look after."),
        lead.id,
        quote=note.text,
    )
