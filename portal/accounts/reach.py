"""For which partner firms and through which people somebody answers.

An account manager answers for the firms that name him, and with his unit for those in its
territories. Who leads a team answers for what all below him answer for: his direct reports and
theirs, and the people of units he manages. A distributor has the firms below it in the tree.
Channel managers and administrators answer for all.

Upper rooms ask here by condition, or by a statement of their own on top of `asking`. Who asks
several times for one page reads it once (`read`) and hands on what was found.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, TextualSelect, column, select, text, true
from sqlalchemy.orm import InstrumentedAttribute

from portal.accounts.actor import Actor
from portal.accounts.models import OrganisationKind, Unit
from portal.accounts.permissions import Permission
from portal.core.db import session

# UNION leaves out what was there already, so a ring of managers ends. What is not asked of this
# is not read: PostgreSQL leaves out the parts that a statement does not name.
BELOW = """
    WITH RECURSIVE below (person, unit) AS (
      SELECT CAST(:reach_person AS bigint), CAST(NULL AS bigint)
      UNION
      SELECT step.person, step.unit
      FROM below
      CROSS JOIN LATERAL (
        SELECT id, CAST(NULL AS bigint) FROM users WHERE manager_id = below.person
        UNION ALL
        SELECT id, NULL FROM users WHERE unit_id = below.unit
        UNION ALL
        SELECT NULL, id FROM units WHERE manager_id = below.person
        UNION ALL
        SELECT NULL, id FROM units WHERE parent_id = below.unit
      ) AS step (person, unit)
      WHERE CAST(:reach_leads AS boolean)
    ),
    reached_people (id) AS (SELECT person FROM below WHERE person IS NOT NULL),
    reached_places (code) AS (
      SELECT DISTINCT unnest(units.territories)
      FROM units
      WHERE units.id IN (
        SELECT unit FROM below
        UNION ALL
        SELECT unit_id FROM users WHERE id IN (SELECT id FROM reached_people)
      )
    ),
    subtree (id) AS (
      SELECT CAST(:reach_firm AS bigint)
      UNION
      SELECT o.id FROM organisations o JOIN subtree ON o.parent_id = subtree.id
    ),
    reached_firms (id) AS (
      SELECT id FROM organisations
      WHERE account_manager_id IN (SELECT id FROM reached_people)
      UNION
      SELECT p.organisation_id FROM partners p JOIN reached_places ON p.country = code
      UNION
      SELECT p.organisation_id FROM partners p JOIN reached_places ON p.subdivision = code
    )
"""


# what was read before, under the same names
KNOWN = """
    WITH reached_people (id) AS (SELECT unnest(CAST(:known_people AS bigint[]))),
    reached_places (code) AS (SELECT unnest(CAST(:known_places AS text[]))),
    reached_firms (id) AS (SELECT unnest(CAST(:known_firms AS bigint[])))
"""
READ = """
    SELECT
      ARRAY(SELECT id FROM reached_people),
      ARRAY(SELECT code FROM reached_places),
      ARRAY(SELECT id FROM reached_firms)
"""


@dataclass(frozen=True, slots=True)
class Reached:
    """What one of the vendor's people reached when it was read."""

    actor: Actor
    people: Collection[int]
    places: Collection[str]
    firms: Collection[int]


def read(actor: Actor) -> Reached | None:
    """Return what somebody reaches, for reads that follow at once; None where nothing is asked.

    That is for who answers for all firms, and for who isn't the vendor's.
    """
    if sees_all_firms(actor) or actor.organisation_kind != OrganisationKind.VENDOR:
        return None
    found = session().execute(text(BELOW + READ).bindparams(**_asked(BELOW, actor))).one()
    return Reached(actor, *(frozenset(ids) for ids in found))


def sees_all_firms(actor: Actor) -> bool:
    """Tell whether somebody answers for every partner."""
    return actor.may(Permission.PARTNERS_SEE_ALL)


