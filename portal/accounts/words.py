"""What roles and kinds of firms are called where people read of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l

KIND_NAMES: dict[str, Any] = {
    "vendor": _l("Vendor"),
    "distributor": _l("Distributor"),
    "reseller": _l("Reseller"),
    "agency": _l("Agency"),
}

ROLE_NAMES: dict[str, Any] = {
    "admin": _l("Administrator"),
    "channel_manager": _l("Channel manager"),
    "account_manager": _l("Account manager"),
    "regional_manager": _l("Regional manager"),
    "sales_manager": _l("Sales manager"),
    "management": _l("Management"),
    "qualifier": _l("Qualifier"),
    "direct_sales": _l("Direct sales"),
    "operations": _l("Operations"),
    "distributor_manager": _l("Manager at the distributor"),
    "distributor_sales": _l("Sales at the distributor"),
    "partner_manager": _l("Partner manager"),
    "partner_rep": _l("Sales rep"),
}

ROLES_EXPLAINED: dict[str, Any] = {
    "admin": _l("Administrator: people, firms, security"),
    "channel_manager": _l("Channel manager: leads, partners and rules of the programme"),
    "account_manager": _l("Account manager: looks after partners"),
    "regional_manager": _l("Regional manager: looks after account managers"),
    "sales_manager": _l("Sales manager: looks after a team"),
    "management": _l("Management: reads the figures of the whole programme"),
    "qualifier": _l("Qualifier: makes leads out of inquiries"),
    "direct_sales": _l("Direct sales: picks up what is offered to the own unit"),
    "operations": _l("Operations: sets new partners up"),
    "partner_rep": _l("Sales rep: picks leads up"),
    "partner_manager": _l("Manager: sees all of the firm, says no for it"),
    "distributor_sales": _l("Sales at the distributor: picks leads up"),
    "distributor_manager": _l("Manager at the distributor: sees all of the firm, says no for it"),
}
"""The same with what the role does, for who chooses among them."""


def roles_in_words(roles: Iterable[str]) -> str:
    """Return roles as people read them."""
    return ", ".join(str(ROLE_NAMES.get(role, role)) for role in roles)
