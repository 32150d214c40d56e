"""The ready-made cadence of a first contact: a mail, two calls and a last mail within a week. Pure.

Ready-made programmes have it for every type; whoever edits a type puts it in with one press.
"""

from __future__ import annotations

from dataclasses import replace

from portal.leads.definition import MOST, Moment, Plan, Type
from portal.timeline.rules import Kind

FIRST_CONTACT = tuple(
    Plan(str(Moment.TAKEN), days, str(kind), {"en": english, "de": german})
    for days, kind, english, german in (
        (1, Kind.EMAIL, "Write a first mail", "Erste E-Mail schreiben"),
        (2, Kind.CALL, "Call", "Anrufen"),
        (4, Kind.CALL, "Call once more", "Noch einmal anrufen"),
        (7, Kind.EMAIL, "Write a last mail", "Letzte E-Mail schreiben"),
    )
)


def fits(one: Type) -> bool:
    """Tell whether it can be put in: nothing is planned for the taking yet, and there is room."""
    taken = any(plan.when == Moment.TAKEN for plan in one.cadence)
    return not taken and len(one.cadence) + len(FIRST_CONTACT) <= MOST["cadence"]


def put_in(one: Type) -> Type:
    """Return a type with the cadence, before all else that it plans; twice is once."""
    return replace(one, cadence=(*FIRST_CONTACT, *one.cadence)) if fits(one) else one
