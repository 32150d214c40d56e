"""Whoever works on a lead asks again, completes the answers and confirms the interest."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.events import EventRow
from portal.leads.models import Lead, QualificationQuestion
from portal.pickup import operations as pickups
from portal.qualification import confirming
from tests.factories import (
    AT,
    csrf_of,
    factory,
    make_offered_lead,
    make_partner,
    make_person,
    sign_in,
)


def held_by(name: str) -> tuple[Lead, int]:
    """Return a lead in somebody's hands whose script asks for one thing more by then."""
    rep = make_person(make_partner(name))
    lead = make_offered_lead()
    some = session().scalars(select(QualificationQuestion)).first()
    assert some is not None
    session().add(
        QualificationQuestion(
            definition_id=some.definition_id, key="signs", area="own", position=70,
            names={"en": "Who signs?"}, required_later=True,
        )
    )  # fmt: skip
    pickups.claim(lead.id, get_actor(rep.id), AT)
    session().flush()
    return lead, rep.id


def test_the_holder_confirms_once_all_is_answered_and_nobody_else_does(ctx):
    lead, rep_id = held_by("Alpha")
    alice, bob = get_actor(rep_id), get_actor(make_person(make_partner("Beta")).id)
    with pytest.raises(Invalid) as refused:
        confirming.confirm(lead.id, alice, AT)
    assert list(refused.value.errors) == ["answer-signs"]
    for wants in (confirming.confirm, lambda *given: confirming.complete(lead.id, {}, bob, AT)):
        with pytest.raises(NotFound):
            wants(lead.id, bob, AT)
    confirming.complete(lead.id, {"signs": "The CFO"}, alice, AT)
    for _twice in range(2):
        confirming.confirm(lead.id, alice, AT)
    events = session().scalars(select(EventRow.name).where(EventRow.lead_id == lead.id)).all()
    assert list(events).count("LeadConfirmed") == 1
    assert confirming.find_confirmation(lead) is not None


@factory
def in_hand() -> tuple[int, User]:
    lead, rep_id = held_by("Alpha")
    return lead.id, session().get_one(User, rep_id)


def test_the_page_keeps_what_was_answered_although_something_is_missing(client):
    lead_id, rep = in_hand()
    sign_in(client, rep)
    page = client.get(f"/leads/{lead_id}/confirmation").text
    assert "Who signs?" in page
    sent = {"csrf_token": csrf_of(page), "action": "confirm", "answer-need": "Faster racks"}
    wrong = client.post(f"/leads/{lead_id}/confirmation", data=sent)
    assert wrong.status_code == 422
    assert "Please answer this question." in wrong.text
    assert "Faster racks" in client.get(f"/leads/{lead_id}/confirmation").text
    done = client.post(f"/leads/{lead_id}/confirmation", data={**sent, "answer-signs": "The CFO"})
    assert done.status_code == 303
    assert "Interest confirmed" in client.get(f"/leads/{lead_id}").text
