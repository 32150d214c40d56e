"""The plot of the demo: a year of inquiries, offers, pickups and answers.

Every inquiry has a fate that is settled beforehand; a clock that runs through the year asks the
operations of the rooms to bring it about, and lets the reactions and sweeps happen at their
moment. Nothing is written here that a person or a job could not have written. All moments are
relative to the end of the story, so the same seed tells the same story at any time.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import count, cycle
from random import Random
from typing import Any

from sqlalchemy import select, update

from portal.accounts.actor import Actor
from portal.accounts.models import Programme, User
from portal.accounts.queries import get_actor
from portal.accounts.tree import list_units
from portal.catalog.queries import book
from portal.core import circumstances
from portal.core.db import session
from portal.core.errors import Refused
from portal.core.events import Delivery, EventRow, load
from portal.core.mail.models import OutgoingEmail
from portal.core.reactions import REACTIONS
from portal.customers import onboarding
from portal.deadlines.clocks import list_running
from portal.deadlines.models import ClockKind, DeadlinePolicy
from portal.deadlines.queries import get_policy
from portal.deadlines.rules import amber_from, rhythm_of
from portal.deadlines.steps import in_order, steps_of
from portal.demo import (
    asking,
    by_hand,
    cast,
    drafts,
    letters,
    lists,
    nights,
    phrases,
    profiles,
    programme,
    scenes,
    witnesses,
    wordings,
)
from portal.demo.inquiries import Composer, Inquiry
from portal.demo.stage import HEARS_BY_MAIL, Cast, Stage, close_in, set_stage
from portal.escalation import operations as escalation
from portal.escalation.queries import clocks_due
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.hearing import operations as hearing
from portal.hearing.models import Hears
from portal.hearing.rules import Unchosen
from portal.leads import activities, figures, hand_over, notes, team
from portal.leads import operations as leads
from portal.leads.basis import Basis, BasisKind
from portal.leads.models import HandOver, Lead, LeadState
from portal.offers import operations as offers
from portal.offers import queries as offered
from portal.offers.jobs import due_rounds
from portal.offers.models import Offer, OfferRound
from portal.partners import operations as partners
from portal.partners import standings
from portal.partners.models import Shares
from portal.pickup import operations as pickups
from portal.pickup import pauses, photo_finish, standing
from portal.pickup import queries as pickup_queries
from portal.pickup.jobs import changed_debts
from portal.pickup.models import Pickup
from portal.pickup.taking import Claimed
from portal.timeline.rules import Entry

YEAR = timedelta(days=365)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MAILS_STAY = DAY
MAILS_SINCE = 12 * DAY
TAKE_PART = 3
"""So many reps at most take part in a photo-finish."""
"""So long before the end the first people chose to hear of every offer by mail."""
# of other ways the source says it
BASES = {
    "content_download": Basis(BasisKind.CONSENT),
    "webinar": Basis(BasisKind.CONSENT),
    "referral": Basis(BasisKind.ASKED),
    "purchased_list": Basis(BasisKind.INTEREST),
}
FULL = 600

# fate → how many of 600; what is left is won or lost
FATES = {
    "captured": 12,
    "qualifying": 6,
    "ready": 12,
    "open_north": 40,
    "open": 44,
    "hand_alice": 2,
    "hand_alan": 1,
    "hand_bob": 1,
    "held_answered": 32,
    "held_fresh": 8,
    "held_soon": 8,
    "held_overdue": 12,
    "held_old_debt": 2,
    "lapsed": 5,
    "declined_by_all": 6,
    "disqualified": 112,
    "recruit": 10,
    "given_back": 26,
    "ours": 4,
    "mistake": 2,
    "chosen_rep": 1,
    "chosen_group": 1,
    "chosen_distributor": 1,
}
ALWAYS_WHOLE = frozenset({"hand_alice", "hand_alan", "hand_bob", *by_hand.CHOOSES})
REGION_WEIGHTS = {
    "north": 32,
    "germany": 24,
    "austria": 9,
    "switzerland": 7,
    "netherlands": 7,
    "france": 7,
    "poland": 4,
    "britain": 6,
    "america": 7,
}
ABROAD = ("netherlands", "poland", "britain", "switzerland")
SLOW_REGIONS = ("france", "britain", "germany", "america")
PROTECTED = frozenset({cast.ALPHA, cast.BETA})
"""Firms that stand green at the end, with the same offers."""

HANDS = {"hand_alice": "Alice Arendt", "hand_alan": "Alan Brandes", "hand_bob": "Bob Petrov"}


@dataclass(slots=True)
class Deal:
    """One inquiry and what becomes of it."""

    fate: str
    rng: Random
    inquiry: Inquiry
    born: datetime
    ends: datetime | None = None
    lead_id: int = 0
    round: int = 0
    given_back: bool = False
    on_offer: bool = False


@dataclass(slots=True)
class Holding:
    """A lead in the hands of a rep."""

    deal: Deal
    pickup_id: int
    rep: Actor
    firm: Cast
    due: datetime
    rhythm: int
    answered: bool = False
    uncontacted: int = 0
    over: bool = False


@dataclass(slots=True)
class Story:
    """The clock, who is on stage, and what lies ahead."""

    at: datetime
    stage: Stage
    policy: DeadlinePolicy
    say: Callable[[str], None]
    total: int
    ahead: list[tuple[datetime, int, Callable[[datetime], None]]] = field(default_factory=list)
    number: Iterator[int] = field(default_factory=count)
    hands: dict[int, list[Holding]] = field(default_factory=dict)
    campaigns: Mapping[str, int] = field(default_factory=dict)
    captured: int = 0
    reacted: datetime | None = None

    def plan(self, at: datetime, step: Callable[..., None], *about: Any) -> None:
        """Let `step(*about, moment)` happen, unless the moment lies beyond the end."""
        if at <= self.at:
            todo: Callable[[datetime], None] = partial(step, *about)
            heapq.heappush(self.ahead, (at, next(self.number), todo))

    def play(self) -> None:
        """Run the clock to the end; reactions follow each step at its moment."""
        while self.ahead:
            at, _number, step = heapq.heappop(self.ahead)
            # long ago nobody heard by mail, so once in a while is often enough
            if at >= self.at - MAILS_SINCE or self.reacted is None or at - self.reacted > DAY:
                react(at)
                self.reacted = at
            step(at)
            if at >= self.at - MAILS_SINCE:
                react(at)
        react(self.at)

    # -- intake -----------------------------------------------------------------------------

    def capture(self, deal: Deal, at: datetime) -> None:
        """Let an inquiry come in, and plan what follows."""
        rng, inquiry = deal.rng, deal.inquiry
        city = inquiry.city
        raw = deal.fate == "captured"
        with circumstances.under(channel="web"):
            lead = leads.capture(
                leads.Draft(
                    title=inquiry.title,
                    kind="partner_recruit" if inquiry.topic.recruit else "end_customer",
                    type_key="business_partner" if inquiry.topic.recruit else "organisation",
                    source_system="website" if inquiry.source == "web_registration" else "crm",
                    source_key=inquiry.source,
                    country=city.country,
                    subdivision=city.subdivision,
                    city=city.name,
                    latitude=city.latitude,
                    longitude=city.longitude,
                    time_zone=inquiry.zone,
                    language=inquiry.language,
                    brand_key=inquiry.topic.brand,
                    product_keys=inquiry.topic.products,
                    industry_key=inquiry.industry,
                    people=inquiry.people,
                    temperature=inquiry.temperature if not raw or rng.random() < 0.7 else None,
                    contact=inquiry.contact,
                    basis=BASES.get(inquiry.source),
                    campaign_id=self.campaigns.get(inquiry.source),
                ),
                at,
                self.finder_of(inquiry, at),
            )
        deal.lead_id = lead.id
        # drawn apart: what was drawn before there were signals stays as it was
        signs = Random(f"{inquiry.contact.email} {inquiry.title}")  # noqa: S311
        for moment, kind in scenes.signals_of(signs, at):
            self.plan(moment, scenes.give_sign, deal.lead_id, kind)
        self.captured += 1
        if self.captured % max(1, self.total // 10) == 0:
            self.say(f"Building the demo: {self.captured} of {self.total} leads …")
        if raw:
            return
        pause = timedelta(hours=rng.uniform(0.3, 5))
        if deal.fate == "disqualified":
            self.plan(at + pause * 3, self.disqualify, deal)
        elif deal.fate == "mistake":
            self.plan(at + pause, scenes.cancel, self.stage, deal.lead_id)
        else:
            self.plan(at + pause, self.qualify, deal)

    def finder_of(self, inquiry: Inquiry, at: datetime) -> Actor | None:
        """Return who brought an inquiry that somebody referred, once there is a firm that does."""
        if inquiry.source != "referral" or at < self.at - YEAR + 10 * DAY:
            return None
        return self.stage.named(cast.REFERS).reps[0]

    def qualify(self, deal: Deal, at: datetime) -> None:
        """Let a qualifier write down what she found out, and declare the lead complete."""
        inquiry, rng, entries = deal.inquiry, deal.rng, book()
        actor = rng.choice(self.stage.qualifiers)
        lead = session().get_one(Lead, deal.lead_id)
        unfinished = deal.fate == "qualifying"
        answers = inquiry.answers
        if unfinished:
            answers = {key: answers[key] for key in ("need", "situation")}
        elif at < self.at - 60 * DAY:
            # the script had four questions then
            answers = {key: answers[key] for key in ("budget", "authority", "need", "time")}
        with circumstances.under(channel="web", actor_id=actor.id):
            leads.save_qualification(
                lead.id,
                leads.Qualification(
                    title=inquiry.title,
                    partner_text="" if unfinished else inquiry.text,
                    expectation=inquiry.expectation,
                    temperature=inquiry.temperature,
                    country=lead.country,
                    subdivision=lead.subdivision,
                    city=lead.city or "",
                    brand_id=lead.brand_id,
                    product_ids=lead.product_ids,
                    industry_id=lead.industry_id,
                    size_band_id=lead.size_band_id,
                    people=inquiry.people,
                    target_amount=inquiry.amount,
                    time_frame=inquiry.time_frame,
                    source_id=entries.id_of("source", inquiry.source),
                    contact=inquiry.contact,
                    answers=answers,
                    custom={} if unfinished or inquiry.topic.recruit else kept_of(inquiry, at),
                ),
                actor,
                at,
                lead.version,
            )
            if unfinished:
                return
            leads.qualify(lead.id, actor, at + timedelta(minutes=rng.randint(1, 9)))
        if deal.fate == "ours":
            self.plan(at + HOUR, scenes.sell_ourselves, self.stage, deal.lead_id)
        elif deal.fate != "ready":
            self.plan(at + timedelta(minutes=rng.randint(12, 50)), self.offer, deal)

    def disqualify(self, deal: Deal, at: datetime) -> None:
        """Let a qualifier find out that nothing will come of it."""
        actor = deal.rng.choice(self.stage.qualifiers)
        reason = chosen(deal.rng, phrases.DISQUALIFY_REASONS)
        with circumstances.under(channel="web", actor_id=actor.id):
            leads.disqualify(deal.lead_id, reason, "", actor, at)

    # -- offers -----------------------------------------------------------------------------

    def offer(self, deal: Deal, at: datetime) -> None:
        """Let the channel manager put the lead on offer."""
        if deal.fate in by_hand.CHOOSES:
            by_hand.offer(self.stage, deal.fate, deal.lead_id, at)
        else:
            with circumstances.under(channel="web", actor_id=self.stage.manager.id):
                offers.offer(deal.lead_id, at)
        if deal.fate == "chosen_distributor":
            self.plan(at + 2 * HOUR, by_hand.offer_on, self.stage, deal.lead_id)
        self.follow(deal, at)

    def follow(self, deal: Deal, at: datetime) -> None:
        """Plan what happens to the round that is open now, if there is one."""
        opened = session().scalar(
            select(OfferRound).where(
                OfferRound.lead_id == deal.lead_id, OfferRound.ended_at.is_(None)
            )
        )
        if opened is None or opened.number == deal.round:
            return
        deal.round = number = opened.number
        deal.on_offer = True
        round_id, ends_at, rng = opened.id, opened.ends_at, deal.rng
        self.plan(ends_at, self.end_round, deal, round_id, number)
        if deal.fate in by_hand.CHOOSES:
            return
        if not self.offered_firms(deal):
            # the overflow unit has it
            return
        if deal.fate == "declined_by_all":
            for firm in self.offered_firms(deal):
                moment = at + timedelta(hours=rng.uniform(2, 60))
                self.plan(moment, self.decline, deal, firm)
            return
        if rng.random() < 0.25:
            self.plan(at + timedelta(hours=rng.uniform(0.5, 6)), self.not_for_me, deal)
        if deal.fate in ("open", "open_north", "lapsed"):
            return
        slowness = {"hot": 3, "warm": 14, "cold": 30}[deal.inquiry.temperature]
        moment = at + timedelta(hours=min(60, rng.expovariate(1 / slowness) + 0.05))
        if deal.fate in HANDS or deal.fate == "held_fresh":
            moment = at + timedelta(hours=rng.uniform(0.2, 3))
        self.plan(moment, self.pick, deal, number)

    def end_round(self, deal: Deal, round_id: int, number: int, at: datetime) -> None:
        """Let the time of a round be over, unless somebody picked the lead up."""
        if deal.on_offer and deal.round == number:
            deal.on_offer = False
            offers.end_round(round_id, at)
            self.follow(deal, at)

    def offered_firms(self, deal: Deal) -> list[Cast]:
        """Return the firms whose offer of the present round stands, the best score first."""
        rows = session().execute(
            select(Offer.organisation_id)
            .where(
                Offer.lead_id == deal.lead_id,
                Offer.round == deal.round,
                Offer.declined_at.is_(None),
            )
            .order_by(Offer.score.desc(), Offer.organisation_id)
        )
        firms = self.stage.firms
        return [firms[row.organisation_id] for row in rows if row.organisation_id in firms]

    def decline(self, deal: Deal, firm: Cast, at: datetime) -> None:
        """Let the manager of a firm say "Not for me"."""
        actor = (firm.managers or firm.reps)[0]
        self.dismiss(deal, actor, at)
        self.follow(deal, at)

    def not_for_me(self, deal: Deal, at: datetime) -> None:
        """Let one of the offered firms, or one of its reps, say "Not for me"."""
        firms = [one for one in self.offered_firms(deal) if one.firm.name not in PROTECTED]
        if len(firms) < 2 or not deal.on_offer:
            return
        firm = deal.rng.choice(firms[1:])
        people = firm.managers if deal.rng.random() < 0.4 else firm.reps
        if people:
            self.dismiss(deal, deal.rng.choice(people), at)
            self.follow(deal, at)

    def dismiss(self, deal: Deal, actor: Actor, at: datetime) -> None:
        """Decline in an actor's name; who is too late has nothing to decline."""
        reason = deal.rng.choice(phrases.DECLINE_REASONS)
        try:
            with circumstances.under(channel="web", actor_id=actor.id):
                offers.decline(deal.lead_id, reason, actor, at)
        except Refused:
            return

    # -- pickups ----------------------------------------------------------------------------

    def pick(self, deal: Deal, number: int, at: datetime) -> None:
        """Let the first rep who is free pick the lead up."""
        if not deal.on_offer or deal.round != number:
            return
        entered: dict[int, tuple[Cast, Actor]] = {}
        for firm, rep in self.runners(deal, at):
            try:
                with circumstances.under(channel="web", actor_id=rep.id):
                    claimed = pickups.claim(deal.lead_id, rep, at)
            except Refused:
                continue
            if isinstance(claimed, Claimed):
                self.take(deal, firm, rep, claimed.pickup_id, at)
                return
            if not entered:
                self.plan(claimed.decides_at, self.decide, deal, number, entered)
            entered[rep.id] = (firm, rep)
            if len(entered) == TAKE_PART:
                break
        if not entered:
            self.plan(at + timedelta(hours=7), self.pick, deal, number)

    def decide(
        self, deal: Deal, number: int, entered: dict[int, tuple[Cast, Actor]], at: datetime
    ) -> None:
        """Let a photo-finish be decided, and who got the lead work on it."""
        round_id = session().scalar(
            select(OfferRound.id).where(
                OfferRound.lead_id == deal.lead_id, OfferRound.number == number
            )
        )
        photo_finish.decide(round_id or 0, at)
        held = pickup_queries.find_held(deal.lead_id)
        if held is None:
            self.plan(at + timedelta(hours=7), self.pick, deal, number)
        else:
            self.take(deal, *entered[held.user_id], held.id, at)

    def runners(self, deal: Deal, at: datetime) -> Iterator[tuple[Cast, Actor]]:
        """Yield the reps who may want this lead, in the order in which they look."""
        firms = self.offered_firms(deal)
        hand = HANDS.get(deal.fate)
        if hand:
            for firm in firms:
                yield from ((firm, rep) for rep in firm.reps if rep.name == hand)
            return
        late = deal.fate.startswith("held") or at > self.at - 30 * DAY
        if late:
            firms = [one for one in firms if one.firm.name not in PROTECTED]
        if deal.fate == "held_overdue":
            firms.sort(key=lambda one: one.firm.name not in cast.SLOW)
        elif deal.fate == "held_old_debt":
            firms.sort(key=lambda one: one.firm.name != cast.IN_DEBT)
        else:
            # near the top more often than far down
            firms.sort(
                key=lambda _one: deal.rng.random() + 0.12 * firms.index(_one) if firms else 0
            )
        for firm in firms:
            reps = list(firm.reps)
            deal.rng.shuffle(reps)
            for rep in reps:
                if self.is_green(rep, at):
                    yield firm, rep

    def is_green(self, rep: Actor, at: datetime) -> bool:
        """Guess whether the gate will let the rep pass; the claim decides."""
        held = self.hands.get(rep.id, [])
        return all(one.over or (one.answered and one.due > at) for one in held)

    def take(self, deal: Deal, firm: Cast, rep: Actor, pickup_id: int, at: datetime) -> None:
        """Plan what the new holder reports, and when."""
        deal.on_offer = False
        rhythm = rhythm_of(self.policy, "partner_recruit" if deal.inquiry.topic.recruit else "")
        held = Holding(deal, pickup_id, rep, firm, at + rhythm * DAY, rhythm)
        self.hands.setdefault(rep.id, []).append(held)
        self.watch(held)
        for moment, status in self.answers_of(held, at):
            self.plan(moment, self.answer, held, status)

    def answers_of(self, held: Holding, at: datetime) -> Iterator[tuple[datetime, str]]:
        """Yield when the holder reports what."""
        deal, rng = held.deal, held.deal.rng
        pace = held.rhythm / 7
        first = at + timedelta(hours=rng.uniform(6, 70)) * pace
        if deal.fate == "held_fresh":
            return
        if deal.fate in HANDS:
            yield at + timedelta(hours=rng.uniform(3, 9)), "waiting"
            yield (
                self.at - timedelta(hours=rng.uniform(20, 34)),
                rng.choice(("waiting", "proposal")),
            )
            return
        if deal.fate.startswith("held"):
            last = self.at - self.silence(deal)
            yield from self.talk(held, first, last)
            yield max(last, at + HOUR), rng.choice(("waiting", "proposal", "proposal"))
            return
        if deal.fate == "given_back" and not deal.given_back:
            yield first, rng.choice(("not_contacted", "waiting"))
            yield first + timedelta(hours=rng.uniform(20, 120)), "give_back"
            return
        end = deal.ends or self.at
        latest = self.at - timedelta(hours=rng.uniform(6, 140))
        end = min(max(end, at + rng.uniform(3, 9) * DAY), max(latest, at + 2 * HOUR))
        yield from self.talk(held, first, end)
        yield end, "won" if rng.random() < self.chance(deal) else "lost"

    def talk(self, held: Holding, first: datetime, end: datetime) -> Iterator[tuple[datetime, str]]:
        """Yield the reports between pickup and end, in the rhythm, now and then late."""
        rng, moment, said = held.deal.rng, first, 0
        pace = held.rhythm / 7
        punctual = held.firm.firm.name in PROTECTED
        while moment < end - 2.5 * DAY * pace:
            if said == 0:
                yield moment, "not_contacted" if rng.random() < 0.3 else "waiting"
            else:
                yield moment, "proposal" if said > 1 or rng.random() < 0.5 else "waiting"
            said += 1
            late = not punctual and rng.random() < 0.12
            moment += (
                timedelta(days=rng.uniform(7.2, 9.5) if late else rng.uniform(3.6, 5.6)) * pace
            )

    @staticmethod
    def silence(deal: Deal) -> timedelta:
        """Return how long ago the last answer about a held lead came."""
        low, high = {
            "held_answered": (0.2, 4.6),
            "held_soon": (5.4, 6.7),
            "held_overdue": (8.2, 13.5),
            "held_old_debt": (15.5, 19.0),
        }[deal.fate]
        return timedelta(days=deal.rng.uniform(low, high))

    @staticmethod
    def chance(deal: Deal) -> float:
        """Return how likely a lead is won: the temperature was told honestly by most sources."""
        chance = {"hot": 0.6, "warm": 0.42, "cold": 0.2}[deal.inquiry.temperature]
        return chance * (0.5 if deal.inquiry.source in ("webinar", "content_download") else 1)

    def watch(self, held: Holding) -> None:
        """Plan the sweep's marks for the present due date, and the steps of the policy."""
        due = held.due
        steps = in_order(steps_of(self.policy), ClockKind.FEEDBACK, due, held.rhythm * 24 * 60)
        moments = {amber_from(due, held.rhythm, self.policy.amber_hours), due}
        for moment in sorted(moments | {planned for _place, planned in steps}):
            self.plan(moment, self.mark, held, due)

    def mark(self, held: Holding, due: datetime, at: datetime) -> None:
        """Mark what is owed and take the steps that are due, unless it was answered meanwhile."""
        if held.over or held.due != due:
            return
        pickups.mark_debt(held.pickup_id, at)
        for clock in list_running(pickup_id=held.pickup_id):
            escalation.take_due(clock.id, at)
        held.over = session().get_one(Pickup, held.pickup_id).ended_at is not None

    def answer(self, held: Holding, status: str, at: datetime) -> None:
        """Let the holder report, or give the lead back."""
        if held.over:
            return
        with circumstances.under(channel="web", actor_id=held.rep.id):
            if status == "give_back":
                self.give_back(held, at)
                return
            feedback.give(held.pickup_id, self.words(held, status, at), held.rep, at)
            if status == "proposal" and held.deal.fate.startswith("held"):
                self.reckon(held, at)
        held.answered, held.due = True, at + held.rhythm * DAY
        held.uncontacted = held.uncontacted + 1 if status == "not_contacted" else 0
        if status in ("won", "lost"):
            self.let_go(held)
        else:
            self.watch(held)

    def reckon(self, held: Holding, at: datetime) -> None:
        """Let the holder say what a lead with a proposal may bring."""
        deal = held.deal
        known = figures.figures_of(session().get_one(Lead, deal.lead_id))
        said = replace(
            known,
            target_amount=Decimal(deal.inquiry.amount),
            probability=round(self.chance(deal) * 100),
            quote_number=f"A-{deal.lead_id}",
        )
        figures.set_figures(deal.lead_id, said, held.rep, at)

    def give_back(self, held: Holding, at: datetime) -> None:
        """Give a lead back; the next firm gets its chance."""
        held.deal.given_back = True
        reason = held.deal.rng.choice(phrases.GIVE_BACK_REASONS)
        pickups.give_back(held.pickup_id, reason, None, held.rep, at)
        self.let_go(held)
        self.follow(held.deal, at)

    def say_who_knew(self, at: datetime) -> None:
        """Let two firms say that they knew a customer before."""
        held = [
            (one.deal.lead_id, one.rep, one.deal.inquiry)
            for ones in self.hands.values()
            for one in ones
            if not one.over
        ]
        by_hand.say_who_knew(self.stage, held, at)

    def let_go(self, held: Holding) -> None:
        """Forget a holding that is over."""
        held.over = True
        self.hands[held.rep.id].remove(held)

    @staticmethod
    def words(held: Holding, status: str, at: datetime) -> Answer:
        """Return an answer as this rep would write it."""
        rng, deal = held.deal.rng, held.deal
        language = "de" if held.rep.locale == "de" else "en"
        step = held.uncontacted > 0 or (status not in ("won", "lost") and rng.random() < 0.6)
        value = lost_value = None
        if status == "lost":
            lost_value = Decimal(deal.inquiry.amount)
        if status == "won":
            share = Decimal(str(round(rng.uniform(0.6, 1.15), 2)))
            value = max(Decimal(400), round(deal.inquiry.amount * share / 50) * Decimal(50))
        return Answer(
            status=status,
            note=rng.choice(phrases.NOTES[status][language]) if rng.random() < 0.85 else "",
            next_step=rng.choice(phrases.NEXT_STEPS[language]) if step else "",
            next_step_on=(at + timedelta(days=rng.randint(1, 6))).date() if step else None,
            value=value,
            reason=chosen(rng, phrases.LOST_REASONS) if status == "lost" else "",
            decision_maker=rng.choice(phrases.DECISION_MAKERS[language])
            if status == "lost"
            else "",
            lost_value=lost_value,
        )


