"""Which entries of the main navigation a person sees, and the page of all that is looked after."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l

from portal.accounts.actor import Actor, current_actor
from portal.accounts.permissions import READ_REPORTS
from portal.accounts.permissions import Permission as P
from portal.web.access import requires


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: address, words, picture, and whether the reader is there now.

    What is `folded` stands under "More…" where the room is for five only: on a phone.
    """

    key: str
    label: str
    url: str
    icon: str
    active: bool
    folded: bool = False


# endpoint, words, icon, and what the person must be allowed, of several one
ENTRIES: tuple[tuple[str, Any, str, P | tuple[P, ...] | None], ...] = (
    ("desk.home", _l("This morning"), "sunrise", None),
    ("pickup.available", _l("Available"), "inbox", P.OFFERS_SEE),
    ("desk.mine", _l("Mine"), "list-check", P.PICKUPS_SEE_OWN),
    ("team.team", _l("Team"), "users", P.PICKUPS_SEE_FIRM),
    ("team.resellers", _l("Resellers"), "building", P.RESELLERS_SEE),
    ("desk.board", _l("Board"), "layout-kanban", P.BOARD_SEE),
    ("qualification.qualify", _l("Qualify"), "bulb", P.LEADS_QUALIFY),
    (
        "lead_list.leads",
        _l("Leads"),
        "list",
        (P.BOARD_SEE, P.LEADS_QUALIFY, P.HAND_OVERS_SEE),
    ),
    ("hand_overs.hand_overs", _l("Hand-overs"), "package", P.HAND_OVERS_SEE),
    ("imports.imports", _l("Import"), "upload", P.LEADS_IMPORT),
    ("matching.rules", _l("Rules"), "target", P.RULES_EDIT),
    ("partners.partners", _l("Partners"), "building", P.PARTNERS_SEE),
    ("customers.customers", _l("Customers"), "address-book", P.CUSTOMERS_SEE),
    ("reports.page", _l("Report"), "report-analytics", READ_REPORTS),
    ("people.people", _l("People"), "users", P.PEOPLE_EDIT),
    ("administration.page", _l("Administration"), "adjustments", None),
)

THUMBS = 5
# what is folded first where there is more than that: nobody needs it several times a day
SELDOM = frozenset(
    {
        "administration.page",
        "customers.customers",
        "hand_overs.hand_overs",
        "imports.imports",
        "lead_list.leads",
        "matching.rules",
        "reports.page",
    }
)

