"""How partners stand: what is known of them, weighed and kept whenever it has changed.

`standing_of` weighs one as it is now. What was kept is what pages show: it is weighed anew as soon
as a partner answers, within minutes when a deadline passes, and for all partners several times a
day. Offers about which nobody said a word are counted only then; until then what was found stands,
unless the firm holds a lead by now.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, exists, false, func, or_, select, true, union

from portal.accounts.models import Organisation
from portal.core.db import session
from portal.deadlines.models import Clock, DeadlinePolicy, Stop
from portal.offers import operations as offers
from portal.offers.models import Dismissal, Offer, OfferExclusion
from portal.partners import standings
from portal.partners.models import Colour, Partner, PartnerStanding
from portal.partners.standings import Reason, StandingReason
from portal.pickup.models import Pickup, Suspension
from portal.pickup.standing_rules import REMEMBERED, SILENCE, Facts, weigh
from portal.pickup.suspension import COUNTED

Standing = tuple[Colour, Sequence[Reason]]


def standing_of(organisation_id: int, at: datetime) -> Standing:
    """Return how a partner stands now, and why."""
    return weigh_some([organisation_id], at)[organisation_id]


def weigh_some(ids: Collection[int], at: datetime) -> Mapping[int, Standing]:
    """Return how these partners stand now; of their silence what was found last."""
    facts, kept = read_facts(ids, at), standings.find_now(ids)
    holding = set(_holding(ids))
    found = {}
    for one in ids:
        known = facts.get(one, Facts())
        silent = kept[one].reasons if one in kept and one not in holding else ()
        unheard = [why["count"] for why in silent if why["code"] == StandingReason.SILENT]
        found[one] = weigh(replace(known, unheard=sum(unheard)))
    return found


def keep(organisation_id: int, at: datetime) -> None:
    """Keep how a partner stands now, if that has changed. No partner: nothing happens."""
    if session().get(Partner, organisation_id) is None:
        return
    offers.lock_partner(organisation_id)
    standings.keep(organisation_id, *standing_of(organisation_id, at), at)


def find_changed(at: datetime) -> Sequence[int]:
    """Return the partners who stand otherwise than was kept, as far as deadlines pass.

    Looked at are those with an answer that is late, and those who do not stand green.
    """
    late = (
        select(Pickup.organisation_id)
        .join(Partner, Partner.organisation_id == Pickup.organisation_id)
        .where(Pickup.ended_at.is_(None), Pickup.feedback_due_at <= at)
    )
    not_green = select(PartnerStanding.organisation_id).where(
        PartnerStanding.until.is_(None), PartnerStanding.colour != Colour.GREEN
    )
    ids = session().scalars(union(late, not_green)).all()
    return _differing(weigh_some(ids, at))


def find_all_changed(at: datetime) -> Mapping[int, Standing]:
    """Return how those partners stand who stand otherwise than was kept, silence counted anew."""
    ids = (
        session()
        .scalars(
            select(Partner.organisation_id)
            .join(Organisation, Organisation.id == Partner.organisation_id)
            .where(Organisation.active)
        )
        .all()
    )
    facts, unheard = read_facts(ids, at), count_unheard(at)
    found = {
        one: weigh(replace(facts.get(one, Facts()), unheard=unheard.get(one, 0))) for one in ids
    }
    return {one: found[one] for one in _differing(found)}


def _differing(found: Mapping[int, Standing]) -> Sequence[int]:
    kept = standings.find_now(found)
    return sorted(
        one
        for one, (colour, reasons) in found.items()
        if standings.says_else(kept.get(one), colour, reasons)
    )


def _holding(ids: Collection[int]) -> Sequence[int]:
    return (
        session()
        .scalars(
            select(Pickup.organisation_id)
            .where(Pickup.organisation_id.in_(ids), Pickup.ended_at.is_(None))
            .distinct()
        )
        .all()
    )


def read_facts(ids: Collection[int], at: datetime) -> Mapping[int, Facts]:
    """Return what is known of partners beside their silence; nothing known: no entry."""
    found: dict[int, Facts] = {}
    for read in (_open_leads, _remembered, _suspended):
        for one, values in read(ids, at).items():
            found[one] = replace(found.get(one, Facts()), **values)
    return found


def _open_leads(ids: Collection[int], at: datetime) -> dict[int, dict[str, int]]:
    late_by = at - Pickup.feedback_due_at
    far = late_by > func.make_interval(0, 0, 0, DeadlinePolicy.firm_red_days)
    rows = session().execute(
        select(
            Pickup.organisation_id,
            func.count().filter(Pickup.blocked_at.is_(None), ~far),
            func.count().filter(Pickup.blocked_at.is_not(None)),
            func.count().filter(Pickup.blocked_at.is_(None), far),
        )
        .join(DeadlinePolicy, DeadlinePolicy.id == Pickup.policy_id)
        .where(
            Pickup.organisation_id.in_(ids), Pickup.ended_at.is_(None), Pickup.feedback_due_at <= at
        )
        .group_by(Pickup.organisation_id)
    )
    return {
        firm: {"late": late, "blocked": blocked, "far_too_late": far_too_late}
        for firm, late, blocked, far_too_late in rows
    }


def _remembered(ids: Collection[int], at: datetime) -> dict[int, dict[str, int]]:
    missed: ColumnElement[bool] = Clock.outcome == Stop.MISSED
    taken_back = exists().where(
        OfferExclusion.lead_id == Clock.lead_id,
        OfferExclusion.organisation_id == Clock.organisation_id,
        OfferExclusion.reason == "recalled",
    )
    rows = session().execute(
        select(
            Clock.organisation_id,
            func.count().filter(Clock.outcome == Stop.MET),
            func.count().filter(missed),
            func.count(Clock.lead_id.distinct()).filter(missed, taken_back),
        )
        .where(
            Clock.organisation_id.in_(ids),
            Clock.kind.in_(COUNTED),
            Clock.stopped_at > at - REMEMBERED,
        )
        .group_by(Clock.organisation_id)
    )
    return {
        firm: {"met": met, "missed": missed_, "taken_back": back}
        for firm, met, missed_, back in rows
        if firm is not None
    }


def _suspended(ids: Collection[int], at: datetime) -> dict[int, dict[str, object]]:
    whole = Suspension.user_id.is_(None)
    rows = session().execute(
        select(
            Suspension.organisation_id,
            func.max(Suspension.until).filter(whole, Suspension.misses.is_not(None)),
            func.max(Suspension.until).filter(whole, Suspension.misses.is_(None)),
            func.count(Suspension.user_id.distinct()),
        )
        .where(
            Suspension.organisation_id.in_(ids),
            Suspension.ended_at.is_(None),
            Suspension.until > at,
        )
        .group_by(Suspension.organisation_id)
    )
    return {
        firm: {"suspended_until": until, "paused_until": paused, "people_suspended": people}
        for firm, until, paused, people in rows
    }


def count_unheard(at: datetime) -> Mapping[int, int]:
    """Return the offers that ended lately, by firms of which nobody said a word about any.

    A pick, a no of the firm and a "Not for me" of one of its people are words.
    """
    dismissed = exists().where(Dismissal.offer_id == Offer.id)
    said = func.bool_or(or_(Offer.declined_at.is_not(None), dismissed))
    picked = (
        select(Pickup.organisation_id)
        .where(Pickup.ended_at.is_(None) | (Pickup.picked_at > at - SILENCE))
        .distinct()
    )
    rows = session().execute(
        select(Offer.organisation_id, func.count().label("offers"))
        .where(
            Offer.ends_at.between(at - SILENCE, at),
            Offer.visible_from < Offer.ends_at,
            Offer.withdrawn_at.is_(None),
            Offer.organisation_id.not_in(picked),
        )
        .group_by(Offer.organisation_id)
        .having(func.coalesce(said, false()) != true())
    )
    return {row.organisation_id: row.offers for row in rows}
