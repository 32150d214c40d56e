"""The gate by policies: what shuts it, what opens it, and that both are said in the same words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, update

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import db, session
from portal.core.mail.links import Purpose
from portal.deadlines.models import DeadlinePolicy
from portal.matching import fairness_terms
from portal.matching.fairness_rules import Terms
from portal.partners.models import Absence, Partner
from portal.pickup import operations as pickup
from portal.pickup import queries, suspension
from portal.pickup.models import Pickup, Suspension
from portal.pickup.rules import OpenPickup, gate_of, obstacles
from portal.pickup.words import FOR_HOT_LEADS, GateReason, sentence_of, way_out_of
from tests.factories import (
    AT,
    csrf_of,
    factory,
    make_offered_lead,
    make_partner,
    make_person,
    sign_in,
)
from tests.inbound.pressing import issue, press, text_of

DAY = timedelta(days=1)
ME, HER = 1, 2


def debt(of=ME, late=0.0, *, answered=True, blocked=False, **terms):
    """Return a lead in somebody's hand whose answer is so many days late."""
    return OpenPickup(
        id=9,
        lead_id=9,
        lead_number="L-9",
        title="",
        user_id=of,
        picked_at=AT - 20 * DAY,
        feedback_due_at=AT - late * DAY,
        rhythm_days=7,
        last_feedback_at=AT - 9 * DAY if answered else None,
        last_status=None,
        uncontacted=0,
        amber_hours=48,
        firm_red_days=7,
        blocked_at=AT if blocked else None,
        **terms,
    )


CALM = -5


@pytest.mark.parametrize(
    ("held", "colour", "needed"),
    [
        ([], "green", 0),
        ([debt(late=CALM)], "green", 0),
        ([debt(late=-1)], "amber", 0),
        ([debt(late=1)], "red", 1),
        ([debt(late=CALM, answered=False)], "red", 1),
        # allowed to be without an answer
        ([debt(late=1, allowed_open=1)], "amber", 0),
        ([debt(late=1, allowed_open=1)] * 2, "red", 1),
        ([debt(late=1, allowed_open=1)] * 4, "red", 3),
        # the strictest terms of what is owed count, and what they ask comes first
        ([debt(late=1, allowed_open=3), debt(late=1)], "red", 1),
        ([debt(late=1, allowed_open=3), debt(late=CALM)], "amber", 0),
        # blocked: before any pick, and only as long as it is owed
        ([debt(late=4, blocked=True, allowed_open=3)], "red", 1),
        ([debt(late=CALM, blocked=True)], "green", 0),
        # colleagues: by the firm's scope, or far too late
        ([debt(HER, 1)], "green", 0),
        ([debt(HER, 8)], "red", 0),
        ([debt(HER, 1, gate_scope="firm")], "red", 0),
        ([debt(HER, 1, gate_scope="firm", allowed_open=1)], "amber", 0),
        ([debt(HER, 1, gate_scope="firm", allowed_open=1), debt(late=1, allowed_open=1)], "red", 1),
        ([debt(HER, 1, gate_scope="firm", blocked=True, allowed_open=5)], "red", 0),
        ([debt(HER, 1, blocked=True)], "green", 0),
    ],
)
def test_the_gate_by_what_is_owed(held, colour, needed):
    gate = gate_of(ME, held, AT)
    assert (gate.colour, gate.needed) == (colour, needed)
    assert len(gate.questions) == (min(3, len(gate.owed)) if colour == "red" else 0)


def test_the_most_pressing_answer_is_asked_first():
    lax, strict, blocked = (
        replace(debt(late=days, **terms), id=number)
        for number, (days, terms) in enumerate(
            [(9, {"allowed_open": 2}), (1, {}), (1, {"allowed_open": 2, "blocked": True})]
        )
    )
    gate = gate_of(ME, [lax, strict, blocked], AT)
    assert list(gate.owed) == [blocked, strict, lax]
    assert (gate.needed, gate.mixed) == (2, True)


# -- every reason, in the same words everywhere -----------------------------------------------


def hold(user, days, **over):
    """Let somebody hold a lead for so many days."""
    at = clock.now() - timedelta(days=days)
    actor = get_actor(user.id)
    lead = make_offered_lead(at=at, hours=2000, **over)
    return session().get_one(Pickup, pickup.claim(lead.id, actor, at).pickup_id)


def terms(**said):
    session().execute(update(DeadlinePolicy).values(**said))


def answered(held, due):
    held.last_feedback_at, held.feedback_due_at = held.picked_at, clock.now() + due


def suspended(firm, user=None, **how):
    at = clock.now()
    how = how or {"misses": 3, "within_days": 90}
    session().add(
        Suspension(
            organisation_id=firm.id,
            user_id=user.id if user else None,
            at=at - DAY,
            until=at + 6 * DAY,
            **how,
        )
    )
    suspension.repeat(session().get_one(Partner, firm.id), at)


def away(firm, user=None):
    today = clock.now().date()
    session().add(
        Absence(
            organisation_id=firm.id,
            user_id=user.id if user else None,
            starts_on=today - DAY,
            ends_on=today + DAY,
        )
    )


def most(firm, **bounds):
    for name, bound in bounds.items():
        setattr(session().get_one(Partner, firm.id), name, bound)


