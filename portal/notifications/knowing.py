"""What a person hears of firms that say they knew a lead's customer before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from portal.accounts.models import Organisation, User
from portal.core.db import session
from portal.hearing.models import Topic
from portal.leads.models import Lead
from portal.notifications.sentences import News
from portal.relations.models import KnowledgeClaim


def find_knowledge(facts: Mapping[str, Any], user: User) -> News | None:
    """Return the news for a person; None where they are past."""
    claim = session().get(KnowledgeClaim, facts["claim_id"], populate_existing=True)
    if claim is None or bool(facts["decided"]) != (claim.decided_at is not None):
        return None
    lead = session().get_one(Lead, claim.lead_id)
    if not facts["decided"]:
        return _to_decide(claim, lead)
    if user.organisation_id == claim.organisation_id:
        return _decided(claim, lead)
    return _told_holder(claim, lead) if lead.holder_id == user.id else None


def _to_decide(claim: KnowledgeClaim, lead: Lead) -> News:
    firm = session().get_one(Organisation, claim.organisation_id).name
    return News(
        Topic.KNOWLEDGE,
        _("Knew the customer before: %(number)s", number=lead.number),
        _(
            "%(firm)s says that it knew the customer of %(number)s before.",
            firm=firm,
            number=lead.number,
        ),
        [str(_("Please decide; those concerned are told."))],
        "/knowledge-claims",
        _("Decide"),
        _("You get this mail because channel managers decide on this."),
        lead.id,
    )


def _decided(claim: KnowledgeClaim, lead: Lead) -> News:
    granted = _(
        "it is granted that you knew the customer of %(number)s before.", number=lead.number
    )
    refused = _(
        "it is not granted that you knew the customer of %(number)s before.", number=lead.number
    )
    return News(
        Topic.KNOWLEDGE,
        _("Decided: %(number)s", number=lead.number),
        granted if claim.granted else refused,
        [str(_("The lead stays with who holds it."))],
        f"/leads/{lead.id}/knowledge",
        _("Read the decision"),
        _("You get this mail because you said so."),
        lead.id,
    )


def _told_holder(claim: KnowledgeClaim, lead: Lead) -> News:
    granted = _(
        "another firm said that it knew the customer of %(number)s before; that was granted.",
        number=lead.number,
    )
    refused = _(
        "another firm said that it knew the customer of %(number)s before; that was not granted.",
        number=lead.number,
    )
    return News(
        Topic.KNOWLEDGE,
        _("Somebody knew the customer: %(number)s", number=lead.number),
        granted if claim.granted else refused,
        [str(_("The lead stays with you."))],
        f"/leads/{lead.id}",
        _("Open the lead"),
        _("You get this mail because you work on this lead."),
        lead.id,
    )
