"""What rooms above keep of a lead goes along when it becomes part of another, and comes back.

A room says once, when it is loaded, how what it keeps goes over and comes back: it happens in the
transaction of the merge. What it needs for the way back it returns, as JSON keeps it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.leads.models import Lead

Kept = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Along:
    """How what a room keeps of a lead goes to the one that stays, and comes back.

    Both are called with the lead that stays and the one that goes, locked; `back` with what `over`
    returned.
    """

    over: Callable[[Lead, Lead, datetime], Kept]
    back: Callable[[Lead, Lead, Kept], None]


ALONG: dict[str, Along] = {}


def goes_along(name: str, along: Along) -> None:
    """Have what a room keeps of a lead go along, under a name that stays for good."""
    ALONG[name] = along


def over(kept: Lead, gone: Lead, at: datetime) -> dict[str, Kept]:
    """Let what the rooms keep of a lead go to another; return what is needed to take it back."""
    return {name: one.over(kept, gone, at) for name, one in ALONG.items()}


def back(kept: Lead, gone: Lead, moved: dict[str, Kept]) -> None:
    """Let it come back."""
    for name, was in moved.items():
        if name in ALONG:
            ALONG[name].back(kept, gone, was)
