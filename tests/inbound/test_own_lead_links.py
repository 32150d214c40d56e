"""A lead of one's own, brought in behind the link of a mail."""

from __future__ import annotations

from sqlalchemy import select

from portal.core import clock, jobs
from portal.core.db import session
from portal.core.mail.links import Purpose
from portal.core.mail.models import OutgoingEmail
from portal.leads.models import Lead, LeadFinder
from tests.factories import CONTACT, factory, make_lead, make_partner, make_person
from tests.inbound.pressing import Forms, events, issue, text_of, waited

TYPED = {
    "title": "Cooling for two halls",
    "company": CONTACT["company"],
    "email": CONTACT["email"],
    "basis": "asked",
    "answer-need": "Two halls",
}


@factory
def finds():
    query = select(Lead.number, Lead.state, LeadFinder.user_id).join(
        LeadFinder, LeadFinder.lead_id == Lead.id
    )
    return [tuple(row) for row in session().execute(query)]


@factory
def told(user):
    jobs.run_now("core.dispatch", {"here": True}, clock.now())
    query = select(OutgoingEmail.subject + OutgoingEmail.text + OutgoingEmail.html).where(
        OutgoingEmail.user_id == user.id, OutgoingEmail.kind == "recorded"
    )
    return session().scalars(query).all()


def test_a_partner_brings_a_lead_of_his_own_from_a_mail_once_for_each_page(client, app):
    firm = make_partner("Alpha Systems")
    alice, manager = make_person(firm, name="Alice"), make_person(firm, "partner_manager")
    other = make_lead(contact=CONTACT, title="Somebody else’s")
    path, hers = (issue(Purpose.OWN_LEAD, one, organisation_id=firm.id) for one in (alice, manager))
    fields = Forms(client.get(path).text).for_("bring")
    hurried = client.post(path, data={**fields, **TYPED})
    again = Forms(hurried.text).for_("bring")
    assert (hurried.status_code, TYPED["title"] in hurried.text) == (409, True)
    bare = client.post(path, data={**waited(app, fields), **TYPED, "basis": "", "phone": "none"})
    assert bare.status_code == 422
    assert "Please say why they may be called." in text_of(bare.text)
    for kept in ("Two halls", TYPED["title"], 'value="none"'):
        assert kept in bare.text
    assert finds() == []
    for sent, heading in (
        ({**waited(app, Forms(bare.text).for_("bring")), **TYPED}, "Thank you"),
        ({**waited(app, fields), **TYPED}, "Already recorded"),
        ({**waited(app, again), **TYPED}, "Already recorded"),
    ):
        said = client.post(path, data=sent)
        assert (said.status_code, heading in text_of(said.text)) == (200, True)
    ((number, state, finder),) = finds()
    assert (state, finder) == ("captured", alice.id)
    ((_, actor, channel, _data),) = events("LeadCaptured")
    assert (actor, channel) == (alice.id, "mail")
    (mail,) = told(alice)
    assert f"{number} is in, and we qualify it." in mail
    assert "/leads/" not in mail, "till he picks it up"
    page = client.get(path)
    assert f"{number} Waits to be qualified" in text_of(page.text)
    assert number not in client.get(hers).text, "of a manager as well her own alone"
    typed = (CONTACT["email"], CONTACT["company"], TYPED["title"])
    for secret in (*typed, other.number, "Somebody else’s"):
        assert secret not in page.text + mail
    # what she changed on a page that brought one is another: asked once, then brought
    second = {**TYPED, "company": "Beta Mills", "email": "", "title": "Cranes"}
    asked = client.post(path, data={**waited(app, fields), **second})
    assert asked.status_code == 409
    assert f"This page has brought {number} already; press once more" in text_of(asked.text)
    assert 'value="Beta Mills"' in asked.text
    said = client.post(path, data={**waited(app, Forms(asked.text).for_("bring")), **second})
    assert "Thank you" in text_of(said.text)
    # another page brings another, also of the same customer
    assert client.post(path, data={**waited(app, Forms(page.text).for_("bring")), **TYPED})
    assert len(finds()) == 3
