"""The photo-finish: whoever picks within seconds after the first takes part, the best score wins.

A pick inserts an entry after the gate. The first sets when the round closes; entries wait for each
other no longer than that. `decide` then does what a claim does, for one of them:

1. The firms of all who take part are put in one line each, by id; then lead and round are locked.
2. Best score first, equal ones by the lots of the round, the gate is asked again.
3. The first whom it lets through takes the lead by the statement of every claim.

Nobody left: the lead stays on offer, and the next pick begins anew. An entry holds the round
(`FOR SHARE`) while it is written, so none is overlooked, and none comes once it is decided. Who
is decided about is told by events; contact data is nowhere before.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import exists, select, text

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation
from portal.accounts.permissions import Permission
from portal.accounts.queries import find_actor_of
from portal.core import circumstances, jobs
from portal.core.db import AnyRow, ask, session
from portal.core.errors import Refused
from portal.core.events import record
from portal.leads.models import Lead, LeadState, Temperature
from portal.matching.rules import draw
from portal.offers import operations as offers
from portal.offers.models import Dismissal, Entry, EntryOutcome, Offer, OfferRound
from portal.offers.rules import BeingDecided
from portal.pickup import queries, taking
from portal.pickup.events import EntryEnded, EntryMade
from portal.pickup.rules import GateShut, may_pick
from portal.pickup.taking import Deciding

DECIDE = "pickup.decide"
"""The sweep that decides: every second, or about one round at once."""

LEFT = "left"
"""Why an entry is refused whose person is not with the firm any more, or may not pick up."""

FIRM_DECLINED = "firm_declined"
"""Why an entry is withdrawn whose person did not say no herself: somebody did for the firm."""

CLOSE = text("UPDATE offer_rounds SET closes_at = :closes WHERE id = :round AND closes_at IS NULL")

ENTER = text(
    """
    INSERT INTO entries (round_id, lead_id, offer_id, organisation_id, user_id, at, score)
    SELECT running.id, running.lead_id, o.id, o.organisation_id, :rep, :at, o.score
    FROM offer_rounds AS running
    JOIN offers AS o ON o.round_id = running.id
    WHERE running.id = :round AND o.id = :offer
      AND running.ended_at IS NULL AND running.decided_at IS NULL AND running.closes_at > :at
    FOR SHARE OF running
    ON CONFLICT (round_id, user_id) WHERE ended_at IS NULL DO NOTHING
    RETURNING id, (SELECT closes_at FROM offer_rounds WHERE id = :round) AS closes_at
    """
)


def takes_part(offer: AnyRow, position: queries.Position, at: datetime) -> bool:
    """Say whether who picks takes part already in what is decided later.

    Raises `BeingDecided` where nobody joins any more and nothing is decided yet.
    """
    on_offer = offer.state == LeadState.OFFERED and offer.lead_round == offer.round
    out = offer.declined_at or offer.withdrawn_at or offer.visible_from > at
    if not on_offer or out or offer.closes_at is None:
        return False
    if offer.closes_at <= at:
        raise being_decided(offer.round_id, offer.closes_at)
    return position.takes_part


def being_decided(round_id: int, closes_at: datetime) -> BeingDecided:
    """Return the answer to who comes while it is decided."""
    return BeingDecided(
        _("It is being decided just now who gets it."), round_id=round_id, decides_at=closes_at
    )


def stay(lead_id: int, offer: AnyRow, actor: Actor, at: datetime) -> Deciding:
    """Have the actor take part as he does already, even where he said "Not for me" meanwhile."""
    offers.forget_no(lead_id, offer.id, actor, at)
    return Deciding(lead_id, offer.closes_at, again=True)


def enter(lead_id: int, offer: AnyRow, actor: Actor, at: datetime) -> Deciding:
    """Have the actor take part for a lead that is on offer to the firm; the gate let him through.

    `offer` is what `queries.read_claim` returned. Where he said "Not for me" before, that counts
    no more. Raises `AlreadyTaken`, `BeingDecided`.
    """
    if offer.closes_at is None:
        closes = at + timedelta(seconds=offer.deciding_seconds)
        ask(CLOSE, {"round": offer.round_id, "closes": closes})
    asked = {"round": offer.round_id, "offer": offer.id, "rep": actor.id, "at": at}
    made = ask(ENTER, asked).one_or_none()
    if made is None:
        current = session().get_one(OfferRound, offer.round_id, populate_existing=True)
        if current.ended_at is not None:
            raise offers.gone(lead_id, actor.organisation_id, actor.id)
        raise being_decided(current.id, current.closes_at or at)
    offers.forget_no(lead_id, offer.id, actor, at)
    record(
        EntryMade(
            at=at,
            lead_id=lead_id,
            round_id=offer.round_id,
            entry_id=made.id,
            user_id=actor.id,
            organisation_id=actor.organisation_id,
        )
    )
    return Deciding(lead_id, made.closes_at, again=False)


def list_due(at: datetime) -> Sequence[int]:
    """Return the rounds whose time is over and that nobody has decided yet."""
    return (
        session()
        .scalars(
            select(OfferRound.id)
            .where(
                OfferRound.closes_at <= at,
                OfferRound.decided_at.is_(None),
                OfferRound.ended_at.is_(None),
            )
            .order_by(OfferRound.closes_at, OfferRound.id)
        )
        .all()
    )


def decide_due(lead_id: int, at: datetime) -> bool:
    """Decide, in a unit of work of its own, about a lead whose time is over; say whether it was so.

    For whoever is about to do something to the lead and has locked nothing yet.
    """
    return decide_all_due((lead_id,), at)


def decide_all_due(lead_ids: Collection[int], at: datetime) -> bool:
    """Decide about each of these leads whose time is over; say whether there was one."""
    due = session().scalars(
        select(OfferRound.id)
        .where(
            OfferRound.lead_id.in_(lead_ids),
            OfferRound.closes_at <= at,
            OfferRound.decided_at.is_(None),
            OfferRound.ended_at.is_(None),
        )
        .order_by(OfferRound.closes_at, OfferRound.id)
    )
    round_ids = due.all()
    # nobody's deed, whoever comes by
    with circumstances.under(actor_id=None, as_id=None, channel="system"):
        for round_id in round_ids:
            jobs.run_now(DECIDE, {"id": round_id}, at)
    return bool(round_ids)


def decide(round_id: int, at: datetime) -> None:
    """Give the lead of a round to the best of who takes part; the others hear how it went.

    Nothing happens where it is too early, was decided or ended otherwise meanwhile, or somebody
    entered in the last moment: whoever comes next decides then.
    """
    known = session().execute(
        select(OfferRound.lead_id, OfferRound.seed).where(OfferRound.id == round_id)
    )
    lead_id, seed = known.one()
    firms = _lock_firms(round_id)
    lead = offers.lock_lead(lead_id)
    current = session().scalar(
        select(OfferRound)
        .where(
            OfferRound.id == round_id,
            OfferRound.closes_at <= at,
            OfferRound.decided_at.is_(None),
            OfferRound.ended_at.is_(None),
        )
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if current is None or lead.state != LeadState.OFFERED or lead.round != current.number:
        return
    entries = _list_open(round_id)
    if not {one.organisation_id for one in entries} <= firms:
        return
    entries.sort(key=lambda one: (-one.score, draw(seed, one.organisation_id), one.id))
    winner = next((one for one in entries if _wins(one, lead, at)), None)
    if winner is None:
        current.closes_at = None
    else:
        current.decided_at = at
        for one in entries:
            if one.outcome is None:
                _end(one, EntryOutcome.OUTSCORED, at)
    session().flush()
    # the lead was moved by a statement of its own
    session().expire(lead)


def _lock_firms(round_id: int) -> set[int]:
    """Put the people of each firm that takes part in one line, firm by firm in order of ids."""
    entered = select(Entry.organisation_id).where(
        Entry.round_id == round_id, Entry.ended_at.is_(None)
    )
    return set(
        session().scalars(
            select(Organisation.id)
            .where(Organisation.id.in_(entered))
            .order_by(Organisation.id)
            .with_for_update(key_share=True)
        )
    )


def _list_open(round_id: int) -> list[Entry]:
    return list(
        session().scalars(
            select(Entry)
            .where(Entry.round_id == round_id, Entry.ended_at.is_(None))
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )


def _wins(entry: Entry, lead: Lead, at: datetime) -> bool:
    """Let an entry have its lead if the gate allows it still; one that is stopped ends."""
    if _is_out(entry, at):
        return False
    actor = find_actor_of(entry.user_id, at)
    stays = (
        actor is not None
        and actor.organisation_id == entry.organisation_id
        and actor.may(Permission.PICKUPS_CLAIM)
    )
    if actor is None or not stays:
        _end(entry, EntryOutcome.REFUSED, at, LEFT)
        return False
    try:
        position, calendar, offer = queries.read_claim(lead.id, actor, at)
        hot = lead.temperature == Temperature.HOT
        refusal = may_pick(position.standing, position.gate, position.firm_in_hand, at, hot=hot)
        if refusal is not None:
            raise refusal
        taken = offer and taking.take(lead.id, offer, position, calendar, actor, at)
    except Refused as refusal:
        _end(entry, EntryOutcome.REFUSED, at, _why(refusal))
        return False
    if taken is None:
        _end(entry, EntryOutcome.REFUSED, at, LEFT)
        return False
    _end(entry, EntryOutcome.WON, at)
    return True


def _why(refusal: Refused) -> str:
    """Return the code of what stopped an entry: the gate's reason, else the refusal's."""
    return refusal.facts["obstacle"].reason if isinstance(refusal, GateShut) else refusal.code


def _is_out(entry: Entry, at: datetime) -> bool:
    """End an entry whose person said "Not for me", or whose firm is not offered it any more."""
    dismissed = exists().where(
        Dismissal.offer_id == entry.offer_id, Dismissal.user_id == entry.user_id
    )
    asked = select(Offer.withdrawn_at, Offer.declined_at, dismissed.label("dismissed"))
    offer = session().execute(asked.where(Offer.id == entry.offer_id)).one()
    if offer.withdrawn_at is not None:
        _end(entry, EntryOutcome.OVER, at)
    elif offer.dismissed:
        _end(entry, EntryOutcome.WITHDRAWN, at)
    elif offer.declined_at is not None:
        _end(entry, EntryOutcome.WITHDRAWN, at, FIRM_DECLINED)
    return entry.ended_at is not None


def _end(entry: Entry, outcome: EntryOutcome, at: datetime, refusal: str | None = None) -> None:
    entry.ended_at, entry.outcome, entry.refusal = at, outcome, refusal
    record(
        EntryEnded(
            at=at,
            lead_id=entry.lead_id,
            round_id=entry.round_id,
            entry_id=entry.id,
            user_id=entry.user_id,
            organisation_id=entry.organisation_id,
            outcome=outcome,
            refusal=refusal,
        )
    )


def end_with_round(round_id: int, at: datetime) -> None:
    """End the entries of a round that ended without a decision: it was taken off the market."""
    for entry in _list_open(round_id):
        _end(entry, EntryOutcome.OVER, at)


def step_back(offer_id: int, user_id: int | None, since: datetime, at: datetime) -> None:
    """End the entries that a person, or with None her whole firm, had made by a moment.

    Nothing happens where the no that is told of, or the taking back, stands no more, or the offer
    has gone with its lead. Who is just picking again comes first.
    """
    offer = session().get(Offer, offer_id)
    if offer is None:
        return
    offers.lock_partner(offer.organisation_id)
    entries = session().scalars(
        select(Entry)
        .where(
            Entry.offer_id == offer_id,
            Entry.ended_at.is_(None),
            Entry.at <= since,
            *([Entry.user_id == user_id] if user_id is not None else []),
        )
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    for entry in entries:
        _is_out(entry, at)
