"""When people hear by mail: their choice, its page, the hours of their zone."""

from __future__ import annotations

import pytest

from portal.accounts import operations as accounts
from portal.accounts.models import User
from portal.accounts.operations import Hours
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.events import EventRow
from tests.factories import AT, csrf_of, make_person, sign_in


def chosen(user):
    found = session().get(User, user.id, populate_existing=True)
    return found.hears, found.hears_by_mail, found.digest_hour, found.quiet_from, found.quiet_until


def test_a_person_chooses_when_to_hear_on_a_page_of_her_own(app):
    alice = make_person()
    client = sign_in(app.test_client(), alice)
    page = client.get("/settings/mail")
    assert page.status_code == 200
    assert alice.email in page.text
    answer = client.post(
        "/settings/mail",
        data={
            "hears": "daily",
            "digest_hour": "7",
            "quiet_from": "20",
            "quiet_until": "6",
            "csrf_token": csrf_of(page.text),
        },
    )
    assert answer.status_code == 303
    with app.app_context():
        assert chosen(alice) == ("daily", True, 7, 20, 6)
    again = client.get("/settings/mail").text
    assert 'checked id="hears-1"' in again
    assert '<option selected value="20">20:00</option>' in again


@pytest.mark.parametrize(
    "typed",
    [
        {"hears": "hourly", "digest_hour": "8"},
        {"hears": "daily", "digest_hour": "24"},
        {"hears": "daily", "digest_hour": "8", "quiet_from": "20"},
        {"hears": "daily", "digest_hour": "8", "quiet_from": "20", "quiet_until": "20"},
        {"hears": "daily", "digest_hour": "8", "quiet_from": "20", "quiet_until": "later"},
        {},
    ],
)
def test_what_makes_no_sense_is_asked_again_and_changes_nothing(app, typed):
    alice = make_person()
    client = sign_in(app.test_client(), alice)
    token = csrf_of(client.get("/settings/mail").text)
    answer = client.post("/settings/mail", data={**typed, "csrf_token": token})
    assert answer.status_code == 422
    assert "field-errors" in answer.text
    with app.app_context():
        assert chosen(alice) == ("at_once", True, 8, None, None)


def test_the_page_is_for_signed_in_people(app):
    assert app.test_client().get("/settings/mail").status_code == 302


def test_who_never_wanted_mails_finds_that_said_on_the_page(app):
    alice = make_person(hears_by_mail=False)
    page = sign_in(app.test_client(), alice).get("/settings/mail").text
    assert 'checked id="hears-2"' in page


def test_a_choice_without_hours_leaves_them_as_they_were(ctx):
    alice = make_person()
    accounts.set_hearing(alice.id, "daily", AT, Hours(6, 22, 5))
    accounts.set_hearing(alice.id, "never", AT)
    assert chosen(alice) == ("never", False, 6, 22, 5)
    accounts.set_hearing(alice.id, "at_once", AT)
    assert chosen(alice) == ("at_once", True, 6, 22, 5)


def test_the_same_choice_again_is_no_news(ctx):
    alice = make_person()
    accounts.set_hearing(alice.id, "daily", AT)
    accounts.set_hearing(alice.id, "daily", AT)
    with pytest.raises(Invalid):
        accounts.set_hearing(alice.id, "daily", AT, Hours(8, 22, None))
    assert session().query(EventRow).filter_by(name="HearingChanged").count() == 1