def asking(
    statement: str, actor: Actor, reached: Reached | None = None, **values: Any
) -> TextualSelect:
    """Return a statement of one column of ids that may name what somebody reaches.

    `reached_people`, `reached_places` and `reached_firms` are of the vendor's people, `subtree` is
    the own firm with all below it; each but `reached_places` (`code`) has the column `id`. What was
    `reached` before by the same person is not asked for again; it has no `subtree`.
    """
    if reached is not None and reached.actor == actor:
        whole = KNOWN + statement
        named: dict[str, Any] = {
            "known_people": sorted(reached.people),
            "known_places": sorted(reached.places),
            "known_firms": sorted(reached.firms),
        }
    else:
        whole = BELOW + statement
        named = _asked(whole, actor)
    return text(whole).bindparams(**named, **values).columns(column("id", BigInteger))


def _asked(whole: str, actor: Actor) -> dict[str, Any]:
    values = {
        "reach_person": actor.id,
        "reach_leads": actor.may(Permission.TEAMS_LEAD),
        "reach_firm": actor.organisation_id,
    }
    return {name: value for name, value in values.items() if f":{name}" in whole}


def firms_of(actor: Actor, reached: Reached | None = None) -> TextualSelect:
    """Return the query of the firms that somebody answers for who doesn't answer for all.

    People of a reseller have their own firm, those of a distributor all below theirs, too.
    """
    if actor.organisation_kind == OrganisationKind.VENDOR:
        return asking("SELECT id FROM reached_firms", actor, reached)
    if actor.organisation_kind == OrganisationKind.DISTRIBUTOR:
        return asking("SELECT id FROM subtree", actor)
    if actor.is_partner:
        return asking("SELECT CAST(:reach_firm AS bigint) AS id", actor)
    return asking("SELECT id FROM subtree WHERE false", actor)


def answers_for(
    actor: Actor, organisation_id: InstrumentedAttribute[int], reached: Reached | None = None
) -> ColumnElement[bool]:
    """Return the condition that somebody answers for the firm of a column."""
    return true() if sees_all_firms(actor) else organisation_id.in_(firms_of(actor, reached))


def read_firms(actor: Actor, reached: Reached | None = None) -> Collection[int] | None:
    """Return the ids of the firms that somebody answers for; None where it is all of them."""
    if sees_all_firms(actor):
        return None
    if reached is not None and reached.actor == actor:
        return reached.firms
    return set(session().execute(firms_of(actor)).scalars())


def read_people(actor: Actor, reached: Reached | None = None) -> Collection[int]:
    """Return the ids of somebody and of all who report to him, if he leads a team."""
    if reached is not None and reached.actor == actor:
        return reached.people
    return set(session().execute(asking("SELECT id FROM reached_people", actor)).scalars())


UNITS_ABOVE = text(
    """
    WITH RECURSIVE above (id, parent_id) AS (
      SELECT id, parent_id FROM units WHERE id = :unit_id
      UNION
      SELECT u.id, u.parent_id FROM units u JOIN above ON u.id = above.parent_id
    )
    SELECT id FROM above
    """
)
UNITS_BELOW = text(
    """
    WITH RECURSIVE below (id) AS (
      SELECT CAST(:unit_id AS bigint)
      UNION
      SELECT u.id FROM units u JOIN below ON u.parent_id = below.id
    )
    SELECT id FROM below
    """
)


def units_of(actor: Actor) -> list[int]:
    """Return the units of her firm to which an offer is for this person, too.

    Her own and those above it; of who leads a partner, each that the firm has or had. For who is in
    no unit, as most people of partners, nothing is asked.
    """
    if actor.may(Permission.PICKUPS_SEE_FIRM):
        its = select(Unit.id).where(Unit.organisation_id == actor.organisation_id)
        return list(session().scalars(its))
    if actor.unit_id is None:
        return []
    return list(session().execute(UNITS_ABOVE, {"unit_id": actor.unit_id}).scalars())


def units_below(unit_id: int) -> set[int]:
    """Return a unit with all below it: whose people an offer to it is for."""
    return set(session().execute(UNITS_BELOW, {"unit_id": unit_id}).scalars())
