"""Every address, every role: who gets in, who is turned away, and nobody learns what is not his.

Generated from the table of addresses, so that a new page is tried without being named here.
"""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import g
from sqlalchemy import update

from portal.accounts.models import User, UserSession
from portal.accounts.operations import open_session
from portal.accounts.permissions import ROLES, of_roles
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import db, session
from portal.core.errors import Forbidden
from portal.leads import activities, notes
from portal.pickup import operations as pickup
from portal.timeline.rules import Entry
from portal.web.access import BEARER, PUBLIC, SIGNED_IN, access_of, check_access
from portal.web.limits import limiter
from tests.factories import factory, make_offered_lead
from tests.live import cookie_for
from tests.world import DEACTIVATED, SIGNED_OUT, make_file, make_world, session_of, unknown_parts

PUBLIC_ENDPOINTS = {
    "accent",
    "accounts.accept_invitation",
    "accounts.code",
    "accounts.forgot",
    "accounts.invitation",
    "accounts.link",
    "accounts.login",
    "accounts.open_sign_in_link",
    "accounts.request_link",
    "accounts.request_reset",
    "accounts.reset",
    "accounts.set_language",
    "accounts.set_new_password",
    "accounts.set_theme",
    "accounts.sign_in",
    "accounts.sign_in_by_link",
    "accounts.take_code",
    "address_check.page",
    "address_check.release",
    "api.openapi",
    "api.reference",
    "customer_page.page",
    "customer_page.press",
    "figures.metrics",
    "form.confirm",
    "form.confirmation",
    "form.page",
    "form.send",
    "form.thanks",
    "health.healthz",
    "health.readyz",
    "inbound.open_link",
    "inbound.open_stop",
    "inbound.press",
    "inbound.stop",
    "notifications.mail_file",
    "notifications.mail_frame",
    "notifications.mail_page",
    "notifications.mailbox_json",
    "notifications.mailbox_page",
    "nurture_leaving.ask",
    "nurture_leaving.leave",
    "sign_up.ask",
    "sign_up.confirm",
    "sign_up.confirmation",
    "sign_up.form_page",
    "sign_up.sent",
    "static",
}
# parts of an address that are no ids: names of files, secrets, words of a fixed list
NAMED_PARTS = {"colour", "filename", "key", "mail_id", "slug", "subject", "token"}

IN = {200, 204, 302, 303, 409, 422}
# other firms and a branch of the holder's own; whoever of the vendor answers for no partner
STRANGERS = ("carol", "gerd", "dora", "dirk", "cleo", "rita", "stella")
# fragments are asked for by one of each kind
FEWER = (SIGNED_OUT, "alice", "alan", "carol", "manager")
# what is theirs: the lead that Alice holds, and her pickup; where Alan is signed in
INSIDERS = {
    "lead_id": ("alice", "anna"),
    "pickup_id": ("alice", "anna"),
    "session_id": ("alan",),
    "return_id": ("alice",),
}
# what a firm may do that saw the lead and was too late; to who watches its card it says so
FOR_LOSERS = {"live.card", "offers.stand_by", "reasons.why_us", "knowledge.page", "knowledge.claim"}
PARTNERS = ("alice", "alan", "anna", "bob", *STRANGERS)
# a press that says in the list that there is nothing (more) to do, or reads the form first
GONE_SAID_OTHERWISE = {
    "jobs.retry_delivery",
    "jobs.retry_mail",
    "mail_health.resend",
    "mail_health.release",
    "feedback.answer_and_pick",
}


# it has no end; who hears what of it is asked in tests/web/test_live.py
ENDLESS = {"live.stream"}


def rules_of(app):
    """Return the addresses with the one method that each answers."""
    return [
        (rule, method)
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
        if rule.endpoint not in ENDLESS
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
    ]


def test_every_endpoint_declares_who_may_come_in(app):
    unmarked = {r.endpoint for r, _ in rules_of(app) if access_of(app, r.endpoint) is None}
    assert not unmarked, f"public, signed_in or requires(…) is missing on {sorted(unmarked)}"


def test_the_public_endpoints_are_these_and_no_more(app):
    public = {r.endpoint for r, _ in rules_of(app) if access_of(app, r.endpoint) == PUBLIC}
    assert public == PUBLIC_ENDPOINTS


def test_there_is_somebody_of_every_role(app):
    people = make_world().people.values()
    assert {role for person in people for role in person.roles} == set(ROLES)


def test_the_stream_is_closed_to_who_is_not_in(walk):
    for name in (SIGNED_OUT, DEACTIVATED):
        for endpoint in ENDLESS:
            (rule,) = [r for r in walk.app.url_map.iter_rules() if r.endpoint == endpoint]
            assert sent_to_sign_in(walk.ask(name, "GET", rule.rule))


