"""Verbs of offering: offer, decline, withdraw, end a round, end a rest, stand by.

How a round is opened is `publishing`'s, where a lead goes that came back `redistribution`'s.

Lock order everywhere: partner → lead → round. An offer stands as long as the lead is `offered` in
the offer's round; the `open` mark of an offer only keeps an index small and is cleared afterwards.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from portal.accounts import reach
from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, OrganisationKind, Unit
from portal.accounts.permissions import Permission
from portal.accounts.queries import list_pickers
from portal.catalog.models import Reason
from portal.catalog.queries import book
from portal.core.db import AnyRow, ask, session
from portal.core.errors import Invalid, NotFound
from portal.core.events import record
from portal.core.mail.rendering import moment
from portal.deadlines.models import DeadlinePolicy, Rung
from portal.leads import policies, requirements
from portal.leads.contest import Mode
from portal.leads.lifecycle import first_allowed
from portal.leads.models import Lead, LeadState, LeadType, LifeState
from portal.matching import fairness
from portal.matching.models import DistributionRule
from portal.matching.operations import match
from portal.offers import (
    clocks,
    dry_run,
    entries,
    events,
    opening,
    places,
    queries,
    redistribution,
    rings,
    waiting,
)
from portal.offers.models import (
    Dismissal,
    Offer,
    OfferExclusion,
    OfferRound,
    RoundOutcome,
    StandBy,
    StandByOutcome,
    Way,
)
from portal.offers.publishing import (
    excluded_firms,
    list_pickers_of,
    new_seed,
    publish,
    publish_to_unit,
)
from portal.offers.rules import (
    AlreadyTaken,
    NobodyMatches,
    NothingToWaitFor,
    NotReady,
    Outscored,
    Resting,
    StaysDirect,
    may_be_offered,
)
from portal.partners.figures import count
from portal.relations import operations as relations

MOST_HOURS = 24 * 30


def offer(lead_id: int, at: datetime, rule: DistributionRule | None = None) -> OfferRound:
    """Offer a qualified lead to the partners that suit it best, as rule or type says.

    Raises `NotReady` (state, suppressed), `Resting`, `StaysDirect`, `Invalid` (something that must
    be known is missing), `NobodyMatches`, `NotFound`, `Conflict` (the rule was deleted meanwhile).
    """
    lead = lock_lead(lead_id)
    if not may_be_offered(lead.state, lead.suppressed):
        raise NotReady(_("%(number)s can't be offered in its present state.", number=lead.number))
    check_rested(lead, at)
    # kept until the end: who asks for it below finds it in the session
    lead_type = session().get_one(LeadType, lead.type_id)
    if lead_type.direct:
        raise StaysDirect(
            _(
                "%(number)s stays with us: leads of its type are not offered to partners.",
                number=lead.number,
            )
        )
    requirements.check_complete(lead, "offer")
    fairness.wait_in_line()
    relations.meet(lead, at)
    found = match(lead, at, rule=rule, without=excluded_firms(lead_id), seed=new_seed())
    if not found.partners:
        raise NobodyMatches(
            _("No partner fits %(number)s.", number=lead.number), excluded=found.excluded
        )
    return publish(lead, found, at)


def check_rested(lead: Lead, at: datetime) -> None:
    """Raise `Resting` for a lead that was taken back a moment ago."""
    if lead.rests_until is not None and at < lead.rests_until:
        raise Resting(
            _(
                "%(number)s rests until %(when)s, so that the customer isn’t called by two firms "
                "in one day.",
                number=lead.number,
                when=moment(lead.rests_until),
            ),
            until=lead.rests_until,
        )


def offer_to_unit(lead_id: int, unit_id: int | None, hours: int, at: datetime) -> OfferRound:
    """Offer a qualified lead, or one that came back, to the people of a unit of the vendor.

    The first of them to pick it up gets it, as with partners. Raises `NotReady`, `Resting`,
    `Invalid`, `NotFound`.
    """
    lead = lock_lead(lead_id)
    if not may_be_offered(lead.state, lead.suppressed):
        raise NotReady(_("%(number)s can't be offered in its present state.", number=lead.number))
    check_rested(lead, at)
    requirements.check_complete(lead, "offer")
    # held: nobody closes the unit before the offer stands
    held = {"read": True}
    unit = session().get(Unit, unit_id, with_for_update=held) if unit_id is not None else None
    firm = session().get(Organisation, unit.organisation_id) if unit else None
    if unit is None or unit.closed_at or firm is None or firm.kind != OrganisationKind.VENDOR:
        raise Invalid({"unit_id": _("Please choose a unit.")})
    if not list_pickers_of(firm.id, unit.id):
        raise Invalid({"unit_id": _("Nobody of this unit picks up leads.")})
    if not 1 <= hours <= MOST_HOURS:
        raise Invalid({"hours": _("Please choose how long.")})
    return publish_to_unit(lead, unit, hours, at)


LOCK_LEAD = (
    select(Lead)
    .where(Lead.id == bindparam("lead_id"))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def lock_lead(lead_id: int) -> Lead:
    """Lock a lead and return it fresh. Raises `NotFound`."""
    lead = session().scalar(LOCK_LEAD, {"lead_id": lead_id})
    if lead is None:
        raise NotFound()
    return lead


def lock_leads(lead_ids: Collection[int]) -> None:
    """Lock several leads at once, for who lets one after the other go on.

    Whoever has one of them may wait for the line of fairness, so nobody in it may wait for a lead.
    """
    session().execute(
        select(Lead.id)
        .where(Lead.id.in_(lead_ids))
        .order_by(Lead.id)
        .with_for_update(key_share=True)
    )


def close_round(lead: Lead, outcome: RoundOutcome, at: datetime) -> None:
    """End the present round of a locked lead. Who stood by had it, unless it was taken off."""
    if outcome == RoundOutcome.WITHDRAWN:
        waiting.wait_on(lead.id)
    else:
        waiting.end_heard(lead.id, at)
    round_id = session().scalar(
        update(OfferRound)
        .where(
            OfferRound.lead_id == lead.id,
            OfferRound.number == lead.round,
            OfferRound.ended_at.is_(None),
        )
        .values(ended_at=at, outcome=outcome)
        .returning(OfferRound.id)
    )
    if round_id is not None:
        clocks.stop(round_id, outcome, at)
        record(events.RoundEnded(at=at, lead_id=lead.id, round_id=round_id, outcome=outcome))


def end_round(round_id: int, at: datetime) -> None:
    """End a round whose time is over; nothing happens where it ended otherwise meanwhile."""
    lead_id = session().scalar(select(OfferRound.lead_id).where(OfferRound.id == round_id))
    if lead_id is None:
        return
    lead = lock_lead(lead_id)
    current = session().scalar(
        select(OfferRound)
        .where(OfferRound.id == round_id, OfferRound.ended_at.is_(None))
        .with_for_update(key_share=True)
    )
    if current is None or current.ends_at > at or rings.is_deciding(current):
        return
    if lead.state != LeadState.OFFERED or lead.round != current.number:
        current.ended_at, current.outcome = at, RoundOutcome.WITHDRAWN
        clocks.stop(current.id, RoundOutcome.WITHDRAWN, at)
        return
    if current.mode == Mode.SERIAL and current.next_ring_at is not None:
        # nobody ran to pass the turns on: nobody loses his by that
        opening.open_next(lead, current, at)
        return
    close_round(lead, RoundOutcome.EXPIRED, at)
    redistribution.hand_on(lead, at, Way.LAPSED)


def end_for_overflow(round_id: int, at: datetime) -> bool:
    """End a round before its time, so that the overflow unit has the lead; say whether it has.

    Nothing happens where the round is over or being decided, or the unit has it already or has
    nobody to take it; nor on a dry run, on which the unit would be offered nothing.
    """
    current = session().get(OfferRound, round_id, populate_existing=True)
    lead = lock_lead(current.lead_id) if current else None
    if current is None or lead is None or lead.state != LeadState.OFFERED:
        return False
    if rings.is_deciding(current) or dry_run.find_open() is not None:
        return False
    policy = redistribution.policy_of_round(lead) or policies.policy_of(lead)
    on_it = redistribution.rung_of(current) == Rung.OVERFLOW
    if lead.round != current.number or on_it or redistribution.find_overflow(lead, policy) is None:
        return False
    close_round(lead, RoundOutcome.EXPIRED, at)
    return redistribution.hand_on(lead, at, Way.LAPSED, policy, Rung.OVERFLOW) is not None


def open_rings(round_id: int, at: datetime) -> None:
    """Say that the time of a round's next ring has come; nothing happens where it ended otherwise.

    Its firms see the lead by the date alone; this tells it, once.
    """
    lead_id = session().scalar(select(OfferRound.lead_id).where(OfferRound.id == round_id))
    if lead_id is None:
        return
    lead = lock_lead(lead_id)
    current = session().scalar(
        select(OfferRound)
        .where(
            OfferRound.id == round_id,
            OfferRound.ended_at.is_(None),
            OfferRound.next_ring_at <= at,
        )
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if current is None:
        return
    stands = lead.state == LeadState.OFFERED and lead.round == current.number
    if stands and (current.ends_at > at or current.mode == Mode.SERIAL):
        opening.open_next(lead, current, at)
    else:
        current.next_ring_at = None
        session().flush()


def end_rest(lead_id: int, at: datetime) -> None:
    """Let a lead go on that was taken back and has rested; nothing happens where it went already.

    Whoever asked not to be approached meanwhile is left alone.
    """
    lead = lock_lead(lead_id)
    if lead.state == LeadState.RECALLED and lead.rests_until and lead.rests_until <= at:
        redistribution.go_on(lead, at)


def go_on_after_dry_run(lead_id: int, at: datetime) -> None:
    """Let a lead go on that came back on a dry run; nothing happens where it went otherwise."""
    redistribution.go_on_noted(lock_lead(lead_id), at)


def withdraw(lead_id: int, at: datetime) -> Lead:
    """Take a lead off the market; it stands ready again. Raises `AlreadyTaken`, `NotReady`."""
    lead = lock_lead(lead_id)
    if lead.state == LeadState.HELD:
        raise AlreadyTaken(_("%(number)s was picked up meanwhile.", number=lead.number))
    if lead.state != LeadState.OFFERED:
        raise NotReady(_("%(number)s is not on offer.", number=lead.number))
    take_from_market(lead, at)
    return lead


def take_from_market(lead: Lead, at: datetime) -> None:
    """End the round of a locked lead that is on offer; it stands ready again."""
    close_round(lead, RoundOutcome.WITHDRAWN, at)
    lead.state, lead.state_since = LeadState.QUALIFIED, at
    lead.version += 1
    session().flush()


# every claim asks these, so they are built once
LOCK_PARTNER = (
    select(Organisation.id)
    .where(Organisation.id == bindparam("organisation_id"))
    .with_for_update(key_share=True)
)
# `progress_id` is the status in which a pickup puts the lead, null where the programme has none;
# `policy_id` the deadline policy that holds for who picks it up now
LAST_OFFER = (
    select(
        Offer.id,
        Offer.round_id,
        Offer.round,
        Offer.declined_at,
        Offer.withdrawn_at,
        Offer.visible_from,
        Offer.ends_at,
        Lead.state,
        Lead.round.label("lead_round"),
        OfferRound.deciding_seconds,
        OfferRound.closes_at,
        Lead.status_id,
        Lead.kind,
        Lead.temperature,
        first_allowed(LifeState.IN_PROGRESS).label("progress_id"),
        DeadlinePolicy.id.label("policy_id"),
        DeadlinePolicy.feedback_days,
        DeadlinePolicy.recruit_feedback_days,
        DeadlinePolicy.response_hours,
        DeadlinePolicy.completion_days,
        DeadlinePolicy.working,
        DeadlinePolicy.steps,
        LeadType.days,
    )
    .join(Lead, Lead.id == Offer.lead_id)
    .join(OfferRound, OfferRound.id == Offer.round_id)
    .join(LeadType, LeadType.id == Lead.type_id)
    .join(DeadlinePolicy, policies.ruling_with(queries.WHOSE_OFFER))
    .where(
        Offer.lead_id == bindparam("lead_id"),
        Offer.organisation_id == bindparam("organisation_id"),
        queries.FOR_READER,
    )
    .order_by(Offer.round.desc())
    .limit(1)
)


def asked_of(lead_id: int, actor: Actor) -> dict[str, object]:
    """Return the values of `LAST_OFFER`."""
    return {
        "lead_id": lead_id,
        "organisation_id": actor.organisation_id,
        "units": reach.units_of(actor),
        "person": actor.id,
    }


def take_off(lead_id: int, at: datetime) -> None:
    """Take a lead off the market whose contact asked not to be approached; it stays off.

    Nothing happens where somebody has picked it up meanwhile: then it is the holder's to report.
    """
    lead = lock_lead(lead_id)
    if lead.state != LeadState.OFFERED:
        return
    close_round(lead, RoundOutcome.WITHDRAWN, at)
    lead.state, lead.state_since, lead.suppressed = LeadState.RETURNED, at, True
    lead.version += 1
    session().flush()
    record(events.LeadReturned(at=at, lead_id=lead.id, why="do_not_call"))
    end_waiting(lead, at)


def lock_partner(organisation_id: int) -> None:
    """Put the firm's own people in one line."""
    session().execute(LOCK_PARTNER, {"organisation_id": organisation_id})