# what is not a day's work: endpoint, words, what is done there, icon, and what it needs
ADMINISTRATION: tuple[tuple[str, Any, Any, str, P], ...] = (
    (
        "firms.firms",
        _l("Firms"),
        _l("Who stands below whom, their units, and firms that come or go."),
        "building-community",
        P.PEOPLE_EDIT,
    ),
    (
        "programme.page",
        _l("Programme"),
        _l("Goals, territories, the terms that firms agree to, and who refers leads."),
        "flag",
        P.RULES_EDIT,
    ),
    (
        "knowledge.claims",
        _l("Who knew the customer"),
        _l("Firms that say they knew the customer of a lead before, and what was decided."),
        "users",
        P.OFFERS_MAKE,
    ),
    (
        "campaigns.campaigns",
        _l("Campaigns"),
        _l("What brings leads in, what it costs, and where they come from month by month."),
        "speakerphone",
        P.CAMPAIGNS_EDIT,
    ),
    (
        "consent.texts",
        _l("What people agree to"),
        _l("The words of consent, each version kept with the leads that saw it."),
        "signature",
        P.FORMS_EDIT,
    ),
    (
        "suppressions.suppressions",
        _l("Do not contact"),
        _l("Who must not be approached, whatever brings him in again."),
        "ban",
        P.SUPPRESSIONS_EDIT,
    ),
    (
        "web_forms.forms",
        _l("Web forms"),
        _l("Forms on your web site: what they ask, what they say, what becomes of it."),
        "forms",
        P.FORMS_EDIT,
    ),
    (
        "catalog.catalog",
        _l("Catalogue"),
        _l("Products, industries, bands, sources, reasons: what everything else chooses from."),
        "tags",
        P.CATALOG_EDIT,
    ),
    (
        "fields.fields",
        _l("Own fields"),
        _l("What your programme keeps about leads, partners and customers beyond the usual."),
        "adjustments",
        P.CATALOG_EDIT,
    ),
    (
        "definition.versions",
        _l("Lead definition"),
        _l("Types of leads, statuses and the ways between them, questions, what is asked when."),
        "stack-2",
        P.DEFINITION_EDIT,
    ),
    (
        "inquiry_routes.routes",
        _l("Who qualifies what"),
        _l("Rules that give inquiries to units and people, and the steps of qualification."),
        "target",
        P.RULES_EDIT,
    ),
    (
        "hearing.defaults",
        _l("Mail as people begin"),
        _l("When each role hears by mail, how much, and when it is quiet, until somebody chooses."),
        "mail",
        P.RULES_EDIT,
    ),
    (
        "nurture.mails",
        _l("Mails of nurture"),
        _l("What contacts read who are not ready yet, and when."),
        "mail",
        P.RULES_EDIT,
    ),
    (
        "wording.kinds",
        _l("Words of mails"),
        _l("What partners and customers read in mails, in your own words, and each version of it."),
        "pencil",
        P.RULES_EDIT,
    ),
    (
        "deadlines.policies",
        _l("Deadlines"),
        _l("When answers are due, what is late, and how long an offer lasts."),
        "calendar-due",
        P.RULES_EDIT,
    ),
    (
        "offering.allocation",
        _l("Who decides on offers"),
        _l("Who offers leads by hand besides channel managers, and who hears of them first."),
        "users",
        P.RULES_EDIT,
    ),
    (
        "working_hours.of_vendor",
        _l("Working hours"),
        _l("When your own people work, and partners who have said nothing else."),
        "clock",
        P.RULES_EDIT,
    ),
    (
        "scoring.page",
        _l("Scoring"),
        _l("What makes a lead hot, warm or cold, and what that was worth by source."),
        "gauge",
        P.RULES_EDIT,
    ),
    (
        "customer_policy.policy_page",
        _l("Customers of won leads"),
        _l("Whether a won lead makes a customer, and what operations need of it."),
        "address-book",
        P.RULES_EDIT,
    ),
    (
        "visibility.page",
        _l("Who sees what"),
        _l("Which part of a lead is seen by whom, and when."),
        "eye",
        P.VISIBILITY_EDIT,
    ),
    (
        "audit.audit",
        _l("Audit"),
        _l("Who did what, when and from where."),
        "shield-check",
        P.AUDIT_SEE,
    ),
    (
        "mail_health.mail_health",
        _l("Mail health"),
        _l("Mails on their way, and those that did not arrive."),
        "mail",
        P.MAILS_MANAGE,
    ),
    (
        "api_tokens.page",
        _l("API tokens"),
        _l("With what other systems bring inquiries in."),
        "key",
        P.INTEGRATIONS_MANAGE,
    ),
    (
        "jobs.jobs",
        _l("Jobs"),
        _l("Work that failed and waits for somebody."),
        "activity",
        P.JOBS_MANAGE,
    ),
)


