"""What the programme wants, what it asks of partners, and who refers leads to it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads.models import LeadFinder
from portal.matching.operations import match
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from portal.programme import operations, queries
from portal.programme.models import GoalKind, TermsKind
from portal.programme.operations import GoalDraft
from tests.factories import (
    AT,
    csrf_of,
    factory,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    sign_in,
)

WORDS = {"en": "Answer within a week.", "de": "Antworten Sie binnen einer Woche."}


@factory
def publish(manager, texts=WORDS, binding_from=None, at=AT, kind=TermsKind.PROGRAMME):
    return operations.publish_terms(kind, texts, binding_from, get_actor(manager.id), at)


def test_a_manager_agrees_for_her_firm_and_is_asked_again_for_each_version(committed):
    manager, firm = make_manager(), make_partner("Alpha")
    anna = make_person(firm, "partner_manager", name="Anna")
    alice = make_person(firm, "partner_rep")
    client = committed.test_client()
    sign_in(client, anna)
    assert "new terms" not in client.get("/").text
    first = publish(manager)
    assert "There are new terms" in client.get("/").text
    page = client.get("/terms")
    assert "Answer within a week." in page.text
    token = csrf_of(page.text)
    for _twice in range(2):
        done = client.post(f"/terms/{first.id}/acceptance", data={"csrf_token": token})
        assert done.status_code == 303
    assert "Anna has agreed for your firm" in client.get("/terms").text
    assert "new terms" not in client.get("/").text

    rep = committed.test_client()
    sign_in(rep, alice)
    token = csrf_of(rep.get("/terms").text)
    assert rep.post(f"/terms/{first.id}/acceptance", data={"csrf_token": token}).status_code == 403

    second = publish(manager, {**WORDS, "en": "Answer within three days."})
    assert second.number == 2
    stale = client.post(f"/terms/{first.id}/acceptance", data={"csrf_token": csrf_of(page.text)})
    assert stale.status_code == 409
    assert "There is a newer version meanwhile." in stale.text
    assert "Answer within three days." in stale.text
    assert agreed(TermsKind.PROGRAMME) == (0, 1)


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"texts": {"en": "Yes.", "de": " "}}, "text_de"),
        ({"texts": {"en": "Y" * 20_001, "de": "Ja."}}, "text_en"),
        ({"binding_from": date(2020, 1, 1)}, "binding_from"),
        ({}, "text_en"),
    ],
    ids=["one language", "too long", "in the past", "nothing new"],
)
def test_terms_are_whole_before_they_are_published(ctx, over, field):
    manager = make_manager()
    publish(manager)
    with pytest.raises(Invalid) as found:
        publish(manager, **over)
    assert list(found.value.errors) == [field]


@factory
def agreed(kind):
    return queries.count_agreed(kind)


@factory
def covered():
    return queries.list_coverage(AT)


@factory
def part_of(firm):
    return queries.find_referral(firm.id)


def goal(kind, target=10, **over):
    return operations.save_goal(
        GoalDraft(
            kind=kind,
            name="This year",
            target=target,
            starts_on=over.pop("starts_on", date(AT.year, 1, 1)),
            ends_on=over.pop("ends_on", date(AT.year, 12, 31)),
            **over,
        ),
        AT,
    )


def test_goals_count_what_was_won_what_is_in_hand_and_who_joined(ctx):
    firm = make_partner("Alpha")
    rep = get_actor(make_person(firm).id)
    won, open_one = make_offered_lead(), make_offered_lead()
    for lead in (won, open_one):
        pickup.claim(lead.id, rep, AT)
        feedback.give(
            session().scalar(select(Pickup.id).where(Pickup.lead_id == lead.id)),
            Answer(status="proposal", value=Decimal(3000)),
            rep,
            AT,
        )
    held = session().scalar(select(Pickup.id).where(Pickup.lead_id == won.id))
    feedback.give(
        held,
        Answer(
            status="won",
            value=Decimal(5000),
        ),
        rep,
        AT + timedelta(hours=1),
    )
    reached = {kind: queries.reached(goal(kind, codes=["DE"])) for kind in GoalKind}
    assert reached == {
        GoalKind.WON_VALUE: 5000,
        GoalKind.WON_LEADS: 1,
        GoalKind.LOYALTY: 0,
        GoalKind.PIPELINE: 3000,
        GoalKind.PARTNERS: 1,
        GoalKind.TERRITORIES: 1,
    }
    assert queries.reached(goal(GoalKind.WON_LEADS, codes=["FR"])) == 0
    assert queries.reached(goal(GoalKind.WON_LEADS, ends_on=date(AT.year, 1, 2))) == 0


def test_a_goal_is_on_its_way_or_behind_by_an_even_pace(ctx):
    make_partner()
    day = queries.today(AT)
    half = goal(GoalKind.PARTNERS, 4, starts_on=day - timedelta(days=4), ends_on=day + timedelta(5))
    progress = queries.progress_of(half, AT)
    assert (progress.reached, progress.expected, progress.behind) == (1, 2, True)


def test_a_goal_with_bad_input_keeps_what_was_typed(committed):
    client = committed.test_client()
    sign_in(client, make_manager())
    page = client.get("/programme/goals/new")
    sent = client.post(
        "/programme/goals/new",
        data={
            "csrf_token": csrf_of(page.text),
            "name": "North",
            "kind": "won_leads",
            "target": "0",
            "starts_on": "2026-12-31",
            "ends_on": "2026-01-01",
            "codes": "Atlantis",
        },
    )
    assert sent.status_code == 422
    assert 'value="North"' in sent.text
    assert "This is before the first day." in sent.text
    assert "Atlantis is no code of a country or state" in sent.text


def test_territories_are_typed_a_line_each_and_show_what_is_short(committed):
    make_partner()
    make_lead(state="qualified", qualified_at=AT, country="FR", subdivision=None)
    client = committed.test_client()
    sign_in(client, make_manager())
    token = csrf_of(client.get("/programme/territories").text)
    odd = client.post(
        "/programme/territories", data={"csrf_token": token, "territories": "Atlantis 3"}
    )
    assert odd.status_code == 422
    assert "Atlantis 3" in odd.text
    client.post(
        "/programme/territories",
        data={"csrf_token": token, "territories": "Lower Saxony 5\nAT: 2\n\n"},
    )
    kept = {one.code: (one.wanted, one.partners) for one in covered()}
    assert kept == {"AT": (2, 0), "DE-NI": (5, 1), None: (0, 0)}
    assert covered()[-1].leads == 1
    page = client.get("/programme").text
    assert "4 short" in page
    assert "Elsewhere" in page


@factory
def brought(lead, by, at):
    session().add(
        LeadFinder(lead_id=lead.id, user_id=by.id, organisation_id=by.organisation_id, at=at)
    )


@factory
def referrals():
    return queries.list_referrals()


def test_a_firm_signs_up_to_refer_leads_and_is_told_of_what_it_brought(committed):
    manager, firm = make_manager(), make_partner("Alpha")
    anna = make_person(firm, "partner_manager")
    publish(manager, kind=TermsKind.REFERRAL)
    client = committed.test_client()
    sign_in(client, anna)
    page = client.get("/referring")
    assert "Answer within a week." in page.text
    client.post("/referring", data={"csrf_token": csrf_of(page.text)})
    assert part_of(firm) is not None
    assert agreed(TermsKind.REFERRAL) == (1, 1)
    lead = make_lead(state="qualified", qualified_at=AT)
    brought(lead, anna, part_of(firm).joined_at + timedelta(minutes=1))
    (row,) = referrals()
    assert (row.name, row.brought, row.qualified, row.won) == ("Alpha", 1, 1, 0)
    client.post("/referring/end", data={"csrf_token": csrf_of(page.text)})
    assert part_of(firm) is None
    assert list(referrals()) == []


def test_another_firms_part_is_not_for_strangers_to_end(ctx):
    firm = make_partner()
    stranger = get_actor(make_person(make_partner(), "partner_manager").id)
    operations.join_referral(firm.id, True, get_actor(make_manager().id), AT)
    with pytest.raises(NotFound):
        operations.leave_referral(firm.id, stranger, AT)
    assert queries.find_referral(firm.id).only_refers


def test_from_the_day_on_who_has_not_agreed_or_only_refers_is_offered_nothing(ctx):
    manager = make_manager()
    agrees, silent, refers = make_partner("Agrees"), make_partner("Silent"), make_partner("Refers")
    anna = make_person(agrees, "partner_manager")
    lead = make_lead(state="qualified")
    operations.join_referral(refers.id, True, get_actor(manager.id), AT)

    def offered(at):
        found = match(lead, at)
        return [one.organisation_id for one in found.partners], found.excluded

    firms, excluded = offered(AT)
    assert set(firms) == {agrees.id, silent.id}
    assert ("terms" in excluded, excluded["refers"]) == (False, 1)
    first = publish(manager, binding_from=queries.today(AT) + timedelta(days=3))
    operations.accept_terms(first.id, get_actor(anna.id), AT + timedelta(hours=1))
    assert set(offered(AT + timedelta(days=2))[0]) == {agrees.id, silent.id}
    firms, excluded = offered(AT + timedelta(days=4))
    assert (firms, excluded["terms"]) == ([agrees.id], 2)
    # a later version that nothing hangs on asks nobody to agree again before he is offered more
    publish(manager, {**WORDS, "en": "Shorter."}, at=AT + timedelta(days=5))
    assert offered(AT + timedelta(days=6))[0] == [agrees.id]
    operations.leave_referral(refers.id, get_actor(manager.id), AT + timedelta(days=7))
    assert "refers" not in offered(AT + timedelta(days=8))[1]
