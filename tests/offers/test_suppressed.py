"""Who asked not to be approached is not offered, and comes off the market at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.core.jobs import run_now
from portal.leads.models import Lead, LeadState
from portal.leads.operations import suppress
from portal.offers import operations as offers
from portal.offers.rules import AlreadyTaken, NotReady
from portal.pickup import operations as pickup
from tests.factories import AT, CONTACT, make_offered_lead, make_person


def test_a_lead_on_offer_comes_off_the_market_when_its_contact_says_do_not_call(
    ctx: Flask,
) -> None:
    alice = make_person()
    lead = make_offered_lead()
    suppress([f"email:{CONTACT['email']}"], "do_not_call", AT)
    run_now("core.dispatch", {"here": True}, AT + timedelta(minutes=1))
    found = session().get_one(Lead, lead.id, populate_existing=True)
    assert (found.state, found.suppressed) == (LeadState.RETURNED, True)
    with pytest.raises(AlreadyTaken):
        pickup.claim(lead.id, get_actor(alice.id), AT + timedelta(minutes=2))
    with pytest.raises(NotReady):
        offers.offer(lead.id, AT + timedelta(minutes=2))


def test_a_lead_in_a_partners_hands_stays_there(ctx: Flask) -> None:
    alice = make_person()
    lead = make_offered_lead()
    pickup.claim(lead.id, get_actor(alice.id), AT)
    suppress([f"phone:{CONTACT['phone_e164']}"], "do_not_call", AT)
    run_now("core.dispatch", {"here": True}, AT + timedelta(minutes=1))
    assert session().get_one(Lead, lead.id, populate_existing=True).state == LeadState.HELD
