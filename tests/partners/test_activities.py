"""What the vendor's people plan about a partner, who never reads it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.accounts import tree
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.pickup import leavers
from portal.timeline.models import Activity
from tests.factories import (
    csrf_of,
    factory,
    make_manager,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

WORDS = "Talk about their targets."
TYPED = {"kind": "appointment", "text": WORDS, "due_on": "2099-01-31", "due_time": "10:00"}


def post(client, address, **fields):
    token = csrf_of(client.get("/settings/sign-in").text)
    return client.post(address, data={"csrf_token": token, **fields})


@factory
def the_one():
    found = session().scalars(select(Activity).execution_options(populate_existing=True)).one()
    session().expunge(found)
    return found


@pytest.fixture
def firm(app):
    return make_partner("Alpha Systems")


@factory
def answer_for(firm, user):
    tree.set_account_manager(session().merge(firm), user.id, clock.now() - timedelta(days=1))


def test_who_answers_for_a_partner_plans_settles_and_finds_it_in_her_list(client, firm):
    pam = make_person(make_vendor(), "account_manager")
    answer_for(firm, pam)
    home = f"/partners/{firm.id}"
    sign_in(client, pam)
    assert "Nothing planned, nothing done yet." in client.get(home).text
    wrong = post(client, f"{home}/activities", **{**TYPED, "text": ""})
    assert (wrong.status_code, "2099-01-31" in wrong.text) == (422, True)
    assert post(client, f"{home}/activities", **TYPED).status_code == 303
    for address in (home, "/activities"):
        page = client.get(address).text
        assert WORDS in page
        assert "Alpha Systems" in page
    assert "Alpha Systems" in client.get("/").text.partition("What you have planned")[2]
    its = f"{home}/activities/{the_one().id}"
    assert post(client, its, **{**TYPED, "kind": "call"}).status_code == 303
    assert post(client, f"{its}/completion", outcome="They want more.").status_code == 303
    assert "They want more." in client.get(f"{home}?show=settled").text
    assert WORDS not in client.get("/activities").text


def test_neither_the_partner_nor_who_answers_for_others_finds_it(client, firm):
    manager, boss = make_manager(), make_person(firm, "partner_manager")
    other = make_person(make_vendor(), "account_manager")
    home = f"/partners/{firm.id}"
    sign_in(client, manager)
    assert post(client, f"{home}/activities", **TYPED).status_code == 303
    its = f"{home}/activities/{the_one().id}"
    for stranger, status in ((boss, 403), (other, 404)):
        theirs = sign_in(client.application.test_client(), stranger)
        assert theirs.get(its).status_code == status
        assert theirs.get(f"{home}/activity").status_code == status
        for verb in ("", "/completion", "/cancellation"):
            assert post(theirs, its + verb, **TYPED).status_code == status
        assert WORDS not in theirs.get("/activities").text


def test_what_a_leaver_had_planned_goes_to_who_answers_for_the_partner(client, firm):
    manager, pam = make_manager(), make_person(make_vendor(), "account_manager")
    admin = make_person(make_vendor(), "admin")
    answer_for(firm, pam)
    sign_in(client, manager)
    assert post(client, f"/partners/{firm.id}/activities", **TYPED).status_code == 303
    factory(
        lambda: leavers.deactivate(session().merge(manager), None, get_actor(admin.id), clock.now())
    )()
    assert the_one().assignee_id == pam.id
