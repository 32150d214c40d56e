"""What partners did is counted from what happened, and kept where it has changed."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from portal.accounts.queries import get_actor
from portal.campaigns.models import Campaign, CampaignPartner
from portal.core.db import session
from portal.deadlines.models import Clock, ClockKind, DeadlinePolicy
from portal.feedback import operations as feedback
from portal.feedback import rates
from portal.feedback.events import FeedbackGiven
from portal.feedback.jobs import count_rates, renew_rates
from portal.feedback.rules import Answer
from portal.leads.models import LeadFinder, LeadState
from portal.offers import operations as offers
from portal.partners.models import PartnerFactsKept, PartnerRates
from portal.pickup import operations as pickup
from tests.factories import AT, make_lead, make_offered_lead, make_partner, make_person

LATER = AT + timedelta(days=30)
WON = Answer("won", value=Decimal("4000.00"), settles=True)
LOST = Answer("lost", reason="price", decision_maker="Head of IT", settles=True)


@pytest.fixture
def rep(ctx):
    person = make_person(make_partner("Northwind"), "partner_rep", "partner_manager")
    return get_actor(person.id)


def picks(rep, minutes, **over):
    lead = make_offered_lead(**over)
    return pickup.claim(lead.id, rep, AT + timedelta(minutes=minutes)).pickup_id


def answers(rep, held, answer, days=1):
    return feedback.give(held, answer, rep, AT + timedelta(days=days))


def kept(firm_id):
    return session().get(PartnerRates, firm_id, populate_existing=True)


def test_what_a_firm_did_is_counted(rep):
    for minutes, answer, days in ((10, WON, 2), (30, LOST, 3), (90, WON, 6)):
        answers(rep, picks(rep, minutes), answer, days)
    # the wrong number counts against the source
    pickup.give_back(picks(rep, 5), "wrong_number", None, rep, AT + timedelta(days=1))
    make_offered_lead()
    offers.decline(make_offered_lead().id, "too_far", rep, AT)
    away = make_lead(state=LeadState.DISQUALIFIED)
    for lead, at in ((make_lead(), AT), (make_lead(), AT - timedelta(days=60)), (away, AT)):
        session().add(
            LeadFinder(lead_id=lead.id, user_id=rep.id, organisation_id=rep.organisation_id, at=at)
        )
    for ends_on in (None, date(2020, 1, 1)):
        campaign = Campaign(
            key=f"c{ends_on}", name="Spring", channel="event", ends_on=ends_on, created_at=AT
        )
        session().add(campaign)
        session().flush()
        session().add(
            CampaignPartner(campaign_id=campaign.id, organisation_id=rep.organisation_id, at=AT)
        )
    session().flush()
    rates.count_all(LATER)
    found = kept(rep.organisation_id)
    assert (found.offers_seen, found.declined, found.picked) == (6, 1, 4)
    assert (found.closed, found.won, found.volume) == (3, 2, 8000)
    assert (found.minutes_to_pick, found.deal_days, found.deal_value) == (10, 4.0, 4000.0)
    assert (found.brought, found.months_brought, found.campaigns) == (2, 2, 1)
    assert found.conversion == pytest.approx(0.67, abs=0.01)


def test_an_offer_of_a_ring_that_never_opened_was_not_seen(rep):
    lead = make_offered_lead()
    late = make_person(make_partner("Latecomer"))
    pickup.claim(lead.id, rep, AT)
    rates.count_all(LATER)
    assert kept(late.organisation_id).offers_seen == 0


def test_deadlines_and_first_contact_are_counted(rep):
    held = picks(rep, 10)
    policy = session().scalars(select(DeadlinePolicy.id).where(DeadlinePolicy.standard)).one()
    for outcome in ("met", "met", "missed", "void"):
        session().add(
            Clock(
                kind=ClockKind.FEEDBACK,
                lead_id=make_lead().id,
                organisation_id=rep.organisation_id,
                policy_id=policy,
                started_at=AT,
                length_minutes=60,
                due_at=AT,
                first_due_at=AT,
                stopped_at=AT + timedelta(days=1),
                outcome=outcome,
            )
        )
    answers(rep, held, Answer("waiting", next_step=""), 1)
    rates.count_all(LATER)
    found = kept(rep.organisation_id)
    assert (found.met, found.deadlines) == (3, 4)
    assert found.minutes_to_contact == 24 * 60 - 10


def test_what_is_a_year_ago_counts_no_more(rep):
    answers(rep, picks(rep, 10), WON, 2)
    rates.count_all(AT + timedelta(days=400))
    assert (kept(rep.organisation_id).picked, kept(rep.organisation_id).closed) == (0, 0)


def test_a_firm_without_a_lead_is_expected_to_do_as_all_do(rep):
    newcomer = make_partner("Newcomer", territories=["US-TX"])
    for answer in (WON, LOST, LOST, LOST):
        answers(rep, picks(rep, 10), answer)
    rates.count_all(LATER)
    assert kept(newcomer.id).conversion == 0.25
    assert kept(newcomer.id).closed == 0


def test_the_end_of_a_lead_counts_its_firm_anew_and_nothing_new_is_not_kept(rep):
    rates.count_all(AT)
    held = picks(rep, 10)
    answers(rep, held, WON)
    count_rates({"organisation_id": rep.organisation_id}, LATER)
    found = kept(rep.organisation_id)
    assert (found.won, found.at) == (1, LATER)
    entries = session().scalar(select(func.count()).select_from(PartnerFactsKept))
    count_rates({"organisation_id": rep.organisation_id}, LATER + timedelta(days=1))
    assert kept(rep.organisation_id).at == LATER
    assert session().scalar(select(func.count()).select_from(PartnerFactsKept)) == entries


def test_a_firm_is_counted_once_however_often_it_is_heard_of(rep):
    for status in ("waiting", "won", "won"):
        renew_rates(
            FeedbackGiven(
                at=AT,
                lead_id=1,
                feedback_id=1,
                pickup_id=1,
                user_id=rep.id,
                organisation_id=rep.organisation_id,
                status=status,
                late_seconds=0,
            ),
            AT,
        )
    waiting = [key for key in session().info.pop("jobs", {}) if key[0] == "feedback.count_rates"]
    assert waiting == [("feedback.count_rates", f"rates-{rep.organisation_id}")]