def lock_partners(organisation_ids: Collection[int]) -> None:
    """Put the people of each firm in one line, firm by firm in order of ids."""
    session().execute(
        select(Organisation.id)
        .where(Organisation.id.in_(organisation_ids))
        .order_by(Organisation.id)
        .with_for_update(key_share=True)
    )


def check_standing(row: AnyRow, lead_id: int, actor: Actor, at: datetime) -> None:
    """Refuse a firm's last offer of a lead, read by `LAST_OFFER`, that stands no more.

    Raises `NotFound` where the firm never saw it, `AlreadyTaken` where it is gone.
    """
    stands = (
        row.state == LeadState.OFFERED
        and row.lead_round == row.round
        and row.declined_at is None
        and row.visible_from <= at < row.ends_at
    )
    if not stands:
        if row.visible_from > at and not queries.was_offered(lead_id, actor, at):
            raise NotFound()
        raise gone(lead_id, actor.organisation_id, actor.id)


def standing_offer(lead_id: int, actor: Actor, at: datetime) -> Offer:
    """Return the offer of a lead that stands for a person's firm, or for her unit.

    Raises `NotFound` where the firm never saw one, `AlreadyTaken` where it is gone.
    """
    row = ask(LAST_OFFER, asked_of(lead_id, actor)).one_or_none()
    if row is None:
        raise NotFound()
    check_standing(row, lead_id, actor, at)
    return session().get_one(Offer, row.id, populate_existing=True)