def test_addresses_are_kebab_case_and_ids_are_whole_numbers(app):
    for rule, _ in rules_of(app):
        for part in re.sub(r"<[^>]*>", "", rule.rule).split("/"):
            assert re.fullmatch(r"[a-z0-9.-]*", part), f"{rule.rule} is not kebab-case"
        for name, converter in rule._converters.items():
            kind = type(converter).__name__
            assert kind == "IntegerConverter" or name in NAMED_PARTS, (
                f"<{name}> in {rule.rule} is neither <int:{name}> nor named in NAMED_PARTS"
            )


def test_an_endpoint_answers_one_method(app):
    for rule in app.url_map.iter_rules():
        assert len(rule.methods - {"HEAD", "OPTIONS"}) == 1, f"{rule.endpoint}: GET and POST apart"


class Walk:
    """One after the other asks for every address, and what that changed is undone each time."""

    def __init__(self, app, world):
        self.app, self.world = app, world
        self.people = (SIGNED_OUT, *world.people)
        with app.app_context():
            self.connection = db.engines[None]
        self.actors = {name: factory(get_actor)(user.id) for name, user in world.people.items()}
        self.browsers = {
            name: cookie_for(app, factory(open_session)(user.id, clock.now()))
            for name, user in world.people.items()
        }
        self.browsers[SIGNED_OUT] = cookie_for(app, "nobody's session")
        factory(be_there_for_long)()
        factory(deactivate)(world.people[DEACTIVATED].id)
        self.refused, self.turned_away, self.asked_for_nothing = set(), set(), set()
        self.answered = set()

    def browser(self, name):
        """Return what asks as somebody."""
        client = self.app.test_client()
        client.set_cookie(*self.browsers[name][0].split("=", 1))
        return client

    def ask(self, name, method, address, fragment=False, plainly=False):
        """Ask for an address as one of the people; whatever that has committed is taken back.

        `plainly` where the status alone matters: a refusal is then not made into a page.
        """
        token = self.browsers[name][1]
        before = self.connection.begin_nested()
        try:
            return self.browser(name).open(
                address,
                method=method,
                data=None if method == "GET" else {"csrf_token": token, "reason": "too_far"},
                headers={
                    **({"HX-Request": "true"} if fragment else {}),
                    **({"Accept": "application/problem+json"} if plainly else {}),
                },
                buffered=True,  # what streams does so before all is taken back
            )
        finally:
            before.rollback()

    def is_stopped(self, name, rule, method):
        """Say whether the gate, through which every request comes, stops somebody at an address."""
        with self.app.test_request_context(self.world.address(rule), method=method):
            g._login_user = self.actors[name]
            try:
                check_access()
            except Forbidden:
                return True
        return False


def be_there_for_long():
    """Spare each request the note that somebody is there, which is taken back with the rest."""
    seen = clock.now() + timedelta(hours=1)
    session().execute(update(UserSession).values(last_seen_at=seen))


def deactivate(user_id):
    session().get_one(User, user_id).active = False


@pytest.fixture
def walk(app):
    world = make_world()
    # a page that breaks is an answer here, told with all others
    app.config["PROPAGATE_EXCEPTIONS"] = False
    limiter.enabled = False
    yield Walk(app, world)
    app.config["PROPAGATE_EXCEPTIONS"] = None
    limiter.enabled = True


def sent_to_sign_in(answer):
    if answer.status_code == 204:
        return answer.headers.get("HX-Redirect", "").startswith("/login")
    return answer.status_code == 302 and answer.headers["Location"].startswith("/login")


def plain(answer):
    """Return an answer without what differs from one request to the next."""
    body = re.sub(r"I[jm][\w.-]{20,}|\d+", "…", answer.get_data(as_text=True))
    location = re.sub(r"\d+", "…", answer.headers.get("Location", ""))
    return answer.status_code, location, body


