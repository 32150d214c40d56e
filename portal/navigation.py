"""Which entries of the main navigation a person sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app, request, url_for
from flask_babel import lazy_gettext as _l

from portal.accounts.actor import Actor
from portal.accounts.permissions import Permission as P


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: address, words, picture, and whether the reader is there now."""

    key: str
    label: str
    url: str
    icon: str
    active: bool


# endpoint, words, icon, and what the person must be allowed
ENTRIES: tuple[tuple[str, Any, str, P | None], ...] = (
    ("desk.home", _l("This morning"), "sunrise", None),
    ("pickup.available", _l("Available"), "inbox", P.OFFERS_SEE),
    ("desk.mine", _l("Mine"), "list-check", P.PICKUPS_SEE_OWN),
    ("team.team", _l("Team"), "users", P.PICKUPS_SEE_FIRM),
    ("desk.board", _l("Board"), "layout-kanban", P.BOARD_SEE),
    ("leads.qualify", _l("Qualify"), "bulb", P.LEADS_QUALIFY),
    ("hand_overs.hand_overs", _l("Hand-overs"), "package", P.HAND_OVERS_SEE),
    ("imports.imports", _l("Import"), "upload", P.LEADS_IMPORT),
    ("matching.rules", _l("Rules"), "target", P.RULES_EDIT),
    ("partners.partners", _l("Partners"), "building", P.PARTNERS_SEE),
    ("people.people", _l("People"), "users", P.PEOPLE_EDIT),
    ("catalog.catalog", _l("Catalogue"), "tags", P.CATALOG_EDIT),
    ("mail_health.mail_health", _l("Mail health"), "mail", P.MAILS_MANAGE),
    ("jobs.jobs", _l("Jobs"), "activity", P.JOBS_MANAGE),
    ("visibility.page", _l("Who sees what"), "eye", P.VISIBILITY_EDIT),
    ("audit.audit", _l("Audit"), "shield-check", P.AUDIT_SEE),
)


# pages that belong to an entry of another name
WITHIN = {
    "desk.column": "desk.board",
    "pickup.give_back_page": "desk.mine",
    "pickup.holder_page": "team.team",
    "leaving.leaving_page": "people.people",
    "leaving.leads_page": "people.people",
    "leaving.move_page": "people.people",
    "people_lists.new": "people.people",
    "people_lists.preview": "people.people",
    "people_lists.confirm": "people.people",
}
# rooms whose pages all belong to their one entry
WHOLE_ROOMS = frozenset(
    {
        "team",
        "leads",
        "hand_overs",
        "imports",
        "matching",
        "partners",
        "people",
        "catalog",
        "jobs",
    }
)


def entries(actor: Actor) -> list[Entry]:
    """Return the entries for this person, in order."""
    here = request.endpoint or ""
    here = WITHIN.get(here, here)
    room = here.partition(".")[0]
    return [
        Entry(
            endpoint,
            str(label),
            url_for(endpoint),
            icon,
            here == endpoint or (room in WHOLE_ROOMS and endpoint.startswith(f"{room}.")),
        )
        for endpoint, label, icon, needs in ENTRIES
        if endpoint in current_app.view_functions and (needs is None or actor.may(needs))
    ]