def gone(lead_id: int, organisation_id: int, user_id: int | None = None) -> AlreadyTaken:
    """Return the honest answer: since when it is gone, how many firms saw it; never who has it.

    Who took part in the photo-finish of it is told how it went for her.
    """
    row = (
        session()
        .execute(
            select(
                Lead.number,
                Lead.state,
                Lead.picked_at,
                Lead.round,
                Lead.holder_organisation_id,
                OfferRound.offered,
                OfferRound.ended_at,
                OfferRound.outcome,
                OfferRound.mode,
                OfferRound.id.label("round_id"),
            )
            .join(OfferRound, (OfferRound.lead_id == Lead.id) & (OfferRound.number == Lead.round))
            .where(Lead.id == lead_id)
        )
        .one()
    )
    picked = row.outcome == RoundOutcome.PICKED
    message = _("%(number)s is gone.", number=row.number)
    facts = {
        "lead_id": lead_id,
        "number": row.number,
        "gone_at": row.picked_at if picked else row.ended_at,
        "picked": picked,
        "seen_by": row.offered,
        "in_house": picked and row.holder_organisation_id == organisation_id,
    }
    if picked and row.mode == Mode.PHOTO_FINISH and user_id is not None:
        lost = entries.find_lost(row.round_id, user_id)
        if lost is not None:
            return Outscored(message, **facts, **lost)
    return AlreadyTaken(message, **facts)


