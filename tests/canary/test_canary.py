"""Canaries: contact data that nobody else has, and every place where they must not sing.

Over HTTP from gunicorn, with a worker that has done all its jobs, so that logs, mails, Redis and
the rows of what happened are those of the real thing. The mailbox of a local run is exempt.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from functools import partial

import pytest
from redis import Redis
from sqlalchemy import text

from portal.accounts.permissions import of_roles
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.desk.queries import COLUMNS
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads.models import Lead
from portal.leads.queries import is_handed_over
from portal.pickup import operations as pickup
from portal.web.access import PUBLIC, SIGNED_IN, access_of
from tests.live import at_once
from tests.world import DEACTIVATED, IMPORTED, SIGNED_OUT, make_world, marks_of

# what a GET may write: who is there, who looked, and audit lines
WRITTEN_BY_LOOKING = {
    *("contact_looks", "link_views", "sessions"),
    *("events", "event_links", "event_private"),
}
QUALIFIERS = {"manager", "qualifier"}


class Aviary:
    """The world, its readers, and what they may see."""

    def __init__(self, live):
        self.live, self.world = live, make_world()
        live.do(pretend_the_demo_stands)
        # of two who stand to every lead alike one is enough
        alike = (DEACTIVATED, "gerd", "stella", "dirk")
        names = [name for name in self.world.people if name not in alike]
        people = (self.world.people[name] for name in names)
        self.readers = dict(zip(names, live.signed_in(*people), strict=True))
        self.readers[SIGNED_OUT] = live.stranger()
        self.rules = sorted(
            (
                rule
                for rule in live.app.url_map.iter_rules()
                if "GET" in rule.methods and not rule.endpoint.startswith("notifications.mail")
            ),
            key=lambda rule: rule.rule,
        )

    def addresses(self):
        """Return every address to read, those about a lead or a pickup once for each."""
        for rule in self.rules:
            if "lead_id" in rule.arguments:
                for lead_id in self.world.leads.values():
                    yield rule, self.world.address(rule, lead_id=lead_id)
            elif "pickup_id" in rule.arguments:
                for pickup_id in self.world.pickups.values():
                    yield rule, self.world.address(rule, pickup_id=pickup_id)
            elif rule.endpoint == "desk.column":
                for key in COLUMNS:
                    yield rule, self.world.address(rule, key=key)
            else:
                yield rule, self.world.address(rule)

    def allowed(self):
        """Return which canaries each reader may hear: those of the leads that are his to call."""
        heard = {name: set() for name in self.readers}
        for name, lead_id in self.world.leads.items():
            lead = self.live.do(lambda lead_id=lead_id: live_lead(lead_id))
            number = self.world.numbers[name]
            if self.live.do(lambda lead_id=lead_id: is_handed_over(lead_id)):
                heard["olga"].add(number)
            if lead.holder_id is None:
                for reader in QUALIFIERS:
                    heard[reader].add(number)
            else:
                assert lead.holder_id == self.world.people["alice"].id
                heard["alice"].add(number)
                heard["anna"].add(number)
        for reader in QUALIFIERS:
            heard[reader].add(IMPORTED)
        return heard

    def singing(self, said):
        """Return the numbers of the canaries in what was said."""
        low = said.lower()
        numbers = (*self.world.numbers.values(), IMPORTED)
        return {number for number in numbers if any(mark in low for mark in marks_of(number))}

    def may_ask(self, name, rule):
        """Say whether an answer of interest can come; who is turned away gets one page for all."""
        mark = access_of(self.live.app, rule.endpoint)
        if mark in (PUBLIC, SIGNED_IN):
            return True
        user = self.world.people.get(name)
        return user is not None and not of_roles(user.roles).isdisjoint(mark)

    def one_of_the_barred(self):
        """Return who asks at each endpoint for all whose role may not come in there, in turn.

        The gate stops them by the mark of the endpoint alone, before its view runs, and shows all
        of them the same page; that it stops every role is tried in tests/house/test_access.py.
        """
        chosen, turns = {}, Counter()
        for rule in self.rules:
            barred = [name for name in self.readers if not self.may_ask(name, rule)]
            if barred:
                chosen[rule.endpoint] = min(barred, key=turns.__getitem__)
                turns[chosen[rule.endpoint]] += 1
        assert set(turns) >= set(self.world.people) & set(self.readers)
        return chosen

    def read_all(self):
        """Return what is wrong with any page, and which canaries each reader has heard."""
        allowed = self.allowed()
        asked, barred = list(self.addresses()), self.one_of_the_barred()
        # an address that has no parts to fetch has none for anybody: who comes there first finds
        # out for all, and each begins elsewhere
        without_parts, apart = set(), len(asked) // len(self.readers)
        begins = {name: place * apart for place, name in enumerate(self.readers)}

        def read(name):
            heard, wrong, refused = set(), [], set()
            for rule, address in asked[begins[name] :] + asked[: begins[name]]:
                if not self.may_ask(name, rule):
                    if rule.endpoint in refused or barred[rule.endpoint] != name:
                        continue
                    refused.add(rule.endpoint)
                for fragment in (False, True):
                    if fragment and rule.endpoint in without_parts:
                        break
                    answer = self.readers[name].get(address, fragment=fragment)
                    if (
                        fragment
                        and answer.status == 200
                        and "<!doctype" in answer.body[:20].lower()
                    ):
                        without_parts.add(rule.endpoint)  # its page is all that there is
                    sung = self.singing(answer.body + str(answer.headers))
                    heard |= sung
                    if answer.status >= 500:
                        wrong.append(f"GET {address} as {name}: {answer.status}")
                    if sung - allowed[name]:
                        wrong.append(f"GET {address} as {name} tells of {sung - allowed[name]}")
                    if answer.status in (403, 404):
                        break  # who is turned away is so before anything is drawn
            return heard, wrong

        found = at_once(*(partial(read, name) for name in self.readers))
        heard = {name: sung for name, (sung, _) in zip(self.readers, found, strict=True)}
        return [line for _, wrong in found for line in wrong], heard, allowed


def pretend_the_demo_stands():
    """Let /readyz be content."""
    session().execute(text("UPDATE programme SET state = 'demo'"))


def live_lead(lead_id):
    return session().get_one(Lead, lead_id)


@pytest.fixture(scope="module")
def aviary(served):
    return Aviary(served)


def digest_of(live):
    """Return a fingerprint of every table that looking must not change."""
    found = {}
    for (table,) in live.rows(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    ):
        if table not in WRITTEN_BY_LOOKING:
            rows = sorted(str(row[0]) for row in live.rows(f"SELECT t::text FROM {table} AS t"))
            found[table] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


def test_no_page_tells_of_a_contact_that_is_not_its_readers_and_reading_changes_nothing(
    live, aviary
):
    before = digest_of(live)
    wrong, heard, allowed = aviary.read_all()
    assert not wrong, "\n".join(wrong)
    # the trap works: who may hear them does
    assert heard["alice"] == allowed["alice"] != set()
    assert heard["anna"] == allowed["anna"]
    assert heard["qualifier"]
    assert digest_of(live) == before


def test_no_refusal_tells_of_a_contact(live, aviary):
    allowed = aviary.allowed()
    for lead_id in aviary.world.leads.values():
        for name in ("bob", "carol", "dora", "alan", SIGNED_OUT):
            for path in ("pickup", "decline", "feedback-and-pickup", "offer", "withdrawal"):
                if (name, path) in {("bob", "pickup"), ("alan", "pickup")}:
                    continue  # theirs would be no refusals
                for fragment in (False, True):
                    answer = aviary.readers[name].post(
                        f"/leads/{lead_id}/{path}", fragment=fragment
                    )
                    assert answer.status < 500
                    assert aviary.singing(answer.body) <= allowed[name], (path, name)
    for pickup_id in aviary.world.pickups.values():
        for name in ("alan", "bob", "carol", "dora"):
            for path in ("feedback", "give-back"):
                answer = aviary.readers[name].post(f"/pickups/{pickup_id}/{path}", status="won")
                assert answer.status == 404
                assert not aviary.singing(answer.body)


def test_no_mail_log_job_event_or_redis_key_holds_a_contact(live, aviary):
    """After the worker has told everybody of the offers, and a reset was asked for."""
    live.stranger()
    asked = aviary.readers["carol"].post("/forgot", email=aviary.world.people["bob"].email)
    assert asked.status == 303
    live.work()
    assert live.value("SELECT count(*) FROM outgoing_emails") >= 2
    tables = ("outgoing_emails", "events", "event_private", "deliveries", "job_failures", "tokens")
    # the one kind of mail that tells whom to call
    but = {"outgoing_emails": "WHERE kind <> 'yours_now'"}
    for table in tables:
        for (row,) in live.rows(f"SELECT t::text FROM {table} AS t {but.get(table, '')}"):
            assert not aviary.singing(row), table
    # offers, rounds, looks and timelines speak of leads too
    for table in ("leads", "offers", "offer_rounds", "contact_looks", "activities", "feedbacks"):
        if live.value("SELECT to_regclass(:name) IS NOT NULL", name=table):
            for (row,) in live.rows(f"SELECT t::text FROM {table} AS t"):
                assert not aviary.singing(row), table
    assert not aviary.singing(live.said())
    redis: Redis = live.app.extensions["redis"]
    for key in redis.scan_iter():
        assert not aviary.singing(f"{key!r} {redis.dump(key)!r}"), key


def test_the_mail_to_a_holder_tells_of_the_lead_in_her_hand_alone(live, aviary):
    live.work()
    world = aviary.world
    told = live.rows(
        "SELECT t::text, lead_id, to_address FROM outgoing_emails AS t WHERE kind = 'yours_now'"
    )
    assert told
    for row, lead_id, address in told:
        (name,) = (name for name, of in world.leads.items() if of == lead_id)
        assert aviary.singing(row) <= {world.numbers[name]}
        assert address == world.people["alice"].email


def test_logs_hold_no_session_token_or_password(live, aviary):
    visitor = live.stranger()
    page = visitor.get("/login")
    visitor.cookie = page.headers["Set-Cookie"].partition(";")[0]
    visitor.csrf = page.body.partition('csrf-token" content="')[2].partition('"')[0]
    visitor.post("/login", email="alice@alpha.example", password="a secret nobody writes down")
    visitor.get("/reset/" + "5ec4e7" * 10)
    said = live.said()
    assert '"event": "request"' in said
    assert "a secret nobody writes down" not in said
    assert "5ec4e7" not in said
    for browser in aviary.readers.values():
        assert not browser.cookie or browser.cookie.partition("=")[2] not in said


def test_a_lead_given_back_is_gone_from_the_pages_of_the_firm_at_once(live, aviary):
    world = aviary.world
    alice = get_actor_of(live, world.people["alice"])
    held, number = world.leads["held"], world.numbers["held"]
    pages = (f"/leads/{held}", "/mine", "/", "/available")
    assert number in aviary.singing(aviary.readers["alice"].get(pages[0]).body)
    answer = aviary.readers["alice"].post(
        f"/pickups/{world.pickups['held']}/give-back", reason="duplicate"
    )
    assert answer.status == 303
    for name in ("alice", "anna", "alan"):
        for page in pages:
            for fragment in (False, True):
                shown = aviary.readers[name].get(page, fragment=fragment)
                assert number not in aviary.singing(shown.body), (name, page)
    # and who picks it up next hears it, alone
    answered = world.pickups["answered"]
    live.do(feedback.give, answered, Answer("proposal"), alice, clock.now())
    bob = get_actor_of(live, world.people["bob"])
    live.do(pickup.claim, held, bob, clock.now())
    assert number in aviary.singing(aviary.readers["bob"].get(pages[0]).body)
    for name, reader in aviary.readers.items():
        if name != "bob":
            assert number not in aviary.singing(reader.get(pages[0]).body), name


def get_actor_of(live, user):
    return live.do(get_actor, user.id)
