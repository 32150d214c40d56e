"""Pick up and "Not for me" from a mail."""

from __future__ import annotations

import pytest

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.mail.links import Purpose
from portal.leads.models import Lead
from portal.pickup import operations as pickup
from tests.factories import (
    CONTACT,
    factory,
    make_offered_lead,
    make_partner,
    make_person,
)
from tests.inbound.pressing import events, get, issue, press, text_of


@pytest.fixture
def rep(app):
    return make_person(make_partner("Alpha Systems"), name="Alice")


def offered(rep, **over):
    lead = make_offered_lead(at=clock.now(), **over)
    return lead, issue(Purpose.OFFER, rep, lead_id=lead.id, round_=1)


@factory
def claim(lead, user):
    return pickup.claim(lead.id, get_actor(user.id), clock.now()).pickup_id


def test_a_press_picks_the_lead_up_and_the_page_keeps_the_contact_to_the_mail(client, rep):
    lead, path = offered(rep)
    answer = press(client, path, "pick")
    assert answer.status_code == 200
    assert "It is yours" in text_of(answer.text)
    assert get(Lead, lead.id).holder_id == rep.id
    for secret in (*CONTACT.values(), "Alpha Systems", "Alice", rep.email):
        assert secret not in answer.text
    ((_, actor, channel, data),) = events("MailActionDone")
    assert (actor, channel, data["action"]) == (rep.id, "mail", "pick")
    assert data["pickup_id"]