def complaint(walk, name, rule, method, fragment):
    """Return what is wrong with the answer that a person gets, None where all is well."""
    mark = access_of(walk.app, rule.endpoint)
    person = walk.world.people.get(name)
    barred = (
        mark not in (PUBLIC, SIGNED_IN, BEARER)
        and name not in (SIGNED_OUT, DEACTIVATED)
        and of_roles(person.roles).isdisjoint(mark)
    )
    # the page of such a refusal is the same everywhere; each person makes it once
    plainly = barred and (name, fragment) in walk.refused
    if plainly and fragment:
        return None  # to the gate a fragment is what a page is
    if plainly and rule.endpoint in walk.turned_away:
        # a request has shown that the gate stands before this view; here it is asked by itself
        return None if walk.is_stopped(name, rule, method) else "the gate lets in whoever may not"
    whose = [part for part in INSIDERS if part in rule.arguments]
    known = person and name != DEACTIVATED
    kind = (rule.endpoint, method, tuple(person.roles) if known else name, fragment)
    if not whose and kind in walk.answered:
        return None  # it is about nobody's lead, and somebody with the same roles got an answer
    walk.answered.add(kind)
    answer = walk.ask(name, method, walk.world.address(rule), fragment, plainly)
    status = answer.status_code
    if mark == BEARER:  # whoever is signed in: without a token nobody comes in
        return None if status == 401 else f"{status} without a token"
    if status >= 500 or status in (400, 401, 405):
        return f"{status}"
    if mark == PUBLIC:
        return None if status in IN | {404} else f"public, but {status}"
    if name in (SIGNED_OUT, DEACTIVATED):
        return None if sent_to_sign_in(answer) else f"{status} instead of the sign-in page"
    if barred:
        walk.refused.add((name, fragment))
        walk.turned_away.add(rule.endpoint)
        return None if status == 403 else f"{status} for a role that may not"
    if status == 403:
        return "403 for a role that may"
    hers = whose and name in INSIDERS[whose[0]]
    stranger = name in STRANGERS or (whose == ["session_id"] and not hers)
    unknown = None
    # of all with the same roles one asks for what there never was, and strangers all do
    if unknown_parts(rule) and ((whose and stranger) or kind not in walk.asked_for_nothing):
        walk.asked_for_nothing.add(kind)
        nothing = walk.world.address(rule, **unknown_parts(rule))
        unknown = walk.ask(name, method, nothing, fragment, plainly=not (whose and stranger))
        moved = method == "GET" and unknown.status_code in (204, 303)
        if unknown.status_code != 404 and not (moved or rule.endpoint in GONE_SAID_OTHERWISE):
            return f"{unknown.status_code} for what there never was"
    if not whose or not (stranger or name in PARTNERS):
        return None if status in IN | {404} else f"{status}"
    if hers:
        return None if status in IN else f"{status} for who holds it"
    if stranger:
        if unknown is None or plain(answer) != plain(unknown):
            return f"{status}, and an unknown one is answered otherwise"
    elif rule.endpoint in FOR_LOSERS:
        return None if status in IN else f"{status} for who was too late"
    moved = (status in (302, 303) and method == "GET") or status == 204
    return None if status in (404, 409) or moved else f"{status} for what is not his"


@pytest.mark.parametrize("fragment", [False, True], ids=["pages", "fragments"])
def test_everybody_gets_what_the_role_allows_and_what_is_his_and_nothing_breaks(walk, fragment):
    found = []
    for rule, method in rules_of(walk.app):
        for name in FEWER if fragment else walk.people:
            said = complaint(walk, name, rule, method, fragment)
            if said:
                found.append(f"{method} {rule.rule} as {name}: {said}")
    assert not found, "\n".join(found)


def test_whatever_somebody_is_she_signs_out_a_session_of_her_own(walk):
    (rule,) = [r for r in walk.app.url_map.iter_rules() if r.endpoint == "own.end_session"]
    for name, person in walk.world.people.items():
        if name != DEACTIVATED:
            address = walk.world.address(rule, session_id=factory(session_of)(person))
            assert walk.ask(name, "POST", address).status_code in IN, name


# who holds a lead of his own, and who sees all that his firm holds
HOLDERS = {"bob": (), "carol": ("gerd",), "dirk": ("dora",), "cleo": ()}
TEXAS = {"country": "US", "subdivision": "US-TX", "latitude": None, "longitude": None}


@factory
def hold_one(person, place):
    """Let somebody hold a lead with a note and a plan; return what stands for it in addresses."""
    at, actor = clock.now(), get_actor(person.id)
    lead = make_offered_lead(at=at, **place)
    held = pickup.claim(lead.id, actor, at)
    session().refresh(lead)
    note = notes.write_note(lead, "They have a dog.", False, actor, at)
    call = Entry("call", "Ask for the dog.", at + timedelta(days=2))
    planned = activities.enter(lead, call, done=False, actor=actor, at=at)
    return {
        "lead_id": lead.id,
        "pickup_id": held.pickup_id,
        "note_id": note.id,
        "activity_id": planned.id,
        "attachment_id": make_file(notes.about(lead.id), actor, at),
    }


def test_what_each_holds_opens_for_him_and_his_firms_manager_and_for_no_stranger(walk):
    found, people = [], walk.world.people
    rules = [one for one in rules_of(walk.app) if {"lead_id", "pickup_id"} & one[0].arguments]
    for holder, managers in HOLDERS.items():
        held = hold_one(people[holder], {} if holder == "bob" else TEXAS)
        for rule, method in rules:
            mark = access_of(walk.app, rule.endpoint)
            address = walk.world.address(
                rule, **{part: held[part] for part in held if part in rule.arguments}
            )
            for name in (holder, *managers, "alice"):
                if mark != SIGNED_IN and of_roles(people[name].roles).isdisjoint(mark):
                    continue  # asked above
                status = walk.ask(name, method, address, plainly=name == "alice").status_code
                if name != "alice":
                    right = status in IN
                else:
                    right = status in (302, 303, 404, 409) or rule.endpoint in (
                        GONE_SAID_OTHERWISE | FOR_LOSERS
                    )
                if not right:
                    found.append(f"{method} {rule.rule} of {holder} as {name}: {status}")
    assert not found, "\n".join(found)
