"""What somebody of a partner found himself: how it is brought in, and how far it is.

The portal's form and the link of a mail both come here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.accounts.permissions import Permission
from portal.capture.forms import FindForm, type_of_finds
from portal.core.db import AnyRow, session
from portal.core.errors import Invalid
from portal.core.mail import links
from portal.core.mail.links import Purpose
from portal.duplicates import entrance
from portal.leads import wall
from portal.leads.models import Lead, LeadContact, LeadFinder, LeadState, LeadType
from portal.leads.operations import Draft, tidy, tidy_contact
from portal.leads.queries import get_definition

SHOWN = 100
SYSTEM = "partner"
NAMING = ("company", "first_name", "last_name", "email")
"""What of a contact says whom a lead is about."""


def may_bring(actor: Actor) -> bool:
    """Say whether somebody brings leads of her own: she is one of a partner's."""
    return actor.is_partner and actor.may(Permission.OFFERS_SEE)


def path_to_bring(actor: Actor, at: datetime) -> str | None:
    """Return the link with which somebody brings leads from her mail; None for who brings none."""
    if not may_bring(actor):
        return None
    return links.issue(Purpose.OWN_LEAD, actor.id, at, organisation_id=actor.organisation_id)


def list_finds(actor: Actor, *, own: bool = False) -> Sequence[AnyRow]:
    """Return what somebody found, or for a manager what her firm found: no contact, no teaser.

    With `own` hers alone, for a manager as well.
    """
    whose = (
        LeadFinder.organisation_id == actor.organisation_id
        if actor.may(Permission.PICKUPS_SEE_FIRM) and not own
        else LeadFinder.user_id == actor.id
    )
    query = (
        select(
            Lead.id,
            Lead.number,
            Lead.state,
            Lead.title,
            (Lead.holder_organisation_id == actor.organisation_id).label("ours"),
            LeadFinder.at,
            User.name.label("finder"),
        )
        .join(LeadFinder, LeadFinder.lead_id == Lead.id)
        .join(User, User.id == LeadFinder.user_id)
        .where(whose)
        .order_by(LeadFinder.at.desc(), Lead.id.desc())
        .limit(SHOWN)
    )
    return session().execute(query).all()


def said(row: AnyRow) -> str:
    """Say to the finder how far it is."""
    if row.ours:
        return str(_("In your firm’s hands") if row.state == LeadState.HELD else _("Closed"))
    words = {
        LeadState.CAPTURED: _("Waits to be qualified"),
        LeadState.QUALIFYING: _("Is being qualified"),
        LeadState.QUALIFIED: _("Qualified"),
        LeadState.RETURNED: _("Qualified"),
        LeadState.RECALLED: _("Qualified"),
        LeadState.OFFERED: _("On offer"),
        LeadState.HELD: _("In hand"),
        LeadState.DIRECT: _("In hand"),
        LeadState.NURTURE: _("Kept for later"),
        LeadState.DISQUALIFIED: _("Put aside"),
        LeadState.CLOSED: _("Closed"),
    }
    return str(words.get(row.state, ""))


def bring(form: FindForm, actor: Actor, at: datetime, sign: str | None = None) -> Lead:
    """Take in what somebody of a partner found. Raises `Invalid`.

    `sign` is that of the page on which it was typed, where a page brings one lead alone.
    """
    draft = read_find(form, type_of_finds(get_definition()), sign)
    return entrance.take_in(draft, at, actor).lead


def find_brought(sign: str, actor: Actor) -> Lead | None:
    """Return what somebody brought from the page with this sign."""
    query = (
        select(Lead)
        .join(LeadFinder, LeadFinder.lead_id == Lead.id)
        .where(
            Lead.source_system == SYSTEM, Lead.external_id == sign, LeadFinder.user_id == actor.id
        )
    )
    return session().scalar(query)


def is_same(form: FindForm, lead: Lead) -> bool:
    """Say whether what was typed is what a lead was brought with: title, company, person, address.

    Raises `Invalid` for what can't be brought at all.
    """
    draft = read_find(form, type_of_finds(get_definition()))
    typed = tidy_contact(draft.contact)
    with wall.open_for([lead.id]) as opened:
        known = opened.scalar(select(LeadContact).where(LeadContact.lead_id == lead.id))
    pairs = [(tidy("title", draft.title), lead.title)]
    if known is not None:
        pairs += [(getattr(typed, name), getattr(known, name)) for name in NAMING]
    return all(one.casefold() == (other or "").casefold() for one, other in pairs)


def read_find(form: FindForm, lead_type: LeadType, sign: str | None = None) -> Draft:
    """Return the inquiry that was typed. Raises `Invalid`."""
    errors = form.errors_of_contact()
    if not form.basis.data:
        errors["basis"] = _("Please say why they may be called.")
    if not form.title.data:
        errors["title"] = _("Please say what is wanted.")
    if errors:
        raise Invalid(errors)
    return Draft(
        title=form.title.data or "",
        kind=lead_type.kind,
        type_key=lead_type.key,
        source_system=SYSTEM,
        external_id=sign,
        source_original="Partner",
        country=form.country.data or None,
        city=form.city.data or None,
        basis=form.as_basis(),
        contact=form.as_contact(),
        answers=form.answers,
    )
