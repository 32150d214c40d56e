"""A partner's own managers look after its people, so one of them must be left."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.models import User
from portal.accounts.permissions import MANAGING_ROLES
from portal.core.db import session
from portal.core.errors import Refused


class LastManager(Refused):
    """Nobody would be left who looks after the people of a firm."""

    code = "last_manager"


def keep_one(leaving: User) -> None:
    """Have a manager left in the firm besides this person, as long as others work there.

    Its people are locked, in one order, so that two managers who remove each other at the same
    moment don't both succeed. Who was invited and never came does not count. Raises `LastManager`.
    """
    people = (
        session()
        .execute(
            select(User.id, User.roles, User.password_hash.is_not(None).label("came"))
            .where(User.organisation_id == leaving.organisation_id, User.active)
            .order_by(User.id)
            .with_for_update(key_share=True)
        )
        .all()
    )
    others = [row for row in people if row.id != leaving.id]
    if not others or not set(leaving.roles) & set(MANAGING_ROLES):
        return
    if not any(row.came and set(row.roles) & set(MANAGING_ROLES) for row in others):
        raise LastManager(
            _(
                "%(name)s is the last manager of your firm, and others work there. Please invite "
                "another manager first.",
                name=leaving.name,
            )
        )