def read_reason(purpose: str, key: str | None) -> Reason:
    """Return the reason that was chosen. Raises `Invalid` at field `reason`."""
    reason = book().find_reason(purpose, (key or "").strip())
    if reason is None:
        raise Invalid({"reason": _("Please choose a reason.")})
    return reason


def own_reason(purpose: str, key: str) -> Reason:
    """Return a reason with which the house itself acts, whether or not people may choose it."""
    reason = book().by_key.get(("reason", f"{purpose}.{key}"))
    if not isinstance(reason, Reason):
        raise NotFound()
    return reason


def decline(lead_id: int, reason_key: str | None, actor: Actor, at: datetime) -> bool:
    """Say "Not for me"; return whether the whole firm is out.

    A rep hides the offer from himself; the firm is out when its manager declines or all have for
    whom the offer is. Saying it twice is fine. Raises `Invalid`, `NotFound`, `AlreadyTaken`.
    """
    reason = read_reason("decline", reason_key)
    lock_partner(actor.organisation_id)
    lead = lock_lead(lead_id)
    found = standing_offer(lead_id, actor, at)
    manages = actor.may(Permission.OFFERS_DECLINE_FIRM)
    written = (
        session()
        .execute(
            upsert(Dismissal)
            .values(offer_id=found.id, user_id=actor.id, at=at, reason_id=reason.id)
            .on_conflict_do_nothing()
            .returning(Dismissal.user_id)
        )
        .first()
    )
    waiting.end(lead_id, StandByOutcome.DECLINED, at, StandBy.user_id == actor.id)
    if written:
        record(
            events.OfferDismissed(
                at=at,
                lead_id=lead_id,
                offer_id=found.id,
                user_id=actor.id,
                organisation_id=actor.organisation_id,
                reason_id=reason.id,
            )
        )
    if not manages and still_interested(found):
        return False
    never = found.to_all or (manages and found.user_id is None)
    decline_for_firm(lead, found, actor.id, reason.id, at, never=never)
    return True


