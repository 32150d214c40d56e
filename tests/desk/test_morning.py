"""This morning: what every role sees first, in a few statements."""

from __future__ import annotations

import re
from datetime import timedelta

from flask import current_app
from sqlalchemy import event

from portal.accounts import tree
from portal.accounts.models import OrganisationKind
from portal.accounts.permissions import ROLES_OF_KIND
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import db, session
from portal.core.mail.models import MailAddress
from portal.desk.homes import read_home
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads.models import LeadState
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from tests.factories import (
    AT,
    CONTACT,
    factory,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

MOST_STATEMENTS = 26


def hold(rep, days, *, answered=True, **over):
    at = clock.now() - timedelta(days=days)
    lead = make_offered_lead(at=at, **over)
    held = pickup.claim(lead.id, get_actor(rep.id), at).pickup_id
    if answered:
        feedback.give(held, Answer("waiting"), get_actor(rep.id), at + timedelta(minutes=5))
    return lead, session().get_one(Pickup, held)


def parts_of(person):
    """Return the lines of each part of somebody's morning, and its sentence."""
    with current_app.test_request_context("/"):
        shown = read_home(get_actor(person.id), clock.now())
    lines = {part.key: [line.what for line in part.lines] for part in shown["morning"].parts}
    return lines, shown["morning"].sentence


def test_a_rep_and_his_manager_see_what_is_owed_what_ends_and_what_is_new(ctx):
    firm = make_partner(capacity=20, rep_capacity=20)
    rep, boss = make_person(firm, name="Alice"), make_person(firm, "partner_manager")
    carol = make_person(make_partner())
    session().flush()
    now = clock.now()
    _lead, late = hold(rep, 5, title="Late")
    _lead, due = hold(rep, 4, title="Due")
    hold(rep, 0, title="New")
    late.feedback_due_at = now - timedelta(days=2)
    # due before midnight wherever the test runs
    due.feedback_due_at = now + timedelta(seconds=30)
    make_offered_lead(at=now - timedelta(minutes=1), hours=3, title="Ends soon")
    session().flush()
    lines, sentence = parts_of(rep)
    assert [what.rpartition(" · ")[2] for what in lines["ends"]] in (
        ["Due", "Ends soon"],
        # it is midnight within the next half minute
        ["Ends soon"],
    )
    assert lines["news"] == ["1 new lead on offer", "1 lead picked up", "Answer given on 1 lead"]
    assert sentence.startswith("1 answer is owed.")
    lines, sentence = parts_of(boss)
    assert lines["owed"] == ["Alice owes 1 answer"]
    assert sentence.startswith("1 answer is owed.")
    idle, sentence = parts_of(carol)
    assert sentence == "1 offer ends within a day."
    assert idle["news"] == ["1 new lead on offer"]


def test_who_answers_for_leads_sees_what_sits_what_ends_and_what_has_changed(ctx):
    boss, firm = make_person(make_vendor(), "regional_manager"), make_partner()
    pam = make_person(make_vendor(), "account_manager", name="Pam", manager_id=boss.id)
    session().flush()
    tree.set_account_manager(firm, pam.id, clock.now())
    rep, now = make_person(firm), clock.now()
    session().flush()
    _lead, late = hold(rep, 5)
    lead, held = hold(rep, 0)
    late.feedback_due_at = now - timedelta(days=2)
    feedback.give(held.id, Answer("won", value=500), get_actor(rep.id), now)
    came = make_lead(state=LeadState.CAPTURED)
    came.owner_id, came.captured_at, came.state_since = pam.id, now, now
    session().flush()
    for one in (pam, boss):
        lines, sentence = parts_of(one)
        assert lines["sits"] == ["Answer overdue"]
        assert lines["news"] == ["2 inquiries came in", "1 lead won"]
        assert sentence.startswith("1 lead sits.")
    assert lines["owners"] == ["Pam"]
    assert "owners" not in parts_of(pam)[0]
    stranger = parts_of(make_person(make_vendor(), "account_manager"))
    assert stranger == (
        {"sits": [], "ends": [], "news": []},
        "Nothing is owed, and nothing ends today.",
    )
    assert lead.state == LeadState.CLOSED


def test_a_person_with_two_roles_sees_both_mornings(ctx):
    both = make_person(make_vendor(), "operations")
    both.roles = ["operations", "qualifier"]
    make_lead(state=LeadState.CAPTURED)
    session().flush()
    lines, sentence = parts_of(both)
    assert {"calls", "hand-overs"} <= lines.keys()
    assert sentence.startswith("1 inquiry waits.")


def test_who_looks_after_mails_sees_to_how_many_addresses_none_goes_any_more(ctx):
    manager = make_manager()
    assert "house" in parts_of(manager)[0]
    session().add(
        MailAddress(address_hash=b"x" * 32, domain="a.example", counts_from=AT, marked_at=AT)
    )
    session().flush()
    (line,) = parts_of(manager)[0]["house"]
    assert line == "Mails to 1 address come back, and it gets none any more"


EVERY_ROLE = [(kind, role) for kind, roles in ROLES_OF_KIND.items() for role in roles]


def test_every_role_has_a_morning_of_few_statements_without_contact_data(app):
    @factory
    def make():
        vendor = make_vendor()
        firms = {
            kind: vendor if kind == OrganisationKind.VENDOR else make_partner(kind=kind)
            for kind in ROLES_OF_KIND
        }
        people = {(kind, role): make_person(firms[kind], role) for kind, role in EVERY_ROLE}
        session().flush()
        rep = people["reseller", "partner_rep"]
        for number in range(3):
            lead, _held = hold(rep, 9, answered=number < 2)
            lead.owner_id = people["vendor", "account_manager"].id
        return people

    with app.app_context():
        engine = db.engine
    for which, person in make().items():
        client = sign_in(app.test_client(), person)
        statements = []

        def listen(_connection, _cursor, statement, *_rest, heard=statements):
            heard.append(statement)

        event.listen(engine, "before_cursor_execute", listen)
        try:
            page = client.get("/")
        finally:
            event.remove(engine, "before_cursor_execute", listen)
        assert page.status_code == 200, which
        assert len(statements) <= MOST_STATEMENTS, (which, len(statements))
        main = re.sub(r"<[^>]+>", " ", page.text.partition("<main")[2])
        assert "This morning" in main
        # who reads figures acts on no lead
        assert "Since yesterday" in main or which[1] == "management", which
        for told in (CONTACT["email"], CONTACT["last_name"], CONTACT["company"]):
            assert told not in main, which
