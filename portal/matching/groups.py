"""Groups of partners: made, filled by hand, by criteria and by other groups, kept current.

Who is in a group stands in `partner_group_members`; `fill` alone writes there, and notes who came
and who left. All groups are locked for it, in the order of their ids: one may be inside another.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, cast, delete, func, or_, select, text, true
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH, insert

from portal.accounts.models import Organisation, OrganisationKind
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.events import record
from portal.deadlines.business_time import midnight
from portal.leads.models import Lead
from portal.matching import group_rules, queries
from portal.matching.criteria import NEEDS, Criterion, Kind
from portal.matching.criteria_rules import numbered, wrong_with
from portal.matching.events import GroupMembersChanged
from portal.matching.kinds import kind_of
from portal.matching.lead_facts import LeadFacts
from portal.partners.events import PartnerGroupChanged
from portal.partners.models import (
    Partner,
    PartnerGroup,
    PartnerGroupChoice,
    PartnerGroupDoubt,
    PartnerGroupMember,
    PartnerGroupMove,
)
from portal.partners.rules import day_at

MOVES = 40

RATES = frozenset(
    {
        Kind.CONVERSION,
        Kind.PUNCTUALITY,
        Kind.RESPONSE,
        Kind.VOLUME,
        Kind.REGISTRANT,
        Kind.CAMPAIGNER,
    }
)
"""What these ask of a partner is counted when leads end, and when it joins a campaign."""
LOAD = frozenset({Kind.CAPACITY})
"""What this asks changes with every pickup."""
RANKS = frozenset({Kind.LEVEL})
"""What this asks changes with the catalogue."""
ASKS_FOR = "$.**.kind ? (@ == $kinds[*])"


@dataclass(frozen=True, slots=True)
class Terms:
    """By what partners come into a group: `criteria` (None: by none), other groups, and when."""

    criteria: Sequence[Criterion] | None = None
    group_ids: Sequence[int] = ()
    valid_from: date | None = None
    valid_until: date | None = None


def save_group(
    name: str, note: str | None, at: datetime, group: PartnerGroup | None = None
) -> PartnerGroup:
    """Make a group, or rename one. Raises `Invalid` for an empty or taken name."""
    name = name.strip()
    if not name:
        raise Invalid({"name": _("Please give the group a name.")})
    taken = session().scalar(
        select(PartnerGroup.id).where(func.lower(PartnerGroup.name) == name.lower())
    )
    if taken is not None and (group is None or taken != group.id):
        raise Invalid({"name": _("There is a group with this name already.")})
    if group is None:
        group = PartnerGroup(name=name, created_at=at, filled_at=at)
        session().add(group)
    group.name = name
    group.note = note or None
    session().flush()
    record(PartnerGroupChanged(at=at, group_id=group.id, added=[], removed=[]))
    return group


def save_terms(group: PartnerGroup, terms: Terms, at: datetime) -> None:
    """Say by what partners come into a group. Raises `Invalid`."""
    groups = lock_groups()
    errors = check_criteria(terms.criteria or ())
    if terms.valid_from and terms.valid_until and terms.valid_until < terms.valid_from:
        errors["valid_until"] = _("The last day can't be before the first one.")
    inside = {one.id: one.group_ids for one in groups.values()}
    circle = group_rules.around([group.id], inside)
    if not set(terms.group_ids) <= groups.keys():
        errors["group_ids"] = _("Please choose from the list.")
    elif not circle.isdisjoint(terms.group_ids):
        names = sorted(groups[one].name for one in circle.intersection(terms.group_ids))
        errors["group_ids"] = _(
            "%(names)s can't be inside: this group is inside of it.", names=", ".join(names)
        )
    if errors:
        raise Invalid(errors)
    criteria = terms.criteria
    group.criteria = None if criteria is None else [one.to_data() for one in criteria]
    group.group_ids = sorted(set(terms.group_ids))
    group.valid_from, group.valid_until = terms.valid_from, terms.valid_until
    session().flush()
    record(PartnerGroupChanged(at=at, group_id=group.id, added=[], removed=[]))
    fill(at, [group.id])


def check_criteria(criteria: Sequence[Criterion]) -> dict[str, str]:
    """Say what is wrong with the criteria of a group."""
    errors = wrong_with(criteria)
    for number, (one, _inside) in enumerate(numbered(criteria)):
        kind = kind_of(one)
        if one.weighted or kind.always_of_lead:
            errors["criteria"] = _(
                "A group is made by what partners are, whatever the lead: by musts and must-nots."
            )
        elif kind.of_lead(one):
            errors[f"criteria-{number}-{NEEDS[one.kind][0]}"] = _(
                "Please choose at least one: a group goes by no lead."
            )
    return errors


def add_member(group: PartnerGroup, organisation_id: int, at: datetime) -> None:
    """Put a partner into a group; twice is once. Raises `Invalid` for who is no partner."""
    if session().get(Partner, organisation_id) is None:
        raise Invalid({"organisation_id": _("Please choose a partner.")})
    if choose(group, organisation_id, True):
        record(PartnerGroupChanged(at=at, group_id=group.id, added=[organisation_id], removed=[]))
        fill(at, [group.id])


def remove_member(group: PartnerGroup, organisation_id: int, at: datetime) -> None:
    """Take a partner out of a group, for good where others than people put him there."""
    if group.criteria is None and not group.group_ids:
        return forget_choice(group, organisation_id, at)
    if choose(group, organisation_id, False):
        record(PartnerGroupChanged(at=at, group_id=group.id, added=[], removed=[organisation_id]))
        fill(at, [group.id])
    return None


def forget_choice(group: PartnerGroup, organisation_id: int, at: datetime) -> None:
    """Let criteria and other groups decide again whether a partner is in a group."""
    before = session().scalar(
        delete(PartnerGroupChoice)
        .where(
            PartnerGroupChoice.group_id == group.id,
            PartnerGroupChoice.organisation_id == organisation_id,
        )
        .returning(PartnerGroupChoice.inside)
    )
    if before is None:
        return
    added, removed = ([], [organisation_id]) if before else ([organisation_id], [])
    record(PartnerGroupChanged(at=at, group_id=group.id, added=added, removed=removed))
    fill(at, [group.id])


def choose(group: PartnerGroup, organisation_id: int, inside: bool) -> bool:
    """Note that a partner is in a group or isn't, and say whether that is new."""
    choice = insert(PartnerGroupChoice).values(
        group_id=group.id, organisation_id=organisation_id, inside=inside
    )
    new = session().scalar(
        choice.on_conflict_do_update(
            index_elements=["group_id", "organisation_id"],
            set_={"inside": inside},
            where=PartnerGroupChoice.inside.is_distinct_from(inside),
        ).returning(PartnerGroupChoice.organisation_id)
    )
    return new is not None


