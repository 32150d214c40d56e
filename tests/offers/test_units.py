"""Leads for the vendor's own people: offered to a unit, picked up under the same claim and gate."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.accounts import tree
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.desk import live
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads import contacts
from portal.leads.models import Lead, LeadState
from portal.notifications.queries import list_offered
from portal.offers import operations as offers
from portal.offers import places, queries
from portal.offers.models import OfferRound
from portal.offers.rules import AlreadyTaken, NotReady
from portal.pickup import operations as pickup
from portal.pickup import queries as pickups
from portal.pickup.queries import STAFF_MAY_HOLD
from portal.pickup.rules import CapacityReached, Colour, FeedbackOwed
from tests.factories import (
    AT,
    answer_questions,
    csrf_of,
    factory,
    make_lead,
    make_manager,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

LATER = AT + timedelta(hours=1)


@factory
def unit_of(name, parent=None):
    return tree.save_unit(make_vendor(), name, AT, parent_id=parent.id if parent else None)


class Sales:
    """Digital sales with a team below it, and tele-sales beside it."""

    def __init__(self, at=AT):
        self.at = at
        self.digital, self.tele = unit_of("Digital sales"), unit_of("Tele-sales")
        self.north = unit_of("North", self.digital)
        self.dana, self.nils, self.tessa = (
            make_person(make_vendor(), "direct_sales", unit_id=unit.id, name=name)
            for unit, name in (
                (self.digital, "Dana"),
                (self.north, "Nils"),
                (self.tele, "Tessa"),
            )
        )
        self.rep = make_person()

    def lead(self, unit=None, **over):
        return offered_to(unit or self.digital, self.at, **over)


@factory
def offered_to(unit, at, **over):
    lead = make_lead(at=at, **over)
    answer_questions(lead)
    offers.offer_to_unit(lead.id, unit.id, 72, at)
    return lead


@pytest.fixture
def sales(ctx):
    return Sales()


def actor_of(user):
    return get_actor(user.id)


def sees(user, lead):
    actor = actor_of(user)
    listed = [row.id for row in queries.available(actor, LATER, 1, queries.Filters()).items]
    found = queries.find_card(lead.id, actor, LATER) is not None
    assert found == (lead.id in listed)
    assert queries.count_available(actor, LATER).total == len(listed)
    assert queries.was_offered(lead.id, actor, LATER) == found
    return found


def test_the_people_of_the_unit_and_of_those_below_it_see_the_lead(sales):
    lead = sales.lead()
    assert [sees(user, lead) for user in (sales.dana, sales.nils)] == [True, True]
    assert [sees(user, lead) for user in (sales.tessa, sales.rep)] == [False, False]
    below = sales.lead(sales.north)
    assert [sees(user, below) for user in (sales.dana, sales.nils)] == [False, True]


def test_the_first_of_them_to_pick_it_up_holds_it_and_reads_who_to_call(sales):
    lead = sales.lead()
    pickup.claim(lead.id, actor_of(sales.nils), LATER)
    held = session().get_one(Lead, lead.id, populate_existing=True)
    assert (held.state, held.holder_id) == (LeadState.HELD, sales.nils.id)
    assert contacts.may_see_contact(held, actor_of(sales.nils))
    assert not contacts.may_see_contact(held, actor_of(sales.dana))
    with pytest.raises(AlreadyTaken):
        pickup.claim(lead.id, actor_of(sales.dana), LATER)
    (mine,) = pickups.list_mine(actor_of(sales.nils))
    assert mine[1].id == lead.id


@pytest.mark.parametrize("name", ["tessa", "rep"])
def test_for_everybody_else_there_is_no_such_offer(sales, name):
    lead, other = sales.lead(), actor_of(getattr(sales, name))
    for refused in (
        lambda: pickup.claim(lead.id, other, LATER),
        lambda: offers.decline(lead.id, "too_far", other, LATER),
        lambda: offers.take_back_decline(lead.id, other, LATER),
        lambda: offers.stand_by(lead.id, other, LATER),
    ):
        with pytest.raises(NotFound):
            refused()
    assert places.find_place(lead.id, other, LATER) is None
    assert session().get_one(Lead, lead.id, populate_existing=True).state == LeadState.OFFERED


def test_who_owes_an_answer_gives_it_first_and_her_colleague_picks(sales):
    first, second = sales.lead(), sales.lead()
    dana = actor_of(sales.dana)
    held = pickup.claim(first.id, dana, LATER)
    with pytest.raises(FeedbackOwed):
        pickup.claim(second.id, dana, LATER)
    late = LATER + timedelta(days=20)
    assert pickups.position_of(dana, late).gate.colour == Colour.RED
    assert pickups.position_of(actor_of(sales.nils), late).gate.colour == Colour.GREEN
    feedback.give(held.pickup_id, Answer("waiting"), dana, LATER)
    assert not pickup.claim(second.id, dana, LATER).again


def test_nobody_holds_more_than_is_agreed(sales):
    dana = actor_of(sales.dana)
    for _number in range(STAFF_MAY_HOLD):
        held = pickup.claim(sales.lead().id, dana, LATER)
        feedback.give(held.pickup_id, Answer("waiting"), dana, LATER)
    with pytest.raises(CapacityReached):
        pickup.claim(sales.lead().id, dana, LATER)


def test_what_is_given_back_stands_on_the_board_and_may_go_to_partners(sales):
    lead, dana = sales.lead(), actor_of(sales.dana)
    held = pickup.claim(lead.id, dana, LATER)
    pickup.give_back(held.pickup_id, "no_capacity", None, dana, LATER)
    back = session().get_one(Lead, lead.id, populate_existing=True)
    assert back.state == LeadState.RETURNED
    assert not contacts.may_see_contact(back, dana)
    offers.offer(lead.id, LATER)
    assert sees(sales.rep, lead)
    assert queries.find_card(lead.id, dana, LATER) is None


def test_a_deal_is_won_by_the_vendor_itself(sales):
    lead, dana = sales.lead(), actor_of(sales.dana)
    held = pickup.claim(lead.id, dana, LATER)
    feedback.give(held.pickup_id, Answer("won", value=1000), dana, LATER)
    assert session().get_one(Lead, lead.id, populate_existing=True).state == LeadState.CLOSED


def test_the_race_is_over_once_all_it_is_for_have_said_no(sales):
    lead = sales.lead()
    assert not offers.decline(lead.id, "too_far", actor_of(sales.dana), LATER)
    assert offers.decline(lead.id, "too_far", actor_of(sales.nils), LATER)
    assert session().scalar(select(OfferRound.outcome)) == "declined"


def test_only_those_it_is_for_are_written_to_and_hear_of_it(sales):
    lead = sales.lead()
    opened = session().scalars(select(OfferRound).where(OfferRound.lead_id == lead.id)).one()
    told = {user.id for user, _offer in list_offered(lead.id, opened.id, LATER)}
    assert told == {sales.dana.id, sales.nils.id}
    letters = live.address([{"kind": "offer", "lead": lead.id}])
    heard = [
        bool(live.topics_of(actor_of(user)) & letters[0].topics)
        for user in (sales.dana, sales.nils, sales.tessa, sales.rep)
    ]
    assert heard == [True, True, False, False]


def test_a_direct_lead_goes_to_no_partner_s_unit_nor_to_one_without_anybody_who_picks(sales):
    lead = make_lead()
    answer_questions(lead)
    foreign = tree.save_unit(make_partner(), "Sales", AT)
    empty = unit_of("Brand team")
    for unit_id in (None, foreign.id, empty.id, 987_654_321):
        with pytest.raises(Invalid) as refused:
            offers.offer_to_unit(lead.id, unit_id, 72, AT)
        assert list(refused.value.errors) == ["unit_id"]
    with pytest.raises(NotReady):
        offers.offer_to_unit(sales.lead().id, sales.digital.id, 72, AT)


def test_the_way_of_a_direct_lead_through_the_pages(app):
    sales = Sales(clock.now())
    lead = ready_lead()
    manager, dana, tessa = (
        sign_in(app.test_client(), user) for user in (make_manager(), sales.dana, sales.tessa)
    )
    address = f"/leads/{lead.id}/unit-offer"
    assert address in manager.get(f"/leads/{lead.id}").text
    token = {"csrf_token": csrf_of(manager.get(address).text)}
    kept = manager.post(address, data={**token, "unit_id": "", "days": "7"})
    assert kept.status_code == 422
    assert '<option selected value="7">' in kept.text
    data = {**token, "unit_id": str(sales.digital.id), "days": "7"}
    assert manager.post(address, data=data).status_code == 303
    assert "Digital sales" in manager.get(f"/leads/{lead.id}").text

    assert lead.title in dana.get("/available").text
    assert dana.get("/").status_code == 200
    page = dana.get(f"/leads/{lead.id}")
    assert "Zephyrine" not in page.text
    assert tessa.get(f"/leads/{lead.id}").status_code == 404
    assert lead.title not in tessa.get("/available").text
    token = {"csrf_token": csrf_of(page.text)}
    assert dana.post(f"/leads/{lead.id}/pickup", data=token).status_code == 303
    dossier = dana.get(f"/leads/{lead.id}").text
    assert "Zephyrine" in dossier
    assert "Give back" in dossier
    assert lead.title in dana.get("/mine").text
    assert "Zephyrine" not in manager.get(f"/leads/{lead.id}").text
    assert tessa.get(f"/leads/{lead.id}").status_code == 404


@factory
def ready_lead():
    lead = make_lead(at=clock.now())
    answer_questions(lead)
    return lead
