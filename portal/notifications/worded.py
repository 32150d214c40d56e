"""What staff hears of the programme's own words in mails: that they could not be written."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _

from portal.accounts.models import User
from portal.notifications import letters, queries
from portal.notifications.letters import Letter
from portal.wording.events import WordingFailed
from portal.wording.kinds import KINDS


def tell_of_failure(event: WordingFailed, at: datetime) -> None:
    """Tell the channel managers, once a version, that a mail went out with our words."""
    for manager in queries.list_with_role("channel_manager"):
        letter = failed(event.kind, manager)
        letters.post(letter, manager, at, f"wording-failed:{event.version_id}:{manager.id}")


def failed(kind: str, user: User) -> Letter:
    """Own words of a mail could not be written; the mail went out with ours."""
    with letters.to(user):
        name = KINDS[kind].name
        return Letter(
            "wording_failed",
            {
                "lead": None,
                "subject": str(_("Words of a mail failed: %(name)s", name=name)),
                "what": str(
                    _(
                        "your own words for “%(name)s” could not be written for a lead or a "
                        "person; the mail went out in the original words.",
                        name=name,
                    )
                ),
                "details": [
                    str(_("Nothing is lost. Look at what may be empty, and save a new version.")),
                    str(_("You hear of this once for each version.")),
                ],
                "path": f"/mail-wording/{kind}",
                "press": str(_("Look at the words")),
                "reason": str(_("You get this mail because you run the programme.")),
            },
        )
