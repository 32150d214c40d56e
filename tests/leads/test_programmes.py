"""Ready-made programmes: whole, in both languages, and nobody is stranded who starts from one."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from portal.accounts.queries import get_actor
from portal.leads import versions
from portal.leads.activation import activate, list_standings
from portal.leads.definition import Content, to_data
from portal.leads.definition_around import read_around
from portal.leads.definition_file import read, write
from portal.leads.definition_rules import check, find_stranded
from portal.leads.first_contact import FIRST_CONTACT, put_in
from portal.leads.models import LeadKind
from portal.leads.programmes import FOLDER, PROGRAMMES, ReadyMade, begin_from
from tests.factories import AT, csrf_of, factory, make_lead, make_manager, make_person, sign_in


def names_in(data: Any) -> list[dict[str, str]]:
    """Return every name that stands in plain data."""
    if isinstance(data, list):
        return [name for one in data for name in names_in(one)]
    if not isinstance(data, dict):
        return []
    own = [data["names"]] if "names" in data else []
    return own + [name for value in data.values() for name in names_in(value)]


@pytest.mark.parametrize("programme", PROGRAMMES, ids=lambda one: str(one.key))
def test_a_ready_made_programme_is_whole_and_strands_nobody(
    ctx: object, programme: ReadyMade
) -> None:
    for type_key in ("organisation", "person", "business_partner"):
        make_lead(type=type_key)
    content = programme.content
    assert {"person", "organisation", "business_partner"} <= {one.key for one in content.types}
    assert {one.kind for one in content.types} == set(LeadKind)
    assert check(content, read_around()) == []
    assert find_stranded(content, list_standings()) == []
    assert all(set(names) == {"en", "de"} for names in names_in(to_data(content)))
    # every type plans a first contact for who takes an inquiry, and has it once
    for one in content.types:
        assert one.cadence[:4] == FIRST_CONTACT
        assert put_in(one) == one
    file = (FOLDER / f"{programme.key}.yaml").read_text(encoding="utf-8")
    assert write(*read(file.encode())) == file
    draft = begin_from(programme.key, get_actor(make_manager().id), AT)
    assert draft.name == str(programme.name)
    activate(draft.id, draft.version, {}, None, AT)
    assert versions.content_of(draft) == content


def test_a_manager_begins_a_draft_from_a_ready_made_programme(client: FlaskClient) -> None:
    manager = sign_in(client, make_manager())
    page = manager.get("/definition/programmes")
    assert "Begin a draft from it" in page.text
    sent = {"csrf_token": csrf_of(page.text), "programme": "weather"}
    assert manager.post("/definition/programmes", data=sent).status_code == 404
    sent["programme"] = "trades"
    begun = manager.post("/definition/programmes", data=sent)
    assert begun.status_code == 303
    assert "Visit agreed" in manager.get(begun.location).text
    assert draft_content() == next(one.content for one in PROGRAMMES if one.key == "trades")
    # there is one now, so none other is begun
    assert "Begin a draft from it" not in manager.get("/definition/programmes").text
    sent["programme"] = "it_reseller"
    assert manager.post("/definition/programmes", data=sent).location == begun.location


def test_programmes_are_the_managers_to_choose(client: FlaskClient) -> None:
    rep = sign_in(client, make_person())
    assert rep.get("/definition/programmes").status_code == 403


@factory
def draft_content() -> Content:
    found = versions.find_draft()
    assert found is not None
    return versions.content_of(found)
