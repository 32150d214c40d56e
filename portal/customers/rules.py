"""Which customers are the same, and how long a text may be. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from portal.core.errors import Refused
from portal.customers.models import CustomerKind

# most characters per field
MOST = {
    "name": 200,
    "erp_number": 60,
    "domain": 253,
    "street": 200,
    "postcode": 20,
    "city": 100,
    "note": 4000,
    "email": 254,
    "phone": 60,
    "person": 120,
}

# what two must share to be taken for one without a person looking, the strongest first: a name
# alone says it of a company of one country, never of people; a phone never of companies, for many
# have one switchboard
TELLS = {
    CustomerKind.COMPANY: ("erp_number", "domain", "email", "name"),
    CustomerKind.PERSON: ("erp_number", "email", "phone"),
}


class MightBeKnown(Refused):
    """There are customers who share something with the new one; a person has to look at them."""

    code = "might_be_known"

    def __init__(self, alike: Mapping[int, Collection[str]]) -> None:
        super().__init__(_("There are customers like this one already. Please look at them first."))
        self.alike = alike


def same_one(kind: str, alike: Mapping[int, Collection[str]]) -> int | None:
    """Return which customer is the same for sure; of several the one that shares the strongest."""
    strongest = TELLS[CustomerKind(kind)]
    ranked = sorted(
        (min(strongest.index(key) for key in shared if key in strongest), -len(shared), customer_id)
        for customer_id, shared in alike.items()
        if any(key in strongest for key in shared)
    )
    return ranked[0][2] if ranked else None


def too_long(texts: Mapping[str, str | None]) -> dict[str, str]:
    """Return a sentence for each text that is longer than its field allows."""
    return {
        name: _("Please take at most %(most)d characters.", most=MOST[name])
        for name, text in texts.items()
        if text and len(text) > MOST[name]
    }


def next_working_day(at: datetime, timezone: str) -> datetime:
    """Return nine in the morning of the next day from Monday to Friday, of a zone."""
    here = at.astimezone(ZoneInfo(timezone))
    day = here.date() + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return datetime.combine(day, time(9), here.tzinfo).astimezone(UTC)
