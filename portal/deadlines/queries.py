"""Reads of policies."""

from __future__ import annotations

from sqlalchemy import select

from portal.core.db import session
from portal.core.errors import NotFound
from portal.deadlines.models import DeadlinePolicy

ACTIVE = select(DeadlinePolicy).where(DeadlinePolicy.active)


def get_policy() -> DeadlinePolicy:
    """Return the active policy."""
    policy = session().scalar(ACTIVE)
    if policy is None:
        raise NotFound()
    return policy
