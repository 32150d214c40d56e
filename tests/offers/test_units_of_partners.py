"""Offers by hand to a unit of a partner: for its people alone, and for who leads the firm."""

from __future__ import annotations

import html
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from portal.accounts import administration, tree
from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.core import clock, jobs
from portal.core.db import session, unit_of_work
from portal.core.errors import Invalid, NotFound
from portal.desk import live, resellers
from portal.desk.morning_queries import read_firm_changes
from portal.inbound.queries import mark_of_offer
from portal.leads import contacts
from portal.leads.models import Lead, LeadState
from portal.matching import fairness
from portal.notifications.queries import find_offer, list_offered
from portal.offers import (
    by_hand,
    leaving,
    operations,
    passing_on,
    places,
    queries,
    reasons,
    reps,
    waiting,
)
from portal.offers.by_hand import Choice
from portal.offers.doubts import list_doubts
from portal.offers.models import Offer, OfferExclusion, OfferRound
from portal.partners import rep_profiles
from portal.partners.models import Absence, Partner
from portal.partners.rep_profiles import Skills
from portal.people import units
from portal.pickup import leavers
from portal.pickup import operations as pickup
from portal.pickup.rules import CapacityReached
from tests.factories import (
    AT,
    answer_questions,
    csrf_of,
    make_lead,
    make_manager,
    make_partner,
    make_person,
    make_unit,
    sign_in,
)

HOUR = timedelta(hours=1)
LATER = AT + HOUR


class Company:
    """A firm with a unit, a team below it and a unit beside it; a lead that is ready."""

    def __init__(self, at=AT, kind="reseller"):
        self.manager, self.at = get_actor(make_manager().id), at
        self.firm, rep, head = make_partner(), "partner_rep", "partner_manager"
        if kind == "distributor":
            self.firm.kind, rep, head = kind, "distributor_sales", "distributor_manager"
        self.south, self.north = (make_unit(self.firm, name) for name in ("South", "North"))
        self.team = make_unit(self.firm, "Alps", parent_id=self.south.id)
        self.sara, self.tim, self.nora, self.omar = (
            make_person(self.firm, rep, name=name, unit_id=unit and unit.id)
            for name, unit in (
                ("Sara", self.south),
                ("Tim", self.team),
                ("Nora", self.north),
                ("Omar", None),
            )
        )
        self.head, self.other = make_person(self.firm, head), make_person()
        self.lead = make_lead(at=at)
        answer_questions(self.lead)

    def offers(self, unit=None, at=None, **how):
        choice = Choice([self.firm.id], unit_id=(unit or self.south).id, **how)
        return by_hand.offer(self.lead.id, choice, self.manager, at or self.at)

    def actor(self, name):
        return get_actor(getattr(self, name).id)

    def has_it(self, name, at=LATER):
        return queries.find_card(self.lead.id, self.actor(name), at) is not None

    @property
    def state(self):
        return session().get_one(Lead, self.lead.id, populate_existing=True).state


@pytest.fixture
def company(ctx):
    return Company()


WITHIN, OUTSIDE = ("sara", "tim"), ("nora", "omar", "other")


def test_the_people_of_the_unit_and_the_firm_s_manager_see_it_and_nobody_else_of_the_firm(company):
    opened, _left_out = company.offers()
    offer = session().scalar(select(Offer))
    assert (offer.organisation_id, offer.unit_id, offer.direct) == (
        company.firm.id,
        company.south.id,
        False,
    )
    told = {user.id for user, _offer in list_offered(company.lead.id, opened.id, LATER)}
    assert told == {company.sara.id, company.tim.id}
    letters = live.address([{"kind": "offer", "lead": company.lead.id}])
    for name in (*WITHIN, "head", *OUTSIDE):
        sees, actor = name not in OUTSIDE, company.actor(name)
        listed = queries.available(actor, LATER, 1, queries.Filters()).items
        assert [row.id for row in listed] == [company.lead.id] * sees, name
        assert queries.count_available(actor, LATER).total == sees
        assert company.has_it(name) == queries.was_offered(company.lead.id, actor, LATER) == sees
        assert bool(live.topics_of(actor) & letters[0].topics) == sees
        changes = read_firm_changes(actor, AT - HOUR, LATER, of_firm=name == "head")
        assert changes.offered == sees
        assert (reasons.last_offer_seen(company.lead.id, actor, LATER) is not None) == sees
        assert (places.find_place(company.lead.id, actor, LATER) is not None) == sees
        user = getattr(company, name)
        assert (find_offer(opened.id, user, LATER) is not None) == (name in WITHIN)