# pages, and rooms of pages, that belong to an entry of another name
WITHIN = {
    "desk.column": "desk.board",
    "neglected.board": "desk.board",
    "neglected.act": "desk.board",
    "overdue.page": "desk.board",
    "fairness.page": "desk.board",
    "invariants.page": "desk.board",
    "planned.mine": "desk.home",
    "nurture.page": "qualification.qualify",
    "by_hand.new_lead": "qualification.qualify",
    "by_hand.look": "qualification.qualify",
    "programme.own_terms": "desk.home",
    "programme.accept_terms": "desk.home",
    "programme.referring": "desk.mine",
    "finds.page": "desk.mine",
    "finds.new": "desk.mine",
    "finds.bring": "desk.mine",
    "customer.page": "customers.customers",
    "doctor": "matching.rules",
    "offering.choose": "desk.board",
    "offering.look": "desk.board",
    "offering.send": "desk.board",
    "offering.longer_page": "desk.board",
    "offering.extend": "desk.board",
    "offering.offer_on_page": "pickup.available",
    "offering.offer_on": "pickup.available",
    "dry_run": "matching.rules",
    "fairness_terms": "matching.rules",
    "groups": "matching.rules",
    "replays": "matching.rules",
    "rule_versions": "matching.rules",
    "suggestions": "matching.rules",
    "duplicates.listing": "qualification.qualify",
    "duplicates.merge_page": "qualification.qualify",
    "duplicates.of_lead": "qualification.qualify",
    "pickup.give_back_page": "desk.mine",
    "pauses.page": "desk.mine",
    "pauses.pause": "desk.mine",
    "pickup.holder_page": "team.team",
    "sign_up.requests": "partners.partners",
    "sign_up.request_page": "partners.partners",
    "team.invitation": "team.team",
    "team.invite": "team.team",
    "team.absence": "team.team",
    "team.place": "team.team",
    "team.put": "team.team",
    "team.add_absence": "team.team",
    "team.sharing": "team.team",
    "working_hours.of_firm": "team.team",
    "team.share": "team.team",
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
        "desk_work",
        "qualification",
        "customers",
        "hand_overs",
        "imports",
        "lead_list",
        "matching",
        "partners",
        "people",
    }
)
# a unit's pages belong to those of its firm
ADMINISTERED = frozenset(
    {"units", *(endpoint.partition(".")[0] for endpoint, *_more in ADMINISTRATION)}
)

blueprint = Blueprint("administration", __name__)


@blueprint.get("/administration")
@requires(*dict.fromkeys(needs for *_words, needs in ADMINISTRATION))
def page() -> ResponseReturnValue:
    """Show what is set up and looked after, each with what is done there."""
    return render_template("administration.html", places=administered(current_actor()))


def administered(actor: Actor) -> list[tuple[str, Any, Any, str]]:
    """Return address, words, meaning and icon of what this person looks after."""
    return [
        (url_for(endpoint), words, meaning, icon)
        for endpoint, words, meaning, icon, needs in ADMINISTRATION
        if actor.may(needs)
    ]


def entries(actor: Actor) -> tuple[Entry, ...]:
    """Return the entries for this person, in order."""
    here = request.endpoint or ""
    room = here.partition(".")[0]
    here = WITHIN.get(here, WITHIN.get(room, here))
    room = here.partition(".")[0]
    if room in ADMINISTERED:
        here = "administration.page"
    return _entries(actor.permissions, here, room, str(get_locale()), request.root_path)


@lru_cache(maxsize=2048)
def _entries(
    may: frozenset[P], here: str, room: str, _locale: str, _root: str
) -> tuple[Entry, ...]:
    # every page has them, and they are few; words and addresses are those of this moment
    looks_after = not may.isdisjoint(needs for *_words, needs in ADMINISTRATION)
    found = [
        Entry(
            endpoint,
            str(label),
            url_for(endpoint),
            icon,
            here == endpoint or (room in WHOLE_ROOMS and endpoint.startswith(f"{room}.")),
        )
        for endpoint, label, icon, needs in ENTRIES
        if allows(may, needs) and (endpoint != "administration.page" or looks_after)
    ]
    return tuple(fold(found))


def allows(may: Container[P], needs: P | tuple[P, ...] | None) -> bool:
    """Tell whether who may do all this may go where this is needed, of several one."""
    if needs is None:
        return True
    return any(one in may for one in (needs if isinstance(needs, tuple) else (needs,)))


def fold(found: list[Entry]) -> list[Entry]:
    """Return the entries, of more than five all but four folded."""
    if len(found) <= THUMBS:
        return found
    kept = sorted(found, key=lambda entry: entry.key in SELDOM)[: THUMBS - 1]
    return [replace(entry, folded=entry not in kept) for entry in found]
