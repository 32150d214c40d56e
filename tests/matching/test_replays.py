"""Replays: what a draft would have done with the leads of the last days, before it is activated."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select, update

from portal.accounts.models import Organisation
from portal.core.db import session
from portal.core.jobs import run_now
from portal.leads.models import Lead
from portal.matching import replay_jobs, replays, rulebook, versions
from portal.matching.criteria import Condition, Criterion, Field, Kind, Mode
from portal.matching.models import DistributionRule, Replay
from portal.matching.replaying import Tally, Traits
from portal.matching.rulebook import RuleDraft
from portal.offers import operations as offers
from portal.offers.models import OfferRound
from portal.partners.models import Partner
from tests.factories import (
    AT,
    answer_questions,
    csrf_of,
    factory,
    make_lead,
    make_manager,
    make_partner,
    make_programme,
    sign_in,
)

BERLIN = {"latitude": 52.52, "longitude": 13.405, "subdivision": "DE-BE", "city": "Berlin"}
NOW = AT + timedelta(days=10)


def draft(*criteria: Criterion, **over: Any) -> RuleDraft:
    return RuleDraft(**{"name": "To all", "conditions": (), "criteria": criteria, **over})


def within(km: float) -> Criterion:
    return Criterion(Kind.RADIUS, Mode.REQUIRED, km=km)


@factory
def make_rule(**over: Any) -> int:
    """Have one rule and no other: to all partners there are."""
    make_programme()
    session().execute(delete(DistributionRule))
    return rulebook.add_rule(draft(**over), AT).id


@factory
def offer_lead(at: datetime = AT, **over: Any) -> Lead:
    lead = make_lead(at=at, **over)
    answer_questions(lead)
    offers.offer(lead.id, at)
    return lead


@factory
def save_draft(rule_id: int, *criteria: Criterion, **over: Any) -> int:
    return rulebook.save_rule(
        rule_id, versions.get_newest(rule_id).number, draft(*criteria, **over), NOW
    ).number


def replay(rule_id: int, *criteria: Criterion, **over: Any) -> dict[str, Any]:
    number = save_draft(rule_id, *criteria, **over)
    made = replays.ask(rule_id, number, 30, NOW, None)
    replays.run(made, NOW)
    assert made.result is not None
    return made.result


def many(result: dict[str, Any]) -> dict[int, tuple[int, int]]:
    return {low: (before, after) for low, _high, before, after in result["many"]}


def test_a_replay_says_who_would_have_gained_who_lost_and_which_leads_find_nobody(
    ctx: Flask,
) -> None:
    rule_id = make_rule()
    make_partner(people=4)
    there = make_partner(people=80, **BERLIN)
    near, far = offer_lead(), offer_lead(latitude=53.55, longitude=9.99, city="Hamburg")
    ready = make_lead(at=AT)
    # neither counts: before the time asked for, and not to be approached
    offer_lead(AT - timedelta(days=60))
    make_lead(at=AT, suppressed=True)

    result = replay(rule_id, within(100))

    assert (result["leads"], result["same"]) == (3, 0)
    assert result["loss"] == [1, [[there.id, 2, 0]]]
    # the lead that stood ready goes to the near one; the far one finds nobody any more
    assert result["gain"] == [0, []]
    assert result["emptied"] == [1, [far.id]]
    assert result["filled"] == [1, [ready.id]]
    assert many(result) == {0: (1, 1), 1: (0, 2), 2: (2, 0), 6: (0, 0), 21: (0, 0)}
    assert result["size"] == [[1, 2, 2], [50, 2, 0]]
    assert result["region"] == [["DE-BE", 2, 0], ["DE-NI", 2, 2]]
    # nothing happened to anybody
    assert (near.round, session().get_one(Lead, ready.id).state) == (1, "qualified")
    assert session().scalar(select(func.count()).select_from(OfferRound)) == 3


def test_partners_and_leads_are_taken_as_they_were_known_then(ctx: Flask) -> None:
    rule_id, firm = make_rule(), make_partner()
    lead = offer_lead()
    session().get_one(Partner, firm.id).latitude = 48.1
    lead.latitude, lead.country = 40.0, "ES"
    session().flush()
    result = replay(rule_id, within(50))
    assert (result["leads"], result["same"], result["emptied"]) == (1, 1, [0, []])


def test_a_lead_that_the_draft_leaves_goes_on_to_the_next_rule(ctx: Flask) -> None:
    rule_id, firm = make_rule(), make_partner()
    other = make_partner(**BERLIN)
    rulebook.add_rule(draft(Criterion(Kind.PLACE, Mode.REQUIRED, codes=("DE-BE",))), AT)
    offer_lead()
    hot = (Condition(Field.TEMPERATURE, ("hot",)),)
    result = replay(rule_id, conditions=hot)
    assert result["loss"] == [1, [[firm.id, 1, 0]]]
    assert other.id not in [line[0] for line in result["loss"][1]]
    # what neither the rule nor its draft has to do with isn't counted
    second = make_lead(at=AT, temperature="warm")
    assert replay(rule_id, conditions=hot)["leads"] == 1
    assert second.round == 0


@pytest.fixture
def manager(client: FlaskClient) -> FlaskClient:
    signed_in: FlaskClient = sign_in(client, make_manager())
    return signed_in


@factory
def name_of(firm: Organisation) -> str:
    return session().get_one(Organisation, firm.id).name


@factory
def move_to_now() -> None:
    """Have what was offered at the beginning be offered a day ago by the real clock."""
    at = datetime.now(AT.tzinfo) - timedelta(days=1)
    for one in session().scalars(select(OfferRound)):
        one.opened_at = at


def test_a_draft_is_replayed_at_once_and_its_activation_says_what_came_out(
    manager: FlaskClient,
) -> None:
    rule_id = make_rule()
    near, far = make_partner(), make_partner(**BERLIN)
    offer_lead()
    move_to_now()
    save_draft(rule_id, within(50))
    assert "has not been replayed" in manager.get(f"/rules/{rule_id}/activation").text
    page = manager.get(f"/rules/{rule_id}/replay").text
    answer = manager.post(
        f"/rules/{rule_id}/replay",
        data={"csrf_token": csrf_of(page), "days": "30"},
        follow_redirects=True,
    ).text
    assert "Who loses" in answer
    assert name_of(far) in answer
    assert name_of(near) not in answer
    assert "0 firms gain, 1 loses" in manager.get(f"/rules/{rule_id}/activation").text
    # another draft has not been replayed yet
    save_draft(rule_id, within(60))
    assert "has not been replayed" in manager.get(f"/rules/{rule_id}/activation").text
    wrong = manager.post(
        f"/rules/{rule_id}/replay", data={"csrf_token": csrf_of(page), "days": "0"}
    )
    assert wrong.status_code == 422


def test_a_long_replay_is_a_worker_s_and_begins_again_where_the_worker_died(
    app: Flask, manager: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_job(payload: dict[str, Any], at: datetime | None = None) -> None:
        with app.app_context():
            run_now(replay_jobs.REPLAY, payload, at)

    rule_id = make_rule()
    make_partner()
    for _ in range(3):
        offer_lead()
    move_to_now()
    monkeypatch.setattr(replays, "AT_ONCE", 2)
    monkeypatch.setattr(replays, "BATCH", 2)
    page = manager.get(f"/rules/{rule_id}/replay").text
    manager.post(f"/rules/{rule_id}/replay", data={"csrf_token": csrf_of(page), "days": "30"})
    begun = manager.get(f"/rules/{rule_id}/replay", headers={"HX-Request": "true"}).text
    assert "0 of 3 leads" in begun
    assert 'hx-trigger="every 2s"' in begun

    real, dies = replays.go_through, [True]

    def go_through(*args: Any) -> None:
        real(*args)
        if dies and args[0].done == 3:
            dies.clear()
            raise RuntimeError("killed")

    monkeypatch.setattr(replays, "go_through", go_through)
    with pytest.raises(RuntimeError, match="killed"):
        run_job({"id": newest_id()})
    assert "2 of 3 leads" in manager.get(f"/rules/{rule_id}/replay").text
    later = datetime.now(AT.tzinfo) + replays.STUCK
    run_job({}, datetime.now(AT.tzinfo))
    assert "2 of 3 leads" in manager.get(f"/rules/{rule_id}/replay").text
    run_job({}, later)
    done = manager.get(f"/rules/{rule_id}/replay").text
    assert "exactly the same partners" in done
    run_job({"id": newest_id()})
    assert manager.get(f"/rules/{rule_id}/replay").text.count("hx-trigger") == 0
    # the rule it is about is deleted under the worker's hands
    token = {"csrf_token": csrf_of(page)}
    manager.post(f"/rules/{rule_id}/replay", data={**token, "days": "30"})

    def deletes(*args: Any) -> None:
        real(*args)
        session().execute(update(OfferRound).values(rule_id=None))
        session().delete(session().get_one(DistributionRule, rule_id))

    monkeypatch.setattr(replays, "go_through", deletes)
    run_job({"id": newest_id()})
    assert newest_id() is None


@factory
def newest_id() -> int | None:
    return session().scalars(select(func.max(Replay.id))).one()


def test_a_tally_sums_up_by_level_size_and_region() -> None:
    tally = Tally()
    tally.add(1, [7, 8], [7])
    tally.add(2, [], [7, 9])
    tally.add(3, [8], [])
    traits = {
        7: Traits(1, 9, "DE"),
        8: Traits(2, 10, "AT"),
        9: Traits(None, None, "DE"),
    }
    result = tally.result(traits)
    assert result["gain"] == [2, [[7, 1, 2], [9, 0, 1]]]
    assert result["loss"] == [1, [[8, 2, 0]]]
    assert result["level"] == [[1, 1, 2], [2, 2, 0], [None, 0, 1]]
    assert result["size"] == [[1, 1, 2], [10, 2, 0], [None, 0, 1]]
    assert result["region"] == [["DE", 1, 3], ["AT", 2, 0]]
    assert (result["emptied"], result["filled"]) == ([1, [3]], [1, [2]])
