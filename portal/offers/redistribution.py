"""Where a lead goes that came back, or that nobody picks up: one action, with memory.

Its policy's chain says so, rung by rung: once more by the same rule, by the next rule that fits, to
the overflow unit, to a channel manager's desk, into nurture. Never to firms that declined it or
held it; who stood by sees it first. The lead is locked; a row of `redistributions` keeps each step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select

from portal.accounts.models import Organisation, OrganisationKind, Unit
from portal.core.db import session
from portal.core.events import record
from portal.deadlines.models import Clock, ClockKind, DeadlinePolicy, Rung
from portal.leads import policies
from portal.leads.models import Lead, LeadState
from portal.matching import fairness
from portal.matching.models import DistributionRule
from portal.matching.operations import match
from portal.matching.queries import hold_rule, iter_rules_for
from portal.offers import dry_run, events
from portal.offers.models import OfferRound, Redistribution, RoundOutcome, Way
from portal.offers.publishing import (
    excluded_firms,
    list_pickers_of,
    new_seed,
    publish,
    publish_to_unit,
    stays_direct,
)
from portal.offers.rules import MOST_LAPSES, rungs_left
from portal.qualification import nurture
from portal.relations import operations as relations

LAST_RESORTS = (Rung.CHANNEL_MANAGER,)
"""Where a lead goes that finds nobody on a rung that its policy's chain doesn't have."""


def hand_on(
    lead: Lead,
    at: datetime,
    why: Way,
    policy: DeadlinePolicy | None = None,
    to: Rung | None = None,
) -> OfferRound | None:
    """Let a locked lead go on that nobody holds; None where it is offered to nobody now.

    It goes by the `policy` that its pickup or its last round began with, from the rung `to` on.
    """
    policy = policy or policy_of_round(lead) or policies.policy_of(lead)
    step = Redistribution(lead_id=lead.id, at=at, why=why, policy_id=policy.id, rung=to)
    session().add(step)
    return take(lead, step, policy, at)


def rest(lead: Lead, at: datetime, policy: DeadlinePolicy, to: Rung | None = None) -> None:
    """Let a locked lead rest that was taken back, as long as its policy says; then it goes on."""
    if not policy.cooling_hours:
        hand_on(lead, at, Way.RECALLED, policy, to)
        return
    until = at + timedelta(hours=policy.cooling_hours)
    lead.rests_until = until
    session().add(
        Redistribution(
            lead_id=lead.id,
            at=at,
            why=Way.RECALLED,
            policy_id=policy.id,
            rested_until=until,
            rung=to,
        )
    )
    session().flush()


def go_on(lead: Lead, at: datetime) -> OfferRound | None:
    """Let a locked lead go on that has rested."""
    step = session().scalar(
        select(Redistribution)
        .where(Redistribution.lead_id == lead.id, Redistribution.gone_on_at.is_(None))
        .order_by(Redistribution.id.desc())
        .limit(1)
    )
    if step is None:
        return hand_on(lead, at, Way.RECALLED)
    return take(lead, step, session().get_one(DeadlinePolicy, step.policy_id), at)


def take(
    lead: Lead, step: Redistribution, policy: DeadlinePolicy, at: datetime
) -> OfferRound | None:
    """Try the rungs that are left, and keep on which one the lead is now."""
    last = last_round(lead)
    lead.state, lead.state_since, lead.rests_until = LeadState.QUALIFIED, at, None
    chain, to = policy.chain, step.rung
    if to is not None:
        chain = [to, *chain[chain.index(to) + 1 :]] if to in chain else [to, *LAST_RESORTS]
    left = rungs_left(chain, None if to else rung_of(last), step.why, lapses(lead))
    step.gone_on_at, step.rung = at, None
    session().flush()
    if not lead.suppressed and not stays_direct(lead):
        for rung in left:
            if rung in OPENS:
                opened = OPENS[Rung(rung)](lead, policy, last, at)
                if opened is not None:
                    step.rung, step.round_id = rung, opened.id
                    session().flush()
                    return opened
            else:
                step.rung = rung
                break
    if step.rung == Rung.NURTURE:
        nurture.begin_unpicked(lead, at)
        return None
    lead.state = LeadState.RETURNED
    lead.version += 1
    session().flush()
    asks = step.rung == Rung.CHANNEL_MANAGER
    record(events.LeadReturned(at=at, lead_id=lead.id, why=step.why, asks=asks))
    return None


def list_noted() -> Sequence[int]:
    """Return the leads that came back on a dry run and wait for its end, or to go on after it."""
    found = select(Lead.id).join(Redistribution, Redistribution.lead_id == Lead.id)
    return session().scalars(found.where(*_noted()).order_by(Lead.id)).all()


def go_on_noted(lead: Lead, at: datetime) -> OfferRound | None:
    """Let a locked lead go on that came back on a dry run, from where it would have gone then."""
    step = session().scalar(
        select(Redistribution)
        .join(Lead, Lead.id == Redistribution.lead_id)
        .where(Lead.id == lead.id, *_noted())
    )
    if step is None or dry_run.find_open() is not None:
        return None
    return take(lead, step, session().get_one(DeadlinePolicy, step.policy_id), at)


def _noted() -> tuple[ColumnElement[bool], ...]:
    # it stands as it did when its round was noted: nobody has done anything else with it
    return (
        Redistribution.round_id.is_(None),
        Redistribution.rung.in_(OPENS),
        Lead.state == LeadState.QUALIFIED,
        Lead.state_since == Redistribution.gone_on_at,
    )


# -- the rungs that open a round --------------------------------------------------------------


def again(
    lead: Lead, _policy: DeadlinePolicy, last: OfferRound | None, at: datetime
) -> OfferRound | None:
    """Offer a lead once more by the rule of its last round."""
    rule = session().get(DistributionRule, last.rule_id) if last and last.rule_id else None
    return by_rule(lead, rule, at) if rule is not None and rule.active else None


def to_next_group(
    lead: Lead, _policy: DeadlinePolicy, last: OfferRound | None, at: datetime
) -> OfferRound | None:
    """Offer a lead by the next rule that fits and finds somebody."""
    tried = last_rule(lead) if last else None
    for rule in iter_rules_for(lead):
        if tried is None or (rule.position, rule.id) > (tried.position, tried.id):
            opened = by_rule(lead, rule, at)
            if opened is not None:
                return opened
    return None


def by_rule(lead: Lead, rule: DistributionRule, at: datetime) -> OfferRound | None:
    """Offer a lead to those a rule finds, apart from firms that are out; to nobody by one gone."""
    if not hold_rule(rule.id):
        return None
    fairness.wait_in_line()
    relations.meet(lead, at)
    found = match(lead, at, rule=rule, without=excluded_firms(lead.id), seed=new_seed())
    return publish(lead, found, at) if found.partners else None


def to_overflow(lead: Lead, policy: DeadlinePolicy, at: datetime) -> OfferRound | None:
    """Offer a lead to the unit of the vendor that takes what nobody else does."""
    unit = find_overflow(lead, policy)
    return publish_to_unit(lead, unit, policy.offer_hours, at) if unit else None


def find_overflow(lead: Lead, policy: DeadlinePolicy) -> Unit | None:
    """Return the unit that takes a lead which nobody else does.

    None where the policy names none, nobody there picks leads up, or it came back from there.
    """
    unit = session().get(Unit, policy.overflow_unit_id) if policy.overflow_unit_id else None
    if unit is None or unit.closed_at is not None:
        return None
    firm = session().get_one(Organisation, unit.organisation_id)
    if firm.kind != OrganisationKind.VENDOR or firm.id in excluded_firms(lead.id):
        return None
    return unit if list_pickers_of(firm.id, unit.id) else None


OPENS: Mapping[
    Rung, Callable[[Lead, DeadlinePolicy, OfferRound | None, datetime], OfferRound | None]
] = {
    Rung.AGAIN: again,
    Rung.GROUP: to_next_group,
    Rung.OVERFLOW: lambda lead, policy, _last, at: to_overflow(lead, policy, at),
}


# -- where it stands --------------------------------------------------------------------------


def last_round(lead: Lead) -> OfferRound | None:
    """Return the last round of a lead."""
    return session().scalar(
        select(OfferRound).where(OfferRound.lead_id == lead.id, OfferRound.number == lead.round)
    )


def last_rule(lead: Lead) -> DistributionRule | None:
    """Return the rule by which a lead was offered last."""
    return session().scalar(
        select(DistributionRule)
        .join(OfferRound, OfferRound.rule_id == DistributionRule.id)
        .where(OfferRound.lead_id == lead.id)
        .order_by(OfferRound.number.desc())
        .limit(1)
    )


def rung_of(opened: OfferRound | None) -> str | None:
    """Return on which rung a round was opened; None where somebody offered the lead by hand."""
    if opened is None:
        return None
    return session().scalar(select(Redistribution.rung).where(Redistribution.round_id == opened.id))


def policy_of_round(lead: Lead) -> DeadlinePolicy | None:
    """Return the version of the policy by which the clock of a lead's last round ran."""
    return session().scalar(
        select(DeadlinePolicy)
        .join(Clock, Clock.policy_id == DeadlinePolicy.id)
        .join(OfferRound, OfferRound.id == Clock.round_id)
        .where(
            Clock.kind == ClockKind.OFFER,
            OfferRound.lead_id == lead.id,
            OfferRound.number == lead.round,
        )
        .order_by(Clock.id.desc())
        .limit(1)
    )


def lapses(lead: Lead) -> int:
    """Return how many of the last rounds in a row ended without a pickup."""
    outcomes = session().scalars(
        select(OfferRound.outcome)
        .where(OfferRound.lead_id == lead.id)
        .order_by(OfferRound.number.desc())
        .limit(MOST_LAPSES)
    )
    in_a_row = 0
    for outcome in outcomes:
        if outcome != RoundOutcome.EXPIRED:
            break
        in_a_row += 1
    return in_a_row


def list_steps(lead_id: int) -> Sequence[Redistribution]:
    """Return where a lead went each time that it came back, the last first."""
    return (
        session()
        .scalars(
            select(Redistribution)
            .where(Redistribution.lead_id == lead_id)
            .order_by(Redistribution.id.desc())
        )
        .all()
    )