def lock_groups() -> dict[int, PartnerGroup]:
    """Lock all groups and return them by id."""
    groups = session().scalars(
        select(PartnerGroup)
        .order_by(PartnerGroup.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {group.id: group for group in groups}


def doubt(kinds: Collection[Kind] | None = None) -> bool:
    """Note that partners have changed, so that groups by criteria are to be filled anew.

    All of them, or those that ask for one of these `kinds`. Says whether there is a group that
    wasn't doubted yet. Waits for nobody: a doubt that is being seen to is not one that stands, so
    there is another, and what changed after the group was looked at is looked at again.
    """
    asking: ColumnElement[bool] = true()
    if kinds is not None:
        named = cast({"kinds": sorted(kinds)}, JSONB)
        asking = func.jsonb_path_exists(PartnerGroup.criteria, cast(ASKS_FOR, JSONPATH), named)
    standing = (
        select(PartnerGroupDoubt.id)
        .where(PartnerGroupDoubt.group_id == PartnerGroup.id)
        .with_for_update(read=True, key_share=True, skip_locked=True)
        .correlate(PartnerGroup)
    )
    sure = select(PartnerGroup.id).where(
        PartnerGroup.criteria.is_not(None), asking, ~standing.exists()
    )
    doubted = session().scalars(
        insert(PartnerGroupDoubt)
        .from_select(["group_id"], sure)
        .returning(PartnerGroupDoubt.group_id)
    )
    return bool(doubted.all())


def find_stale(at: datetime) -> Sequence[int]:
    """Return the groups that are doubted, and those not filled yet on this day of the vendor's."""
    begun = midnight(today_of_vendor(at), ZoneInfo(zone_of_vendor()))
    return (
        session()
        .scalars(
            select(PartnerGroup.id)
            .where(
                or_(
                    PartnerGroup.filled_at.is_(None),
                    PartnerGroup.filled_at < begun,
                    PartnerGroup.id.in_(select(PartnerGroupDoubt.group_id)),
                )
            )
            .order_by(PartnerGroup.id)
        )
        .all()
    )


def zone_of_vendor() -> str:
    """Return the time zone by whose days groups begin and end."""
    zone = session().scalar(
        select(Organisation.timezone).where(Organisation.kind == OrganisationKind.VENDOR)
    )
    return zone or "UTC"


def today_of_vendor(at: datetime) -> date:
    """Return the vendor's calendar day."""
    return day_at(zone_of_vendor(), at)


def fill(at: datetime, group_ids: Collection[int]) -> None:
    """Reckon anew who is in these groups and in those around them."""
    groups = lock_groups()
    inside = {group.id: group.group_ids for group in groups.values()}
    wanted = group_rules.around(group_ids, inside)
    # before anything is read of partners: who doubts from now on is heard next time
    session().execute(delete(PartnerGroupDoubt).where(PartnerGroupDoubt.group_id.in_(wanted)))
    known = _members(groups.keys() - wanted)
    chosen = _choices(wanted)
    today = today_of_vendor(at)
    for group_id in group_rules.in_order(inside):
        if group_id not in wanted:
            continue
        group = groups[group_id]
        members: set[int] = set()
        if group_rules.is_on(group.valid_from, group.valid_until, today):
            members = group_rules.members_of(
                chosen.get(group_id, {}),
                () if group.criteria is None else who_meets(group.criteria, at),
                [known.get(other, ()) for other in group.group_ids],
            )
        known[group_id] = members
        set_members(group, members, at)


def who_meets(criteria: Sequence[Mapping[str, Any]], at: datetime) -> set[int]:
    """Return the partners that meet criteria, whatever lead there may be."""
    asked = [Criterion.from_data(one) for one in criteria]
    of_no_lead = LeadFacts.of(Lead(product_ids=[]), asked, at)
    return set(queries.who_meets(asked, of_no_lead, at))


def _members(group_ids: Collection[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    rows = session().execute(
        select(PartnerGroupMember.group_id, PartnerGroupMember.organisation_id).where(
            PartnerGroupMember.group_id.in_(group_ids)
        )
    )
    for group_id, organisation_id in rows:
        found.setdefault(group_id, set()).add(organisation_id)
    return found


def _choices(group_ids: Collection[int]) -> dict[int, dict[int, bool]]:
    found: dict[int, dict[int, bool]] = {}
    for one in session().scalars(
        select(PartnerGroupChoice)
        .where(PartnerGroupChoice.group_id.in_(group_ids))
        .execution_options(populate_existing=True)
    ):
        found.setdefault(one.group_id, {})[one.organisation_id] = one.inside
    return found


SET_MEMBERS = text(
    """
    WITH wanted AS (SELECT unnest(CAST(:firms AS bigint[])) AS firm),
    gone AS (
      DELETE FROM partner_group_members AS member
      WHERE member.group_id = :group
        AND NOT EXISTS (SELECT FROM wanted WHERE wanted.firm = member.organisation_id)
      RETURNING member.organisation_id AS firm
    ),
    come AS (
      INSERT INTO partner_group_members (group_id, organisation_id)
      SELECT :group, firm FROM wanted
      ON CONFLICT DO NOTHING
      RETURNING organisation_id AS firm
    )
    INSERT INTO partner_group_moves (group_id, organisation_id, at, inside)
    SELECT :group, firm, :at, inside
    FROM (SELECT firm, true FROM come UNION ALL SELECT firm, false FROM gone) AS moved(firm, inside)
    ORDER BY firm
    RETURNING organisation_id, inside
    """
)


def set_members(group: PartnerGroup, members: Collection[int], at: datetime) -> None:
    """Have exactly these partners in a locked group, and note who came and who left."""
    group.filled_at = at
    session().flush()
    moved = session().execute(SET_MEMBERS, {"group": group.id, "firms": sorted(members), "at": at})
    came: list[int] = []
    left: list[int] = []
    for organisation_id, inside in moved:
        (came if inside else left).append(organisation_id)
    if came or left:
        record(GroupMembersChanged(at=at, group_id=group.id, came=came, left=left))


@dataclass(frozen=True, slots=True)
class Move:
    """A partner came into a group, or left it."""

    at: datetime
    organisation_id: int
    name: str
    inside: bool


def list_moves(group_id: int) -> Sequence[Move]:
    """Return who came into a group and who left it, the newest first."""
    rows = session().execute(
        select(
            PartnerGroupMove.at,
            PartnerGroupMove.organisation_id,
            Organisation.name,
            PartnerGroupMove.inside,
        )
        .join(Organisation, Organisation.id == PartnerGroupMove.organisation_id)
        .where(PartnerGroupMove.group_id == group_id)
        .order_by(PartnerGroupMove.id.desc())
        .limit(MOVES)
    )
    return [Move(*row) for row in rows]


def list_choices(group_id: int) -> dict[int, bool]:
    """Return which firms somebody put into a group (True) or left out of it (False)."""
    return _choices([group_id]).get(group_id, {})


def list_left_out(group_id: int) -> Sequence[Organisation]:
    """Return the firms that somebody left out of a group, by name."""
    return (
        session()
        .scalars(
            select(Organisation)
            .join(PartnerGroupChoice, PartnerGroupChoice.organisation_id == Organisation.id)
            .where(PartnerGroupChoice.group_id == group_id, ~PartnerGroupChoice.inside)
            .order_by(func.lower(Organisation.name), Organisation.id)
        )
        .all()
    )
