"""The published figures: shares of groups that give nobody away, Gini, time to offer, the mail."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.core import jobs
from portal.core.db import session
from portal.core.mail.models import OutgoingEmail
from portal.desk.fairness import due_months, month_before, read_figures
from portal.desk.fairness_rules import LEAST, OTHERS, FirmMonth, gini, group, keys_of, size_of
from portal.hearing import operations as hearing
from portal.hearing.queries import find_kept
from portal.offers import operations as offers
from portal.pickup import operations as pickup
from tests.factories import (
    CONTACT,
    answer_questions,
    factory,
    make_lead,
    make_manager,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

ZONE = ZoneInfo("Europe/Berlin")
OCTOBER = date(2026, 10, 1)
THEN = datetime(2026, 10, 5, 9, tzinfo=ZONE)
FIRMS = st.lists(
    st.builds(
        FirmMonth,
        st.sampled_from([1, 2, 3, None]),
        st.sampled_from(["DE", "AT", "CH"]),
        st.sampled_from(["DE-BY", "DE-NW", None]),
        st.sampled_from([None, 1, 12, 80, 900]),
        st.integers(0, 50),
        st.integers(0, 9),
        st.integers(0, 20),
        st.integers(0, 5),
    ),
    max_size=40,
)


@settings(max_examples=80, deadline=None)
@given(firms=FIRMS, by=st.sampled_from(["level", "region", "size"]))
def test_shares_sum_up_and_no_group_is_small_enough_to_recognise_anybody(firms, by):
    groups = group(firms, keys_of(firms)[by])
    assert all(one.firms >= LEAST for one in groups)
    assert bool(groups) == (len(firms) >= LEAST)
    if groups:
        assert sum(one.firms for one in groups) == len(firms)
        assert sum(one.offers for one in groups) == sum(one.offers for one in firms)
        assert sum(one.hot_picks for one in groups) == sum(one.hot_picks for one in firms)
        assert len({one.key for one in groups}) == len(groups)


@settings(max_examples=80, deadline=None)
@given(values=st.lists(st.integers(0, 1000), max_size=40), times=st.integers(1, 9))
def test_gini_lies_between_0_and_1_whatever_is_counted_in(values, times):
    found = gini(values)
    assert (found is None) == (sum(values) == 0)
    if found is not None:
        assert 0 <= found <= 1
        assert gini([one * times for one in values]) == pytest.approx(found)


def test_gini_of_what_everybody_knows():
    assert gini([3, 3, 3]) == 0
    assert gini([0, 0, 0, 8]) == 0.75
    assert gini([1, 2, 3, 4]) == pytest.approx(0.25)


def test_a_small_group_goes_together_with_the_next_one():
    def firms(level, number):
        return [FirmMonth(level, "DE", "DE-BY", 5, 1, 0, 0, 0)] * number

    ours = [*firms(1, 9), *firms(2, 6), *firms(3, 2)]
    found = group(ours, keys_of(ours)["level"])
    assert [(one.key, one.firms) for one in found] == [(1, 9), (OTHERS, 8)]
    assert [size_of(one) for one in (None, 9, 10, 249, 250)] == [
        *("unknown", "1-9", "10-49", "50-249", "250+")
    ]


def test_firms_of_one_country_go_by_their_states():
    def firms(country, state):
        return [FirmMonth(None, country, state, 5, 1, 0, 0, 0)] * 5

    home = [*firms("DE", "DE-BY"), *firms("DE", "DE-NW"), *firms("DE", None)]
    abroad = firms("AT", "AT-9")
    for ours, found in (
        (home, ["DE", "DE-BY", "DE-NW"]),
        ([*home, *abroad], ["AT", "DE"]),
    ):
        assert sorted(one.key for one in group(ours, keys_of(ours)["region"])) == found


@factory
def october() -> list[int]:
    """Let six firms be offered two leads in October, and one of them pick up the hot one."""
    people = [make_person(make_partner(f"Firm {n}", at=THEN)) for n in range(6)]
    for number, temperature in enumerate(("hot", "warm")):
        at = THEN + timedelta(hours=number + 1)
        lead = make_lead(temperature=temperature, at=THEN, qualified_at=THEN)
        answer_questions(lead)
        offers.offer(lead.id, at)
        if temperature == "hot":
            pickup.claim(lead.id, get_actor(people[0].id), at + timedelta(hours=1))
    return [one.id for one in people]


NOVEMBER = datetime(2026, 11, 1, 8, tzinfo=ZONE)


def test_a_month_is_counted_until_it_is_over_and_then_stands(ctx: Flask):
    assert due_months(THEN) == []
    october()
    assert due_months(THEN) == [202610]
    jobs.run_now("desk.count_fairness", at=THEN + timedelta(hours=1, minutes=5))
    assert read_figures(OCTOBER, 0).month.leads == 1
    assert due_months(NOVEMBER) == [202611, 202610]
    jobs.run_now("desk.count_fairness", at=NOVEMBER)
    assert due_months(NOVEMBER) == [202611]
    found = read_figures(OCTOBER, 0)
    assert (found.whole.firms, found.whole.offers, found.whole.hot_offers) == (6, 12, 6)
    assert (found.whole.picks, found.whole.hot_picks) == (1, 1)
    kept = found.month
    assert (kept.leads, kept.half_minutes) == (2, 90)
    assert kept.gini_offers == 0
    assert kept.gini_hot == pytest.approx(5 / 6)
    assert month_before(OCTOBER, -3) == date(2027, 1, 1)


def test_partners_and_vendor_read_the_same_figures_and_nobody_is_named(app, client):
    people = october()

    @factory
    def count():
        jobs.run_now("desk.count_fairness", at=NOVEMBER)
        return make_manager(), session().get(type(make_manager()), people[0])

    manager, rep = count()
    seen = [sign_in(app.test_client(), one).get("/fairness") for one in (manager, rep)]
    for page in seen:
        assert page.status_code == 200
        assert "Firm 3" not in page.text
        assert "October 2026" in page.text
        assert "0.83" in page.text
    assert "Offered 2 of 12, picked up 1 of 1, 1 of 1 hot ones." in seen[1].text
    assert "Your firm" not in seen[0].text
    browser = sign_in(client, manager)
    lines = browser.get("/fairness/export?month=2026-10").text.splitlines()
    assert lines[1].split(",")[2:] == ["6", "12", "6", "1", "1"]
    assert browser.get("/fairness?month=1999-01").status_code == 404


def test_the_mail_comes_once_a_month_when_the_month_is_counted_to_its_end(ctx: Flask):
    people = october()
    manager = make_person(make_vendor(), "channel_manager", timezone="Asia/Tokyo", locale="de")
    hearing.choose(people[1], THEN, fairness=False)
    session().get_one(User, people[0]).password_hash = None

    def told(at):
        jobs.run_now("desk.tell_fairness", at=at)
        rows = session().scalars(select(OutgoingEmail).where(OutgoingEmail.kind == "shared_out"))
        return {row.user_id: row for row in rows}

    early = NOVEMBER - timedelta(hours=7)
    assert not told(early)
    jobs.run_now("desk.count_fairness", at=early)
    assert manager.id in told(early + timedelta(minutes=5))
    assert people[0] not in told(NOVEMBER - timedelta(hours=2))
    found = told(NOVEMBER)
    assert {people[0], manager.id} <= set(found)
    assert people[1] not in found
    assert len(told(NOVEMBER + timedelta(days=20))) == len(found)
    assert "offered 2, picked up 1, 1 of them hot" in found[people[0]].text
    assert CONTACT["email"] not in found[people[0]].text
    assert "2026" in found[manager.id].subject
    path = found[people[0]].headers["List-Unsubscribe"].strip("<>").partition("/m/")[2]
    ctx.test_client().post(f"/m/{path}", data={"List-Unsubscribe": "One-Click"})
    assert not find_kept(people[0]).fairness
