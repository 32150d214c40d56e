"""Who lost a lead may wait for it, hears first should it come back, and has it alone a while."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.models import Organisation
from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.core.errors import NotFound
from portal.core.events import EventRow
from portal.core.jobs import run_now
from portal.deadlines.queries import get_policy
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads.models import Lead, LeadState
from portal.leads.operations import suppress
from portal.offers import operations as offers
from portal.offers import places, queries
from portal.offers.models import Offer, StandBy
from portal.offers.queries import Filters
from portal.offers.rules import AlreadyTaken, NothingToWaitFor
from portal.partners.models import Absence, Partner
from portal.pickup import operations as pickup
from tests.factories import AT, CONTACT, last_round, make_offered_lead, make_partner, make_person

LATER = AT + timedelta(hours=1)
BACK = AT + timedelta(hours=2)
IN_HEAD_START = BACK + timedelta(hours=1)
AFTER = BACK + timedelta(hours=4)


def actor_of(user):
    return get_actor(user.id)


def recorded(name, lead):
    """Return the data of all events of a name about a lead."""
    return list(
        session().scalars(
            select(EventRow.data)
            .where(EventRow.name == name, EventRow.lead_id == lead.id)
            .order_by(EventRow.id)
        )
    )


def sees(user, at):
    """Return the numbers of the leads that a person finds under Available."""
    page = queries.available(actor_of(user), at, 1, Filters())
    return [row.number for row in page.items]


class Story:
    """Alice has picked up a lead that Bob and Carol were offered, too."""

    def __init__(self, **over):
        self.alice, self.bob, self.carol = make_person(), make_person(), make_person()
        self.lead = make_offered_lead(**over)
        self.held = pickup.claim(self.lead.id, actor_of(self.alice), LATER).pickup_id

    def waits(self, user, at=LATER):
        offers.stand_by(self.lead.id, actor_of(user), at)

    def comes_back(self, at=BACK):
        pickup.give_back(self.held, "duplicate", None, actor_of(self.alice), at)

    def picks(self, user, at):
        return pickup.claim(self.lead.id, actor_of(user), at).pickup_id

    def place(self, user, at=IN_HEAD_START):
        return places.find_place(self.lead.id, actor_of(user), at)

    @property
    def round(self):
        return last_round(self.lead)

    def dispatch(self, at):
        run_now("core.dispatch", {"here": True}, at)


@pytest.fixture
def story(ctx: Flask) -> Story:
    return Story()


def test_who_lost_may_wait_and_saying_so_twice_is_one_place(story):
    assert story.place(story.bob).may_wait
    story.waits(story.bob)
    story.waits(story.bob)
    assert story.place(story.bob).waits
    assert not story.place(story.bob).may_wait
    assert len(recorded("StoodBy", story.lead)) == 1
    assert places.count_waiting(story.lead.id) == 1


def test_who_does_not_wait_any_more_hears_with_the_others(story):
    story.waits(story.bob)
    offers.leave(story.lead.id, actor_of(story.bob), LATER)
    offers.leave(story.lead.id, actor_of(story.bob), LATER)
    assert len(recorded("StandByLeft", story.lead)) == 1
    story.comes_back()
    assert story.lead.number in sees(story.carol, BACK)
    assert recorded("StandByHeard", story.lead) == []


def test_nobody_waits_for_what_he_holds_nor_for_what_a_colleague_holds(story):
    colleague = make_person(session().get_one(Organisation, story.alice.organisation_id))
    for user in (story.alice, colleague):
        with pytest.raises(NothingToWaitFor):
            story.waits(user)


def test_nobody_waits_for_a_lead_that_stands_on_offer(ctx: Flask):
    bob = make_person()
    lead = make_offered_lead()
    with pytest.raises(NothingToWaitFor):
        offers.stand_by(lead.id, actor_of(bob), LATER)


def test_a_firm_that_never_saw_the_lead_cannot_wait_for_it(story):
    stranger = make_person(make_partner(territories=["US"], country="US", subdivision=None))
    with pytest.raises(NotFound):
        story.waits(stranger)


def test_who_stood_by_hears_first_and_alone_sees_a_lead_that_was_given_back(story):
    story.waits(story.bob)
    story.comes_back()
    assert [data["user_id"] for data in recorded("StandByHeard", story.lead)] == [story.bob.id]
    assert sees(story.bob, IN_HEAD_START) == [story.lead.number]
    assert sees(story.carol, IN_HEAD_START) == []
    assert story.round.head_start_until == AFTER


def test_the_news_for_who_stood_by_comes_before_that_for_all(story):
    story.waits(story.bob)
    story.comes_back()
    names = session().scalars(
        select(EventRow.name).where(EventRow.lead_id == story.lead.id).order_by(EventRow.id)
    )
    told = [name for name in names if name in ("StandByHeard", "LeadOffered")]
    assert told == ["LeadOffered", "StandByHeard", "LeadOffered"]


def test_the_claim_of_a_firm_that_did_not_wait_is_refused_during_the_head_start(story):
    story.waits(story.bob)
    story.comes_back()
    with pytest.raises(AlreadyTaken):
        story.picks(story.carol, IN_HEAD_START)
    with pytest.raises(AlreadyTaken):
        story.picks(story.carol, AFTER - timedelta(seconds=1))
    story.picks(story.carol, AFTER)


def test_a_firm_that_is_new_in_the_round_does_not_find_the_lead_before_its_time(story):
    story.waits(story.bob)
    newcomer = make_person()
    story.comes_back()
    with pytest.raises(NotFound):
        story.picks(newcomer, IN_HEAD_START)
    assert not queries.was_offered(story.lead.id, actor_of(newcomer), IN_HEAD_START)
    assert queries.find_card(story.lead.id, actor_of(newcomer), IN_HEAD_START) is None
    story.picks(newcomer, AFTER)


def test_who_stood_by_picks_during_the_head_start(story):
    story.waits(story.bob)
    story.comes_back()
    story.picks(story.bob, IN_HEAD_START)
    held = session().get_one(Lead, story.lead.id, populate_existing=True)
    assert held.holder_id == story.bob.id


def test_the_others_see_it_by_the_date_even_if_no_worker_runs(story):
    story.waits(story.bob)
    story.comes_back()
    assert sees(story.carol, AFTER) == [story.lead.number]


def test_it_is_told_once_that_the_others_may_see_it(story):
    story.waits(story.bob)
    story.comes_back()
    run_now("offers.open_rings", at=IN_HEAD_START)
    assert recorded("OfferVisible", story.lead) == []
    for minutes in (0, 1, 4000):
        run_now("offers.open_rings", at=AFTER + timedelta(minutes=minutes))
    [data] = recorded("OfferVisible", story.lead)
    assert data["organisation_ids"] == [story.carol.organisation_id]
    assert data["round_id"] == story.round.id
    assert not story.place(story.bob, AFTER).waits


def test_nothing_is_told_where_it_was_picked_up_during_the_head_start(story):
    story.waits(story.bob)
    story.comes_back()
    story.picks(story.bob, IN_HEAD_START)
    run_now("offers.open_rings", at=AFTER)
    assert recorded("OfferVisible", story.lead) == []


def test_without_anybody_waiting_all_see_it_at_once(story):
    story.comes_back()
    assert story.round.head_start_until is None
    assert sees(story.bob, BACK) == sees(story.carol, BACK) == [story.lead.number]


def test_where_all_that_are_left_stood_by_there_is_no_head_start(story):
    story.waits(story.bob)
    story.waits(story.carol)
    story.comes_back()
    assert story.round.head_start_until is None
    assert len(recorded("StandByHeard", story.lead)) == 2
    assert sees(story.bob, BACK) == sees(story.carol, BACK) == [story.lead.number]


def test_a_head_start_takes_half_of_a_short_offer_at_most(story):
    story.waits(story.bob)
    get_policy().stand_by_hours = 1000
    story.comes_back()
    assert story.round.head_start_until - BACK == (story.round.ends_at - BACK) / 2


def test_a_policy_of_no_hours_gives_no_head_start(story):
    story.waits(story.bob)
    get_policy().stand_by_hours = 0
    story.comes_back()
    assert sees(story.carol, BACK) == [story.lead.number]


def test_who_gave_it_back_neither_hears_nor_waits(story):
    story.waits(story.bob)
    story.comes_back()
    assert sees(story.alice, AFTER) == []
    story.picks(story.bob, IN_HEAD_START)
    with pytest.raises(NothingToWaitFor):
        offers.stand_by(story.lead.id, actor_of(story.alice), IN_HEAD_START)


def test_a_firm_that_declined_neither_hears_nor_waits(ctx: Flask):
    alice, bob = make_person(), make_person()
    make_person()
    lead = make_offered_lead()
    offers.decline(lead.id, "no_capacity", actor_of(bob), AT)
    held = pickup.claim(lead.id, actor_of(alice), LATER).pickup_id
    with pytest.raises(NothingToWaitFor):
        offers.stand_by(lead.id, actor_of(bob), LATER)
    pickup.give_back(held, "duplicate", None, actor_of(alice), BACK)
    assert sees(bob, AFTER) == []


def test_who_said_not_for_me_does_not_wait_though_a_colleague_may(ctx: Flask):
    alice, bob = make_person(), make_person()
    betty = make_person(session().get_one(Organisation, bob.organisation_id))
    lead = make_offered_lead()
    offers.decline(lead.id, "no_capacity", actor_of(bob), AT)
    pickup.claim(lead.id, actor_of(alice), LATER)
    with pytest.raises(NothingToWaitFor):
        offers.stand_by(lead.id, actor_of(bob), LATER)
    offers.stand_by(lead.id, actor_of(betty), LATER)


def test_declining_during_the_head_start_ends_the_place_and_opens_the_lead_to_all(story):
    story.waits(story.bob)
    story.comes_back()
    offers.decline(story.lead.id, "no_capacity", actor_of(story.bob), IN_HEAD_START)
    assert sees(story.carol, IN_HEAD_START) == [story.lead.number]
    [data] = recorded("OfferVisible", story.lead)
    assert data["organisation_ids"] == [story.carol.organisation_id]
    run_now("offers.open_rings", at=AFTER)
    assert len(recorded("OfferVisible", story.lead)) == 1
    assert places.count_waiting(story.lead.id) == 0


def test_who_was_too_late_again_may_wait_again(story):
    story.waits(story.bob)
    story.comes_back()
    second = story.picks(story.carol, AFTER)
    assert story.place(story.bob, AFTER).may_wait
    story.waits(story.bob, AFTER)
    story.dispatch(AFTER + timedelta(minutes=1))
    assert story.place(story.bob, AFTER).waits
    again = AFTER + timedelta(hours=1)
    pickup.give_back(second, "duplicate", None, actor_of(story.carol), again)
    assert len(recorded("StandByHeard", story.lead)) == 2


def test_a_pick_ends_the_places_that_it_settles(story):
    story.waits(story.bob)
    story.comes_back()
    story.picks(story.bob, IN_HEAD_START)
    story.dispatch(IN_HEAD_START + timedelta(minutes=1))
    outcomes = session().scalars(select(StandBy.outcome)).all()
    assert outcomes == ["heard"]


def test_who_could_not_be_asked_hears_first_when_it_is_offered_once_more(story):
    """Bob's firm pauses when the lead comes back; the round lapses, and then it is his turn."""
    story.waits(story.bob)
    bobs = session().get_one(Partner, story.bob.organisation_id)
    bobs.suspended_until = BACK + timedelta(hours=1)
    story.comes_back()
    assert sees(story.carol, BACK) == [story.lead.number]
    assert recorded("StandByHeard", story.lead) == []
    lapsed = story.round.ends_at
    run_now("offers.end_rounds", at=lapsed)
    assert [data["user_id"] for data in recorded("StandByHeard", story.lead)] == [story.bob.id]
    assert sees(story.bob, lapsed) == [story.lead.number]
    assert sees(story.carol, lapsed) == []


