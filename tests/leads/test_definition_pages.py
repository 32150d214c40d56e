"""The pages of the lead definition, as a channel manager, another one and a stranger use them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.events import EventRow
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads import versions
from portal.leads.models import Lead, LeadState, LeadStatus, LeadType, QualificationQuestion
from portal.offers import operations as offers
from portal.pickup import operations as pickup
from tests.factories import (
    answer_questions,
    csrf_of,
    factory,
    make_lead,
    make_manager,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)


@pytest.fixture
def manager(client: FlaskClient) -> FlaskClient:
    signed_in: FlaskClient = sign_in(client, make_manager())
    return signed_in


@factory
def draft_id() -> int:
    found = versions.find_draft()
    assert found is not None
    return found.id


@factory
def active_name() -> str:
    found = versions.find_active()
    assert found is not None
    return found.name


@factory
def keys_of_draft(place: str) -> list[str]:
    found = versions.find_draft()
    assert found is not None
    return [one.key for one in getattr(versions.content_of(found), place)]


def shown(page: str) -> dict[str, Any]:
    """Return what the form of a page would send as it is."""
    sent: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", page[page.index("<main") :]):
        found = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if found.get("type") in ("checkbox", "radio") and " checked" not in tag:
            continue
        if "name" in found:
            sent.setdefault(found["name"], []).append(found.get("value", "y"))
    for name, options in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', page, re.S):
        chosen = re.search(r'<option selected value="([^"]*)"', options) or re.search(
            r'value="([^"]*)" selected', options
        )
        sent[name] = [chosen.group(1) if chosen else ""]
    sent["csrf_token"] = [csrf_of(page)]
    return sent


def press(client: FlaskClient, path: str, **data: Any) -> Any:
    token = csrf_of(client.get("/definition").text)
    return client.post(path, data={"csrf_token": token, **data})


def test_a_rep_and_an_administrator_find_no_way_in(app: Flask) -> None:
    for person in (make_person(), make_person(make_vendor(), "admin")):
        client = sign_in(app.test_client(), person)
        assert client.get("/definition").status_code == 403
        assert client.get("/definition/1").status_code == 403
    assert "/login" in app.test_client().get("/definition").location


def test_a_manager_adds_a_type_of_her_own_activates_it_and_a_lead_goes_through(
    manager: FlaskClient,
) -> None:
    assert press(manager, "/definition").status_code == 303
    home = f"/definition/{draft_id()}"
    page = manager.get(home)
    assert "missing before it can be activated" not in page.text

    assert 'value="New"' in manager.get(f"{home}/statuses/new").text
    typed = shown(manager.get(f"{home}/statuses/new-one").text)
    typed |= {"name_en": "Invited", "name_de": "Eingeladen", "state": "in_progress"}
    refused = manager.post(f"{home}/statuses/new-one", data=typed)
    assert refused.status_code == 422
    assert 'value="Eingeladen"' in refused.text
    typed |= {"answer": "not_contacted", "usual": "y", "followers": ["waiting"]}
    assert manager.post(f"{home}/statuses/new-one", data=typed).status_code == 303

    others = [key for key in keys_of_draft("statuses") if key != "invited"]
    for key in ("organisation", "person", "business_partner"):
        typed = shown(manager.get(f"{home}/types/{key}").text)
        sent = {**typed, "statuses": others}
        assert manager.post(f"{home}/types/{key}", data=sent).status_code == 303
    typed = shown(manager.get(f"{home}/types/new-one").text)
    typed |= {
        "name_en": "Event",
        "kind": "end_customer",
        "statuses": [key for key in (*others, "invited") if key != "not_contacted"],
        "offer": ["title"],
        "priority": "9",
        "days": "14",
        "win": ["products"],
        "outcome": "revenue",
        "contest": "staggered",
        "ring_size": "2",
        "cadence-0-kind": "appointment",
        "cadence-0-name_de": "Vor Ort ansehen",
    }
    refused = manager.post(f"{home}/types/new-one", data=typed)
    assert refused.status_code == 422
    assert 'value="Vor Ort ansehen"' in refused.text
    assert "Please say how much." in refused.text
    assert "Please give 5 to 10080 minutes." in refused.text
    typed |= {"cadence-0-name_en": "See the place", "least": "5000", "ring_minutes": "30"}
    assert manager.post(f"{home}/types/new-one", data=typed).status_code == 303
    typed = shown(manager.get(f"{home}/questions/new-one").text)
    typed |= {"name_en": "How many seats?", "required": "y", "types": ["event"]}
    assert manager.post(f"{home}/questions/new-one", data=typed).status_code == 303

    page = manager.get(home).text
    assert "the best 2 first, 30 minutes later the next 2, and so on" in page
    assert "missing before it can be activated" in page
    assert "Event: from New a way to Invited is missing" in page
    refused = press(manager, f"{home}/activation", version=shown_version(manager, home))
    assert refused.status_code == 409
    assert 'data-refusal="not_complete"' in refused.text
    press(manager, f"{home}/ways")
    assert said_missing(manager, home) == []
    comparison = manager.get(f"{home}/comparison").text
    assert "How many seats?" in comparison
    assert "New → Invited" in comparison
    assert "Every lead stays what it is" in manager.get(f"{home}/activation").text
    done = press(manager, f"{home}/activation", version=shown_version(manager, home))
    assert done.status_code == 303, done.text
    assert active_name() == "Version 2"
    assert goes_through() == ["new", "invited", "waiting", "won"]
    page = manager.get(f"/leads/{last_lead()}").text
    assert "Won, but short of a success: at least €5,000" in page
    # what is active or was stays as it is
    assert manager.get(f"{home}/types/event").status_code == 409
    assert press(manager, f"{home}/ways").status_code == 409


def test_a_first_contact_is_put_into_a_type_with_one_press(manager: FlaskClient) -> None:
    press(manager, "/definition")
    page = f"/definition/{draft_id()}/types/person"
    shown_first = manager.get(page).text
    assert "Call once more" in shown_first
    press(manager, f"{page}/first-contact", seen=seen_on(shown_first))
    again = manager.get(page).text
    rows = shown(again)
    days = [rows[f"cadence-{row}-days"][0] for row in range(4)]
    kinds = [rows[f"cadence-{row}-kind"][0] for row in range(4)]
    assert (days, kinds) == (["1", "2", "4", "7"], ["email", "call", "call", "email"])
    assert "Put it in" not in again
    # once more adds nothing; who has not seen what somebody else saved is told
    assert press(manager, f"{page}/first-contact", seen=seen_on(again)).status_code == 303
    assert len(cadence_of_draft("person")) == 4
    other = f"/definition/{draft_id()}/types/organisation"
    assert press(manager, f"{other}/first-contact", seen="old").status_code == 409


@factory
def cadence_of_draft(key: str) -> tuple[Any, ...]:
    part = versions.content_of(versions.get_version(versions.find_draft().id)).type_of(key)
    return part.cadence


def seen_on(text: str) -> str:
    return re.findall(r'name="seen"[^>]*value="([^"]+)"', text)[-1]


def said_missing(client: FlaskClient, home: str) -> list[str]:
    page = client.get(f"{home}/activation").text
    return re.findall(
        r"<li>(.*?)</li>", page[page.index('id="complete"') : page.index('id="leads"')]
    )


def shown_version(client: FlaskClient, home: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', client.get(f"{home}/activation").text)
    assert found is not None
    return found.group(1)


@factory
def goes_through() -> list[str]:
    """Offer a lead of the new type, pick it up, report, win; return the statuses on its way."""
    at, rep = clock.now(), make_person(make_partner())
    lead = make_lead(type="event", at=at)
    seen = [lead.status_id]
    question = session().scalars(
        select(QualificationQuestion).where(QualificationQuestion.key == "how_many_seats")
    )
    assert [one.required for one in question] == [True]
    assert session().get_one(LeadType, lead.type_id).priority == 9
    answer_questions(lead)
    offers.offer(lead.id, at)
    actor = get_actor(rep.id)
    held = pickup.claim(lead.id, actor, at).pickup_id
    seen.append(status_of(lead.id))
    feedback.give(held, Answer("waiting"), actor, at)
    seen.append(status_of(lead.id))
    won = Answer("won", value=Decimal(12), also="Forty seats")
    feedback.give(held, won, actor, at)
    seen.append(status_of(lead.id))
    return [session().get_one(LeadStatus, one).key for one in seen]


@factory
def last_lead() -> int:
    return session().scalars(select(Lead.id).order_by(Lead.id.desc())).first() or 0


def status_of(lead_id: int) -> int:
    return session().get_one(Lead, lead_id, populate_existing=True).status_id


def test_who_saves_what_somebody_else_has_changed_is_told_and_loses_nothing(
    app: Flask, manager: FlaskClient
) -> None:
    press(manager, "/definition")
    path = f"/definition/{draft_id()}/statuses/won"
    other = sign_in(app.test_client(), make_manager())
    mine, theirs = shown(manager.get(path).text), shown(other.get(path).text)
    assert manager.post(path, data={**mine, "name_en": "Hooray"}).status_code == 303
    told = other.post(path, data={**theirs, "name_en": "Yippee"})
    assert told.status_code == 409
    assert "Somebody else has changed this" in told.text
    assert 'value="Yippee"' in told.text
    assert "Name in English: Hooray → Yippee" in told.text
    assert other.post(path, data=shown(told.text)).status_code == 303
    assert 'value="Yippee"' in manager.get(path).text
    # begun at the same moment it is one draft, and the slower one comes to it
    assert press(other, "/definition").location.endswith(f"/definition/{draft_id()}")


def test_leads_without_a_place_are_listed_and_mapped_on_the_page(manager: FlaskClient) -> None:
    lead = make_lead(type="person")
    press(manager, "/definition")
    home = f"/definition/{draft_id()}"
    content = manager.get(home).text
    seen = re.search(r'types/person/deletion".*?name="seen" value="(\w+)"', content, re.S)
    assert seen is not None
    press(manager, f"{home}/types/person/deletion", seen=seen.group(1))
    page = manager.get(f"{home}/activation").text
    assert "Person: New (1 lead)" in page
    assert lead.number in page
    refused = press(manager, f"{home}/activation", version=shown_version(manager, home))
    assert refused.status_code == 409
    assert 'data-refusal="leads_stranded"' in refused.text
    wrong = {"to:person/new": "business_partner/new"}
    version = shown_version(manager, home)
    assert press(manager, f"{home}/activation", version=version, **wrong).status_code == 409
    right = {"to:person/new": "organisation/new"}
    assert press(manager, f"{home}/activation", version=version, **right).status_code == 303
    assert type_of(lead.id) == "organisation"
    assert moved() == [{"person/new organisation/new": 1}]


@factory
def type_of(lead_id: int) -> str:
    lead = session().get_one(Lead, lead_id, populate_existing=True)
    assert lead.state == LeadState.QUALIFIED
    return session().get_one(LeadType, lead.type_id).key


@factory
def moved() -> list[dict[str, int]]:
    rows = session().scalars(select(EventRow).where(EventRow.name == "DefinitionActivated"))
    return [row.data["moved"] for row in rows]


def test_a_way_is_opened_for_some_types_and_some_people(manager: FlaskClient) -> None:
    press(manager, "/definition")
    home = f"/definition/{draft_id()}"
    path = f"{home}/statuses/new/to/cancelled"
    typed = shown(manager.get(path).text)
    refused = manager.post(path, data={**typed, "types": [], "roles": ["channel_manager"]})
    assert refused.status_code == 422
    typed = {**typed, "types": ["person"], "roles": ["channel_manager"]}
    assert manager.post(path, data=typed).status_code == 303
    assert "Cancelled (Person; Channel manager)" in manager.get(home).text
    assert manager.get(f"{home}/statuses/won/to/new").status_code == 404


def test_levels_are_named_and_leads_numbered_for_all_types(
    app: Flask, manager: FlaskClient
) -> None:
    press(manager, "/definition")
    home = f"/definition/{draft_id()}"
    path = f"{home}/levels/priorities"
    other = sign_in(app.test_client(), make_manager())
    typed, theirs = shown(manager.get(path).text), shown(other.get(path).text)
    refused = manager.post(path, data={**typed, "name_de_9": "Eilig"})
    assert refused.status_code == 422
    assert 'value="Eilig"' in refused.text
    none = {name: value for name, value in typed.items() if not name.startswith("supported")}
    assert "At least one has to be in use" in manager.post(path, data=none).text
    sent = {**typed, "name_en_9": "Urgent", "name_de_9": "Eilig"}
    assert manager.post(path, data=sent).status_code == 303
    told = other.post(path, data={**theirs, "name_en_9": "At once"})
    assert told.status_code == 409
    assert "9: Urgent → At once" in told.text
    assert "Urgent (9)" in manager.get(f"{home}/types/person").text
    assert manager.get(f"{home}/levels/weather").status_code == 404
    path = f"{home}/numbering"
    typed = shown(manager.get(path).text)
    assert manager.post(path, data={**typed, "prefix": "L7"}).status_code == 422
    assert manager.post(path, data={**typed, "prefix": "a-", "digits": "6"}).status_code == 303
    assert "A-010001" in manager.get(home).text
    theirs = {**typed, "csrf_token": csrf_of(told.text), "prefix": "B-"}
    assert other.post(path, data=theirs).status_code == 409


def test_parts_are_moved_renamed_and_the_draft_is_thrown_away(manager: FlaskClient) -> None:
    press(manager, "/definition")
    home = f"/definition/{draft_id()}"
    press(manager, f"{home}/questions/time/move", to="up")
    assert keys_of_draft("questions")[:3] == ["budget", "authority", "time"]
    assert press(manager, f"{home}/weather/time/move").status_code == 404
    assert press(manager, home, name="").status_code == 422
    press(manager, home, name="Spring")
    assert "Spring" in manager.get("/definition").text
    assert manager.get(f"{home}/deletion").status_code == 200
    press(manager, f"{home}/deletion")
    assert manager.get(home).status_code == 404
