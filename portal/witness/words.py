"""What passed between us and the customer of a lead in hand, as people read it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from portal.accounts.queries import find_name
from portal.web.filters import when
from portal.witness.events import CustomerAsked, CustomerDeclined, CustomerSaid, CustomerTold
from portal.witness.models import Said, Way


def tell_witness(name: str, data: Mapping[str, Any]) -> str | None:
    """Say what an event tells of the customer; None for any other event."""
    if name == CustomerTold.__name__:
        return str(
            _(
                "The customer was told that %(name)s calls by %(when)s",
                name=find_name(data["user_id"]),
                when=when(datetime.fromisoformat(data["call_by"])),
            )
        )
    if name == CustomerAsked.__name__:
        return str(
            _(
                "The customer was asked whether %(name)s called",
                name=find_name(data["user_id"]),
            )
        )
    if name == CustomerDeclined.__name__:
        return str(_("The customer asked not to be called"))
    if name != CustomerSaid.__name__:
        return None
    called = data["said"] == Said.YES
    if data["way"] == Way.MAIL:
        return str(
            _("The customer writes: yes, they called")
            if called
            else _("The customer writes: nobody has called")
        )
    return str(
        _("The customer says: yes, they called")
        if called
        else _("The customer says: nobody has called")
    )
