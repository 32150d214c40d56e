"""A lead is handed on by two managers, answered and given back, all at one moment."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest

from portal.accounts import operations as accounts
from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.errors import DomainError
from portal.partners.models import Partner
from portal.pickup.reassign import hand_on_all, reassign
from tests.factories import make_offered_lead, make_partner, make_person
from tests.live import at_once
from tests.races.test_first_come import (
    WON,
    assert_house_in_order,
    events_of,
    hold,
    pickups_of,
)

NOT_HERS = (409, "not_yours_any_more")


@pytest.fixture
def firm(live):
    return make_partner(capacity=100, rep_capacity=100)


def crew(firm):
    """Make two managers and three reps."""
    managers = [make_person(firm, "partner_manager") for _ in range(2)]
    return managers, [make_person(firm) for _ in range(3)]


def hands_on(browser, pickup_id, to, held_by):
    return partial(browser.post, f"/pickups/{pickup_id}/holder", to=to.id, held_by=held_by.id)


def test_of_two_managers_who_hand_a_lead_on_at_once_one_does_and_one_is_told(live, firm):
    managers, (alice, alan, thea) = crew(firm)
    tabs = live.signed_in(*managers)
    for _ in range(6):
        lead_id = make_offered_lead(at=clock.now()).id
        held = hold(live, lead_id, alice, answered=True)
        answers = at_once(
            hands_on(tabs[0], held, alan, alice), hands_on(tabs[1], held, thea, alice)
        )
        assert sorted(answer.status for answer in answers) == [303, 409]
        winner = (alan, thea)[[answer.status for answer in answers].index(303)]
        assert [row.user_id for row in pickups_of(live, lead_id)] == [winner.id]
        assert events_of(live, lead_id, "LeadReassigned") == 1
    assert_house_in_order(live)


def test_handing_on_an_answer_and_a_give_back_leave_one_holder_or_a_lead_on_offer(live, firm):
    (anna, _), (alice, alan, _) = crew(firm)
    make_person(make_partner(capacity=100))
    boss, hers, too = live.signed_in(anna, alice, alice)
    seen = Counter()
    for _ in range(8):
        lead_id = make_offered_lead(at=clock.now()).id
        held = hold(live, lead_id, alice)
        handed, answered, given = at_once(
            hands_on(boss, held, alan, alice),
            partial(hers.post, f"/pickups/{held}/feedback", status="waiting"),
            partial(too.post, f"/pickups/{held}/give-back", reason="duplicate"),
        )
        assert 500 not in {handed.status, answered.status, given.status}
        [row, *more] = pickups_of(live, lead_id)
        assert not more
        # whoever stood in line behind a hand-on is told that a colleague has it
        for late in (answered, given):
            assert late.verdict in (WON, NOT_HERS)
        if given.verdict == WON:
            assert row.ended_at is not None
        else:
            assert (handed.status, row.user_id, row.ended_at) == (303, alan.id, None)
        seen[handed.status, answered.status, given.status] += 1
        if row.ended_at is None:
            live.do(partial(give_up, alan, anna))
    assert_house_in_order(live)


def give_up(holder, manager):
    hand_on_all(holder.id, holder.organisation_id, None, get_actor(manager.id), clock.now())


def test_a_colleague_with_one_hand_free_is_handed_one_of_two_leads(live):
    firm = make_partner(capacity=100, rep_capacity=2)
    managers, (alice, alan, _) = crew(firm)
    tabs = live.signed_in(*managers)
    for _ in range(4):
        first, second = (make_offered_lead(at=clock.now()).id for _ in range(2))
        one = hold(live, first, alice, answered=True)
        two = hold(live, second, alice, answered=True)
        live.do(partial(bound, firm.id, 1))
        answers = at_once(hands_on(tabs[0], one, alan, alice), hands_on(tabs[1], two, alan, alice))
        assert sorted(answer.status for answer in answers) == [303, 409]
        live.do(partial(bound, firm.id, 2))
        for person in (alice, alan):
            live.do(partial(give_up, person, managers[0]))
    assert_house_in_order(live)


def bound(firm_id, most):
    session().get_one(Partner, firm_id).rep_capacity = most


def test_nobody_who_leaves_in_this_moment_is_left_with_a_lead(live, firm):
    (anna, _), (alice, *_) = crew(firm)

    def leaves(user):
        hand_on_all(user.id, user.organisation_id, alice.id, get_actor(anna.id), clock.now())
        accounts.deactivate(session().get_one(User, user.id), clock.now())

    def hands(held, user):
        try:
            reassign(held, user.id, get_actor(anna.id), clock.now())
        except DomainError as refusal:
            return refusal.code
        return "done"

    for _ in range(6):
        lead_id = make_offered_lead(at=clock.now()).id
        leaver = make_person(firm)
        held = hold(live, lead_id, alice, answered=True)
        said, _ = at_once(partial(live.do, hands, held, leaver), partial(live.do, leaves, leaver))
        assert said in ("done", "invalid")
        assert [row.user_id for row in pickups_of(live, lead_id)] == [alice.id]
    assert_house_in_order(live)


def test_a_plan_and_a_win_at_once_leave_no_closed_lead_with_something_planned(live, firm):
    (anna, _), (alice, *_) = crew(firm)
    boss, hers = live.signed_in(anna, alice)
    call = {"kind": "call", "text": "Ask again.", "due_on": "2099-01-31", "done": "0"}
    for _ in range(8):
        lead_id = make_offered_lead(at=clock.now()).id
        held = hold(live, lead_id, alice, answered=True)
        planned, won = at_once(
            partial(boss.post, f"/leads/{lead_id}/activities", **call),
            partial(hers.post, f"/pickups/{held}/feedback", status="won", value="1000"),
        )
        # whoever is second is refused: the win with what is planned, or the plan on a closed lead
        assert sorted((planned.status, won.status)) == [303, 409]
        happened = [events_of(live, lead_id, name) for name in ("ActivityEntered", "LeadWon")]
        assert happened == [planned.status == 303, won.status == 303]
    assert_house_in_order(live)