def capped(**most):
    fairness_terms.save(Terms(**most), None, clock.now())


SITUATIONS = {
    GateReason.FIRM_SUSPENDED: lambda firm, _me, _her: suspended(firm),
    GateReason.SUSPENDED: lambda firm, me, _her: suspended(firm, me),
    GateReason.PAUSED_BY_HAND: lambda firm, _me, _her: suspended(firm, note="Until you moved."),
    GateReason.FIRM_AWAY: lambda firm, _me, _her: away(firm),
    GateReason.AWAY: lambda firm, me, _her: away(firm, me),
    GateReason.BLOCKED: lambda _firm, me, _her: pickup.block(hold(me, 9), clock.now()),
    GateReason.UNANSWERED: lambda _firm, me, _her: hold(me, 1),
    GateReason.PAST_DUE: lambda _firm, me, _her: answered(hold(me, 9), -DAY),
    GateReason.COLLEAGUE_OWES: lambda _f, _me, her: (hold(her, 1), terms(gate_scope="firm")),
    GateReason.COLLEAGUE_LATE: lambda _firm, _me, her: answered(hold(her, 20), -9 * DAY),
    GateReason.HANDS_FULL: lambda firm, _me, _her: most(firm, rep_capacity=0),
    GateReason.FIRM_FULL: lambda firm, _me, _her: most(firm, capacity=0),
    GateReason.CAP_REACHED: lambda _firm, me, _her: (
        answered(hold(me, 9), 5 * DAY),
        capped(most_picks=1),
    ),
    GateReason.HOT_CAP_REACHED: lambda _firm, me, _her: (
        answered(hold(me, 9, temperature="hot"), 5 * DAY),
        capped(most_hot_picks=1),
    ),
    GateReason.COOLING: lambda _firm, me, _her: (
        answered(hold(me, 1, temperature="hot"), 5 * DAY),
        capped(cooling_days=3),
    ),
}


@factory
def bring_about(reason, firm, me, her):
    """Make a reason true, and return what is said of it: why, and the way out."""
    SITUATIONS[reason](firm, me, her)
    session().flush()
    at, actor = clock.now(), get_actor(me.id)
    where = queries.position_of(actor, at)
    found = obstacles(where.standing, where.gate, where.firm_in_hand, at, hot=True)[0]
    assert found.reason == reason
    return sentence_of(found), way_out_of(found), way_out_of(found, waiting=True)


@pytest.mark.parametrize("reason", GateReason)
def test_page_refusal_mail_and_json_say_each_reason_and_its_way_out_alike(
    client: FlaskClient, reason: GateReason
) -> None:
    # an address of its own: nobody is too many because of who came before
    client.environ_base["REMOTE_ADDR"] = f"127.0.7.{list(GateReason).index(reason)}"
    firm = make_partner()
    me, her = make_person(firm, locale="en"), make_person(firm)
    lead = make_offered_lead(at=clock.now() - DAY / 24, temperature="hot")
    why, way, wanted = bring_about(reason, firm, me, her)
    path = issue(Purpose.OFFER, me, lead_id=lead.id, round_=1)
    before = client.get(path).text
    by_mail = text_of(press(client, path, "pick").text)
    browser = sign_in(client, me)
    available = browser.get("/available").text
    form = {"csrf_token": csrf_of(available)}
    url = f"/leads/{lead.id}/pickup"
    asked = browser.post(url, data=form, headers={"Accept": "application/json"})
    refused = browser.post(url, data=form)
    assert (asked.status_code, refused.status_code) == (409, 409)
    why_read = " ".join(why.split())
    for said in (text_of(available), text_of(refused.text), by_mail):
        assert why_read in said
        assert way in said or wanted in said
    problem = asked.get_json()
    assert (problem["reason"], problem["detail"], problem["way_out"]) == (reason, why, way)
    assert f'data-refusal="{problem["code"]}"' in refused.text
    # what keeps from hot leads only stands on their cards
    told = [text_of(page) for page in (before, browser.get(f"/leads/{lead.id}").text)]
    if reason in FOR_HOT_LEADS:
        assert all(why_read in page and way in page for page in told)


def test_who_answers_all_he_owes_gets_the_lead_he_was_suspended_from(client: FlaskClient) -> None:
    firm = make_partner()
    me = make_person(firm)

    @factory
    def late():
        held = hold(me, 9).id
        suspended(firm, me)
        return held

    lead = make_offered_lead(at=clock.now() - DAY / 24)
    held = late()
    browser = sign_in(client, me)
    form = {"csrf_token": csrf_of(browser.get("/available").text)}
    refused = browser.post(f"/leads/{lead.id}/pickup", data=form)
    assert "One answer and the pause is over." in text_of(refused.text)
    answer = {**form, "pickup_id": held, "status": "waiting"}
    done = browser.post(f"/leads/{lead.id}/feedback-and-pickup", data=answer)
    assert done.status_code == 303
    assert done.location.endswith(f"/leads/{lead.id}")


def test_a_claim_asks_as_many_statements_as_ever(ctx: Flask) -> None:
    firm = make_partner()
    me = make_person(firm)
    lead, actor = make_offered_lead(), get_actor(me.id)
    asked: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        pickup.claim(lead.id, actor, AT)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    reads = [one for one in asked if one.lstrip().startswith("SELECT")]
    assert len(reads) == 2
