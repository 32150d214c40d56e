"""When firms work: written as people do, kept, and what runs follows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.jobs import run_now
from portal.deadlines import clocks
from portal.deadlines.business_time import USUAL, Week
from portal.deadlines.models import ClockKind
from portal.deadlines.queries import get_policy
from portal.partners import hours, operations
from portal.partners.calendars import calendar_of, vendors_calendar
from portal.partners.hours import Hours, read_day, write_day
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from portal.pickup.reassign import reassign
from tests.factories import (
    AT,
    csrf_of,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MORNINGS = Week((((8 * 60, 12 * 60),),) * 5 + ((), ()))


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("9-17", "9:00–17:00"),
        ("9:00–12:30, 13:30–17:00", "9:00–12:30, 13:30–17:00"),
        ("8.30 bis 12 und 13 bis 16.15 Uhr", "8:30–12:00, 13:00–16:15"),
        ("9 am to 5:30 pm", "9:00–17:30"),
        ("0-24", "0:00–24:00"),
        ("", ""),
        ("17-9", None),
        ("9-12, 11-17", None),
        ("9-25", None),
        ("nine to five", None),
        ("9:75-12", None),
    ],
)
def test_hours_are_read_as_people_write_them(written: str, told: str | None) -> None:
    if told is None:
        with pytest.raises(ValueError, match=r"\w"):
            read_day(written)
    else:
        assert write_day(read_day(written)) == told


def test_a_firm_works_as_the_vendor_does_until_it_says_otherwise(ctx: Flask) -> None:
    firm, vendor = make_partner(), make_vendor()
    assert calendar_of(firm.id).week == USUAL

    hours.save(vendor, Hours(MORNINGS, "Europe/Vienna", True, (), "AT"), 1, AT)
    assert calendar_of(firm.id).week == vendors_calendar().week == MORNINGS
    # holidays are those of the place: the Austrian national day is none in Lower Saxony, and the
    # other way round
    for day, here, there in (
        (date(2026, 10, 26), False, True),
        (date(2026, 10, 31), True, False),
        (date(2026, 12, 25), True, True),
    ):
        assert (day in calendar_of(firm.id).holidays, day in vendors_calendar().holidays) == (
            here,
            there,
        )

    closed = Hours(Week(((),) * 7), "Europe/Berlin", True, ())
    with pytest.raises(Invalid) as refused:
        hours.save(firm, closed, 1, AT)
    assert refused.value.errors == {"day0": "Please give the hours of one day at least."}


def test_deadlines_that_run_follow_hours_days_off_and_absences(ctx: Flask) -> None:
    firm = make_partner()
    policy = get_policy()
    policy.response_hours, policy.working = 8, ["response"]
    alice, bob = make_person(firm), make_person(firm)
    held = pickup.claim(make_offered_lead().id, get_actor(alice.id), AT).pickup_id

    def due(kind: str) -> datetime:
        run_now("core.dispatch", {"here": True}, at=AT + HOUR)
        clock = clocks.find_running(ClockKind(kind), pickup_id=held)
        assert clock is not None
        pickup_row = session().get_one(Pickup, held, populate_existing=True)
        assert kind != "feedback" or pickup_row.feedback_due_at == clock.due_at
        return clock.due_at

    assert due("response") == datetime(2026, 11, 17, 9, tzinfo=UTC)
    # Monday from ten to twelve, nothing on Tuesday, four hours on Wednesday, two on Thursday
    hours.save(firm, Hours(MORNINGS, "Europe/Berlin", True, [date(2026, 11, 17)]), 1, AT)
    assert due("response") == datetime(2026, 11, 19, 9, tzinfo=UTC)

    for delegate, moved in ((bob.id, 0), (None, 2)):
        away = operations.add_absence(
            firm.id, date(2026, 11, 18), date(2026, 11, 19), AT, alice.id, delegate_id=delegate
        )
        assert due("feedback") == AT + (7 + moved) * DAY
        assert due("response") == datetime(2026, 11, 19 + 4 * (moved > 0), 9, tzinfo=UTC)
        operations.end_absence(away, AT)
    assert due("feedback") == AT + 7 * DAY

    # what somebody has named stays
    clock = clocks.find_running(ClockKind.FEEDBACK, pickup_id=held)
    clocks.move(clock, AT + 9 * DAY, "extended", alice.id, AT + HOUR)
    session().get_one(Pickup, held).feedback_due_at = clock.due_at
    operations.add_absence(firm.id, date(2026, 11, 20), date(2026, 11, 22), AT)
    assert due("feedback") == AT + 9 * DAY


def test_a_lead_handed_on_keeps_its_moment_whatever_the_calendar_says_later(ctx: Flask) -> None:
    firm = make_partner()
    alice, bob = make_person(firm), make_person(firm)
    anna = get_actor(make_person(firm, "partner_manager").id)
    held = pickup.claim(make_offered_lead().id, get_actor(alice.id), AT).pickup_id
    operations.add_absence(firm.id, date(2026, 11, 18), date(2026, 11, 20), AT, alice.id)
    run_now("core.dispatch", {"here": True}, at=AT + HOUR)
    due = session().get_one(Pickup, held, populate_existing=True).feedback_due_at
    assert due > AT + 8 * DAY

    at = AT + 8 * DAY
    reassign(held, bob.id, anna, at)
    operations.add_absence(firm.id, date(2026, 12, 21), date(2026, 12, 22), at)
    run_now("core.dispatch", {"here": True}, at=at)
    assert session().get_one(Pickup, held, populate_existing=True).feedback_due_at == due
    clock = clocks.find_running(ClockKind.FEEDBACK, pickup_id=held)
    assert clock is not None
    assert (clock.due_at, clock.user_id) == (due, bob.id)


def test_a_manager_says_when_his_firm_works_and_nobody_elses(app: Flask, client) -> None:
    firm, other = make_partner(), make_partner()
    sign_in(client, make_person(firm, "partner_manager"))
    page = f"/partners/{firm.id}/hours"
    assert client.get(page).status_code == 200
    assert client.get(f"/partners/{other.id}/hours").status_code == 404

    typed = {"csrf_token": csrf_of(client.get(page).text)}
    typed |= {f"day{number}": "8-12, 13-17" if number < 5 else "" for number in range(7)}
    wrong = client.post(page, data=typed | {"zone": "Europe/Berlin", "day0": "whenever"})
    assert wrong.status_code == 422
    assert b"whenever" in wrong.data
    assert b"8-12, 13-17" in wrong.data

    saved = client.post(
        page, data=typed | {"zone": "Europe/Vienna", "holidays": "y", "day_off": "2026-12-24"}
    )
    assert saved.status_code == 303
    shown = client.get(page).get_data(as_text=True)
    assert "8:00–12:00, 13:00–17:00" in shown
    assert "24 December 2026" in shown or "December 24, 2026" in shown
