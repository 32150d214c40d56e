"""What happens to the pages that look into several rooms."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditExported(Event):
    """Somebody took a copy of the record of what happened; `filters` by name."""

    filters: dict[str, str]
