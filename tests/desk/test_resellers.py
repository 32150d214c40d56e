"""A distributor watches the firms below it, as far as each of them shares."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.accounts.models import OrganisationKind
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.events import EventRow
from portal.desk.resellers import read_resellers, read_shared
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads.models import Lead, LeadType
from portal.partners.models import Partner
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from tests.factories import (
    CONTACT,
    csrf_of,
    factory,
    make_offered_lead,
    make_partner,
    make_person,
    sign_in,
)

NOTE = "Their boss hates the competitor"
VALUE = 48250


@pytest.fixture
def delta(app):
    return make_partner("Delta Distribution", kind=OrganisationKind.DISTRIBUTOR)


@pytest.fixture
def dora(delta):
    return make_person(delta, "distributor_manager", name="Dora")


@pytest.fixture
def alpha(delta):
    return make_partner("Alpha Systems", parent=delta, capacity=100, rep_capacity=100)


@pytest.fixture
def anna(alpha):
    return make_person(alpha, "partner_manager", name="Anna", email="anna@alpha.example")


@pytest.fixture
def alice(alpha):
    return make_person(alpha, name="Alice")


@factory
def hold(rep, answer=None, days=0, **over):
    at = clock.now() - timedelta(days=days)
    lead = make_offered_lead(at=at, **over)
    actor = get_actor(rep.id)
    held = pickup.claim(lead.id, actor, at).pickup_id
    feedback.give(held, answer or Answer("waiting", note=NOTE), actor, at + timedelta(hours=1))
    return lead, held


@factory
def choose(firm, shares):
    session().get_one(Partner, firm.id).shares = shares


def text_of(page):
    main = page.text.partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main)).strip()


def resellers(client, dora):
    return sign_in(client.application.test_client(), dora).get("/resellers")


def send(client, path, page, **fields):
    token = csrf_of(client.get(page).text)
    return client.post(path, data={"csrf_token": token, **fields})


def test_of_a_firm_that_shares_nothing_only_name_and_manager_are_read(
    client, dora, alpha, anna, alice
):
    lead, _held = hold(alice)
    choose(alpha, "nothing")
    page = resellers(client, dora)
    assert "Alpha Systems" in page.text
    assert "anna@alpha.example" in page.text
    assert "This firm shares nothing of its work." in page.text
    assert lead.number not in page.text
    assert "Picked up" not in page.text


def test_figures_are_shared_from_the_start_and_no_lead_is_named(client, dora, alpha, anna, alice):
    lead, _held = hold(alice)
    hold(alice, Answer("won", value=VALUE))
    page = resellers(client, dora)
    said = text_of(page)
    assert "In hand 1" in said
    assert "Picked up within a year 2" in said
    assert "Won within a year 1" in said
    assert "Answers in time 100 %" in said
    for hidden in (lead.number, lead.title, str(VALUE), "48,250", NOTE):
        assert hidden not in page.text


def test_shared_deals_tell_number_title_status_and_due_date_and_nothing_more(
    client, dora, alpha, anna, alice
):
    lead, _held = hold(alice)
    won, _ = hold(alice, Answer("won", value=VALUE))
    choose(alpha, "deals")
    page = resellers(client, dora)
    assert f"{lead.number} · {lead.title}" in page.text
    assert "Feedback due" in page.text
    assert won.number not in page.text
    for hidden in (*CONTACT.values(), NOTE, str(VALUE), "48,250", f"/leads/{lead.id}", "Alice"):
        assert hidden not in page.text


def test_a_hidden_deal_stands_in_no_list_and_counts_in_no_figure(client, dora, alpha, alice):
    hidden, held = hold(alice)
    shown, _ = hold(alice)
    choose(alpha, "deals")
    mine = sign_in(client, alice)
    dossier = f"/leads/{hidden.id}"
    assert "Hide it from Delta Distribution" in mine.get(dossier).text
    assert send(mine, f"/pickups/{held}/hiding", dossier, hidden="1").status_code == 303
    assert "Delta Distribution sees nothing of this lead." in mine.get(dossier).text
    page = resellers(client, dora)
    assert shown.number in page.text
    assert hidden.number not in page.text
    assert "In hand 1" in text_of(page)
    assert "Picked up within a year 1" in text_of(page)
    send(mine, f"/pickups/{held}/hiding", dossier, hidden="0")
    assert hidden.number in resellers(client, dora).text


def test_only_holder_and_manager_hide_a_deal(client, alpha, anna, alice):
    _lead, held = hold(alice)
    alan, stranger = make_person(alpha), make_person(make_partner(), "partner_manager")
    for user in (alan, stranger):
        other = sign_in(client.application.test_client(), user)
        answer = send(other, f"/pickups/{held}/hiding", "/available", hidden="1")
        assert answer.status_code == 404
    boss = sign_in(client.application.test_client(), anna)
    assert send(boss, f"/pickups/{held}/hiding", "/team", hidden="1").status_code == 303
    assert factory(lambda: session().get_one(Pickup, held).hidden_from_distributor)()


def test_the_manager_chooses_what_is_shared_and_sees_what_is_seen(client, dora, alpha, anna, alice):
    lead, _held = hold(alice)
    sign_in(client, anna)
    assert "What does Delta Distribution see of us?" in client.get("/team").text
    for shares in ("deals", "figures", "nothing"):
        done = send(client, "/team/sharing", "/team/sharing", shares=shares)
        assert done.status_code == 303
        own = client.get("/team/sharing").text
        theirs = resellers(client, dora).text
        assert seen(own) == seen(theirs)
        assert (lead.number in own) == (shares == "deals")
    refused = send(client, "/team/sharing", "/team/sharing", shares="everything")
    assert refused.status_code == 422
    told = factory(
        lambda: session().scalars(select(EventRow.data).where(EventRow.name == "SharingChanged"))
    )()
    assert [data["shares"] for data in told] == ["deals", "figures", "nothing"]


def seen(page):
    """Return what a page shows of a firm."""
    return page.partition('<article class="sheet stack"')[2].partition("</article>")[0]


def test_a_firm_below_the_vendor_has_nobody_to_share_with(client):
    firm = make_partner("Gamma IT")
    boss, rep = make_person(firm, "partner_manager"), make_person(firm)
    lead, _held = hold(rep)
    sign_in(client, boss)
    assert client.get("/team/sharing").status_code == 404
    assert "see of us" not in client.get("/team").text
    assert "Hide it" not in client.get(f"/leads/{lead.id}").text


def test_a_distributor_sees_its_own_subtree_alone_at_every_depth(ctx):
    delta = make_partner(kind=OrganisationKind.DISTRIBUTOR)
    other = make_partner(kind=OrganisationKind.DISTRIBUTOR)
    one = make_partner("Alpha", parent=delta)
    two = make_partner("Beta", parent=one)
    make_partner("Gamma", parent=other)
    make_partner("Omega")
    dora = make_person(delta, "distributor_sales")
    found = read_resellers(get_actor(dora.id), clock.now())
    assert [(firm.id, firm.name) for firm in found] == [(one.id, "Alpha"), (two.id, "Beta")]


def test_a_title_that_no_partner_reads_before_pickup_is_not_shared(ctx):
    delta = make_partner(kind=OrganisationKind.DISTRIBUTOR)
    firm = make_partner(parent=delta)
    lead, _held = hold(make_person(firm))
    choose(firm, "deals")
    kind = session().get_one(LeadType, session().get_one(Lead, lead.id).type_id)
    kind.teaser_fields = [name for name in kind.teaser_fields if name != "title"]
    session().flush()
    (seen_firm,) = read_shared([firm.id], clock.now())
    assert [(deal.number, deal.title) for deal in seen_firm.deals] == [(lead.number, "")]


def test_only_distributors_have_the_page(client, anna, alice):
    for user in (anna, alice):
        other = sign_in(client.application.test_client(), user)
        assert other.get("/resellers").status_code == 403
