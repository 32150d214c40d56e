"""A firm says that it knew a lead's customer before: dated, decided, told to both."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.core import jobs
from portal.core.db import session
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.events import EventRow
from portal.core.mail.models import OutgoingEmail
from portal.pickup import knowledge
from portal.pickup import operations as pickup
from portal.pickup.knowledge import Claim
from portal.relations.models import KnownBy, RelationHit
from tests.factories import (
    AT,
    csrf_of,
    factory,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    sign_in,
)

LONG_AGO = (AT - timedelta(days=400)).date()
LATER = AT + timedelta(hours=1)


@factory
def two_firms_and_a_lead():
    alice = make_person(make_partner("Alpha Systeme"))
    bob = make_person(make_partner("Beta Kabel"))
    lead = make_offered_lead()
    pickup.claim(lead.id, get_actor(alice.id), AT)
    session().refresh(lead)
    return lead, alice, bob


def said(named="", how="customer", since=LONG_AGO):
    return Claim(how, since, named)


def mails_to(user):
    jobs.run_now("core.dispatch", {"here": True}, LATER)
    found = select(OutgoingEmail).where(
        OutgoingEmail.kind == "knowledge", OutgoingEmail.to_address == user.email
    )
    return session().scalars(found.order_by(OutgoingEmail.id)).all()


@pytest.mark.parametrize(
    ("named", "meets"),
    [
        ("https://www.kanarienwerke.example", True),
        ("+49 511 765 4321", True),
        ("sparrows.example", False),
    ],
)
def test_who_names_the_customer_learns_nothing_and_the_manager_does(
    ctx: Flask, named, meets
) -> None:
    lead, _alice, bob = two_firms_and_a_lead()
    claim = knowledge.claim(lead.id, said(named), get_actor(bob.id), LATER)
    assert claim.meets is meets
    events = session().scalars(select(EventRow)).all()
    assert not any(named in str(event.data) for event in events)


def test_a_claim_is_decided_once_and_told_to_both(ctx: Flask) -> None:
    lead, alice, bob = two_firms_and_a_lead()
    manager = make_manager()
    claim = knowledge.claim(lead.id, said("kanarienwerke.example"), get_actor(bob.id), LATER)
    (asked,) = mails_to(manager)
    assert "Beta Kabel says that it knew the customer" in asked.text
    assert not mails_to(bob)
    knowledge.decide(claim.id, True, get_actor(manager.id), LATER)
    with pytest.raises(Conflict):
        knowledge.decide(claim.id, False, get_actor(manager.id), LATER)
    (told,), (holder,) = mails_to(bob), mails_to(alice)
    assert "it is granted" in told.text
    assert "that was granted" in holder.text
    assert "Beta" not in holder.text
    hit = session().get_one(RelationHit, (lead.id, claim.organisation_id))
    assert hit.by == KnownBy.CLAIM
    assert lead.holder_id == alice.id


def test_the_holder_says_so_without_naming_anybody(ctx: Flask) -> None:
    lead, alice, _bob = two_firms_and_a_lead()
    claim = knowledge.claim(lead.id, said(), get_actor(alice.id), LATER)
    assert claim.meets is None
    knowledge.decide(claim.id, False, get_actor(make_manager().id), LATER)
    assert session().get(RelationHit, (lead.id, claim.organisation_id)) is None
    assert "it is not granted" in mails_to(alice)[-1].text


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (said("nobody"), "named"),
        (said("kanarienwerke.example", since=None), "since"),
        (said("kanarienwerke.example", since=LATER.date() + timedelta(days=1)), "since"),
        (said("kanarienwerke.example", how="dream"), "how"),
    ],
)
def test_what_a_claim_lacks_is_said(ctx: Flask, wrong, field) -> None:
    lead, _alice, bob = two_firms_and_a_lead()
    with pytest.raises(Invalid) as refused:
        knowledge.claim(lead.id, wrong, get_actor(bob.id), LATER)
    assert set(refused.value.errors) == {field}


def test_a_firm_says_so_once_and_only_of_what_it_was_offered(ctx: Flask) -> None:
    lead, _alice, bob = two_firms_and_a_lead()
    knowledge.claim(lead.id, said("sparrows.example"), get_actor(bob.id), LATER)
    with pytest.raises(Invalid):
        knowledge.claim(lead.id, said("kanarienwerke.example"), get_actor(bob.id), LATER)
    stranger = make_person(make_partner())
    with pytest.raises(NotFound):
        knowledge.claim(lead.id, said("kanarienwerke.example"), get_actor(stranger.id), LATER)


@factory
def read_claim(lead_id):
    return knowledge.list_claims(lead_id)[0].claim.id


def test_a_rep_says_so_on_a_page_and_a_channel_manager_grants_it(app) -> None:
    lead, alice, _bob = two_firms_and_a_lead()
    rep = sign_in(app.test_client(), alice)
    path = f"/leads/{lead.id}/knowledge"
    token = {"csrf_token": csrf_of(rep.get(path).text)}
    assert rep.post(path, data={**token, "since": "2025-01-31"}).status_code == 422
    sent = rep.post(path, data={**token, "how": "quote", "since": "2025-01-31"})
    assert sent.status_code == 303
    assert "It waits for a decision" in rep.get(path).text
    manager = sign_in(app.test_client(), make_manager())
    page = manager.get("/knowledge-claims").text
    assert "Alpha Systeme" in page
    claim_id = read_claim(lead.id)
    token = {"csrf_token": csrf_of(page), "granted": "yes"}
    decided = manager.post(f"/knowledge-claims/{claim_id}/decision", data=token)
    assert decided.status_code == 303
    assert "Granted" in rep.get(path).text
    assert rep.get("/knowledge-claims").status_code == 403
