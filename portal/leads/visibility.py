"""Who sees what of a lead: field × tier × phase, the one table. Pure.

A tier is how a person stands to this lead, not a role: one person may stand to it in several ways
and sees what any of them lets her see. What a page, a mail or an export shows follows from here;
whether the lead exists for her at all is asked before (`queries.visible_to`).

Not in the table is what belongs to the reader anyway: a firm reads its own notes and its own
answers also after it gave a lead back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum

from portal.leads.models import LeadState


class Field(StrEnum):
    """What there is to see of a lead, from what everybody reads to what nobody should need."""

    TEASER = "teaser"
    ANSWERS = "answers"
    CONTACT = "contact"
    OWN = "own"
    HOLDER = "holder"
    PROGRESS = "progress"
    FEEDBACK = "feedback"
    VALUE = "value"
    NOTES = "notes"
    ROUNDS = "rounds"
    LOOKS = "looks"


class Tier(StrEnum):
    """How a person stands to a lead."""

    HOLDER = "holder"
    FIRM_MANAGER = "firm_manager"
    DELEGATE = "delegate"
    OFFERED_FIRM = "offered_firm"
    DISTRIBUTOR = "distributor"
    QUALIFIER = "qualifier"
    OWNER = "owner"
    CHANNEL_MANAGER = "channel_manager"
    OPERATIONS = "operations"
    ADMIN = "admin"


class Phase(StrEnum):
    """How far a lead is."""

    BEFORE = "before"
    OFFERED = "offered"
    HELD = "held"
    CLOSED = "closed"


class Cell(StrEnum):
    """What stands in the table.

    `ON` and `OFF` are what the programme may change; the others hold whatever is chosen. `SHARED`
    is seen as far as the firm that wrote it, or whose deal it is, shares it.
    """

    NEVER = "-"
    OFF = "n"
    SHARED = "s"
    ON = "y"
    ALWAYS = "Y"


#   the phases from left to right: before any offer · on offer · held · closed
GRID: dict[Field, dict[Tier, str]] = {
    Field.TEASER: {
        Tier.HOLDER: "- - Y Y",
        Tier.FIRM_MANAGER: "- - Y Y",
        Tier.DELEGATE: "- - Y -",
        Tier.OFFERED_FIRM: "- Y - -",
        Tier.DISTRIBUTOR: "- - s s",
        Tier.QUALIFIER: "Y Y - -",
        Tier.OWNER: "Y Y Y Y",
        Tier.CHANNEL_MANAGER: "Y Y Y Y",
        Tier.OPERATIONS: "Y Y Y Y",
        Tier.ADMIN: "Y Y Y Y",
    },
    Field.ANSWERS: {
        Tier.HOLDER: "- - Y Y",
        Tier.FIRM_MANAGER: "- - Y Y",
        Tier.DELEGATE: "- - Y -",
        Tier.QUALIFIER: "Y Y - -",
        Tier.OWNER: "Y Y Y Y",
        Tier.CHANNEL_MANAGER: "Y Y Y Y",
        Tier.OPERATIONS: "- - y y",
        Tier.ADMIN: "y y y y",
    },
    Field.CONTACT: {
        Tier.HOLDER: "- - Y Y",
        Tier.FIRM_MANAGER: "- - Y Y",
        Tier.DELEGATE: "- - Y -",
        Tier.QUALIFIER: "Y Y - -",
        Tier.OWNER: "n n n n",
        Tier.CHANNEL_MANAGER: "Y Y n n",
        Tier.OPERATIONS: "- - y y",
        Tier.ADMIN: "n n n n",
    },
    # free words of the programme: nobody sees more of them than of whom to call, but by choice
    Field.OWN: {
        Tier.HOLDER: "- - Y Y",
        Tier.FIRM_MANAGER: "- - Y Y",
        Tier.DELEGATE: "- - Y -",
        Tier.QUALIFIER: "Y Y - -",
        Tier.OWNER: "n n n n",
        Tier.CHANNEL_MANAGER: "Y Y n n",
        Tier.OPERATIONS: "- - y y",
        Tier.ADMIN: "n n n n",
    },
    Field.HOLDER: {
        Tier.HOLDER: "- - Y Y",
        Tier.FIRM_MANAGER: "- - Y Y",
        Tier.DELEGATE: "- - Y -",
        Tier.DISTRIBUTOR: "- - s s",
        Tier.OWNER: "Y Y Y Y",
        Tier.CHANNEL_MANAGER: "Y Y Y Y",
        Tier.OPERATIONS: "- - Y Y",
        Tier.ADMIN: "Y Y Y Y",
    },
    Field.PROGRESS: {
        Tier.HOLDER: "- - Y Y",
        Tier.FIRM_MANAGER: "- - Y Y",
        Tier.DELEGATE: "- - Y -",
        Tier.DISTRIBUTOR: "- - s s",
        Tier.OWNER: "Y Y Y Y",
        Tier.CHANNEL_MANAGER: "Y Y Y Y",
        Tier.OPERATIONS: "- - Y Y",
        Tier.ADMIN: "Y Y Y Y",
    },
    Field.FEEDBACK: {
        Tier.HOLDER: "- - Y Y",
        Tier.FIRM_MANAGER: "- - Y Y",
        Tier.DELEGATE: "- - Y -",
        Tier.OWNER: "y y y y",
        Tier.CHANNEL_MANAGER: "Y Y Y Y",
        Tier.OPERATIONS: "- - n n",
        Tier.ADMIN: "y y y y",
    },
    Field.VALUE: {
        Tier.HOLDER: "- - Y Y",
        Tier.FIRM_MANAGER: "- - Y Y",
        Tier.DELEGATE: "- - Y -",
        Tier.OWNER: "y y y y",
        Tier.CHANNEL_MANAGER: "Y Y Y Y",
        Tier.OPERATIONS: "- - y y",
        Tier.ADMIN: "y y y y",
    },
    Field.NOTES: {
        Tier.HOLDER: "- - Y Y",
        Tier.FIRM_MANAGER: "- - Y Y",
        Tier.DELEGATE: "- - Y -",
        Tier.OWNER: "s s s s",
        Tier.CHANNEL_MANAGER: "s s s s",
        Tier.ADMIN: "s s s s",
    },
    Field.ROUNDS: {
        Tier.OWNER: "y y y y",
        Tier.CHANNEL_MANAGER: "Y Y Y Y",
        Tier.ADMIN: "Y Y Y Y",
    },
    Field.LOOKS: {
        Tier.HOLDER: "- - Y Y",
        Tier.FIRM_MANAGER: "- - Y Y",
        Tier.OWNER: "n n n n",
        Tier.CHANNEL_MANAGER: "Y Y Y Y",
        Tier.ADMIN: "Y Y Y Y",
    },
}

PHASES = tuple(Phase)
TABLE: dict[tuple[Field, Tier, Phase], Cell] = {
    (field, tier, phase): Cell(sign)
    for field, row in GRID.items()
    for tier, signs in row.items()
    for phase, sign in zip(PHASES, signs.split(), strict=True)
}
"""`GRID` by cell; what isn't named there is never seen."""

