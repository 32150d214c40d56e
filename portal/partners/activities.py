"""Activities of the vendor's people about a partner firm, which never reads them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_

from portal.accounts.actor import Actor
from portal.accounts.models import OrganisationKind, User
from portal.core.db import AnyRow
from portal.partners.models import Partner
from portal.timeline import activities as timeline
from portal.timeline import attachments, notes
from portal.timeline.activities import Listed, Subject
from portal.timeline.attachments import Attached
from portal.timeline.models import FirmNote


def about(organisation_id: int) -> Subject:
    """Return a partner as what activities are about."""
    return Subject("partner", organisation_id)


def may_plan(actor: Actor) -> bool:
    """Say whether somebody who sees a partner plans something about it: the vendor's people do."""
    return actor.organisation_kind == OrganisationKind.VENDOR and not actor.is_looked_as


def load_activities(partner: Partner, actor: Actor, show: str = "") -> Sequence[Listed]:
    """Return the vendor's activities about a partner that the reader sees; none for others."""
    if not may_plan(actor):
        return ()
    firm = actor.organisation_id
    return timeline.read(about(partner.organisation_id), firm, timeline.own(firm), show=show)


def load_notes(partner: Partner, actor: Actor) -> Sequence[FirmNote]:
    """Return the notes about a partner; none for who may not read them."""
    if not may_plan(actor):
        return ()
    firm = actor.organisation_id
    return notes.read(about(partner.organisation_id), firm, notes.own(firm))


def load_files(partner: Partner, actor: Actor) -> Sequence[Attached]:
    """Return the files attached to a partner; none for who may not read them."""
    if not may_plan(actor):
        return ()
    firm = actor.organisation_id
    return attachments.read(about(partner.organisation_id), firm, attachments.own(firm))


def list_assignees(partner: Partner, actor: Actor) -> Sequence[AnyRow]:
    """Return `id` and `name` of those of the vendor who may have an activity about a partner.

    Who answers for it, who plans it, and the channel managers.
    """
    answers = partner.organisation.account_manager_id or 0
    works = or_(User.id.in_([actor.id, answers]), User.roles.contains(["channel_manager"]))
    return timeline.list_people(actor, works)
