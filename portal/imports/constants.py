"""What is said of a list as a whole: campaign, legal basis, and whether duplicates come in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select

from portal.campaigns.models import Campaign
from portal.campaigns.queries import find_by_key
from portal.core.db import session
from portal.leads.basis import CHOICES, LONGEST_WORDS
from portal.leads.intake.mapping import (
    BASIS,
    BASIS_WORDS,
    CAMPAIGN,
    DUPLICATES,
    LEAVE_OUT,
    Mapping,
)


@dataclass(frozen=True, slots=True)
class OfTheList:
    """The constants of a mapping that hold for every row, and what the campaign says of sources."""

    campaign_id: int | None = None
    source_id: int | None = None
    basis: str | None = None
    basis_words: str | None = None
    leave_out: bool = False


def read_constants(mapping: Mapping) -> OfTheList:
    """Return what a mapping says of the list as a whole; what can't be used counts as not said."""
    said = mapping.constants
    campaign = find_by_key(said[CAMPAIGN]) if said.get(CAMPAIGN) else None
    basis = said.get(BASIS)
    return OfTheList(
        campaign_id=campaign.id if campaign else None,
        source_id=campaign.source_id if campaign else None,
        basis=basis if basis in CHOICES else None,
        basis_words=said.get(BASIS_WORDS) or None,
        leave_out=said.get(DUPLICATES) == LEAVE_OUT,
    )


def constant_problems(mapping: Mapping) -> dict[str, str]:
    """Say what of these constants can't be used, by name."""
    said, problems = mapping.constants, {}
    if said.get(CAMPAIGN) and find_by_key(said[CAMPAIGN]) is None:
        problems[CAMPAIGN] = _("There is no campaign with the key “%(key)s”.", key=said[CAMPAIGN])
    if said.get(BASIS) and said[BASIS] not in CHOICES:
        problems[BASIS] = _("Please choose one of the list.")
    if len(said.get(BASIS_WORDS, "")) > LONGEST_WORDS:
        problems[BASIS_WORDS] = _("Please keep it under %(limit)s characters.", limit=LONGEST_WORDS)
    return problems


def campaigns_to_choose(chosen: str = "") -> Sequence[tuple[str, str]]:
    """Return keys and names of the campaigns in use, and of the one that is chosen already."""
    rows = session().execute(
        select(Campaign.key, Campaign.name)
        .where(Campaign.archived_at.is_(None) | (Campaign.key == chosen))
        .order_by(Campaign.name, Campaign.id)
    )
    return [(key, name) for key, name in rows]
