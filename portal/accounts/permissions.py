"""What each role may do at all. Whether it may be done to this thing now is decided in `rules`."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Permission(StrEnum):
    """Keep the list alphabetical."""

    ANSWERS_ENTER = "answers:enter"
    AUDIT_SEE = "audit:see"
    BOARD_SEE = "board:see"
    CAMPAIGNS_EDIT = "campaigns:edit"
    CATALOG_EDIT = "catalog:edit"
    CUSTOMERS_EDIT = "customers:edit"
    CUSTOMERS_SEE = "customers:see"
    DEFINITION_EDIT = "definition:edit"
    EXTENSIONS_DECIDE = "extensions:decide"
    FORMS_EDIT = "forms:edit"
    HAND_OVERS_SEE = "hand-overs:see"
    HAND_OVERS_TAKE = "hand-overs:take"
    INTEGRATIONS_MANAGE = "integrations:manage"
    JOBS_MANAGE = "jobs:manage"
    LEADS_ASSIGN = "leads:assign"
    LEADS_IMPORT = "leads:import"
    LEADS_QUALIFY = "leads:qualify"
    LEADS_RECALL = "leads:recall"
    LEADS_SEE_ALL = "leads:see-all"
    MAILS_MANAGE = "mails:manage"
    OFFERS_ALLOCATE = "offers:allocate"
    OFFERS_SEE = "offers:see"
    OFFERS_DECLINE_FIRM = "offers:decline-for-firm"
    OFFERS_MAKE = "offers:make"
    PARTNERS_EDIT = "partners:edit"
    PARTNERS_SEE = "partners:see"
    PARTNERS_SEE_ALL = "partners:see-all"
    PEOPLE_EDIT = "people:edit"
    PEOPLE_VIEW_AS = "people:view-as"
    PICKUPS_CLAIM = "pickups:claim"
    PICKUPS_SEE_FIRM = "pickups:see-firm"
    PICKUPS_SEE_OWN = "pickups:see-own"
    REPORTS_SEE = "reports:see"
    RESELLERS_SEE = "resellers:see"
    RULES_EDIT = "rules:edit"
    SUPPRESSIONS_EDIT = "suppressions:edit"
    TEAMS_LEAD = "teams:lead"
    VISIBILITY_EDIT = "visibility:edit"


P = Permission

LEADING = frozenset(
    {
        P.BOARD_SEE,
        P.EXTENSIONS_DECIDE,
        P.HAND_OVERS_SEE,
        P.LEADS_ASSIGN,
        P.LEADS_RECALL,
        P.OFFERS_ALLOCATE,
        P.PARTNERS_SEE,
        P.REPORTS_SEE,
        P.TEAMS_LEAD,
    }
)
"""What somebody may who leads account managers: the regional and the sales manager."""

ROLES: dict[str, frozenset[Permission]] = {
    "admin": frozenset(
        {
            P.AUDIT_SEE,
            P.BOARD_SEE,
            P.CATALOG_EDIT,
            P.HAND_OVERS_SEE,
            P.INTEGRATIONS_MANAGE,
            P.JOBS_MANAGE,
            P.LEADS_SEE_ALL,
            P.MAILS_MANAGE,
            P.PARTNERS_EDIT,
            P.PARTNERS_SEE,
            P.PARTNERS_SEE_ALL,
            P.PEOPLE_EDIT,
            P.PEOPLE_VIEW_AS,
            P.REPORTS_SEE,
            P.VISIBILITY_EDIT,
        }
    ),
    "channel_manager": frozenset(
        {
            P.ANSWERS_ENTER,
            P.BOARD_SEE,
            P.CAMPAIGNS_EDIT,
            P.CATALOG_EDIT,
            P.CUSTOMERS_EDIT,
            P.CUSTOMERS_SEE,
            P.DEFINITION_EDIT,
            P.EXTENSIONS_DECIDE,
            P.FORMS_EDIT,
            P.HAND_OVERS_SEE,
            P.LEADS_ASSIGN,
            P.LEADS_IMPORT,
            P.LEADS_QUALIFY,
            P.LEADS_RECALL,
            P.LEADS_SEE_ALL,
            P.MAILS_MANAGE,
            P.OFFERS_ALLOCATE,
            P.OFFERS_MAKE,
            P.PARTNERS_EDIT,
            P.PARTNERS_SEE,
            P.PARTNERS_SEE_ALL,
            P.REPORTS_SEE,
            P.RULES_EDIT,
            P.SUPPRESSIONS_EDIT,
        }
    ),
    "account_manager": frozenset(
        {
            P.BOARD_SEE,
            P.EXTENSIONS_DECIDE,
            P.HAND_OVERS_SEE,
            P.OFFERS_ALLOCATE,
            P.PARTNERS_SEE,
            P.REPORTS_SEE,
        }
    ),
    "regional_manager": LEADING,
    "sales_manager": LEADING,
    "management": frozenset({P.PARTNERS_SEE_ALL, P.REPORTS_SEE}),
    "qualifier": frozenset({P.LEADS_IMPORT, P.LEADS_QUALIFY}),
    "direct_sales": frozenset({P.OFFERS_SEE, P.PICKUPS_CLAIM, P.PICKUPS_SEE_OWN}),
    "operations": frozenset(
        {
            P.CUSTOMERS_EDIT,
            P.CUSTOMERS_SEE,
            P.HAND_OVERS_SEE,
            P.HAND_OVERS_TAKE,
            P.PARTNERS_SEE,
        }
    ),
    "distributor_manager": frozenset(
        {P.OFFERS_SEE, P.OFFERS_DECLINE_FIRM, P.PICKUPS_SEE_FIRM, P.RESELLERS_SEE}
    ),
    "distributor_sales": frozenset(
        {P.OFFERS_SEE, P.PICKUPS_CLAIM, P.PICKUPS_SEE_OWN, P.RESELLERS_SEE}
    ),
    "partner_manager": frozenset({P.OFFERS_SEE, P.OFFERS_DECLINE_FIRM, P.PICKUPS_SEE_FIRM}),
    "partner_rep": frozenset({P.OFFERS_SEE, P.PICKUPS_CLAIM, P.PICKUPS_SEE_OWN}),
}

ROLES_OF_KIND = {
    "vendor": (
        "admin",
        "channel_manager",
        "account_manager",
        "regional_manager",
        "sales_manager",
        "management",
        "qualifier",
        "direct_sales",
        "operations",
    ),
    "agency": ("qualifier",),
    "distributor": ("distributor_manager", "distributor_sales"),
    "reseller": ("partner_manager", "partner_rep"),
}
"""What people of a firm can be, by the firm's kind."""

PICKING_ROLES = tuple(role for role, may in ROLES.items() if P.PICKUPS_CLAIM in may)
MANAGING_ROLES = tuple(role for role, may in ROLES.items() if P.PICKUPS_SEE_FIRM in may)


def of_roles(roles: Iterable[str]) -> frozenset[Permission]:
    """Return everything that a person with these roles may do."""
    return frozenset().union(*(ROLES.get(role, frozenset()) for role in roles))


READ_REPORTS = (P.REPORTS_SEE, P.PICKUPS_SEE_FIRM, P.RESELLERS_SEE, P.PICKUPS_SEE_OWN)
"""Who has figures of leads, by page and once a week by mail: whoever may do one of these."""

HAVE_SHEETS = (P.PICKUPS_SEE_OWN, P.PICKUPS_SEE_FIRM)
"""Who has a feedback sheet: whoever holds leads, or looks after those who do."""

HEAR_OF_FAIRNESS = (P.OFFERS_SEE, P.BOARD_SEE)
"""Who is told once a month how leads were shared out: who may be offered some, and who answers."""
