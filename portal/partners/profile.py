"""A partner's profile as its page shows it: to the vendor's people, and to the firm itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import get_locale

from portal.accounts.queries import find_person
from portal.campaigns.taking_part import list_of_firm
from portal.catalog import fields
from portal.catalog.models import FieldSubject
from portal.catalog.places import subdivisions
from portal.catalog.queries import book
from portal.partners import completeness, hours, operations, queries, rate_words, rates, rules
from portal.partners.calendars import calendar_of
from portal.partners.contacts import list_contacts
from portal.partners.forms import FUNCTIONS, countries
from portal.partners.models import Partner


def tell(partner: Partner, at: datetime) -> dict[str, Any]:
    """Return what the parts of the page need: where, what, whom to call, how it works."""
    locale, firm = str(get_locale()), partner.organisation_id
    today = rules.day_at(partner.organisation.timezone, at)
    certifications = [
        (
            book().label(row.certification_id, locale),
            row.expires_on,
            rules.is_good(row.expires_on, today),
        )
        for row in queries.list_certifications(firm)
    ]
    kept = rates.find_rates(firm)
    return {
        "partner": partner,
        "labels": {
            name: book().labels(getattr(partner, name), locale) for name in operations.LISTS
        },
        "level": book().label(partner.level_id, locale),
        "own": fields.tell(book().fields.get(FieldSubject.PARTNER, ()), partner.custom, locale),
        "certifications": certifications,
        "languages": [str(get_locale().languages.get(code, code)) for code in partner.languages],
        "contacts": list_contacts(firm),
        "functions": dict(FUNCTIONS),
        "figures": queries.find_figures(firm),
        "work": rate_words.told(kept, rates.read_means()) if kept else (),
        "counted_at": kept.at if kept else None,
        "account_manager": find_person(partner.organisation.account_manager_id),
        "hours": hours.in_words(calendar_of(firm).week, locale),
        "country": dict(countries()).get(partner.country, partner.country),
        "serves": [region_name(code) for code in partner.territories],
        "campaigns": list_of_firm(firm),
        "complete": completeness.read_completeness([firm], at)[firm],
    }


def region_name(code: str) -> str:
    """Return the name of a country or state, its code where it has none."""
    country = code[:2]
    names = subdivisions(country) if "-" in code else dict(countries())
    return names.get(code, code)
