"""Who decides about mails hears whose address takes none any more, and who complained of one."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _

from portal.accounts.models import User
from portal.core.db import session
from portal.core.mail.events import AddressMarked, MailComplainedOf
from portal.notifications import letters, queries
from portal.notifications.answered import KIND
from portal.notifications.letters import Letter
from portal.notifications.telling import write


def tell_of_address(event: AddressMarked | MailComplainedOf, at: datetime) -> None:
    """Tell the channel managers, once a day for each address; not whoever it is that is meant.

    Of an address that is no user's *Mail health* alone tells.
    """
    who = session().get(User, event.user_id) if event.user_id is not None else None
    if who is None:
        return
    make = marked if isinstance(event, AddressMarked) else complained
    said = f"{make.__name__}:{event.address_id}:{event.at:%Y-%m-%d}"
    for manager in queries.list_with_role("channel_manager"):
        if manager.id != who.id:
            write(f"address-{said}:{manager.id}", manager.id, at, lambda user: make(who, user))


def marked(who: User, user: User) -> Letter:
    """Mails to somebody come back."""
    with letters.to(user):
        return letter(
            str(_("Mails come back: %(name)s", name=who.name)),
            str(
                _(
                    "mails to %(name)s of %(firm)s come back.",
                    name=who.name,
                    firm=who.organisation.name,
                )
            ),
            str(
                _(
                    "Nothing more is sent there until a fresh mail is answered with one press, or "
                    "the address is released. A call may help: somebody else may have to take over."
                )
            ),
        )


def complained(who: User, user: User) -> Letter:
    """Somebody marked a mail of ours as spam."""
    with letters.to(user):
        return letter(
            str(_("Complaint about a mail: %(name)s", name=who.name)),
            str(
                _(
                    "%(name)s of %(firm)s marked a mail of ours as spam.",
                    name=who.name,
                    firm=who.organisation.name,
                )
            ),
            str(_("Digests go there no more. What a lead needs is sent as before.")),
        )


def letter(subject: str, what: str, detail: str) -> Letter:
    """Return the mail that says so."""
    return Letter(
        KIND,
        {
            "lead": None,
            "what": what,
            "words": "",
            "details": [detail],
            "button": (str(_("Open Mail health")), "/mail-health"),
            "subject": subject,
        },
    )
