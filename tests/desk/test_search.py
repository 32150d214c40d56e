"""One field finds leads, partners, people and numbers, for each only what is hers."""

from __future__ import annotations

from portal.accounts import tree
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.customers import operations as customers
from portal.customers import winning
from portal.leads.models import Lead
from portal.pickup import operations as pickup
from tests.factories import (
    factory,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)


def found(client, words):
    """Return what stands in the results of a search."""
    answer = client.get("/search", query_string={"q": words})
    assert answer.status_code == 200, words
    return answer.text.partition('<div id="found"')[2]


def test_leads_are_found_by_number_words_and_parts_of_words_with_and_without_accents(app, client):
    lead = make_lead(title="Kühlung für Rechenzentrum Süd", external_id="CRM-881", city="Köln")
    make_lead(title="Something else", partner_text="Nothing of the kind")
    sign_in(client, make_manager())
    for words in (
        *(lead.number, lead.number.removeprefix("L-"), lead.number.lower(), "crm-881", "rechenz"),
        *("kuhlung", "KÜHLUNG", "zentrum s", "sud kuhl", "koln"),
    ):
        page = found(client, words)
        assert "Rechenzentrum" in page, words
        assert "Something else" not in page, words
    for words in ("100%", "_", "'; --", "&|!()", "\x00", "zz:* & !", "x" * 500):
        assert "Rechenzentrum" not in found(client, words), words


def test_a_changed_title_is_found_by_its_new_words_alone(ctx, client):
    lead = make_lead(title="Old cabinets")
    session().get_one(Lead, lead.id).title = "New racks"
    session().flush()
    sign_in(client, make_manager())
    assert "New racks" in found(client, "racks")
    assert "New racks" not in found(client, "cabinets")


def test_partners_and_people_are_found_by_who_may_see_them(app):
    alpha = make_partner("Alpha Systems", city="Hildesheim")
    make_partner("Beta Networks")
    make_person(alpha, name="Alice Arndt", email="alice@alpha.example")
    pam = make_person(make_vendor(), "account_manager", name="Pam")
    factory(lambda: tree.set_account_manager(session().merge(alpha), pam.id, clock.now()))()
    hers = sign_in(app.test_client(), pam)
    for words in ("alpha", "hildes", "arndt", "alice@alpha.example"):
        assert f"/partners/{alpha.id}" in found(hers, words), words
    assert "Beta" not in found(hers, "beta")
    qualifier = sign_in(app.test_client(), make_person(make_vendor(), "qualifier"))
    assert "Alpha" not in found(qualifier, "alpha systems")
    assert "Alice" not in found(qualifier, "alice")
    admin = sign_in(app.test_client(), make_person(make_vendor(), "admin"))
    assert "/people/" in found(admin, "alice")


@factory
def make_customer(by, lead=None, email="", **account):
    made = customers.create(
        customers.Account(**account),
        customers.Reach(email=email),
        get_actor(by.id),
        clock.now(),
        looked=True,
    )
    if lead is not None:
        winning.assign(lead.id, made.id, get_actor(by.id), clock.now())
    return made


def test_customers_are_found_by_who_sees_them_and_by_number_alone_by_who_has_their_lead(app):
    mara, alpha = make_manager(), make_partner("Alpha")
    pam = make_person(make_vendor(), "account_manager")
    lead = make_offered_lead(title="Aquariums", at=clock.now())
    factory(lambda: tree.set_account_manager(session().merge(alpha), pam.id, clock.now()))()
    factory(lambda: pickup.claim(lead.id, get_actor(make_person(alpha).id), clock.now()))()
    zoo = make_customer(mara, lead, "desk@zoo.example", name="Zoo Supplies", erp_number="D-4711")
    make_customer(mara, name="Mill & Sons")
    seeing = sign_in(app.test_client(), mara)
    for words in ("supplies", "DESK@zoo.example", "D-4711", zoo.number, zoo.number[2:]):
        page = found(seeing, words)
        assert f'href="/customers/{zoo.id}">Zoo Supplies' in page, words
        assert "Mill" not in page
    account_manager = sign_in(app.test_client(), pam)
    qualifier = sign_in(app.test_client(), make_person(make_vendor(), "qualifier"))
    for words, there in ((zoo.number, True), ("D-4711", True), ("supplies", False)):
        page = found(account_manager, words)
        assert (f"/customers/{zoo.id}" in page) == there, words
        assert "Zoo" not in page
        assert f"/customers/{zoo.id}" not in found(qualifier, words)


def test_whom_to_call_is_found_by_who_sees_it_anyway_and_never_shown(app):
    alpha = make_partner("Alpha")
    lead = make_offered_lead(title="The secret one", at=clock.now())
    keys = (
        *("zephyrine@kanarienwerke.example", "+49 511 7654321", "0511 7654321"),
        *("kanarienwerke.example", "Kanarienwerke AG"),
    )
    qualifier = sign_in(app.test_client(), make_person(make_vendor(), "qualifier"))
    admin = sign_in(app.test_client(), make_person(make_vendor(), "admin"))
    for words in keys:
        page = found(qualifier, words)
        assert "The secret one" in page, words
        assert "Zephyrine" not in page.replace(words, "")
        assert "The secret one" not in found(admin, words), words
    assert "The secret one" not in found(qualifier, "kanarien"), "only whole keys"
    listed = qualifier.get("/leads", query_string={"q": keys[0]}).text
    assert "The secret one" in listed.partition("<tbody>")[2]
    rep = make_person(alpha)
    factory(lambda: pickup.claim(lead.id, get_actor(rep.id), clock.now()))()
    manager = sign_in(app.test_client(), make_manager())
    for words in keys:
        assert "The secret one" not in found(qualifier, words), words
        assert "The secret one" not in found(manager, words), words


def test_the_search_is_one_press_away_from_every_page(app):
    manager = sign_in(app.test_client(), make_manager())
    assert 'href="/search" data-search aria-keyshortcuts="Control+K"' in manager.get("/board").text
    rep = sign_in(app.test_client(), make_person(make_partner()))
    assert "data-search" not in rep.get("/available").text
    assert rep.get("/search").status_code == 403
