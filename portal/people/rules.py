"""What a person's place in the programme is like, and what is missing: pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from flask_babel import gettext as _

from portal.accounts.models import PARTNER_KINDS, Organisation, User
from portal.accounts.permissions import ROLES_OF_KIND


class State(StrEnum):
    ACTIVE = "active"
    NEVER = "never"
    INVITED = "invited"
    EXPIRED = "expired"
    NOT_INVITED = "not_invited"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Firm:
    """What a person's firm has: somebody who manages it, somebody who may pick up."""

    active: bool
    managed: bool
    picks: bool


def state_of(person: User, firm_active: bool, at: datetime, lasts: timedelta) -> State:
    """Tell how far a person has come; an invitation `lasts` so long."""
    if not person.active or not firm_active:
        return State.GONE
    if person.password_hash is not None:
        return State.ACTIVE if person.signed_in_at else State.NEVER
    if person.invited_at is None:
        return State.NOT_INVITED
    return State.INVITED if at < person.invited_at + lasts else State.EXPIRED


def fits(roles: Collection[str], kind: str) -> bool:
    """True where a firm of this kind has such roles, and there is one."""
    return bool(roles) and set(roles) <= set(ROLES_OF_KIND[kind])


def missing_of(
    person: User, state: State, kind: str, firm: Firm, demanded: bool, reached: bool = True
) -> list[str]:
    """Say what keeps a person or her firm from working, each in a few words.

    `reached`: mails to the person don't come back.
    """
    if state == State.GONE:
        return []
    found: list[str] = []
    if not reached:
        found.append(_("mails to this address come back"))
    if not fits(person.roles, kind):
        found.append(_("no role that fits the firm"))
    if state == State.EXPIRED:
        found.append(_("the invitation ran out"))
    if state == State.NOT_INVITED:
        found.append(_("not invited yet"))
    if demanded and person.second_step_at is None and person.password_hash is not None:
        found.append(_("no second step yet"))
    return found + missing_at(kind, firm)


def missing_at(kind: str, firm: Firm) -> list[str]:
    """Say what a firm lacks in people."""
    found: list[str] = []
    if kind in PARTNER_KINDS and firm.active:
        if not firm.managed:
            found.append(_("the firm has no manager"))
        if not firm.picks:
            found.append(_("nobody of the firm may pick up"))
    return found


def missing_of_firm(organisation: Organisation, firm: Firm, people: int) -> list[str]:
    """Say what a firm lacks: people, a manager, somebody who picks up, an account manager."""
    if not organisation.active:
        return []
    if organisation.kind not in PARTNER_KINDS:
        return [] if people else [_("nobody has access")]
    found = missing_at(organisation.kind, firm) if people else [_("nobody has access")]
    if organisation.account_manager_id is None:
        found.append(_("no account manager"))
    return found
