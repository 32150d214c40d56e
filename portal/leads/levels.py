"""What priorities and importances are called and which can be chosen, and how leads are numbered.

As the active version of the lead definition says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from portal.core.db import session
from portal.leads.definition import Level, Numbering, read_settings
from portal.leads.definition_words import level_name
from portal.leads.models import LEAD_NUMBERS, Lead, LeadDefinition

SETTINGS = select(LeadDefinition.settings).where(LeadDefinition.active)


@dataclass(frozen=True, slots=True)
class ForAll:
    """What the active version says of all leads."""

    priorities: Sequence[Level]
    importances: Sequence[Level]
    numbering: Numbering

    def levels_of(self, name: str) -> Sequence[Level]:
        """Return the levels of `priority` or `importance`."""
        return self.priorities if name == "priority" else self.importances

    def words(self, name: str, level: int) -> str:
        """Return what a level is called, with its number: the number alone where it has no name."""
        found = next((one for one in self.levels_of(name) if one.level == level), Level(level))
        return level_name(found)

    def choices(self, name: str, kept: int | None = None) -> list[tuple[str, str]]:
        """Return the levels in use, the highest first; the one that a lead has stays choosable."""
        return [
            (str(one.level), self.words(name, one.level))
            for one in reversed(self.levels_of(name))
            if one.supported or one.level == kept
        ]

    def is_in_use(self, name: str, level: int) -> bool:
        """Say whether a level can be chosen."""
        return any(one.supported and one.level == level for one in self.levels_of(name))


def for_all() -> ForAll:
    """Return what the active version says of all leads."""
    settings: dict[str, Any] = read_settings(session().scalar(SETTINGS) or {})
    return ForAll(**settings)


def in_words(lead: Lead) -> tuple[str, str]:
    """Return how urgent and how important a lead is, in words."""
    said = for_all()
    return said.words("priority", lead.priority), said.words("importance", lead.importance)


def next_number() -> str:
    """Return the next number of a lead."""
    return for_all().numbering.write(session().scalar(LEAD_NUMBERS.next_value()) or 0)
