"""An inquiry taken down by hand, after a look at who is known; a partner's own find."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.core.db import session
from portal.duplicates import pairs
from portal.leads import operations
from portal.leads.models import Lead, LeadFinder
from tests.factories import (
    AT,
    CONTACT,
    contact_of,
    csrf_of,
    factory,
    make_lead,
    make_person,
    make_vendor,
    sign_in,
)

TYPED = {
    "type_key": "organisation",
    "company": "Kanarienwerke",
    "last_name": "Quastenflosser",
    "phone": "0511 7654321",
    "email": CONTACT["email"],
    "country": "DE",
    "basis": "asked",
    "title": "Racks",
}


def compare():
    """Let the sweep meet who is new."""
    factory(pairs.check)(AT)


@pytest.fixture
def qualifier(client):
    user = make_person(make_vendor(), "qualifier")
    sign_in(client, user)
    return client


def sent(client, page, **over):
    return {"csrf_token": csrf_of(client.get(page).text), **TYPED, **over}


def test_who_is_known_appears_as_it_is_typed_and_nothing_is_kept(qualifier, app):
    rep = make_person()
    open_one = make_lead(title="Cabinets for two halls")
    held = make_lead(
        title="What nobody may read",
        state="held",
        holder_id=rep.id,
        holder_organisation_id=rep.organisation_id,
    )
    compare()
    form = sent(qualifier, "/qualify/new")
    found = qualifier.post("/qualify/new/known", data=form, headers={"HX-Request": "true"})
    assert open_one.number in found.text
    assert "Cabinets for two halls" in found.text
    assert "same e-mail" in found.text
    assert held.number in found.text
    assert "somebody works on it" in found.text
    assert "What nobody may read" not in found.text
    assert CONTACT["street"] not in found.text
    whole = qualifier.post("/qualify/new/known", data=form)
    assert "<form" in whole.text
    assert 'value="Racks"' in whole.text, "without a script what was typed stays"
    nobody = qualifier.post(
        "/qualify/new/known",
        data=sent(qualifier, "/qualify/new", company="Adler", last_name="", phone="", email=""),
    )
    assert "Nobody like that is known." in nobody.text
    with app.app_context():
        assert len(session().scalars(select(Lead)).all()) == 2


def test_what_is_taken_down_of_somebody_in_hand_goes_to_whoever_works_on_it(qualifier, app):
    rep = make_person()
    held = make_lead(state="held", holder_id=rep.id, holder_organisation_id=rep.organisation_id)
    compare()
    answer = qualifier.post("/qualify/new", data=sent(qualifier, "/qualify/new"))
    assert answer.headers["Location"].endswith("/qualify")
    with app.app_context():
        (new,) = session().scalars(select(Lead).where(Lead.id != held.id))
        assert new.merged_into == held.id


def test_a_partner_brings_his_own_find_with_the_same_questions(client, app):
    rep = make_person(name="Alice")
    colleague = make_person(session_firm(app, rep), "partner_manager")
    sign_in(client, rep)
    page = client.get("/finds/new").text
    with app.app_context():
        asked = [q.key for q in operations.questions_of(make_lead())]
    assert asked
    assert all(f'name="answer-{key}"' in page for key in asked)
    form = {**sent(client, "/finds/new"), "answer-need": "Two halls"}
    refused = client.post("/finds/new", data={**form, "basis": "", "phone": "no number"})
    assert refused.status_code == 422
    assert "Two halls" in refused.text
    assert client.post("/finds/new", data=form).status_code == 303
    with app.app_context():
        found = session().scalars(select(LeadFinder)).one()
        lead = session().get_one(Lead, found.lead_id)
        assert (found.user_id, lead.state, lead.owner_id) == (rep.id, "captured", None)
        assert contact_of(lead.id).email == CONTACT["email"]
        assert "Two halls" in operations.answers_of(lead.id).values()
        number = lead.number
    mine = client.get("/finds").text
    assert number in mine
    assert "Waits to be qualified" in mine
    assert CONTACT["email"] not in mine
    assert client.get(f"/leads/{found.lead_id}").status_code == 404, "till he picks it up"
    other = app.test_client()
    sign_in(other, colleague)
    assert number in other.get("/finds").text
    stranger = app.test_client()
    sign_in(stranger, make_person())
    assert number not in stranger.get("/finds").text
    boss = app.test_client()
    sign_in(boss, make_person(make_vendor(), "channel_manager"))
    assert boss.get("/finds").status_code in (403, 404)
    assert "Alice of" in boss.get(f"/qualify/{found.lead_id}").text


def session_firm(app, user):
    """Return the firm of somebody."""
    with app.app_context():
        return session().merge(user).organisation
