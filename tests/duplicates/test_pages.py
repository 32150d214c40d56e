"""The pages of duplicates: the work list, two side by side, the way back, who may see what."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from portal.core.db import session, unit_of_work
from portal.duplicates import pairs
from portal.duplicates.models import DuplicatePair, LeadMerge
from portal.leads.models import Lead
from tests.factories import (
    AT,
    CONTACT,
    csrf_of,
    make_lead,
    make_manager,
    make_person,
    make_vendor,
    sign_in,
)


def two(**over: Any) -> tuple[Lead, Lead]:
    old = {"state": "captured", "qualified_at": None}
    return make_lead(**old, title="Old cabinets"), make_lead(
        {**CONTACT, "role": "Head of IT"}, **{**old, "title": "New cabinets", **over}
    )


def checked(app: Any) -> None:
    with app.app_context(), unit_of_work():
        pairs.check(AT)


def post(client: Any, page: Any, path: str, **data: Any) -> Any:
    return client.post(path, data={"csrf_token": csrf_of(page.text), **data})


def fields_of(page: Any) -> dict[str, str]:
    hidden = re.findall(r'name="((?:kept|gone)_version)" value="(\d+)"', page.text)
    chosen = re.findall(r'name="(take-[\w-]+)" value="(\w+)" checked', page.text)
    return {**dict(hidden), **dict(chosen)}


def test_a_manager_compares_merges_and_takes_it_back(app, client):
    one, other = two()
    checked(app)
    sign_in(client, make_manager())
    listing = client.get("/duplicates")
    assert "100 of 100" in listing.text
    assert "same e-mail" in listing.text
    assert one.number in listing.text
    path = f"/leads/{one.id}/merge/{other.id}"
    page = client.get(path)
    assert page.status_code == 200
    assert "Head of IT" in page.text
    typed = {**fields_of(page), "take-title": "gone"}
    answer = post(client, page, path, **typed)
    assert answer.location == f"/leads/{one.id}"
    dossier = client.get(answer.location)
    assert "New cabinets" in dossier.text
    assert f"{other.number} is part of {one.number} now." in dossier.text
    assert "Nothing waits here" in client.get("/duplicates").text
    # the same press again: the other one is part of it already
    assert post(client, page, path, **typed).status_code == 409
    with app.app_context():
        done = session().scalars(select(LeadMerge.id)).one()
    gone = client.get(f"/leads/{other.id}")
    assert "Make it a lead of its own again" in gone.text
    answer = post(client, gone, f"/merges/{done}/undo")
    assert answer.location == f"/leads/{other.id}"
    assert "Old cabinets" in client.get(f"/leads/{one.id}").text
    assert post(client, gone, f"/merges/{done}/undo").status_code == 409


def test_what_changed_meanwhile_is_told_and_what_was_chosen_stays_chosen(app, client):
    one, other = two()
    sign_in(client, make_manager())
    path = f"/leads/{one.id}/merge/{other.id}"
    page = client.get(path)
    typed = {**fields_of(page), "take-title": "gone"}
    with app.app_context(), unit_of_work():
        session().get_one(Lead, other.id).version += 1
    answer = post(client, page, path, **typed)
    assert answer.status_code == 409
    assert "changed meanwhile" in answer.text
    assert fields_of(answer)["take-title"] == "gone"


def test_what_is_not_the_same_is_remembered(app, client):
    two()
    checked(app)
    sign_in(client, make_manager())
    with app.app_context():
        pair = session().scalars(select(DuplicatePair.id)).one()
    answer = post(client, client.get("/duplicates"), f"/duplicates/{pair}/different")
    assert answer.location == "/duplicates"
    page = client.get("/duplicates")
    assert "Remembered" in page.text
    assert "Nothing waits here" in page.text


def test_the_page_that_qualifies_shows_who_may_be_the_same_and_leads_to_both(app, client):
    one, other = two()
    checked(app)
    sign_in(client, make_person(make_vendor(), "qualifier"))
    page = client.get(f"/qualify/{other.id}")
    assert "Perhaps the same" in page.text
    assert f"/leads/{one.id}/merge/{other.id}" in page.text
    assert "1 possible duplicate" in client.get("/qualify").text
    assert one.number in client.get(f"/leads/{other.id}/duplicates").text


def test_a_qualifier_adds_an_inquiry_to_a_held_lead_without_seeing_any_of_it(app, client):
    rep = make_person()
    held = make_lead(
        title="A secret title",
        state="held",
        round=1,
        holder_id=rep.id,
        holder_organisation_id=rep.organisation_id,
        picked_at=AT,
    )
    inquiry = make_lead(state="captured", title="Two more")
    checked(app)
    sign_in(client, make_person(make_vendor(), "qualifier"))
    path = f"/leads/{held.id}/merge/{inquiry.id}"
    page = client.get(path)
    assert page.status_code == 200
    for said in ("A secret title", CONTACT["email"], CONTACT["phone"]):
        assert said not in page.text
    answer = post(client, page, path, **fields_of(page))
    assert answer.location == "/duplicates"
    with app.app_context():
        assert session().get_one(Lead, inquiry.id).merged_into == held.id


@pytest.mark.parametrize("path", ["/duplicates", "/leads/{}/duplicates", "/leads/{}/merge/{}"])
def test_partners_reach_no_page_of_duplicates(app, client, path):
    one, other = two()
    sign_in(client, make_person())
    assert client.get(path.format(one.id, other.id)).status_code in (403, 404)
