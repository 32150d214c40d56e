"""Whom partners know already: kept so that nobody reads it, heeded where a rule says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.events import EventRow
from portal.matching.models import Known
from portal.matching.operations import match
from portal.offers import operations as offers
from portal.offers import waiting
from portal.offers.models import Offer
from portal.relations import operations, rules, wall
from portal.relations.models import KnownBy, KnownCustomer, MarkKind, RelationHit
from tests.factories import (
    AT,
    answer_questions,
    csrf_of,
    make_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)
from tests.matching.test_match import rule

BEFORE = AT - timedelta(days=30)
OTHERS = "\n".join(f"firm{number}.example" for number in range(12))
CONTACT = {"domain": "kanarienwerke.example", "email": "z@kanarienwerke.example"}


def manager_of(firm):
    return get_actor(make_person(firm, "partner_manager").id)


def knows(firm, *customers, at=BEFORE, others=OTHERS, replace=False):
    written = "\n".join([*customers, others])
    return operations.keep_list(written, replace, manager_of(firm), at)


def hits(lead, at=AT):
    operations.meet(lead, at)
    rows = session().scalars(select(RelationHit).where(RelationHit.lead_id == lead.id))
    return {row.organisation_id: row.by for row in rows}


@pytest.mark.parametrize(
    ("line", "traits"),
    [
        ("Kanarienwerke AG; https://www.kanarienwerke.example/kontakt", {"kanarienwerke.example"}),
        ("Zoë@Shop.Kanarienwerke.example", {"kanarienwerke.example"}),
        ("z.quasten+news@gmail.com", {"zquasten@gmail.com"}),
        ("0511 7654321", {"+495117654321"}),
        ('"Q., Zephyrine","+49 (0)511 7654321"', {"+495117654321"}),
        ("gmail.com, facebook.com", set()),
        ("Kanarienwerke AG, Papageienallee 77, 30987", set()),
        ("=HYPERLINK(1)\t\x00", set()),
    ],
)
def test_a_line_of_a_list_is_read_as_inquiries_are(line, traits):
    values = {value for _kind, value in rules.read_line(line, "DE")}
    assert traits <= values
    assert bool(values) is bool(traits)


@pytest.mark.parametrize(
    "customer", ["kanarienwerke.example", "sales@kanarienwerke.example", "+49 511 7654321"]
)
def test_who_listed_the_customer_before_the_lead_came_knows_him(ctx: Flask, customer) -> None:
    one, other = make_partner(), make_partner()
    knows(one, customer)
    knows(other)
    assert hits(make_lead()) == {one.id: KnownBy.LIST}


def test_no_list_finds_out_who_is_behind_a_lead_that_is_there(ctx: Flask) -> None:
    late, short, gone = make_partner(), make_partner(), make_partner()
    lead = make_lead()
    knows(late, "kanarienwerke.example", at=AT + timedelta(minutes=5))
    knows(short, "kanarienwerke.example", others="")
    knows(gone, "kanarienwerke.example")
    operations.forget_list(manager_of(gone), BEFORE)
    assert hits(lead, AT + timedelta(hours=1)) == {}


def test_nothing_that_was_written_is_kept_and_nobody_reads_a_list(ctx: Flask) -> None:
    firm = make_partner()
    kept = knows(firm, "kanarienwerke.example", "no customer at all")
    assert (kept.new, kept.known, kept.blank) == (13, 0, (2,))
    assert session().scalars(select(KnownCustomer)).all() == []
    with wall.open_for(make_partner().id):
        assert session().scalars(select(KnownCustomer)).all() == []
    assert operations.count_marks(firm.id) == {MarkKind.DOMAIN: 13}
    with wall.open_for(firm.id):
        rows = session().execute(text("SELECT to_jsonb(k)::text FROM known_customers k")).all()
    events = session().scalars(select(EventRow)).all()
    told = f"{rows} {[event.data for event in events]}"
    assert "kanarien" not in told


def test_one_customer_has_another_mark_in_each_firm(ctx: Flask) -> None:
    marks = []
    for firm in (make_partner(), make_partner()):
        knows(firm, "kanarienwerke.example")
        with wall.open_for(firm.id):
            marks.append(set(session().scalars(select(KnownCustomer.mark))))
    assert marks[0].isdisjoint(marks[1])


def test_a_list_in_place_of_another_keeps_since_when_a_customer_is_known(ctx: Flask) -> None:
    firm = make_partner()
    knows(firm, "kanarienwerke.example")
    again = knows(firm, "kanarienwerke.example", at=AT + timedelta(days=1), others=OTHERS[:40],
                  replace=True)  # fmt: skip
    assert again.gone
    assert again.new in (0, 1)
    with pytest.raises(Invalid):
        knows(firm, "nobody", others="")


def test_a_list_is_no_directory(ctx: Flask, monkeypatch) -> None:
    monkeypatch.setattr(rules, "MOST", 12)
    with pytest.raises(Invalid, match="at most 12"):
        knows(make_partner(), "kanarienwerke.example")


@pytest.mark.parametrize(
    ("known", "alone"),
    [
        (Known.NOTHING, None),
        (Known.PRIORITY, timedelta(hours=4)),
        (Known.PROTECTION, timedelta(hours=36)),
    ],
)
def test_who_knows_the_customer_is_asked_first_as_the_rule_says(ctx: Flask, known, alone) -> None:
    make_vendor()
    stranger, friend = make_partner(), make_partner()
    knows(friend, "kanarienwerke.example")
    lead = make_lead()
    answer_questions(lead)
    tried = rule(known=known, hours=72)
    opened = offers.offer(lead.id, AT, tried)
    lines = session().scalars(select(Offer).where(Offer.round_id == opened.id))
    seen = {line.organisation_id: line.visible_from - AT for line in lines}
    if alone is None:
        assert seen == {stranger.id: timedelta(0), friend.id: timedelta(0)}
    else:
        assert seen[friend.id] == timedelta(0)
        assert timedelta(0) < seen[stranger.id] <= alone
        assert opened.head_start_until is None
        first = match(lead, AT, rule=tried).partners[0]
        assert first.known
        assert "knows" not in str(first.explanation)


@pytest.mark.parametrize("known", [Known.PRIORITY, Known.PROTECTION])
def test_under_protection_not_even_who_stood_by_sees_it_beside(ctx: Flask, known) -> None:
    make_vendor()
    stranger, friend = make_partner(), make_partner()
    person = make_person(stranger)
    knows(friend, "kanarienwerke.example")
    lead = make_lead()
    answer_questions(lead)
    waiting.take_place(lead.id, person.id, stranger.id, BEFORE)
    opened = offers.offer(lead.id, AT, rule(known=known, hours=72))
    lines = session().scalars(select(Offer).where(Offer.round_id == opened.id))
    seen = {line.organisation_id: line.visible_from - AT for line in lines}
    later = timedelta(hours=36) if known == Known.PROTECTION else timedelta(0)
    assert seen == {friend.id: timedelta(0), stranger.id: later}


def test_a_manager_keeps_and_removes_the_list_of_his_firm(app) -> None:
    firm = make_partner()
    client = sign_in(app.test_client(), make_person(firm, "partner_manager"))
    token = {"csrf_token": csrf_of(client.get("/known-customers").text)}
    refused = client.post("/known-customers", data={**token, "written": "nobody at all"})
    assert refused.status_code == 422
    assert "nobody at all" in refused.text
    assert client.post("/known-customers", data={**token, "written": OTHERS}).status_code == 303
    page = client.get("/known-customers").text
    assert "12 web domains" in page
    assert "firm3" not in page
    assert client.post("/known-customers/removal", data=token).status_code == 303
    assert "Nothing yet" in client.get("/known-customers").text
    rep = sign_in(app.test_client(), make_person(firm))
    assert rep.get("/known-customers").status_code == 403