EDITABLE = frozenset(place for place, cell in TABLE.items() if cell in (Cell.ON, Cell.OFF))
"""What the programme may choose for itself: the safe bounds."""

Place = tuple[Field, Tier, Phase]
Choices = Mapping[Place, bool]

PHASE_OF = {
    LeadState.OFFERED: Phase.OFFERED,
    LeadState.HELD: Phase.HELD,
    LeadState.DIRECT: Phase.HELD,
    LeadState.CLOSED: Phase.CLOSED,
}


def phase_of(state: str) -> Phase:
    """Return how far a lead in this distribution state is; whatever nobody works on is before."""
    return PHASE_OF.get(LeadState(state), Phase.BEFORE)


def cell_of(field: Field, tier: Tier, phase: Phase, choices: Choices) -> Cell:
    """Return what holds: the table's own word, or what the programme chose within its bounds."""
    place = (field, tier, phase)
    chosen = choices.get(place) if place in EDITABLE else None
    if chosen is None:
        return TABLE.get(place, Cell.NEVER)
    return Cell.ON if chosen else Cell.OFF


SEEN = (Cell.ON, Cell.ALWAYS)


def seen(tiers: Iterable[Tier], phase: Phase, choices: Choices) -> frozenset[Field]:
    """Return what somebody sees who stands to a lead in these ways."""
    return _fields(tiers, phase, choices, SEEN)


def shared(tiers: Iterable[Tier], phase: Phase, choices: Choices) -> frozenset[Field]:
    """Return what she sees as far as it is shared, where she doesn't see it anyway."""
    stood = tuple(tiers)
    whole = seen(stood, phase, choices)
    return _fields(stood, phase, choices, (Cell.SHARED,)) - whole


def _fields(
    tiers: Iterable[Tier], phase: Phase, choices: Choices, cells: Collection[Cell]
) -> frozenset[Field]:
    return frozenset(
        field for tier in tiers for field in Field if cell_of(field, tier, phase, choices) in cells
    )


def depends(tiers: Collection[Tier], phase: Phase) -> bool:
    """Say whether what the programme chose can matter to who stands to a lead in these ways."""
    return any((field, tier, phase) in EDITABLE for field in Field for tier in tiers)