def test_for_everybody_else_there_is_no_such_offer(company):
    company.offers()
    for name in OUTSIDE:
        other = company.actor(name)
        for refused in (
            lambda other=other: pickup.claim(company.lead.id, other, LATER),
            lambda other=other: operations.decline(company.lead.id, "too_far", other, LATER),
            lambda other=other: operations.take_back_decline(company.lead.id, other, LATER),
            lambda other=other: operations.stand_by(company.lead.id, other, LATER),
        ):
            with pytest.raises(NotFound):
                refused()
        assert mark_of_offer(company.lead.id, other) == "open"
    assert company.state == LeadState.OFFERED


def test_a_manager_who_picks_leads_up_herself_may_pick_what_is_for_a_unit(company):
    company.head.roles = ["partner_manager", "partner_rep"]
    session().flush()
    opened, _left_out = company.offers()
    told = {user.id for user, _offer in list_offered(company.lead.id, opened.id, LATER)}
    assert company.head.id not in told
    assert not pickup.claim(company.lead.id, company.actor("head"), LATER).again


def test_the_first_of_the_unit_holds_it_and_it_counts_for_the_firm(company):
    company.offers()
    [counted] = fairness.session().execute(
        fairness.OFFERED, {"firms": [company.firm.id], "since": [AT - HOUR], "at": LATER}
    )
    assert counted.offers == 1
    session().get_one(Partner, company.firm.id).capacity = 0
    session().flush()
    with pytest.raises(CapacityReached):
        pickup.claim(company.lead.id, company.actor("tim"), LATER)
    session().get_one(Partner, company.firm.id).capacity = 5
    session().flush()
    pickup.claim(company.lead.id, company.actor("tim"), LATER)
    held = session().get_one(Lead, company.lead.id, populate_existing=True)
    assert (held.holder_id, held.holder_organisation_id) == (company.tim.id, company.firm.id)
    reads = [contacts.may_see_contact(held, company.actor(n)) for n in ("tim", "head", *OUTSIDE)]
    assert reads == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("who", "outcome", "never"),
    [
        (("sara",), None, False),
        (("sara", "tim"), "declined", False),
        (("head",), "declined", True),
    ],
)
def test_a_unit_s_no_is_the_unit_s_and_the_manager_s_the_firm_s(company, who, outcome, never):
    opened, _left_out = company.offers()
    for name in who:
        operations.decline(company.lead.id, "too_far", company.actor(name), LATER)
    first = session().get_one(OfferRound, opened.id, populate_existing=True)
    assert first.outcome == outcome
    assert bool(session().scalar(select(func.count()).select_from(OfferExclusion))) == never
    [offer] = session().scalars(select(Offer).where(Offer.round_id == opened.id)).all()
    letters = live.address([{"kind": "gone", "lead": company.lead.id, "offer": offer.id}])
    heard = [bool(live.topics_of(company.actor(n)) & letters[0].topics) for n in (*WITHIN, "nora")]
    assert heard == [True, True, False]


def test_who_leaves_as_an_offer_is_being_made_leaves_none_to_nobody(committed):
    with committed.app_context(), unit_of_work():
        company = Company()
        other = make_lead(at=AT)
        answer_questions(other)
        firm_id, north_id, manager = company.firm.id, company.north.id, company.manager
        tim, omar = company.tim.id, company.omar.id
        choices = {
            company.lead.id: Choice([firm_id], unit_id=company.team.id),
            other.id: Choice([firm_id], user_id=omar),
        }

    def units_hear():
        leaving.end_of_units(firm_id, LATER)

    def person_hears():
        leaving.end_of_person(omar, LATER)

    def in_time(hear):
        with unit_of_work():
            session().execute(text("SET LOCAL lock_timeout = '100ms'"))
            hear()

    def leave():
        with committed.app_context():
            with unit_of_work():
                tree.set_unit(session().get_one(User, tim), north_id, LATER)
                rep = session().get_one(User, omar)
                administration.set_roles(rep, ["partner_manager"], LATER, 1)
            for hear in (units_hear, person_hears):
                with pytest.raises(OperationalError):
                    in_time(hear)

    with ThreadPoolExecutor(1) as elsewhere, committed.app_context():
        with unit_of_work():
            for lead_id, choice in choices.items():
                by_hand.offer(lead_id, choice, manager, AT)
            # the news of it waits until the offers stand
            elsewhere.submit(leave).result()
        for hear in (units_hear, person_hears):
            in_time(hear)
        with unit_of_work():
            assert {session().get_one(Lead, one).state for one in choices} == {LeadState.RETURNED}


