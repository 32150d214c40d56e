"""Key dates of a lead: who sets them, what they were, and what is overdue."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient

from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.leads import dates
from portal.leads.dates import check_days, days_left
from portal.leads.models import Lead
from portal.pickup import operations as pickup
from tests.factories import (
    csrf_of,
    factory,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

TODAY = date(2026, 11, 16)
DAY = timedelta(days=1)


@factory
def make_held(rep: User) -> tuple[Lead, int]:
    """Return a lead that the rep picked up an hour ago, and the pickup."""
    at = clock.now() - timedelta(hours=1)
    lead = make_offered_lead(at=at)
    held = pickup.claim(lead.id, get_actor(rep.id), at).pickup_id
    return session().get_one(Lead, lead.id, populate_existing=True), held


@factory
def change(lead: Lead, user: User, **days: date | None) -> list[str]:
    return list(dates.set_dates(lead.id, days, get_actor(user.id), clock.now()))


@factory
def seen(lead: Lead, user: User) -> dates.KeyDates:
    found = session().get_one(Lead, lead.id, populate_existing=True)
    return dates.read_dates(found, get_actor(user.id), clock.now())


def post(client: FlaskClient, address: str, **fields: str):
    token = csrf_of(client.get("/settings/sign-in").text)
    return client.post(address, data={"csrf_token": token, **fields})


@pytest.mark.parametrize(
    ("expected", "closed", "left"),
    [
        (None, None, None),
        (TODAY, None, 0),
        (TODAY + 3 * DAY, None, 3),
        (TODAY - DAY, None, -1),
        (TODAY - DAY, TODAY, None),
    ],
)
def test_how_long_it_still_takes(expected, closed, left) -> None:
    assert days_left(expected, closed, TODAY) == left


def test_an_end_before_the_beginning_and_a_slip_of_the_pen_are_told(ctx) -> None:
    days = {"started_on": TODAY, "estimated_on": TODAY - DAY, "expected_on": date(26, 1, 1)}
    assert set(check_days(days)) == {"estimated_on", "expected_on"}
    assert check_days({"started_on": TODAY, "estimated_on": TODAY, "expected_on": None}) == {}


def test_the_holder_and_who_answers_for_a_lead_set_its_dates_and_nobody_else(
    client: FlaskClient,
) -> None:
    firm, manager = make_partner(), make_manager()
    rep, colleague = make_person(firm), make_person(firm)
    lead, _held = make_held(rep)
    address = f"/leads/{lead.id}/dates"
    qualifier, admin = (make_person(make_vendor(), role) for role in ("qualifier", "admin"))
    for stranger in (colleague, make_person(), qualifier, admin):
        client = sign_in(client.application.test_client(), stranger)
        assert client.get(address).status_code == 404
        assert post(client, address, expected_on="2099-01-31").status_code == 404
    client = sign_in(client.application.test_client(), rep)
    wrong = post(client, address, started_on="2099-01-31", expected_on="2098-01-31")
    assert wrong.status_code == 422
    assert "That is before the work began." in wrong.text
    assert 'value="2098-01-31"' in wrong.text
    assert post(client, address, expected_on="2099-01-31").status_code == 303
    assert 'value="2099-01-31"' in client.get(address).text
    assert "nobody has said yet" not in client.get(f"/leads/{lead.id}").text
    assert seen(lead, manager).expected_on == date(2099, 1, 31)
    assert change(lead, manager, expected_on=TODAY) == ["expected_on"]


def test_every_change_is_kept_and_what_is_late_is_told(client: FlaskClient) -> None:
    rep, manager = make_person(), make_manager()
    lead, _held = make_held(rep)
    assert change(lead, rep, estimated_on=TODAY, expected_on=TODAY) == [
        "estimated_on",
        "expected_on",
    ]
    yesterday = clock.now().date() - 2 * DAY
    assert change(lead, rep, expected_on=yesterday) == ["expected_on"]
    assert change(lead, rep, expected_on=yesterday) == []
    told = seen(lead, manager)
    assert (told.estimated_on, told.expected_on, told.overdue) == (TODAY, yesterday, True)
    assert [(row.field, row.was, row.day) for row in told.changes] == [
        ("expected_on", TODAY, yesterday),
        ("expected_on", None, TODAY),
        ("estimated_on", None, TODAY),
    ]
    assert "Overdue by" in sign_in(client, rep).get(f"/leads/{lead.id}").text


def test_the_next_holder_begins_anew_and_does_not_read_what_the_one_before_expected(ctx) -> None:
    first, second, manager = make_person(), make_person(), make_manager()
    lead, held = make_held(first)
    change(lead, first, expected_on=TODAY)
    pickup.give_back(held, "wrong_number", None, get_actor(first.id), clock.now())
    pickup.claim(lead.id, get_actor(second.id), clock.now() + timedelta(minutes=1))
    told = seen(lead, second)
    assert (told.expected_on, list(told.changes)) == (None, [])
    assert [row.day for row in seen(lead, manager).changes] == [None, TODAY]
