"""Ready-made programmes: lead definitions to start a draft from, each a file beside this one.

Each has the three kinds of lead type (person, organisation, business partner) under the keys that
a new programme begins with, so that activating one strands no lead.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.accounts.actor import Actor
from portal.core.errors import NotFound
from portal.leads import versions
from portal.leads.definition import Content
from portal.leads.definition_file import read
from portal.leads.models import LeadDefinition

FOLDER = Path(__file__).parent / "ready_made"


@dataclass(frozen=True, slots=True)
class ReadyMade:
    """A programme to start from, with what it is for."""

    key: str
    name: Any
    purpose: Any

    @property
    def content(self) -> Content:
        """Return what its file says."""
        return _read(self.key)


PROGRAMMES = (
    ReadyMade(
        "it_reseller",
        _l("IT reseller"),
        _l(
            "Companies, persons and future partners buy network, cloud and service. Presentation "
            "and negotiation are steps of their own; who asks for a demonstration gets one."
        ),
    ),
    ReadyMade(
        "trades",
        _l("Trades"),
        _l(
            "Householders, businesses and property managers need work done. Somebody looks at it "
            "on site first; an emergency goes before everything else."
        ),
    ),
    ReadyMade(
        "industrial_distribution",
        _l("Industrial distribution"),
        _l(
            "Plants buy parts and material over years. Technical questions and samples take their "
            "time; what private persons ask for stays with you."
        ),
    ),
)


@cache
def _read(key: str) -> Content:
    return read((FOLDER / f"{key}.yaml").read_bytes())[1]


def begin_from(key: str, actor: Actor, at: datetime) -> LeadDefinition:
    """Begin a draft that says what a ready-made programme says.

    Raises `NotFound`, `versions.DraftExists`.
    """
    found = next((one for one in PROGRAMMES if one.key == key), None)
    if found is None:
        raise NotFound()
    return versions.begin_draft(actor, at, content=found.content, name=str(found.name))
