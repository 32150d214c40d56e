"""A lead is published: a round opens for the firms that were found, or for a unit of a firm.

Here: what the verbs of offering and those of redistribution have in common. The lead is locked.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import bindparam, select, text

from portal.accounts import reach
from portal.accounts.models import Unit, User
from portal.accounts.queries import list_pickers
from portal.core.db import ask, session
from portal.core.errors import Conflict
from portal.core.events import record
from portal.leads import policies
from portal.leads.contest import AT_ONCE
from portal.leads.models import Lead, LeadState, LeadType
from portal.matching.models import Known
from portal.matching.operations import Match, Matched, contest_of_type
from portal.matching.queries import hold_rule
from portal.matching.shared_parts import Kept
from portal.offers import clocks, dry_run, events, opening, rings, waiting
from portal.offers.models import OfferExclusion, OfferRound

SEED_BITS = 53
"""As many as a number has in JSON that every reader reads alike."""


def stays_direct(lead: Lead) -> bool:
    """Say whether leads of its type stay with the vendor."""
    return session().get_one(LeadType, lead.type_id).direct


def list_pickers_of(organisation_id: int, unit_id: int) -> list[User]:
    """Return the people of a unit, and of the units below it, who may pick up leads."""
    units = reach.units_below(unit_id)
    return [user for user in list_pickers(organisation_id) if user.unit_id in units]


def new_seed() -> int:
    """Return what draws the lots among equal scores of one round."""
    return random.getrandbits(SEED_BITS)


# every lead that is offered asks this, so it is built once
EXCLUDED = select(OfferExclusion.organisation_id).where(
    OfferExclusion.lead_id == bindparam("lead_id")
)


def excluded_firms(lead_id: int) -> Sequence[int]:
    """Return the firms that are not offered this lead again."""
    return ask(EXCLUDED, {"lead_id": lead_id}).scalars().all()


WRITE_OFFERS = text(
    """
    INSERT INTO offers (round_id, lead_id, round, organisation_id, unit_id, direct, user_id, ring,
                        score, explanation, visible_from, ends_at, open)
    SELECT :round_id, :lead_id, :round, (line->>'o')::bigint, CAST(:unit_id AS bigint),
           :direct, CAST(:user_id AS bigint), (line->>'r')::int, (line->>'s')::float8, line->'e',
           (CAST(:opens AS timestamptz[]))[(line->>'r')::int],
           (CAST(:ends AS timestamptz[]))[(line->>'r')::int], true
    FROM jsonb_array_elements(CAST(:lines AS jsonb)) AS line
    """
)


def lines_of(partners: Sequence[Matched], kept: Kept, rings: Mapping[int, int]) -> str:
    """Return the JSON of `WRITE_OFFERS`; their explanations stand as `kept`.

    `rings` has the ring of each firm that is not in the first. They stand by id: so each index
    is written in one go.
    """
    lines = []
    for one in sorted(partners, key=lambda one: one.organisation_id):
        ring, told = rings.get(one.organisation_id, 1), kept.tell(one.explanation)
        lines.append(f'{{"o":{one.organisation_id},"r":{ring},"s":{one.score},"e":{told}}}')
    return f"[{','.join(lines)}]"


def publish(
    lead: Lead,
    found: Match,
    at: datetime,
    unit_id: int | None = None,
    user_id: int | None = None,
    by_id: int | None = None,
    *,
    direct: bool = False,
) -> OfferRound:
    """Open a round for a locked lead among the partners that were found, or within a unit.

    With `unit_id` it is for the people of this unit of the one firm alone, `direct` where that is
    the vendor's own; with `user_id` for one person; `by_id` chose them by hand.

    Firms that know the customer, where that counts, and those whose people stood by see it before
    the others; where who knows the customer is protected, they alone do. It is recorded for those
    only who see it at once; `opening` does so for who comes later. On a dry run it is only noted;
    the round that is returned then belongs to no session.
    Raises `Conflict` where the rule was deleted since it found them.
    """
    if found.rule_id is not None and not hold_rule(found.rule_id):
        raise Conflict(
            _("The rule that it is offered by was deleted just now. Please offer it once more.")
        )
    number = lead.round + 1
    firms = [one.organisation_id for one in found.partners]
    policy = policies.policy_of(lead)
    lasts = clocks.lasts(policy, found.hours or policy.offer_hours, at)
    waited = waiting.list_waiting(lead.id, firms, at) if user_id is None else []
    if unit_id is not None:
        its = {user.id for user in list_pickers_of(firms[0], unit_id)}
        waited = [place for place in waited if place[0] in its]
    knowing = [one.organisation_id for one in found.partners if one.known]
    alone = timedelta(0)
    if waited or knowing:
        alone = waiting.head_start(policy.stand_by_hours, lasts)
    early = [*knowing, *(organisation_id for _user_id, organisation_id in waited)]
    if knowing and found.known == Known.PROTECTION:
        # who stood by comes next
        alone, firms, early = lasts / 2, list(dict.fromkeys([*early, *firms])), knowing
    contest = AT_ONCE
    if not direct:
        contest = found.contest or contest_of_type(lead)
    planned = rings.plan(
        firms,
        early,
        contest,
        at,
        lasts,
        alone,
    )
    first, *later = planned.rings
    opened = OfferRound(
        lead_id=lead.id,
        number=number,
        rule_id=found.rule_id,
        mode=contest.mode,
        ring_minutes=contest.minutes,
        deciding_seconds=contest.seconds,
        rings=len(planned.rings),
        next_ring_at=later[0].opens_at if later else None,
        next_ring_firms=len(later[0].firms) if later else 0,
        opened_at=at,
        ends_at=planned.ends_at,
        offered=len(first.firms),
        excluded=found.excluded,
        # cards say of this that it is for who stood by; who knows the customer isn’t told
        head_start_until=None if knowing else planned.head_start_until,
        rule_version=found.rule_version,
        seed=found.seed,
        lead_facts=found.lead_facts,
        facts_upto=found.facts_upto,
        facts_unseen=list(found.facts_unseen),
        relaxed=list(found.relaxed),
        fairness=found.fairness,
        offered_by_id=by_id,
    )
    if dry_run.find_open() is not None:
        dry_run.note(lead, opened, found.partners, planned.number_of(), at)
        return opened
    kept = Kept([one.explanation for one in found.partners])
    opened.parts = kept.shared
    session().add(opened)
    session().flush()
    clocks.start(opened, policy)
    session().execute(
        WRITE_OFFERS,
        {
            "round_id": opened.id,
            "lead_id": lead.id,
            "round": number,
            "opens": [ring.opens_at for ring in planned.rings],
            "ends": [ring.ends_at for ring in planned.rings],
            "unit_id": unit_id,
            "direct": direct,
            "user_id": user_id,
            "lines": lines_of(found.partners, kept, planned.number_of()),
        },
    )
    lead.state, lead.state_since, lead.round = LeadState.OFFERED, at, number
    lead.rests_until = None
    lead.version += 1
    session().flush()
    opening.tell_who_waited(lead, opened, [one for one in waited if one[1] in first.firms], at)
    record(
        events.LeadOffered(
            at=at,
            lead_id=lead.id,
            round_id=opened.id,
            number=number,
            organisation_ids=list(first.firms),
        )
    )
    return opened


def publish_to_unit(lead: Lead, unit: Unit, hours: int, at: datetime) -> OfferRound:
    """Open a round for a locked lead within a unit of the vendor."""
    alone = Match(
        rule_id=None,
        hours=hours,
        partners=[Matched(organisation_id=unit.organisation_id, score=0, explanation=[])],
        excluded={},
        candidates=1,
    )
    return publish(lead, alone, at, unit.id, direct=True)
