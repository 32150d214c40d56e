"""Somebody must be left who administers people: the last administrator can't be removed.

Whatever could take one away asks here first: the access, the role, the firm.
"""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.models import Organisation, User
from portal.core.db import session
from portal.core.errors import Refused

ADMIN = "admin"


class LastAdmin(Refused):
    """Nobody would be left who administers people."""

    code = "last_admin"


def keep_one(leaving: User) -> None:
    """Have an administrator left besides this person, who is about to be one no more.

    All of them are locked, in one order: of two who remove each other at the same moment the second
    waits here, and then finds himself alone. Who was invited and never came does not count. Raises
    `LastAdmin`.
    """
    admins = (
        session()
        .execute(
            select(User.id, User.password_hash.is_not(None).label("came"))
            .join(Organisation, Organisation.id == User.organisation_id)
            .where(User.active, Organisation.active, User.roles.contains([ADMIN]))
            .order_by(User.id)
            .with_for_update(of=User, key_share=True)
        )
        .all()
    )
    if leaving.id not in {row.id for row in admins}:
        return
    if not any(row.came for row in admins if row.id != leaving.id):
        raise LastAdmin(
            _(
                "%(name)s is the last administrator. Please make somebody else one first.",
                name=leaving.name,
            )
        )