@pytest.mark.parametrize(
    ("leave", "ends"),
    [
        (lambda h: leavers.deactivate(h.tim, None, h.manager, LATER), True),
        (lambda h: administration.set_roles(h.tim, ["partner_manager"], LATER, 1), True),
        (lambda h: tree.set_unit(h.tim, h.north.id, LATER), True),
        (lambda h: administration.move(h.tim, h.other.organisation, h.tim.roles, LATER, 1), True),
        (lambda h: tree.save_unit(h.firm, "Alps", LATER, h.team, parent_id=h.north.id), True),
        (lambda h: tree.set_unit(h.tim, h.south.id, LATER), False),
    ],
)
def test_a_unit_in_which_nobody_is_left_keeps_no_lead_on_the_market(company, leave, ends):
    tree.set_unit(company.sara, None, AT)
    opened, _left_out = company.offers()
    leave(company)
    jobs.run_now("core.dispatch", {"here": True}, LATER)
    first = session().get_one(OfferRound, opened.id, populate_existing=True)
    assert first.outcome == ("expired" if ends else None)


def test_no_other_unit_can_be_chosen(company):
    for choose in (
        lambda h: Choice([h.firm.id, h.other.organisation_id], unit_id=h.south.id),
        lambda h: Choice([h.firm.id], unit_id=h.south.id, user_id=h.sara.id),
        lambda h: Choice([h.other.organisation_id], unit_id=h.south.id),
        lambda h: Choice([h.firm.id], unit_id=987_654_321),
        lambda h: Choice([h.firm.id], unit_id=closed(h).id),
        lambda h: Choice([h.firm.id], unit_id=make_unit(h.firm, "Nobody").id),
    ):
        with pytest.raises(Invalid):
            by_hand.offer(company.lead.id, choose(company), company.manager, AT)
    assert company.state == LeadState.QUALIFIED


def closed(company):
    unit = make_unit(company.firm, "Gone")
    units.close(unit, AT)
    return unit


def test_a_unit_of_which_everybody_is_away_gets_it_only_where_somebody_says_so(company):
    away = {company.sara.id: company.firm, company.tim.id: company.firm}
    for user_id, firm in {**away, None: company.other.organisation}.items():
        days = {"starts_on": AT.date(), "ends_on": AT.date()}
        session().add(Absence(organisation_id=firm.id, user_id=user_id, **days))
    session().flush()
    [doubt] = list_doubts(company.lead.id, [company.firm.id], AT, None, company.south.id)
    assert (doubt.code, doubt.may_be_overruled) == ("unit_away", True)
    assert list_doubts(company.lead.id, [company.firm.id], AT, None, company.north.id) == []
    company.offers(despite=[company.firm.id])
    assert company.has_it("sara")


def test_it_is_taken_back_lasts_longer_and_goes_to_another_unit_or_the_firm(company):
    opened, _left_out = company.offers()
    before = opened.ends_at
    by_hand.extend(company.lead.id, 24, company.manager, LATER)
    assert session().scalar(select(Offer.ends_at)) == before + 24 * HOUR
    by_hand.withdraw_from(company.lead.id, company.firm.id, company.manager, LATER)
    assert (company.state, company.has_it("sara")) == (LeadState.QUALIFIED, False)
    company.offers(company.team, at=LATER)
    seen = [company.has_it(name, LATER + HOUR) for name in ("tim", "head", "sara", "nora")]
    assert seen == [True, True, False, False]
    with pytest.raises(tree.UnitInUse):
        units.close(company.team, LATER)
    by_hand.withdraw(company.lead.id, company.manager, LATER)
    choice = Choice([company.firm.id])
    by_hand.offer(company.lead.id, choice, company.manager, LATER)
    assert all(company.has_it(name, LATER + HOUR) for name in (*WITHIN, "nora", "omar", "head"))