def still_interested(found: Offer) -> bool:
    """Say whether a person who may pick, and for whom the offer is, has not dismissed it."""
    dismissed = set(
        session().scalars(select(Dismissal.user_id).where(Dismissal.offer_id == found.id))
    )
    units = reach.units_below(found.unit_id) if found.unit_id else None
    return any(
        user.id not in dismissed
        for user in list_pickers(found.organisation_id)
        if (units is None or user.unit_id in units) and found.user_id in (None, user.id)
    )


def decline_for_firm(
    lead: Lead, found: Offer, user_id: int, reason_id: int | None, at: datetime, *, never: bool
) -> None:
    """Take a firm out of a round; where all firms are out, the round is over.

    With `never` the firm isn't offered this lead again: what a unit or a person of it alone was
    asked, the others there have not said no to.
    """
    found.declined_at, found.declined_by, found.reason_id, found.open = (
        at,
        user_id,
        reason_id,
        False,
    )
    if never:
        exclude(lead.id, found.organisation_id, "declined", at)
    session().flush()
    count(found.organisation_id, declined=1)
    record(
        events.OfferDeclined(
            at=at,
            lead_id=lead.id,
            offer_id=found.id,
            organisation_id=found.organisation_id,
            reason_id=reason_id,
        )
    )
    session().execute(
        update(OfferRound)
        .where(OfferRound.id == found.round_id)
        .values(declined=OfferRound.declined + 1)
    )
    go_on(lead, session().get_one(OfferRound, found.round_id, populate_existing=True), at)


def go_on(lead: Lead, current: OfferRound, at: datetime) -> None:
    """Let the next ring of a locked lead see it at once where everybody of the present one is out.

    Where nobody is left who could pick it up, the round is over.
    """
    if current.next_ring_at is not None and current.next_ring_at <= at:
        opening.open_next(lead, current, at)
    out = current.declined >= current.offered
    if current.next_ring_at is not None:
        if opening.is_out(current):
            opening.open_next(lead, current, at)
    elif out or (current.mode == Mode.SERIAL and opening.is_out(current)):
        close_round(lead, RoundOutcome.DECLINED if out else RoundOutcome.EXPIRED, at)
        redistribution.hand_on(lead, at, Way.DECLINED if out else Way.LAPSED)


def take_back_decline(lead_id: int, actor: Actor, at: datetime) -> None:
    """Undo "Not for me" while the offer stands; a firm that was out by it is in again.

    Doing it twice is fine. Raises `NotFound`, `AlreadyTaken` where the offer is gone.
    """
    lock_partner(actor.organisation_id)
    lead = lock_lead(lead_id)
    row = ask(LAST_OFFER, asked_of(lead_id, actor)).one_or_none()
    if row is None:
        raise NotFound()
    found = session().get_one(Offer, row.id, populate_existing=True)
    stands = (
        lead.state == LeadState.OFFERED
        and lead.round == found.round
        and found.visible_from <= at < found.ends_at
    )
    if not stands or found.declined_by not in (None, actor.id):
        raise gone(lead_id, actor.organisation_id)
    if not forget_no(lead_id, found.id, actor, at):
        return
    if found.declined_at is not None:
        found.declined_at = found.declined_by = found.reason_id = None
        found.open = True
        session().execute(
            delete(OfferExclusion).where(
                OfferExclusion.lead_id == lead_id,
                OfferExclusion.organisation_id == actor.organisation_id,
                OfferExclusion.reason == "declined",
            )
        )
        session().execute(
            update(OfferRound)
            .where(OfferRound.id == found.round_id)
            .values(declined=OfferRound.declined - 1)
        )
        count(actor.organisation_id, declined=-1)
    session().flush()


