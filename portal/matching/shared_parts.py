"""Explanations as they are kept: parts that many offers of a round share stand in it once.

An offer keeps the number of such a part in its place, and all others as they are. So a round of
hundreds of offers is a fraction of what it would be, to write as well as to keep. Pure.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

from portal.matching.kinds import Part

SHARED_FROM = 20
"""A part is shared that at least one in so many offers has: so a round keeps few of them."""


class Kept:
    """Explanations that are kept together; a part is shared where it is the same object in them.

    `shared` are the parts that stand in the round.
    """

    def __init__(self, explanations: Sequence[Iterable[Part]]) -> None:
        uses = Counter(map(id, chain.from_iterable(explanations)))
        least = max(2, len(explanations) / SHARED_FROM)
        parts = {id(part): part for part in chain.from_iterable(explanations)}
        self.shared = [parts[one] for one, times in uses.items() if times >= least]
        self._told = {id(part): str(number) for number, part in enumerate(self.shared)}

    def tell(self, explanation: Iterable[Part]) -> str:
        """Return the JSON of one of them as its offer keeps it."""
        told = self._told
        parts = []
        for part in explanation:
            known = told.get(id(part))
            if known is None:
                known = told[id(part)] = json.dumps(part, separators=(",", ":"))
            parts.append(known)
        return f"[{','.join(parts)}]"


def in_full(kept: Iterable[Part | int], shared: Sequence[Part]) -> list[Part]:
    """Return the explanation that an offer keeps, with the parts that its round keeps for it."""
    return [shared[part] if isinstance(part, int) else part for part in kept]
