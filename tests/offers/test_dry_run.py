"""The programme on a dry run: who would be offered what is noted, and nobody hears of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.core.events import EventRow
from portal.core.jobs import run_now
from portal.desk.many import Said, do_to_many
from portal.leads import removal
from portal.leads.models import Lead, LeadState
from portal.leads.operations import disqualify
from portal.matching import fairness, fairness_terms
from portal.matching.models import DistributionRule
from portal.offers import dry_run
from portal.offers import operations as offers
from portal.offers.models import DryRun, Offer, OfferRound, Redistribution
from portal.offers.queries import find_card
from portal.offers.rules import NobodyMatches
from portal.pickup import operations as pickup
from tests.factories import (
    AT,
    answer_questions,
    csrf_of,
    factory,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    sign_in,
)

HOUR = timedelta(hours=1)
begin = factory(lambda: dry_run.begin(None, AT))


@factory
def make_ready_lead(**over):
    """Make a lead of which everything is known that an offer asks for."""
    lead = make_lead(**over)
    answer_questions(lead)
    return lead


@factory
def make_held_lead():
    """Make a lead that somebody holds; return the pickup and who it is."""
    rep = make_person()
    return pickup.claim(make_offered_lead().id, get_actor(rep.id), AT).pickup_id, rep.id


@factory
def give_back(pickup_id, user_id):
    """Let the holder give a lead back."""
    pickup.give_back(pickup_id, "no_capacity", None, get_actor(user_id), AT)


def counted(table):
    return session().scalar(select(func.count()).select_from(table))


def test_nothing_is_offered_and_all_is_noted(ctx):
    near, far = make_partner("Nahe"), make_partner("Weiter", latitude=53.0)
    lead = make_ready_lead()
    begin()
    opened = offers.offer(lead.id, AT)
    assert opened.noted_only
    assert (lead.state, lead.round) == (LeadState.QUALIFIED, 0)
    assert (counted(Offer), counted(OfferRound)) == (0, 0)
    ((noted, number, _title),) = dry_run.list_noted(1)
    rule = session().get_one(DistributionRule, noted.rule_id)
    assert (number, noted.rule_version, noted.mode) == (lead.number, rule.version, "race")
    assert [one["organisation_id"] for one in noted.offers] == [near.id, far.id]
    assert noted.offers[0]["score"] > noted.offers[1]["score"]
    assert all(one["explanation"] for one in noted.offers)
    names = session().scalars(select(EventRow.name)).all()
    assert "OfferRehearsed" in names
    assert "LeadOffered" not in names


@pytest.mark.parametrize(
    ("terms", "leads"), [({"most_offers": 1}, 1), ({"most_hot_offers": 2, "most_offers": 3}, 2)]
)
def test_what_a_dry_run_notes_fills_up_what_a_firm_may_be_offered(ctx, terms, leads):
    make_partner("Nahe")
    fairness_terms.save(replace(fairness.read_terms(), **terms), None, AT)
    begin()
    for number in range(leads):
        lead = make_ready_lead(temperature="hot")
        offers.offer(lead.id, AT + number * HOUR)
    with pytest.raises(NobodyMatches):
        offers.offer(make_ready_lead(temperature="hot").id, AT + 3 * HOUR)
    assert [one.leads for one in dry_run.list_partners(1)] == [leads]
    # in earnest nobody has been offered anything yet
    dry_run.end(None, AT + 4 * HOUR)
    assert not offers.offer(make_ready_lead(temperature="hot").id, AT + 5 * HOUR).noted_only


def test_a_lead_that_was_only_noted_can_be_deleted(ctx):
    make_partner("Nahe")
    lead = make_ready_lead()
    begin()
    offers.offer(lead.id, AT)
    removal.remove(lead)
    session().flush()
    assert dry_run.list_noted(1) == []


def test_rings_and_partners_are_noted_as_they_would_have_come(ctx):
    for name in ("Eins", "Zwei", "Drei"):
        make_partner(name)
    session().execute(
        update(DistributionRule).values(contest="staggered", ring_size=2, ring_minutes=60)
    )
    begin()
    for _each in range(2):
        offers.offer(make_ready_lead().id, AT)
    assert [one["ring"] for one in dry_run.list_noted(1)[0][0].offers] == [1, 1, 2]
    told = dry_run.list_partners(1)
    assert [one.leads for one in told] == [2, 2, 2]
    assert sum(one.at_once for one in told) == 4


def test_a_lead_that_comes_back_on_a_dry_run_is_noted_and_stands_ready(ctx):
    rep, other = make_person(), make_partner("Andere")
    lead = make_offered_lead()
    held = pickup.claim(lead.id, get_actor(rep.id), AT)
    begin()
    pickup.give_back(held.pickup_id, "no_capacity", None, get_actor(rep.id), AT)
    assert lead.state == LeadState.QUALIFIED
    assert counted(OfferRound) == 1
    ((noted, *_lead),) = dry_run.list_noted(1)
    assert other.id in [one["organisation_id"] for one in noted.offers]
    step = session().scalars(select(Redistribution)).one()
    assert (step.round_id, bool(step.rung)) == (None, True)


def test_after_a_dry_run_leads_that_came_back_in_it_go_on_by_themselves(ctx):
    rep, other, manager = make_person(), make_person(make_partner()), get_actor(make_manager().id)
    back, put_aside = make_offered_lead(), make_offered_lead()
    ready = make_ready_lead()
    for lead in (back, put_aside):
        held = pickup.claim(lead.id, get_actor(rep.id), AT)
        begin()
        pickup.give_back(held.pickup_id, "no_capacity", None, get_actor(rep.id), AT)
    offers.offer(ready.id, AT)
    run_now("offers.go_on_after_dry_run", at=AT + HOUR)
    assert counted(OfferRound) == 2
    disqualify(put_aside.id, "not_real", "", manager, AT + HOUR)
    dry_run.end(None, AT + HOUR)
    for _twice in range(2):
        run_now("offers.go_on_after_dry_run", at=AT + 2 * HOUR)
    states = [session().get_one(Lead, one.id, populate_existing=True) for one in (back, ready)]
    assert [(one.state, one.round) for one in states] == [("offered", 2), ("qualified", 0)]
    assert find_card(back.id, get_actor(other.id), AT + 2 * HOUR) is not None
    assert counted(OfferRound) == 3
    step = session().scalars(select(Redistribution).where(Redistribution.lead_id == back.id)).one()
    assert step.round_id is not None


def test_on_a_dry_run_several_leads_are_said_to_be_noted(ctx):
    make_partner()
    begin()
    manager, ready = get_actor(make_manager().id), make_ready_lead()
    (became,) = do_to_many("offer", [ready.id], Said(), manager, AT)
    assert (became.done, became.words) == (True, "Noted only: a dry run is on")


def test_a_dry_run_begins_once_and_ends(ctx):
    for _twice in range(2):
        begin()
    assert counted(DryRun) == 1
    dry_run.end(None, AT)
    dry_run.end(None, AT)
    make_partner()
    assert not offers.offer(make_ready_lead().id, AT).noted_only
    names = session().scalars(select(EventRow.name)).all()
    assert (names.count("DryRunBegun"), names.count("DryRunEnded")) == (1, 1)


@pytest.fixture
def manager(client):
    return sign_in(client, make_manager())


def test_the_page_begins_tells_clears_and_ends_and_the_board_says_so(manager):
    firm, held, lead = make_partner("Nahe Systeme"), make_held_lead(), make_ready_lead()
    token = {"csrf_token": csrf_of(manager.get("/dry-run").text)}
    assert manager.post("/dry-run", data={**token, "on": "1"}).status_code == 303
    assert "nothing is offered to partners" in manager.get("/board").text
    pressed = manager.post(f"/leads/{lead.id}/offer", data=token, follow_redirects=True)
    assert "it is noted who would have seen it" in pressed.text
    assert (
        "it is noted"
        in manager.post("/offers", data={**token, "all": "1"}, follow_redirects=True).text
    )
    assert "came back meanwhile" not in manager.get("/dry-run").text
    give_back(*held)
    page = manager.get("/dry-run").text
    assert "1 lead came back meanwhile" in page
    assert lead.number in page
    assert firm.name in page
    assert "2 leads would have been offered" in page
    assert firm.name in manager.get("/dry-run?by=partner").text
    assert manager.post("/dry-run/clearing", data=token).status_code == 303
    assert lead.number not in manager.get("/dry-run").text
    assert manager.post("/dry-run", data={**token, "on": "0"}).status_code == 303
    assert "nothing is offered to partners" not in manager.get("/board").text
