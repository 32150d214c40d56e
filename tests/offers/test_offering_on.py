"""A distributor offers a lead on to resellers of its own, in the same round."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.accounts.models import OrganisationKind
from portal.accounts.queries import get_actor
from portal.core import clock, jobs
from portal.core.db import session, unit_of_work
from portal.core.errors import Conflict, Forbidden, Invalid, NotFound
from portal.desk.resellers import list_offered_on
from portal.leads.models import Lead, LeadState
from portal.matching import versions
from portal.notifications.queries import list_offered
from portal.offers import (
    by_hand,
    deciding,
    dry_run,
    operations,
    passing_on,
    queries,
    reasons,
)
from portal.offers.by_hand import Choice
from portal.offers.models import Offer, OfferRound
from portal.offers.rules import AlreadyTaken, NotReady
from portal.partners.models import Partner, PartnerGroup, PartnerGroupMember, Shares
from portal.pickup import leavers
from portal.pickup import operations as pickup
from tests.factories import (
    AT,
    answer_questions,
    csrf_of,
    last_round,
    make_lead,
    make_manager,
    make_partner,
    make_person,
    sign_in,
)
from tests.matching.test_match import weighted
from tests.offers.test_reasons import kept

LATER = AT + timedelta(hours=1)


class Chain:
    """A distributor with two resellers, another firm, and a lead offered to the distributor."""

    def __init__(self, at=AT, **how):
        self.at, self.manager = at, get_actor(make_manager().id)
        self.firm = make_partner(kind=OrganisationKind.DISTRIBUTOR)
        self.below = [make_partner(parent=self.firm) for _ in range(2)]
        self.other = make_partner()
        firms = (self.firm, *self.below, self.other)
        roles = ("distributor_sales", *["partner_rep"] * 3)
        self.people = [make_person(*one) for one in zip(firms, roles, strict=True)]
        self.sells, *self.reps = (get_actor(user.id) for user in self.people)
        self.lead = make_lead(at=at)
        answer_questions(self.lead)
        firms = [self.firm.id, *([self.other.id] if how else [])]
        by_hand.offer(self.lead.id, Choice(firms, **how), self.manager, at)

    def on(self, *firms, by=None, at=LATER):
        ids = [firm.id for firm in firms]
        return passing_on.offer_on(self.lead.id, ids, by or self.sells, at)

    def sees(self, actor, at=LATER):
        return queries.find_card(self.lead.id, actor, at) is not None


@pytest.fixture
def chain(ctx):
    return Chain()


def test_its_own_resellers_see_it_as_long_as_the_distributor_and_the_first_gets_it(chain):
    assert chain.on(chain.below[0], chain.other) == []
    assert [chain.sees(one) for one in (chain.sells, *chain.reps)] == [True, True, False, False]
    opened = last_round(chain.lead)
    assert (opened.number, opened.offered) == (1, 2)
    told = {user.id for user, _offer in list_offered(chain.lead.id, opened.id, LATER)}
    assert told == {chain.sells.id, chain.reps[0].id}
    assert not chain.sees(chain.reps[0], opened.ends_at)
    pickup.claim(chain.lead.id, chain.reps[0], LATER)
    with pytest.raises(AlreadyTaken):
        pickup.claim(chain.lead.id, chain.sells, LATER)
    with pytest.raises(AlreadyTaken):
        chain.on(chain.below[1])


@pytest.mark.parametrize("shares", Shares)
def test_the_distributor_sees_that_it_went_as_far_as_the_reseller_shares(chain, shares):
    session().get_one(Partner, chain.below[0].id).shares = shares
    chain.on(*chain.below)
    assert {one.state for one in list_offered_on(chain.sells)} == {"on_offer"}
    operations.decline(chain.lead.id, "too_far", chain.reps[1], LATER)
    pickup.claim(chain.lead.id, chain.reps[0], LATER)
    states = {one.firm: one.state for one in list_offered_on(chain.sells)}
    gone = "gone" if shares == Shares.NOTHING else "picked"
    assert states == {chain.below[0].name: gone, chain.below[1].name: "declined"}
    assert list_offered_on(chain.reps[0]) == []


def test_nobody_offers_on_what_is_not_his_to_offer_on(chain):
    with pytest.raises(Forbidden):
        chain.on(chain.below[0], by=chain.reps[0])
    stranger = make_person(make_partner(kind=OrganisationKind.DISTRIBUTOR), "distributor_sales")
    with pytest.raises(NotFound):
        chain.on(chain.below[0], by=get_actor(stranger.id))
    with pytest.raises(Invalid):
        chain.on(chain.other)
    session().get_one(Partner, chain.below[0].id).suspended_until = LATER + timedelta(hours=1)
    with pytest.raises(Invalid):
        chain.on(chain.below[0])
    assert passing_on.can_offer_on(chain.lead.id, chain.sells)
    dry_run.begin(None, AT)
    assert not passing_on.can_offer_on(chain.lead.id, chain.sells)
    with pytest.raises(NotReady):
        chain.on(chain.below[1])
    dry_run.end(None, AT)
    deciding.save([], False, 15, AT)
    with pytest.raises(Forbidden):
        chain.on(chain.below[1])


def test_taken_back_from_the_distributor_its_resellers_lose_it_too(ctx):
    chain = Chain(in_turn=False)
    chain.on(*chain.below)
    operations.decline(chain.lead.id, "too_far", chain.reps[1], LATER)
    taken = by_hand.withdraw_from(chain.lead.id, chain.firm.id, chain.manager, LATER)
    assert {one.organisation_id for one in taken} == {chain.firm.id, chain.below[0].id}
    assert [chain.sees(one) for one in (chain.sells, *chain.reps)] == [False, False, False, True]
    opened = last_round(chain.lead)
    assert (opened.ended_at, opened.offered, opened.declined) == (None, 2, 1)
    with pytest.raises(AlreadyTaken):
        pickup.claim(chain.lead.id, chain.reps[0], LATER)
    by_hand.withdraw_from(chain.lead.id, chain.other.id, chain.manager, LATER)
    assert session().get_one(Lead, chain.lead.id).state == LeadState.QUALIFIED


@pytest.mark.parametrize("declined", [False, True])
def test_what_a_distributor_has_offered_on_ends_when_it_leaves_the_programme(chain, declined):
    chain.on(*chain.below)
    if declined:
        operations.decline(chain.lead.id, "too_far", chain.sells, LATER)
    leavers.close(chain.firm, chain.manager, LATER)
    jobs.run_now("core.dispatch", {"here": True}, LATER)
    opened = session().scalars(select(OfferRound).order_by(OfferRound.number)).first()
    assert opened.outcome == "expired"
    with pytest.raises(AlreadyTaken):
        operations.standing_offer(chain.lead.id, chain.reps[0], LATER)


def test_resellers_beyond_a_rule_s_number_have_their_own_score(ctx):
    """Its group, and a pause that is over, take nothing from whom it is offered on to."""
    chain = Chain()
    by_hand.withdraw(chain.lead.id, chain.manager, AT)
    club = PartnerGroup(name="Club", created_at=AT)
    session().add(club)
    session().flush()
    for one in (chain.firm, chain.other):
        session().add(PartnerGroupMember(group_id=club.id, organisation_id=one.id))
    asked = [weighted("radius", 60, km=100), {"kind": "people", "mode": "forbidden", "least": 500}]
    made = kept(*asked, group_id=club.id, most=1)
    session().get_one(Partner, chain.other.id).latitude = 53.5
    session().get_one(Partner, chain.below[0].id).suspended_until = LATER
    session().get_one(Partner, chain.below[1].id).people = 900
    session().flush()
    operations.offer(chain.lead.id, AT, made)
    # what the rule asks since then doesn't count
    asks = {**versions.get_newest(made.id).content, "criteria": [{"kind": "present"}]}
    saved = versions.save(made.id, versions.get_newest(made.id).number, asks, AT, None)
    versions.activate(made.id, saved.number, AT, None)
    chain.on(*chain.below)
    near, big = (
        session()
        .scalars(
            select(Offer).where(Offer.organisation_id == one.id, Offer.lead_id == chain.lead.id)
        )
        .one()
        for one in chain.below
    )
    assert near.score > 0.5
    assert (big.score, big.explanation) == (0, [])
    answers = [
        reasons.answer(chain.lead, last_round(chain.lead), one.organisation_id, LATER)
        for one in (near, big)
    ]
    assert [one.explained.out for one in answers] == ["suspended", "group"]
    assert answers[0].holds
    assert [one.counts_nothing for one in answers] == [False, True]


def test_what_is_offered_on_while_it_is_taken_back_is_looked_at_again(chain, monkeypatch):
    read = by_hand.with_offered_on

    def offered_on_meanwhile(lead_id, organisation_id):
        before = read(lead_id, organisation_id)
        if len(before) == 1:
            chain.on(chain.below[0])
        return before

    monkeypatch.setattr(by_hand, "with_offered_on", offered_on_meanwhile)
    with pytest.raises(Conflict):
        by_hand.withdraw_from(chain.lead.id, chain.firm.id, chain.manager, LATER)
    assert [chain.sees(one) for one in (chain.sells, chain.reps[0])] == [True, True]
    by_hand.withdraw_from(chain.lead.id, chain.firm.id, chain.manager, LATER)
    assert not chain.sees(chain.reps[0])


def test_while_it_goes_in_turn_it_is_not_offered_on(ctx):
    chain = Chain(in_turn=True, minutes=120)
    assert not passing_on.can_offer_on(chain.lead.id, chain.sells)
    with pytest.raises(NotReady):
        chain.on(chain.below[0])


def test_the_round_goes_on_until_the_resellers_have_said_no_too(chain):
    chain.on(chain.below[0])
    assert chain.on(chain.below[0]) == []
    assert last_round(chain.lead).offered == 2
    operations.decline(chain.lead.id, "too_far", chain.sells, LATER)
    assert session().get_one(Lead, chain.lead.id).state == LeadState.OFFERED
    operations.decline(chain.lead.id, "too_far", chain.reps[0], LATER)
    assert last_round(chain.lead).outcome == "declined"


def test_offering_on_through_the_pages(app):
    with app.app_context(), unit_of_work():
        chain = Chain(clock.now())
        home, below = f"/leads/{chain.lead.id}", chain.below[0]
        sells, firm = chain.people[0], below.id
        name = below.name
    client = sign_in(app.test_client(), sells)
    assert f"{home}/offering-on" in client.get(home).text
    page = client.get(f"{home}/offering-on").text
    assert name in page
    token = {"csrf_token": csrf_of(page)}
    assert client.post(f"{home}/offering-on", data=token).status_code == 422
    page = client.post(
        f"{home}/offering-on", data={**token, "firm": firm}, follow_redirects=True
    ).text
    assert "offered on by you" in page
    assert name in client.get("/resellers").text
