"""Every kind of link in a mail × everything that takes a person's right to it away.

Its page was open before, so that each of its buttons is pressed afterwards with a good sign. What
each link does for who may press it, the other files of this folder say.
"""

from __future__ import annotations

import pytest

from portal.accounts.models import Organisation, User
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.mail.links import Purpose
from portal.core.mail.models import MailLink
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.inbound.deeds import DEEDS
from portal.inbound.operations import ALLOWED
from portal.offers import operations as offers
from portal.pickup import operations as pickup
from portal.programme.models import TermsKind
from tests.factories import CONTACT, factory, make_offered_lead, make_partner, make_person
from tests.inbound.every_link import terms_link
from tests.inbound.pressing import Forms, change, issue, link_of, snapshot, waited
from tests.inbound.replying import keep_reply

# a refusal is noted, and what is noted is passed on; the rest must stand as it stood
NOTED = {"events", "event_private", "deliveries", "chain_links", "contact_looks"}
# these read what a person chooses for herself; that stays hers wherever she works
HER_OWN = {"stop"}
ABROAD = {"country": "US", "subdivision": "US-TX", "territories": ["US"], "city": "Austin"}


@pytest.fixture
def alice(app):
    return make_person(
        make_partner("Alpha Systems"), "partner_rep", "partner_manager", name="Alice"
    )


@factory
def paths_of(person):
    """Return a link of every kind, each with something left to press."""
    at, actor = clock.now(), get_actor(person.id)
    beta = get_actor(make_person(make_partner("Beta Networks")).id)
    fresh, held, left, late = (make_offered_lead(at=at, contact=CONTACT) for _ in range(4))
    mine = pickup.claim(held.id, actor, at).pickup_id
    given = feedback.give(mine, Answer("waiting"), actor, at).id
    offers.decline(left.id, "too_far", actor, at)
    pickup.claim(late.id, beta, at)
    return {
        "offer": issue(Purpose.OFFER, person, lead_id=fresh.id, round_=1),
        "feedback": issue(Purpose.FEEDBACK, person, lead_id=held.id, pickup_id=mine),
        "undo answer": issue(
            Purpose.UNDO, person, lead_id=held.id, pickup_id=mine, feedback_id=given
        ),
        "undo pick": issue(Purpose.UNDO, person, lead_id=held.id, pickup_id=mine),
        "undo decline": issue(Purpose.UNDO, person, lead_id=left.id),
        "stand by": issue(Purpose.STAND_BY, person, lead_id=late.id),
        "more time": issue(Purpose.MORE_TIME, person, lead_id=held.id, pickup_id=mine),
        "stop": issue(Purpose.STOP, person, topic="digest"),
        "own lead": issue(Purpose.OWN_LEAD, person, organisation_id=person.organisation_id),
        "terms": terms_link(person, TermsKind.PROGRAMME),
        "confirm": issue(
            Purpose.CONFIRM,
            person,
            lead_id=held.id,
            pickup_id=mine,
            message_id=keep_reply(person, "feedback", status="proposal"),
        ),
        "confirm help": issue(
            Purpose.CONFIRM,
            person,
            lead_id=held.id,
            pickup_id=mine,
            message_id=keep_reply(person, "help", text="Who installs it?"),
        ),
        "confirm a note": issue(
            Purpose.CONFIRM,
            person,
            lead_id=held.id,
            message_id=keep_reply(person, "comment", note="They call back."),
        ),
    }


def leave(person, _paths):
    change(User, person.id, active=False)


def close_the_firm(person, _paths):
    change(Organisation, person.organisation_id, active=False)


def lose_the_role(person, _paths):
    change(User, person.id, roles=["qualifier"])


def go_to_another_firm(person, _paths):
    change(User, person.id, organisation_id=make_partner("Gamma IT", **ABROAD).id)


def go_to_a_branch(person, _paths):
    alpha = factory(load_firm)(person.organisation_id)
    change(User, person.id, organisation_id=make_partner("Alpha West", parent=alpha, **ABROAD).id)


def load_firm(firm_id):
    return session().get_one(Organisation, firm_id)


def be_somebody_elses(_person, paths):
    other = make_person(make_partner("Gamma IT", **ABROAD), name="Gerd")
    for path in paths.values():
        change(MailLink, link_of(path).id, user_id=other.id)


CAUSES = (
    leave,
    close_the_firm,
    lose_the_role,
    go_to_another_firm,
    go_to_a_branch,
    be_somebody_elses,
)


def test_every_purpose_of_a_link_is_tried(ctx):
    alice = make_person(make_partner("Alpha Systems"))
    purposes = {link_of(path).purpose for path in paths_of(alice).values()}
    assert purposes == set(Purpose)
    assert set(ALLOWED) | {Purpose.STOP} == set(Purpose)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.__name__)
def test_an_open_page_of_a_link_does_nothing_any_more(app, client, alice, cause):
    paths = paths_of(alice)
    forms = {}
    for kind, path in paths.items():
        page = client.get(path)
        assert page.status_code in (200, 404), kind
        more = [client.get(f"{path}?s={name}") for name in DEEDS if kind == "feedback"]
        assert [one.request.url for one in more if "Set-Cookie" in one.headers] == []
        forms[kind] = [
            {**fields, name: value}
            for shown in (page, *more)
            for form in Forms(shown.text).forms
            if form["to"] == path
            for fields in [waited(app, form["fields"])]
            for name, value in form["buttons"] or [("action", fields.get("action", ""))]
        ]
        assert forms[kind], f"{kind} has nothing to press"
    cause(alice, paths)
    before, wrong = still(), []
    for place, (kind, path) in enumerate(paths.items(), start=1):
        if kind in HER_OWN and cause not in (leave, close_the_firm):
            continue
        # from a place each: who tries many links that lead nowhere is turned away
        here = {"REMOTE_ADDR": f"192.0.2.{place}"}
        presses = [client.post(path, data=one, environ_base=here) for one in forms[kind]]
        answers = [client.get(path, environ_base=here), *presses]
        for number, answer in enumerate(answers):
            if answer.status_code != 404:
                wrong.append(f"{kind}, press {number}: {answer.status_code}")
            if any(secret in answer.text for secret in CONTACT.values()):
                wrong.append(f"{kind}, press {number}: tells of the contact")
    assert not wrong, "\n".join(wrong)
    assert still() == before


def still():
    return {name: rows for name, rows in snapshot().items() if name not in NOTED}
