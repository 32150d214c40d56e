"""How partners stand: silence costs, a no does not; what was is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.core.jobs import run_now
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.offers import operations as offers
from portal.partners.models import PartnerStanding
from portal.pickup import operations as pickup
from portal.pickup import standing
from portal.pickup.standing_rules import Facts, weigh
from tests.factories import (
    AT,
    factory,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    sign_in,
)

DAY = timedelta(days=1)
LATE = AT + 8 * DAY


@pytest.mark.parametrize(
    ("facts", "colour", "codes"),
    [
        (Facts(), "green", []),
        (Facts(met=90, missed=2), "green", []),
        (Facts(met=90, missed=20), "green", []),
        (Facts(met=9, missed=3), "amber", ["often_late"]),
        (Facts(late=1), "amber", ["late"]),
        (Facts(late=2, blocked=1), "red", ["blocked", "late"]),
        (Facts(late=1, far_too_late=1), "red", ["far_too_late", "late"]),
        (Facts(taken_back=1, missed=1), "amber", ["taken_back"]),
        (Facts(people_suspended=1), "amber", ["people_suspended"]),
        (Facts(suspended_until=AT), "red", ["suspended"]),
        (Facts(paused_until=AT), "amber", ["paused"]),
        (Facts(unheard=9), "green", []),
        (Facts(unheard=10), "amber", ["silent"]),
    ],
)
def test_what_is_known_is_weighed(facts, colour, codes):
    found, reasons = weigh(facts)
    assert (found, [one["code"] for one in reasons]) == (colour, codes)


def kept(firm, *, now=True) -> list[tuple[str, list[str], datetime]]:
    rows = session().scalars(
        select(PartnerStanding)
        .where(PartnerStanding.organisation_id == firm.id)
        .where(PartnerStanding.until.is_(None) if now else PartnerStanding.until.is_not(None))
        .order_by(PartnerStanding.id)
        .execution_options(populate_existing=True)
    )
    return [(row.colour, [one["code"] for one in row.reasons], row.since) for row in rows]


def test_an_answer_that_is_late_costs_and_the_answer_mends_it(ctx: Flask) -> None:
    firm, bystander = make_partner(), make_partner()
    alice = get_actor(make_person(firm).id)
    lead = make_offered_lead(hours=2000)
    held = pickup.claim(lead.id, alice, AT).pickup_id
    run_now("pickup.weigh_standings", at=AT + DAY)
    assert kept(firm) == []
    run_now("pickup.weigh_standings", at=LATE)
    run_now("pickup.weigh_standings", at=LATE + DAY)
    assert kept(firm) == [("amber", ["late"], LATE)]
    far = LATE + 8 * DAY
    run_now("pickup.weigh_standings", at=far)
    assert kept(firm) == [("red", ["far_too_late"], far)]
    feedback.give(held, Answer("waiting"), alice, far + DAY)
    run_now("pickup.weigh_standings", at=far + DAY)
    assert kept(firm) == [("green", [], far + DAY)]
    assert [one[0] for one in kept(firm, now=False)] == ["amber", "red"]
    assert kept(bystander) == []


def test_silence_about_offers_costs_and_a_no_does_not(ctx: Flask) -> None:
    silent, says_no, picks = (make_partner() for _firm in range(3))
    manager = get_actor(make_person(says_no, roles=["partner_manager"]).id)
    rep = get_actor(make_person(picks).id)
    leads = [make_offered_lead(hours=24) for _number in range(10)]
    for lead in leads:
        offers.decline(lead.id, "no_capacity", manager, AT)
    pickup.claim(leads[0].id, rep, AT)
    run_now("pickup.weigh_all_standings", at=AT + 3 * DAY)
    assert [one[:2] for one in kept(silent)] == [("amber", ["silent"])]
    assert kept(says_no) == kept(picks) == []
    assert standing.standing_of(silent.id, AT + 4 * DAY)[0] == "amber"
    run_now("pickup.weigh_all_standings", at=AT + 40 * DAY)
    assert [one[:2] for one in kept(silent)] == [("green", [])]


def test_who_gives_back_stands_as_before(ctx: Flask) -> None:
    firm = make_partner()
    alice = get_actor(make_person(firm).id)
    held = pickup.claim(make_offered_lead().id, alice, AT).pickup_id
    pickup.give_back(held, "no_capacity", None, alice, AT + DAY)
    assert standing.standing_of(firm.id, AT + 2 * DAY) == weigh(replace(Facts()))


def test_vendor_and_firm_read_how_it_stands_and_why(client: FlaskClient) -> None:
    firm, other = make_partner("Alpha Systems"), make_partner("Beta Networks")
    boss, channel = make_person(firm, roles=["partner_manager"]), make_manager()

    @factory
    def stood():
        for colour, reasons, since, until in (
            ("red", [{"code": "blocked", "count": 2}], LATE - 9 * DAY, LATE),
            ("amber", [{"code": "late", "count": 3}], LATE, None),
        ):
            session().add(
                PartnerStanding(
                    organisation_id=firm.id,
                    colour=colour,
                    reasons=reasons,
                    since=since,
                    until=until,
                )
            )

    stood()
    browser = sign_in(client, channel)
    narrowed = browser.get("/partners?standing=amber").text
    assert "Alpha Systems" in narrowed
    assert "Needs attention" in narrowed
    assert "Beta Networks" not in narrowed
    assert "Beta Networks" in browser.get("/partners?standing=green").text
    assert other.name not in browser.get("/partners?standing=red").text
    profile = browser.get(f"/partners/{firm.id}").text
    paused = browser.get(f"/partners/{firm.id}/suspensions")
    assert paused.status_code == 200
    theirs = sign_in(client.application.test_client(), boss)
    team = theirs.get("/team").text
    for page in (profile, team):
        assert "3 answers are late." in page
        assert "2 answers are so late that they come before any other pick." in page
    assert theirs.get(f"/partners/{firm.id}/suspensions").status_code == 403
