"""The administrators' page about what happened."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.accounts.events import SignedIn, SignInRefused
from portal.accounts.queries import get_actor
from portal.core import chain, circumstances, clock
from portal.core.db import session
from portal.core.events import Event, EventRow, record
from portal.desk.audit_words import CHANNELS, EVENTS
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads.events import LeadQualified
from portal.partners.events import PartnerProfileChanged
from portal.pickup import operations as pickup
from tests.factories import (
    factory,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)


@pytest.fixture
def ann(app):
    return make_person(make_vendor(), "admin", name="Ann Admin")


@pytest.fixture
def admin(app, client, ann):
    return sign_in(client, ann)


@factory
def note(event, actor=None, channel="web", request_id="abcdef12", private=None):
    with circumstances.under(
        actor_id=actor.id if actor else None, channel=channel, request_id=request_id
    ):
        return record(event, private)


@factory
def told_of(name):
    rows = session().execute(select(EventRow.actor_id, EventRow.data).where(EventRow.name == name))
    return [tuple(row) for row in rows]


def rows(page):
    """Return the lines of the list as text."""
    body = page.text.partition("<tbody>")[2].partition("</tbody>")[0]
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in body.split("</tr>")[:-1]]


def test_every_event_of_the_house_has_its_words(app):
    house = {name for name, kind in Event.known.items() if kind.__module__.startswith("portal.")}
    assert house == set(EVENTS)
    assert set(CHANNELS) >= {"web", "mail", "job", "command", "system"}


def test_it_says_who_did_what_about_whom_through_which_channel(admin, ann):
    at = clock.now()
    alpha = make_partner(name="Alpha Systems")
    alice = make_person(alpha, name="Alice Anders")
    lead = make_lead(at=at)
    note(LeadQualified(at=at, lead_id=lead.id, user_id=ann.id), ann)
    note(PartnerProfileChanged(at=at, organisation_id=alpha.id, fields=["city", "level"]), ann)
    note(SignInRefused(at=at, user_id=alice.id), None, "system", None)
    refused, changed, qualified = rows(admin.get("/audit"))[:3]
    assert "Lead qualified Ann Admin" in qualified
    assert lead.number in qualified
    assert "Browser" in qualified
    assert "abcdef12" in qualified
    assert "Partner profile changed" in changed
    assert "Alpha Systems" in changed
    assert "Fields city, level" in changed
    assert "Sign-in refused – Portal Alice Anders" in refused


def test_only_administrators_see_it(app):
    for person in (make_manager(), make_person(), make_person(make_vendor(), "qualifier")):
        client = sign_in(app.test_client(), person)
        assert client.get("/audit").status_code == 403
        assert client.get("/audit/events.csv").status_code == 403


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("person=ann", {"one"}),
        ("person=ANN%20ad", {"one"}),
        ("person=%25", set()),
        ("what=SignInRefused", {"three"}),
        ("channel=mail", {"two"}),
        ("request=request-two", {"two"}),
        ("since=2026-03-10", {"two", "three"}),
        ("until=2026-03-10", {"one", "two"}),
        ("since=2026-03-10&until=2026-03-10", {"two"}),
        ("lead=%(number)s", {"one"}),
        ("lead=nonsense", set()),
        ("person=ann&channel=mail", set()),
    ],
)
def test_it_is_searched(admin, ann, asked, found):
    at = clock.now().replace(year=2026, month=3, day=9, hour=12)
    lead = make_lead(at=at)
    with_lead = LeadQualified(at=at, lead_id=lead.id, user_id=ann.id)
    note(with_lead, ann, request_id="request-one")
    # just after midnight in Berlin, where the reader is
    later = at.replace(day=9, hour=23, minute=30)
    note(SignedIn(at=later, user_id=1), None, "mail", "request-two")
    note(SignInRefused(at=at + timedelta(days=2), user_id=0), None, "system", "request-three")
    query = asked % {"number": lead.number} if "%(" in asked else asked
    page = admin.get(f"/audit?{query}")
    seen = {
        which
        for which in ("one", "two", "three")
        if any(f"request-{which}" in row for row in rows(page))
    }
    assert seen == found


def test_odd_filters_are_left_out_and_nothing_breaks(admin):
    note(SignedIn(at=clock.now(), user_id=1))
    for odd in (
        *("what=Nonsense", "since=yesterday", "until=9999-12-31", "channel=x", "before=x"),
        *("before=99999999999999999999", "person=%00", "lead=%27%3B--", "request=" + "x" * 5000),
    ):
        assert admin.get(f"/audit?{odd}").status_code == 200, odd


def test_it_is_read_page_by_page_and_nothing_is_left_out(admin):
    at = clock.now()
    for number in range(1, 121):
        note(SignedIn(at=at, user_id=number), request_id=f"request-{number:04}")
    seen, address = [], "/audit?what=SignedIn"
    while address:
        page = admin.get(address)
        seen += re.findall(r"request-\d{4}", " ".join(rows(page)))
        link = re.search(r'rel="next" href="([^"]+)"', page.text)
        address = link[1].replace("&amp;", "&") if link else None
    assert list(dict.fromkeys(seen)) == [f"request-{n:04}" for n in range(120, 0, -1)]


def test_the_export_holds_the_same_and_is_an_event_itself(admin, ann):
    at = clock.now()
    note(SignInRefused(at=at, user_id=0), None, request_id="request-one")
    note(SignedIn(at=at, user_id=1), ann, request_id="=cmd|calc")
    factory(chain.link_waiting)()
    answer = admin.get("/audit/events.csv?what=SignedIn&person=ann")
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    lines = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    (line,) = [line for line in lines if line["request_id"].endswith("cmd|calc")]
    assert line["event"] == "SignedIn"
    assert line["actor"] == "Ann Admin"
    assert line["request_id"] == "'=cmd|calc"
    assert len(line["hash"]) == 64
    assert told_of("AuditExported") == [
        (ann.id, {"filters": {"what": "SignedIn", "person": "ann"}})
    ]


def test_personal_words_of_events_are_not_shown(admin):
    note(SignedIn(at=clock.now(), user_id=1), private={"note": "Earl Grey"})
    for path in ("/audit", "/audit/events.csv"):
        assert "Earl Grey" not in admin.get(path).text


def test_a_look_at_contact_data_is_on_record_with_whose(app, admin):
    alice = make_person(make_partner(capacity=5, rep_capacity=5), name="Alice Anders")
    leads = [make_offered_lead(at=clock.now()) for _ in range(2)]
    for lead in leads:
        pick_and_answer(lead, alice)
    assert sign_in(app.test_client(), alice).get("/mine").status_code == 200
    (shown,) = rows(admin.get("/audit?what=ContactShown&person=alice"))
    assert all(lead.number in shown for lead in leads)
    for lead in leads:
        assert rows(admin.get(f"/audit?what=ContactShown&lead={lead.number}")) == [shown]


@factory
def pick_and_answer(lead, user):
    actor, at = get_actor(user.id), clock.now()
    feedback.give(pickup.claim(lead.id, actor, at).pickup_id, Answer("waiting"), actor, at)
