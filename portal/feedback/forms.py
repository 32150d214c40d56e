"""The shape of an answer as it comes from a form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from flask_babel import gettext as _

from portal.catalog.fields import PREFIX
from portal.core.errors import Invalid
from portal.feedback.rules import Answer, Status, read_amount
from portal.web.forms import strip

FIELDS = (
    *("note", "next_step", "next_step_on", "waiting_since"),
    *("value", "reason", "decision_maker"),
    *("also", "why", "lost_value", "competitor"),
)
AMOUNTS = {"value": "won", "lost_value": "lost"}
"""The amounts, each with the answer that it belongs to."""

PRODUCT = "product-"
"""What the name of a tick begins with that says: this product was bought."""


def read_answer(typed: Mapping[str, str]) -> Answer:
    """Read an answer; raises `Invalid` naming the fields that can't be read.

    A day typed into `next_step` alone counts as the day of the next step.
    """
    values = {name: str(strip(typed.get(name, "")) or "") for name in (*FIELDS, "status")}
    errors: dict[str, str] = {}
    next_step, day = values["next_step"], values["next_step_on"]
    if not day and _is_day(next_step[:10]):
        day = next_step[:10]
    since = values["waiting_since"] if values["status"] == Status.WAITING else ""
    days: dict[str, date] = {}
    for name, written in (("next_step_on", day), ("waiting_since", since)):
        if written:
            try:
                days[name] = date.fromisoformat(written)
            except ValueError:
                errors[name] = str(_("Please give the day as year-month-day."))
    amounts: dict[str, Decimal] = {}
    for name, status in AMOUNTS.items():
        if values[name] and values["status"] == status:
            try:
                amounts[name] = read_amount(values[name])
            except ValueError:
                errors[name] = str(_("Please give an amount, for example 12500."))
    if errors:
        raise Invalid(errors)
    return Answer(
        status=values["status"],
        note=values["note"],
        next_step=next_step,
        next_step_on=days.get("next_step_on"),
        waiting_since=days.get("waiting_since"),
        value=amounts.get("value"),
        reason=values["reason"],
        decision_maker=values["decision_maker"],
        products=read_products(typed),
        also=values["also"],
        why=values["why"],
        lost_value=amounts.get("lost_value"),
        competitor=values["competitor"],
        settles=typed.get("settles") == "1",
        own=tuple(read_own(typed).items()),
    )


def read_own(typed: Mapping[str, str]) -> dict[str, str | tuple[str, ...]]:
    """Return what was written into own fields, by key; of several choices those that are ticked."""
    found: dict[str, str | tuple[str, ...]] = {}
    for name, value in typed.items():
        if not name.startswith(PREFIX):
            continue
        key, _colon, choice = name.removeprefix(PREFIX).partition(":")
        before = found.get(key, ())
        found[key] = (*before, choice) if choice and not isinstance(before, str) else value
    return found


def read_products(typed: Mapping[str, str]) -> tuple[int, ...]:
    """Return the products that were ticked as bought."""
    ids = (name.removeprefix(PRODUCT) for name in typed if name.startswith(PRODUCT))
    return tuple(int(raw) for raw in ids if raw.isdecimal() and len(raw) < 18)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
