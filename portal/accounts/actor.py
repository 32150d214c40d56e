"""The person who acts, as every operation and query receives her."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask_login import AnonymousUserMixin, current_user

from portal.accounts.models import PARTNER_KINDS
from portal.accounts.permissions import Permission


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person with what decides what she may see and do.

    Where an administrator looks as her (`viewing`), `viewer_id` is his and all else is hers.
    `stands_in_for` are colleagues who are away now and named her as their delegate.
    """

    id: int
    organisation_id: int
    organisation_kind: str
    organisation_name: str
    unit_id: int | None
    name: str
    email: str
    roles: tuple[str, ...]
    permissions: frozenset[Permission]
    locale: str
    timezone: str
    theme: str
    session_token: str = ""
    session_id: int = 0
    second_step: bool = False
    viewer_id: int | None = None
    stands_in_for: frozenset[int] = frozenset()

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """Return what Flask-Login keeps in the cookie: the secret of the session row."""
        return self.session_token

    def may(self, permission: Permission) -> bool:
        """True where one of the roles allows this."""
        return permission in self.permissions

    @property
    def is_looked_as(self) -> bool:
        """True where it is somebody else who looks as her, read-only and without contact data."""
        return self.viewer_id is not None

    @property
    def is_partner(self) -> bool:
        """True for people of distributors and resellers."""
        return self.organisation_kind in PARTNER_KINDS


class Visitor(AnonymousUserMixin):  # type: ignore[misc]
    """Somebody who is not signed in."""

    permissions: frozenset[Permission] = frozenset()


def current_actor() -> Actor:
    """Return the signed-in person; only behind an access mark."""
    return cast(Actor, current_user._get_current_object())


def find_actor() -> Actor | None:
    """Return the signed-in person or None."""
    return current_actor() if current_user and current_user.is_authenticated else None