def test_who_heard_and_let_it_lapse_is_not_first_again(story):
    story.waits(story.bob)
    story.comes_back()
    lapsed = story.round.ends_at
    run_now("offers.end_rounds", at=lapsed)
    assert sees(story.bob, lapsed) == sees(story.carol, lapsed) == [story.lead.number]
    assert len(recorded("StandByHeard", story.lead)) == 1


def test_who_is_away_keeps_the_place_for_another_time(story):
    story.waits(story.bob)
    session().add(
        Absence(
            organisation_id=story.bob.organisation_id,
            user_id=story.bob.id,
            starts_on=BACK.date(),
            ends_on=BACK.date(),
        )
    )
    story.comes_back()
    assert recorded("StandByHeard", story.lead) == []
    assert sees(story.carol, BACK) == [story.lead.number]
    assert story.place(story.bob, BACK).waits


def test_who_has_left_or_may_not_pick_any_more_does_not_hear(story):
    story.waits(story.bob)
    story.waits(story.carol)
    story.bob.active = False
    story.carol.roles = ["partner_manager"]
    story.comes_back()
    assert recorded("StandByHeard", story.lead) == []
    assert story.round.head_start_until is None


def test_taking_the_lead_off_the_market_leaves_the_place_for_its_next_offer(story):
    story.waits(story.bob)
    story.comes_back()
    offers.withdraw(story.lead.id, IN_HEAD_START)
    assert story.place(story.bob).waits
    run_now("offers.open_rings", at=AFTER)
    assert recorded("OfferVisible", story.lead) == []
    offers.offer(story.lead.id, AFTER)
    assert len(recorded("StandByHeard", story.lead)) == 2
    assert sees(story.bob, AFTER) == [story.lead.number]
    assert sees(story.carol, AFTER) == []