def forget_no(lead_id: int, offer_id: int, actor: Actor, at: datetime) -> bool:
    """Forget that a person said "Not for me" for herself; return whether she had."""
    said = session().scalar(
        delete(Dismissal)
        .where(Dismissal.offer_id == offer_id, Dismissal.user_id == actor.id)
        .returning(Dismissal.user_id)
    )
    if said is not None:
        record(
            events.DeclineTakenBack(
                at=at,
                lead_id=lead_id,
                offer_id=offer_id,
                user_id=actor.id,
                organisation_id=actor.organisation_id,
            )
        )
    return said is not None


def exclude(lead_id: int, organisation_id: int, reason: str, at: datetime) -> None:
    """Remember that a firm is not offered this lead again; nobody there waits for it any more."""
    waiting.end(lead_id, StandByOutcome.DECLINED, at, StandBy.organisation_id == organisation_id)
    session().execute(
        upsert(OfferExclusion)
        .values(lead_id=lead_id, organisation_id=organisation_id, reason=reason, at=at)
        .on_conflict_do_nothing()
    )


def stand_by(lead_id: int, actor: Actor, at: datetime) -> None:
    """Wait for a lead that another firm holds, to hear first should it come back.

    Doing it twice is fine. Raises `NotFound` (never offered), `NothingToWaitFor`.
    """
    lead = lock_lead(lead_id)
    place = places.find_place(lead_id, actor, at)
    if place is None:
        raise NotFound()
    if place.waits:
        return
    if not place.may_wait:
        raise NothingToWaitFor(
            _("%(number)s has not gone to another firm that could return it.", number=lead.number)
        )
    waiting.take_place(lead_id, actor.id, actor.organisation_id, at)
    record(
        events.StoodBy(
            at=at, lead_id=lead_id, user_id=actor.id, organisation_id=actor.organisation_id
        )
    )


def leave(lead_id: int, actor: Actor, at: datetime) -> None:
    """Wait no more for a lead. Doing it twice is fine. Raises `NotFound` (never offered)."""
    lock_lead(lead_id)
    if places.find_place(lead_id, actor, at) is None:
        raise NotFound()
    if waiting.end(lead_id, StandByOutcome.LEFT, at, StandBy.user_id == actor.id):
        record(
            events.StandByLeft(
                at=at, lead_id=lead_id, user_id=actor.id, organisation_id=actor.organisation_id
            )
        )


def settle_waiting(lead_id: int, at: datetime) -> None:
    """End the stand-by places of a lead that has ended, or give them back if it has not."""
    end_waiting(lock_lead(lead_id), at)


def end_waiting(lead: Lead, at: datetime) -> None:
    """Do so for a locked lead."""
    user_ids = waiting.settle(lead, at)
    if user_ids:
        record(events.StandBysEnded(at=at, lead_id=lead.id, user_ids=user_ids))


def tidy_round(round_id: int) -> None:
    """Take the offers of an ended round out of the index of what firms may see."""
    session().execute(
        update(Offer).where(Offer.round_id == round_id, Offer.open).values(open=False)
    )


def tidy_lead(lead_id: int, number: int, organisation_id: int, picked_at: datetime) -> None:
    """Take the offers of a picked round, and of those before it, out of that index.

    Stand-by places that the pick has settled end: those heard before it, those of the firm itself.
    """
    waiting.end_heard(lead_id, picked_at, firm_with_it=organisation_id)
    session().execute(
        update(Offer)
        .where(Offer.lead_id == lead_id, Offer.round <= number, Offer.open)
        .values(open=False)
    )


def count_seen(organisation_ids: Collection[int]) -> None:
    """Count an offer for each of the firms, in the order of their ids."""
    for organisation_id in sorted(organisation_ids):
        count(organisation_id, offers_seen=1)