def kept_of(inquiry: Inquiry, at: datetime) -> dict[str, str]:
    """Return what the programme keeps of an inquiry in fields of its own, by its size alone."""
    ends = (at + (30 + inquiry.people % 300) * DAY).date()
    sites = min(1 + inquiry.people // 90, 40)
    return {"sites": str(sites), "present_contract_ends": ends.isoformat()}


def chosen(rng: Random, weighted: tuple[tuple[str, int], ...]) -> str:
    """Return a key, the heavier the likelier."""
    keys, weights = zip(*weighted, strict=True)
    key: str = rng.choices(keys, weights)[0]
    return key


def react(at: datetime) -> None:
    """Run the reactions that wait, here and at this moment, as the dispatcher would have."""
    while session().info.pop("deliveries", False):
        waiting = session().execute(
            select(Delivery, EventRow)
            .join(EventRow, EventRow.id == Delivery.event_id)
            .where(Delivery.done_at.is_(None), Delivery.due_at <= at)
            .order_by(Delivery.due_at, Delivery.id)
        )
        for delivery, row in waiting.all():
            REACTIONS[delivery.reaction].run(load(row), at)
            delivery.done_at = at
        session().flush()


WISHES: Sequence[Mapping[str, Any]] = (
    {"hears": "daily", "digest_hour": 7},
    {"quiet_from": 19, "quiet_until": 7, "temperatures": ["hot", "warm"]},
    {"by_subject": {"new_leads": "hourly"}, "extent": "teaser"},
)
"""What some of those who hear by mail wish; all others hear as their roles do."""
LEADING = Unchosen(Hears.DAILY, digest_hour=7, quiet_from=19, quiet_until=7)
"""How those begin who lead account managers: once a day, before they start, and not at night."""


def hear_by_mail(stage: Stage, seed: int, at: datetime) -> None:
    """Let some named reps, and a few of the others, hear of offers by mail.

    Every second of the others has wishes of her own. Who leads begins as the programme sets it.
    """
    hearing.set_defaults(
        dict.fromkeys(("regional_manager", "sales_manager"), LEADING), stage.manager, at
    )
    rng = Random(f"{seed} mail")  # noqa: S311
    known = [
        rep.id
        for firm in stage.firms.values()
        for rep in firm.reps
        if rng.random() < HEARS_BY_MAIL or is_named(rep)
    ]
    session().execute(update(User).where(User.id.in_(known)).values(hears_by_mail=True))
    named = {rep.id for one in stage.firms.values() for rep in one.reps if is_named(rep)}
    others = [rep_id for rep_id in known if rep_id not in named]
    for rep_id, wishes in zip(others[::2], cycle(WISHES), strict=False):
        hearing.choose(rep_id, at, **wishes)


def is_named(rep: Actor) -> bool:
    """Say whether somebody hears by mail in any case."""
    return rep.name in cast.HEAR_BY_MAIL


# -- the year --------------------------------------------------------------------------------


def build(
    at: datetime, seed: int = 1, size: int = FULL, say: Callable[[str], None] = lambda _line: None
) -> None:
    """Build the demo that ends at `at`, in the open transaction; flushes only."""
    at = at.replace(minute=0, second=0, microsecond=0)
    # equal scores are drawn the same for the same seed
    random.seed(f"{seed} lots")
    stage = set_stage(at - YEAR, Random(f"{seed} stage"))  # noqa: S311
    story = Story(at, stage, get_policy(), say, size)
    story.campaigns = scenes.plan_campaigns(stage, at - YEAR)
    for month in range(12):
        story.plan(at - YEAR + month * 30 * DAY, scenes.spend, stage, story.campaigns)
    composer = Composer(at)
    for deal in deals(at, seed, size, composer):
        story.plan(deal.born, story.capture, deal)
    for week in range(1, 52):
        story.plan(at - YEAR + week * 7 * DAY, weigh_partners)
        if week % 4 == 0:
            story.plan(at - YEAR + week * 7 * DAY, nights.count_rates)
    story.plan(at - YEAR + 7 * DAY, programme.begin, stage, size / FULL)
    story.plan(at - YEAR + 8 * DAY, profiles.introduce, stage)
    story.plan(at - 40 * DAY, profiles.form_circles, stage)
    story.plan(at - 20 * DAY, scenes.keep_for_later, stage)
    story.plan(at - 12 * DAY, programme.ask_again, stage)
    story.plan(at - 10 * DAY, close_in, stage)
    story.plan(at - 45 * DAY, wordings.begin, stage)
    story.plan(at - 13 * DAY, wordings.sign, stage)
    story.plan(at - MAILS_SINCE, hear_by_mail, stage, seed)
    story.plan(at - witnesses.SINCE, witnesses.begin, stage)
    for hour in range(witnesses.SINCE // HOUR):
        story.plan(at - hour * HOUR, witnesses.write_due)
    story.plan(at - 6 * DAY, hand_over_first, stage)
    story.plan(at - 5 * DAY, hand_back_first, stage)
    story.plan(at - 5 * DAY, scenes.open_form, stage)
    for number, visitor in enumerate(scenes.VISITORS):
        story.plan(at - visitor[0], scenes.ask_by_form, number)
    story.plan(at - 3 * DAY, scenes.name_support, stage)
    story.plan(at - 2 * DAY, lists.bring_in, stage)
    story.plan(at - 2 * DAY, hand_over_more, stage)
    story.plan(at - 26 * HOUR, story.say_who_knew)
    story.plan(at - 9 * HOUR, sell_direct, stage)
    story.plan(at - 6 * HOUR, by_hand.rehearse, stage)
    story.plan(at - 5 * HOUR, scenes.work_at_the_desk, stage)
    story.play()
    settle_at_home(stage, at)
    plan_ahead(stage, at)
    scenes.expect_ends([held.lead_id for held in open_pickups(list(stage.firms))[:6]], at)
    asking.ask_the_vendor(open_pickups(list(stage.firms))[:6], at)
    profiles.want_sheets(stage, at)
    scenes.attach_files([held.lead_id for held in open_pickups(list(stage.firms))[:4]], at)
    letters.write([held.lead_id for held in open_pickups(list(stage.firms))[:2]], at)
    witnesses.answer(at)
    sweep(at)
    weigh_partners(at)
    same_offers(stage, at)
    scenes.weigh_leads(at)
    nights.count(at)
    drafts.try_one(stage, at - HOUR)
    settle_past_mails(at)
    session().get_one(Programme, 1).state = "demo"
    session().flush()
    say(f"The demo stands: {size} leads, {len(stage.firms)} partner firms.")


def fates_of(size: int) -> list[str]:
    """Return the fate of every lead."""
    fates: list[str] = []
    for fate, number in FATES.items():
        share = number if fate in ALWAYS_WHOLE else max(1, round(number * size / FULL))
        fates += [fate] * share
    return fates + ["closed"] * max(4, size - len(fates))


def deals(at: datetime, seed: int, size: int, composer: Composer) -> Iterator[Deal]:
    """Yield what comes in during the year."""
    for number, fate in enumerate(fates_of(size)):
        rng = Random(f"{seed} deal {number}")  # noqa: S311 – a story, no secret
        pressing = fate in ("captured", "qualifying") and rng.random() < 0.35
        inquiry = composer.compose(
            rng,
            region_of(fate, rng),
            recruit=fate == "recruit",
            temperature="hot" if pressing else None,
        )
        ends = None
        if fate in ("closed", "given_back", "recruit"):
            ends = at - timedelta(days=rng.uniform(0.5, 310))
            span = rng.uniform(3, 9) if fate == "recruit" else rng.uniform(2, 11)
            born = ends - timedelta(days=span + 2)
        else:
            born = at - age_of(fate, inquiry, rng)
        yield Deal(fate, rng, inquiry, born, ends)


def region_of(fate: str, rng: Random) -> str:
    """Return where a lead of this fate comes from."""
    if fate in ("open_north", *HANDS):
        return "north"
    if fate in by_hand.CHOOSES:
        return "germany"
    if fate == "declined_by_all":
        return rng.choice(ABROAD)
    if fate == "held_old_debt":
        return "france"
    if fate == "held_overdue":
        return rng.choice(SLOW_REGIONS)
    weights = {**REGION_WEIGHTS, **({"north": 0} if fate == "open" else {})}
    return rng.choices(list(weights), list(weights.values()))[0]


def age_of(fate: str, inquiry: Inquiry, rng: Random) -> timedelta:
    """Return how long ago an inquiry came in that is not closed yet."""
    low, high = {
        "captured": (0.5, 40),
        "qualifying": (6, 60),
        "ready": (7, 70),
        "open": (7, 62),
        "open_north": (7, 55),
        "hand_alice": (90, 110),
        "hand_alan": (90, 110),
        "hand_bob": (90, 110),
        "held_answered": (170, 520),
        "held_fresh": (12, 44),
        "held_soon": (200, 420),
        "held_overdue": (370, 560),
        "held_old_debt": (500, 620),
        "lapsed": (36 * 24, 60 * 24),
        "declined_by_all": (100, 60 * 24),
        "disqualified": (40, 360 * 24),
        "ours": (30, 20 * 24),
        "mistake": (20, 15 * 24),
        "chosen_rep": (14, 26),
        "chosen_group": (14, 22),
        "chosen_distributor": (14, 30),
    }[fate]
    if fate in ("open", "open_north") and inquiry.industry in ("education", "public_sector"):
        high = 190
    return timedelta(hours=rng.uniform(low, high))


def sweep(at: datetime) -> None:
    """Do what the sweeps would find to do now."""
    for round_id in due_rounds(at):
        offers.end_round(round_id, at)
    for pickup_id in changed_debts(at):
        pickups.mark_debt(pickup_id, at)
    for clock_id in clocks_due(at):
        escalation.take_due(clock_id, at)
    react(at)


def weigh_partners(at: datetime) -> None:
    """Keep how partners stand, where that has changed."""
    for organisation_id, (colour, reasons) in standing.find_all_changed(at).items():
        standings.keep(organisation_id, colour, reasons, at)


def hand_over_first(stage: Stage, at: datetime) -> None:
    """Let two deals go to operations: one comes back, the other will be late by the end."""
    for lead in won_leads(stage, 2):
        give_to_operations(stage, lead, at, due_on=(at + 4 * DAY).date())


def hand_back_first(stage: Stage, at: datetime) -> None:
    """Let operations give the older of the two back, with its number."""
    oskar = stage.staff["operations"]
    given = session().scalars(select(HandOver.id).order_by(HandOver.id).limit(1)).first()
    if given is not None:
        with circumstances.under(channel="web", actor_id=oskar.id):
            hand_over.take(given, oskar, at - 3 * HOUR)
            onboarding.hand_back(given, "40021187", "Set up, terms as agreed.", oskar, at)


def hand_over_more(stage: Stage, at: datetime) -> None:
    """Let two more go there, one of them taken on, and let colleagues help with leads in hand."""
    oskar, quinn = stage.staff["operations"], stage.staff["qualifier"]
    for number, lead in enumerate(won_leads(stage, 2)):
        given = give_to_operations(stage, lead, at, due_on=(at + 5 * DAY).date())
        if number == 0:
            with circumstances.under(channel="web", actor_id=oskar.id):
                hand_over.take(given, oskar, at + 2 * HOUR)
    held = select(Lead).where(Lead.state == LeadState.HELD, Lead.owner_id.is_not(None))
    longest = held.order_by(Lead.picked_at, Lead.id).limit(3)
    fresh = longest.execution_options(populate_existing=True)
    for lead in session().scalars(fresh).all():
        owner = owner_of(stage, lead)
        with circumstances.under(channel="web", actor_id=owner.id):
            team.add_member(lead.id, quinn.id, owner, at)


def sell_direct(stage: Stage, at: datetime) -> None:
    """Let the channel manager keep some of the leads that are ready for the vendor's own people."""
    ready = list(offered.list_ready(100))
    vendor_id = stage.manager.organisation_id
    unit = next(unit for unit in list_units(vendor_id) if unit.name == cast.DIRECT)
    for lead_id in ready[: min(3, len(ready) // 3)]:
        with circumstances.under(channel="web", actor_id=stage.manager.id):
            offers.offer_to_unit(lead_id, unit.id, 7 * 24, at)


SHARED = (Shares.DEALS, Shares.FIGURES, Shares.NOTHING)


def settle_at_home(stage: Stage, at: datetime) -> None:
    """Let firms arrange what is theirs: what the distributor sees, who stands in, what is noted."""
    below = [one for one in stage.firms.values() if one.firm.parent and one.managers]
    for number, firm in enumerate(below):
        with circumstances.under(channel="web", actor_id=firm.managers[0].id):
            partners.set_shares(firm.organisation_id, SHARED[number % len(SHARED)], at)
    open_to_see = [one.organisation_id for one in below[:: len(SHARED)]]
    for held in open_pickups(open_to_see)[-1:]:
        holder = get_actor(held.user_id)
        with circumstances.under(channel="web", actor_id=holder.id):
            pickups.hide(held.id, True, holder, at)
    for firm in [one for one in stage.firms.values() if is_free_to_go(one)][:2]:
        away, there = firm.reps[-1], firm.reps[0]
        with circumstances.under(channel="web", actor_id=firm.managers[0].id):
            partners.add_absence(
                firm.organisation_id,
                at.date(),
                (at + 9 * DAY).date(),
                at,
                away.id,
                "On holiday",
                there.id,
            )
    for held in open_pickups(list(stage.firms))[-8:-1:3]:
        holder = get_actor(held.user_id)
        if pauses.refusal_of(held, pickup_queries.get_policy(held), at) is None:
            with circumstances.under(channel="web", actor_id=holder.id):
                pauses.pause(held.id, "asked_to_wait", (at + 12 * DAY).date(), holder, at)
    for number, held in enumerate(open_pickups(list(stage.firms))[:6]):
        holder = get_actor(held.user_id)
        lead = session().get_one(Lead, held.lead_id, populate_existing=True)
        with circumstances.under(channel="web", actor_id=holder.id):
            notes.write_note(lead, NOTED[number % len(NOTED)], number % 3 == 2, holder, at)


NOTED = (
    "Better to ring after four; mornings are meetings.",
    "The old supplier still has a contract until March. Don't mention prices before that.",
    "They would like a reference from the same trade: can you name one?",
)


PLANNED = (
    ("call", "Ask whether the board has met.", 26 * HOUR),
    ("appointment", "Walk through the second plant with their electrician.", 50 * HOUR),
    ("task", "Write down what the switches would cost with ten years of service.", 4 * HOUR),
    ("email", "Send the reference they asked for.", 75 * HOUR),
)


def plan_ahead(stage: Stage, at: datetime) -> None:
    """Let holders plan what they do next, and those who answer for some leads look after them.

    People with a name have nothing open, so that each of their leads can be closed at once.
    """
    named = [one.organisation_id for one in stage.firms.values() if one.firm.people]
    others = [one.organisation_id for one in stage.firms.values() if not one.firm.people]
    for number, held in enumerate(open_pickups(others)[:8]):
        lead = session().get_one(Lead, held.lead_id, populate_existing=True)
        kind, words, ahead = PLANNED[number % len(PLANNED)]
        plan_one(lead, get_actor(held.user_id), Entry(kind, words, at + ahead), at)
        if number < 2 and lead.owner_id in {actor.id for actor in stage.staff.values()}:
            ask = Entry("call", "Ask the firm whether they need a hand.", at + 30 * HOUR)
            plan_one(lead, owner_of(stage, lead), ask, at)
    for held in open_pickups(named):
        lead = session().get_one(Lead, held.lead_id, populate_existing=True)
        talk = Entry("call", "Reached them; they compare two offers.", at - HOUR)
        plan_one(lead, get_actor(held.user_id), talk, at, done=True)


def plan_one(lead: Lead, actor: Actor, entry: Entry, at: datetime, *, done: bool = False) -> None:
    """Let somebody plan an activity, or note one that is done."""
    with circumstances.under(channel="web", actor_id=actor.id):
        activities.enter(lead, entry, done=done, actor=actor, at=at)


def is_free_to_go(firm: Cast) -> bool:
    """Say whether somebody of a firm may be away in the demo: none of those who are named."""
    return not firm.firm.people and len(firm.reps) > 1 and bool(firm.managers)


def open_pickups(organisation_ids: Sequence[int]) -> Sequence[Pickup]:
    """Return what firms hold, the longest first."""
    return (
        session()
        .scalars(
            select(Pickup)
            .where(Pickup.organisation_id.in_(organisation_ids), Pickup.ended_at.is_(None))
            .order_by(Pickup.picked_at, Pickup.id)
            .execution_options(populate_existing=True)
        )
        .all()
    )


def won_leads(stage: Stage, most: int) -> Sequence[Lead]:
    """Return the deals won last that were never with operations."""
    mine = [stage.staff[mailbox].id for mailbox in cast.ACCOUNT_MANAGERS]
    return (
        session()
        .scalars(
            select(Lead)
            .join(Pickup, Pickup.lead_id == Lead.id)
            .where(
                Pickup.outcome == "won",
                Lead.owner_id.in_(mine),
                Lead.id.not_in(select(HandOver.lead_id)),
            )
            .order_by(Pickup.ended_at.desc(), Lead.id)
            .limit(most)
            .execution_options(populate_existing=True)
        )
        .all()
    )


def owner_of(stage: Stage, lead: Lead) -> Actor:
    """Return the account manager who answers for a lead."""
    return next(actor for actor in stage.staff.values() if actor.id == lead.owner_id)


def give_to_operations(stage: Stage, lead: Lead, at: datetime, due_on: date) -> int:
    """Hand a lead over in its owner's name; return the hand-over's id."""
    owner = owner_of(stage, lead)
    with circumstances.under(channel="web", actor_id=owner.id):
        return hand_over.hand_over(
            lead.id, due_on, "New customer of this partner: please load it.", owner, at
        ).id


def same_offers(stage: Stage, at: datetime) -> None:
    """Withdraw what only one of the two firms in the same region still has on offer.

    That is a lead which the other one gave back shortly before the end.
    """
    firms = [stage.named(name).organisation_id for name in sorted(PROTECTED)]
    seen = [open_offers(firm) for firm in firms]
    for lead_id in sorted(seen[0] ^ seen[1]):
        with circumstances.under(channel="web", actor_id=stage.manager.id):
            offers.withdraw(lead_id, at)
        react(at)


def open_offers(organisation_id: int) -> set[int]:
    """Return the leads on offer to a firm."""
    return set(
        session().scalars(
            select(Offer.lead_id)
            .join(Lead, (Lead.id == Offer.lead_id) & (Lead.round == Offer.round))
            .where(
                Offer.organisation_id == organisation_id,
                Offer.declined_at.is_(None),
                Lead.state == LeadState.OFFERED,
            )
        )
    )


def settle_past_mails(at: datetime) -> None:
    """Note mails as sent when they were written; those of the last day really go out."""
    values: dict[str, Any] = {"status": "sent", "attempts": 1, "sent_at": OutgoingEmail.created_at}
    session().execute(
        update(OutgoingEmail)
        .where(OutgoingEmail.status == "queued", OutgoingEmail.created_at < at - MAILS_STAY)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
