"""What happens to feedback sheets. Ids and counts only, never words."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetTakenBack(Event):
    """Somebody gave a filled-in sheet back, by web or mail; how many rows became what."""

    return_id: int
    user_id: int
    way: str
    applied: int
    unchanged: int
    refused: int
    conflicts: int
