"""What a partner gains by knowing a lead's customer, where the rule has that count.

Priority: he stands first. Protection: he is alone with it at first, for half of the offer's time;
where it goes in turn, the first turn is his. How both see it before the others is made in
`offers.publishing`; partners are told neither.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from portal.matching.models import Known

if TYPE_CHECKING:
    from portal.matching.operations import Matched


def counts(known: str | None) -> bool:
    """Say whether a rule has it count that a partner knows the customer."""
    return known in (Known.PRIORITY, Known.PROTECTION)


def put_first(partners: Sequence[Matched], who: Collection[int]) -> list[Matched]:
    """Return the partners with those first who know the customer, each part in its order."""
    knowing = [replace(one, known=True) for one in partners if one.organisation_id in who]
    if not knowing:
        return list(partners)
    return [*knowing, *(one for one in partners if one.organisation_id not in who)]
