"""No sequence of actions brings a lead to where the active definition does not let it be.

Steps of both sides are drawn at random, and so is what the definition leaves out. After every step
the rows are asked: may the change of status be, and do states, pickups, rounds and plans agree?
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Step
from hypothesis import strategies as st
from sqlalchemy import delete, select, text

from portal.accounts.queries import get_actor
from portal.core.db import db, session
from portal.core.errors import DomainError
from portal.feedback import actions, again
from portal.feedback import operations as feedback
from portal.feedback.action_rules import Action
from portal.feedback.models import Feedback
from portal.feedback.rules import Answer
from portal.leads import activities, labels
from portal.leads import operations as leads
from portal.leads.models import Lead, LeadStatus, LeadTransition
from portal.offers import operations as offers
from portal.pickup import operations as pickup
from portal.timeline.rules import Entry
from tests.factories import AT, make_manager, make_offered_lead, make_partner, make_person

HOUR = timedelta(hours=1)
KEYS = ("new", "not_contacted", "waiting", "proposal", "won", "lost", "cancelled")


class House:
    """A lead on offer to two firms, by name; everything is asked of the database anew."""

    def __init__(self):
        self.people = {
            "rep": make_person(make_partner()).id,
            "other": make_person(make_partner()).id,
            "manager": make_manager().id,
        }
        self.lead_id = make_offered_lead(at=AT).id
        session().flush()

    def lead(self):
        return session().get(Lead, self.lead_id, populate_existing=True)

    def person(self, who, standing):
        if who == "holder":
            return standing.holder_id or self.people["rep"]
        return self.people[who]

    def held(self):
        asked = text("SELECT id FROM pickups WHERE lead_id = :id AND ended_at IS NULL")
        return session().scalar(asked, {"id": self.lead_id}) or 0


def qualify(house, actor, at):
    leads.qualify(house.lead_id, actor, at)


def offer(house, actor, at):
    offers.offer(house.lead_id, at)


def withdraw(house, actor, at):
    offers.withdraw(house.lead_id, at)


def pick(house, actor, at):
    pickup.claim(house.lead_id, actor, at)


def give_back(house, actor, at):
    pickup.give_back(house.held(), "other", None, actor, at)


def answer(status, **said):
    def deed(house, actor, at):
        feedback.give(house.held(), Answer(status, **said), actor, at)

    deed.__name__ = status
    return deed


def take_back(house, actor, at):
    last = select(Feedback.id).order_by(Feedback.id.desc()).limit(1)
    feedback.take_back(session().scalar(last) or 0, actor, at)


def ours_back(house, actor, at):
    again.take_back(house.lead_id, actor, at)


def revive(house, actor, at):
    again.revive(house.lead_id, actor, at)


def ours(action, **said):
    status = {"win": "won", "lose": "lost", "cancel": "cancelled"}.get(action)

    def deed(house, actor, at):
        if status is not None:
            actions.finish(action, house.lead_id, Answer(status, **said), actor, at)
        else:
            verb = {"begin": actions.begin, "put-back": actions.put_back}.get(action)
            (verb or actions.delete_lead)(house.lead_id, actor, at)

    deed.__name__ = f"ours_{action}"
    return deed


def plan(house, actor, at):
    due = at + timedelta(days=30)
    activities.enter(house.lead(), Entry("call", "Ask again", due), done=False, actor=actor, at=at)


def label(house, actor, at):
    for one in labels.list_labels(house.lead(), actor):
        labels.change_label(house.lead_id, one.key, actor, at)


WON = {"value": Decimal(1000)}
LOST = {"reason": "price", "decision_maker": "The board"}
REPORTS = (
    *(answer("not_contacted"), answer("waiting"), answer("proposal"), answer("lost", **LOST)),
    *(answer("won", **WON), answer("won", settles=True, **WON), give_back),
)
ENDINGS = (
    *(ours(Action.WIN, **WON), ours(Action.WIN, settles=True, **WON)),
    *(ours(Action.LOSE, **LOST), ours(Action.CANCEL, settles=True, reason="by_mistake")),
)
OURS = (*ENDINGS, ours(Action.BEGIN), ours(Action.PUT_BACK), ours(Action.DELETE), offer, withdraw)
# what suits a lead as it stands; anything may be tried anyway
SUITS = {
    "qualified": [(offer, "manager"), (ours(Action.BEGIN), "manager")],
    "returned": [(ours(Action.BEGIN), "manager")],
    "offered": [(pick, "rep"), (pick, "other"), (pick, "rep"), (withdraw, "manager")],
    "held": [
        *((deed, "holder") for deed in (*REPORTS, plan, label)),
        *((deed, "manager") for deed in (*ENDINGS, plan)),
    ],
    "direct": [(deed, "manager") for deed in (*ENDINGS, ours(Action.PUT_BACK), plan, label)],
    "closed": [(take_back, "holder"), (ours_back, "manager"), (revive, "manager")],
    "captured": [(qualify, "manager")],
}
ANYTHING = [
    (deed, who)
    for deed in (*REPORTS, *OURS, pick, take_back, ours_back, revive, plan, label)
    for who in ("rep", "manager")
]


def next_of(state, number):
    """Return the step that a number stands for: three of four suit the state."""
    chosen = ANYTHING if number % 4 == 3 else SUITS.get(state, ANYTHING)
    return chosen[number // 4 % len(chosen)]


BACK = (take_back, ours_back, revive)
LIFE = {"held": "in_progress", "direct": "in_progress"}
FACTS = text(
    """
    SELECT l.state, l.closed_at, l.holder_id, s.key AS status, s.id AS status_id, s.life_state,
      (SELECT count(*) FROM pickups p WHERE p.lead_id = l.id AND p.ended_at IS NULL) AS held,
      (SELECT count(*) FROM offer_rounds r WHERE r.lead_id = l.id AND r.ended_at IS NULL) AS open,
      (SELECT count(*) FROM activities a WHERE a.subject = 'lead' AND a.subject_id = l.id
         AND a.done_at IS NULL AND a.cancelled_at IS NULL AND a.planned_for IS NOT NULL) AS planned,
      (SELECT coalesce(sum(open_pickups), 0) FROM partner_figures) AS counted
    FROM leads l JOIN lead_statuses s ON s.id = l.status_id WHERE l.id = :id
    """
)
ALLOWED = select(LeadTransition).where(
    LeadTransition.from_status_id == text(":before"), LeadTransition.to_status_id == text(":after")
)


def complaints(before, now, back):
    """Yield what is wrong with how a lead stands after a step; `back`: an ended one goes on."""
    allowed = session().scalar(ALLOWED, {"before": before.status_id, "after": now.status_id})
    if before.status != now.status and allowed is None and not back:
        yield f"{before.status} → {now.status} is not part of the definition"
    closed = now.state == "closed"
    if closed != (now.life_state in ("won", "lost", "cancelled")):
        yield f"{now.state} is {now.life_state}"
    if not closed and now.life_state != LIFE.get(now.state, "pending"):
        yield f"{now.state} is {now.life_state}"
    if closed != (now.closed_at is not None):
        yield "closed without its moment, or open with one"
    if now.held != (now.state == "held") or now.counted != now.held:
        yield f"{now.state} with {now.held} open pickups, {now.counted} counted"
    if now.open != (now.state == "offered"):
        yield f"{now.state} with {now.open} open rounds"
    if now.life_state == "cancelled" and now.holder_id is not None:
        yield "cancelled, and somebody holds it"
    if closed and before.state == "direct" and now.planned:
        # of a held one what the other side has planned may stay
        yield "closed with something planned"


@pytest.fixture
def house(ctx):
    made = House()
    # what an example does is taken back; what it starts from stays
    db.session.commit()
    return made


@settings(
    max_examples=10,
    # the others trace every line, which takes ten times as long
    phases=(Step.generate, Step.shrink),
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    missing=st.sets(st.tuples(st.sampled_from(KEYS), st.sampled_from(KEYS)), max_size=4),
    steps=st.lists(st.integers(0, 999), min_size=8, max_size=16),
)
def test_no_sequence_of_actions_leads_where_the_definition_does_not(house, missing, steps):
    before = db.engines[None].begin_nested()
    at, done = AT, []
    try:
        ids = {one.key: one.id for one in session().scalars(select(LeadStatus))}
        for a, b in missing:
            session().execute(
                delete(LeadTransition).where(
                    LeadTransition.from_status_id == ids[a], LeadTransition.to_status_id == ids[b]
                )
            )
        was = session().execute(FACTS, {"id": house.lead_id}).one()
        for number in steps:
            at += HOUR
            deed, who = next_of(was.state, number)
            try:
                with session().begin_nested():
                    deed(house, get_actor(house.person(who, was)), at)
            except DomainError:
                continue
            session().flush()
            done.append(f"{deed.__name__}({who})")
            now = session().execute(FACTS, {"id": house.lead_id}).one_or_none()
            if now is None:
                break
            wrong = list(complaints(was, now, deed in BACK))
            assert not wrong, "\n".join([*sorted(map(str, missing)), *done, *wrong])
            was = now
    finally:
        db.session.remove()
        before.rollback()