@pytest.mark.parametrize("how", ["won", "lost"])
def test_a_place_ends_with_the_lead_and_comes_back_if_the_answer_is_taken_back(story, how):
    story.waits(story.bob)
    answer = (
        Answer("won", value=1000)
        if how == "won"
        else Answer("lost", reason="no_budget", decision_maker="The board")
    )
    given = feedback.give(story.held, answer, actor_of(story.alice), BACK)
    story.dispatch(BACK + timedelta(minutes=1))
    assert places.count_waiting(story.lead.id) == 0
    assert recorded("StandBysEnded", story.lead) == [{"user_ids": [story.bob.id]}]
    feedback.take_back(given.id, actor_of(story.alice), IN_HEAD_START)
    story.dispatch(IN_HEAD_START + timedelta(minutes=1))
    assert story.place(story.bob).waits


def test_nobody_waits_for_a_lead_that_has_ended(story):
    feedback.give(story.held, Answer("won", value=1000), actor_of(story.alice), BACK)
    with pytest.raises(NothingToWaitFor):
        story.waits(story.bob, BACK)


def test_a_place_ends_where_the_contact_asked_not_to_be_approached(story):
    story.waits(story.bob)
    story.comes_back()
    suppress([f"email:{CONTACT['email']}"], "do_not_call", IN_HEAD_START)
    story.dispatch(IN_HEAD_START + timedelta(minutes=1))
    found = session().get_one(Lead, story.lead.id, populate_existing=True)
    assert found.state == LeadState.RETURNED
    assert places.count_waiting(story.lead.id) == 0
    run_now("offers.open_rings", at=AFTER)
    assert recorded("OfferVisible", story.lead) == []


def test_a_place_ends_on_the_board_too_where_the_contact_asked_not_to_be_approached(story):
    story.waits(story.bob)
    for user in (story.bob, story.carol):
        session().get_one(Partner, user.organisation_id).suspended_until = AFTER
    story.comes_back()
    assert session().get_one(Lead, story.lead.id, populate_existing=True).state == "returned"
    assert places.count_waiting(story.lead.id) == 1
    suppress([f"email:{CONTACT['email']}"], "do_not_call", IN_HEAD_START)
    story.dispatch(IN_HEAD_START + timedelta(minutes=1))
    assert recorded("StandBysEnded", story.lead) == [{"user_ids": [story.bob.id]}]


def test_no_offer_of_another_firm_changes_when_one_firm_waits(story):
    story.waits(story.bob)
    story.comes_back()
    lines = session().execute(
        select(Offer.organisation_id, Offer.visible_from, Offer.ends_at).where(
            Offer.round_id == story.round.id
        )
    )
    assert {line.organisation_id: line.visible_from for line in lines} == {
        story.bob.organisation_id: BACK,
        story.carol.organisation_id: AFTER,
    }