def test_of_the_unit_s_people_the_best_suited_hears_first(company):
    for user in (company.nora, company.tim):
        rep_profiles.save(user, Skills(product_ids=company.lead.product_ids or [1]), AT)
    opened, _left_out = company.offers()
    assert reps.choose(opened.id, LATER) == {company.firm.id: company.tim.id}


def test_who_stands_by_outside_the_unit_is_not_told(company):
    for user in (company.nora, company.tim):
        waiting.take_place(company.lead.id, user.id, company.firm.id, AT)
    company.offers()
    told = waiting.list_waiting(company.lead.id, [company.firm.id], AT)
    assert len(told) == 2
    heard = session().scalars(
        select(waiting.StandBy.user_id).where(waiting.StandBy.heard_at.is_not(None))
    )
    assert heard.all() == [company.tim.id]


def test_a_distributor_s_unit_offers_on_and_the_others_there_cannot(ctx):
    company = Company(kind="distributor")
    company.other.organisation.parent_id = company.firm.id
    session().flush()
    company.offers()
    firms = [company.other.organisation_id]
    with pytest.raises(NotFound):
        passing_on.offer_on(company.lead.id, firms, company.actor("nora"), LATER)
    assert passing_on.offer_on(company.lead.id, firms, company.actor("sara"), LATER) == []
    assert company.has_it("other")
    told = [len(resellers.list_offered_on(company.actor(n))) for n in ("sara", "head", "nora")]
    assert told == [1, 1, 0]


def test_the_way_of_a_lead_to_a_partner_s_unit_through_the_pages(app):
    with app.app_context(), unit_of_work():
        company = Company(clock.now())
    manager, sara, nora, head = (
        sign_in(app.test_client(), user)
        for user in (make_manager(), company.sara, company.nora, company.head)
    )
    home, firm, unit = f"/leads/{company.lead.id}", company.firm.id, f"unit-{company.south.id}"
    page = html.unescape(manager.get(f"{home}/offering/terms?firm={firm}").text)
    assert "South, the whole unit" in page
    assert (
        "nobody of the unit"
        not in manager.get(f"{home}/offering/terms?firm={firm}&whom=unit-98765").text
    )
    sent = {"csrf_token": csrf_of(page), "firm": firm, "whom": unit, "days": 3}
    # who is not found makes it nobody else's, neither does a group that has grown meanwhile
    two = {"firm": [firm, company.other.organisation_id], "way": "race", "minutes": 120}
    for odd in ({"whom": "unit-98765"}, {"whom": "unit-x"}, {"whom": company.south.id}, two):
        assert manager.post(f"{home}/offering", data={**sent, **odd}).status_code == 422, odd
    page = manager.post(f"{home}/offering", data=sent, follow_redirects=True).text
    assert "on offer to the unit you chose" in page
    assert f"{company.firm.name} · South" in html.unescape(page)
    found = [client.get("/available").text for client in (sara, head, nora)]
    assert [(home in page, "for the unit South" in page) for page in found] == [
        (True, True),
        (True, True),
        (False, False),
    ]
    for address in (home, f"{home}/why-us", f"{home}/card", f"{home}/knowledge"):
        assert nora.get(address, headers={"HX-Request": "true"}).status_code == 404
    manager.post(f"{home}/withdrawal", data=sent)
    again = html.unescape(manager.get(home).text)
    assert f"whom={unit}" in again
    page = manager.get(f"{home}/offering/terms?firm={firm}&whom={unit}").text
    assert f'<option selected value="{unit}">' in page
    manager.post(f"{home}/offering", data=sent)
    page = sara.get(home).text
    token = {"csrf_token": csrf_of(page)}
    assert "Zephyrine" not in page
    hers = {"csrf_token": csrf_of(nora.get("/available").text)}
    assert nora.post(f"{home}/pickup", data=hers).status_code == 404
    assert sara.post(f"{home}/pickup", data=token).status_code == 303
    assert "Zephyrine" in sara.get(home).text
    for address in (home, f"{home}/knowledge"):
        assert [client.get(address).status_code for client in (head, nora)] == [200, 404]
