"""The pages of scoring, and what it says on those of others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from portal.accounts.queries import get_actor
from portal.catalog.models import Entry
from portal.catalog.queries import book, forget_book
from portal.core.db import session
from portal.core.jobs import run_now
from portal.leads.models import LeadStatus
from portal.leads.signals import add_signal
from portal.pickup.operations import claim
from portal.scoring.models import ScoreRules
from portal.scoring.queries import find_newest, read_rules
from tests.factories import (
    AT,
    answer_questions,
    csrf_of,
    factory,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_programme,
    make_vendor,
    sign_in,
)
from tests.sending import as_shown


@factory
def rules_now():
    """Return what the rules say by now, and in which version."""
    row = find_newest()
    return read_rules(row), row.version


@pytest.fixture
def manager(client: FlaskClient) -> FlaskClient:
    make_programme()
    sign_in(client, make_manager())
    return client


def press(client, path, **fields):
    shown = client.get("/scoring").text
    return client.post(path, data={"csrf_token": csrf_of(shown), **fields})


LIMITS = {
    "hot_from": 70,
    "warm_from": 40,
    "hand_on_from": 45,
    "stir_from": 15,
    "hot_days": 21,
    "warm_days": 60,
}


def test_a_manager_changes_limits_and_brings_old_rules_back(manager: FlaskClient) -> None:
    tried = press(manager, "/scoring", version=1, then="try", **LIMITS)
    assert "would be proposed otherwise" in tried.text
    assert rules_now()[1] == 1
    wrong = press(manager, "/scoring", version=1, **{**LIMITS, "warm_from": 90})
    assert (wrong.status_code, "Warm begins below hot." in wrong.text) == (422, True)
    assert 'value="90"' in wrong.text
    assert press(manager, "/scoring", version=1, **LIMITS).status_code == 303
    assert (rules_now()[0].limits.hot_from, rules_now()[1]) == (70, 2)
    page = manager.get("/scoring").text
    assert "Hot from: 60 → 70" in page
    # who still looked at the first version does not undo it
    late = press(manager, "/scoring", version=1, **{**LIMITS, "hot_from": 80})
    assert (late.status_code, rules_now()[1]) == (409, 2)
    press(manager, "/scoring/versions/1")
    assert (rules_now()[0].limits.hot_from, rules_now()[1]) == (60, 3)


@pytest.mark.parametrize(
    ("of", "typed", "said"),
    [
        (
            "answer",
            {"question": "budget", "test": "at_least", "value": "50,000", "points": 12},
            "it is a number of at least: 50,000",
        ),
        ("country", {"codes": "DE, AT", "points": -4}, "Country: Germany or Austria"),
        ("known", {"what": "people", "points": 4}, "The number of people: known"),
        (
            "signal",
            {"what": "visit", "points": 3, "most": 9, "half_life": 10},
            "Visits of the web site: each, at most 9 points; half after 10 days",
        ),
        (
            "silence",
            {"days": 30, "points": -3, "most": 9},
            "Every 30 days without a sign, at most 9 points",
        ),
    ],
)
def test_rules_are_added_changed_and_removed(
    manager: FlaskClient, of: str, typed: dict[str, object], said: str
) -> None:
    assert manager.get(f"/scoring/rules/new?of={of}").status_code == 200
    assert press(manager, "/scoring/rules/new", of=of, version=1, **typed).status_code == 303
    assert said in manager.get("/scoring").text
    rules, version = rules_now()
    made = rules.rules[-1]
    path = f"/scoring/rules/{made.key}"
    assert f'value="{typed["points"]}"' in manager.get(path).text
    nought = press(manager, path, of=of, version=version, **{**typed, "points": 0})
    assert (nought.status_code, "but not 0" in nought.text) == (422, True)
    press(manager, path, of=of, version=version, **{**typed, "points": -9})
    assert rules_now()[0].find(made.key).points == -9
    press(manager, f"{path}/removal")
    assert rules_now()[0].find(made.key) is None
    assert manager.get(path).status_code == 404


@factory
def first_of(kind: str) -> int:
    return book().active(kind)[0].id


@factory
def retire(kind: str) -> None:
    session().get_one(Entry, book().active(kind)[0].id).active = False
    forget_book()


def test_a_rule_keeps_what_it_names_when_that_goes_out_of_use(manager: FlaskClient) -> None:
    typed = {"of": "industry", "values": [str(first_of("industry"))], "points": 7}
    assert press(manager, "/scoring/rules/new", version=1, **typed).status_code == 303
    made = rules_now()[0].rules[-1]
    retire("industry")
    path = f"/scoring/rules/{made.key}"
    page = manager.get(path).text
    assert "(out of use)" in page
    assert manager.post(path, data={**as_shown(page, path), "points": "8"}).status_code == 303
    kept = rules_now()[0].find(made.key)
    assert (kept.points, kept.condition) == (8, made.condition)


def test_who_qualifies_sees_what_is_proposed_why_and_what_marks_were_worth(
    manager: FlaskClient,
) -> None:
    @factory
    def prepare() -> int:
        lead = make_lead(state="qualifying", temperature=None, at=AT)
        answer_questions(lead)
        add_signal(lead.id, "reply", AT)
        won = {"state": "closed", "closed_at": AT, "source_id": lead.source_id}
        for _number in range(2):
            make_lead(temperature="hot", status_id=status_of("won"), **won)
        make_lead(temperature="hot", status_id=status_of("lost"), **won)
        return lead.id

    lead_id = prepare()
    with manager.application.app_context():
        run_now("scoring.count_records", at=AT + timedelta(days=1))
    page = manager.get(f"/qualify/{lead_id}").text
    assert "of 100 points" in page
    assert "Answers to mails: 1" in page
    assert "2 of 3 won" in page
    assert "Next: say how warm it is, and release it." in page
    sources = manager.get("/scoring/sources").text
    assert "2 of 3 won" in sources


def status_of(key):
    return session().scalars(select(LeadStatus.id).filter_by(key=key)).one()


def test_the_holder_reads_where_his_buyer_stands_and_nobody_his_points(
    client: FlaskClient,
) -> None:
    make_programme()
    rep = make_person(make_partner())

    @factory
    def prepare() -> int:
        lead = make_offered_lead()
        claim(lead.id, get_actor(rep.id), AT)
        add_signal(lead.id, "download", AT)
        return lead.id

    lead_id = prepare()
    sign_in(client, rep)
    page = client.get(f"/leads/{lead_id}").text
    assert "Next: call, and say where the inquiry comes from." in page
    assert "Downloads, last" in page
    assert "of 100 points" not in page
    assert client.get("/scoring/sources").status_code == 403


def test_only_who_makes_rules_changes_them(client: FlaskClient) -> None:
    make_programme()
    sign_in(client, make_person(make_vendor(), roles=["qualifier"]))
    assert client.get("/scoring").status_code == 403
    assert client.get("/scoring/sources").status_code == 200
    shown = client.get("/scoring/sources").text
    refused = client.post("/scoring", data={"csrf_token": csrf_of(shown), **LIMITS})
    assert refused.status_code == 403
    assert rules_now()[1] == 1


def test_the_stream_of_a_lead_says_when_it_cooled(manager: FlaskClient) -> None:
    @factory
    def prepare() -> int:
        lead = make_lead(temperature="hot", at=AT - timedelta(days=90))
        session().execute(update(ScoreRules).values(created_at=lead.captured_at))
        return lead.id

    lead_id = prepare()
    with manager.application.app_context():
        run_now("scoring.cool", at=AT)
    page = manager.get(f"/leads/{lead_id}").text
    assert "Marked colder, nothing was heard: Hot → Warm" in page
