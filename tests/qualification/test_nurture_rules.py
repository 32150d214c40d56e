"""Lost leads go into nurture by the reason for which they were lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.catalog.queries import book
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Conflict, Invalid
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads.models import Lead, LeadState
from portal.pickup import operations as pickups
from portal.qualification import nurture, nurture_rules
from portal.qualification.models import Nurture, NurtureMail, NurtureRule
from portal.qualification.nurture_rules import Chosen
from tests.factories import (
    AT,
    csrf_of,
    factory,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    sign_in,
)

DAY = timedelta(days=1)


def reason(key: str) -> int:
    found = book().find_reason("lost", key)
    assert found is not None
    return found.id


def choose(mails: bool = True, months: int = 6) -> None:
    manager = get_actor(make_manager().id)
    rules = {reason("postponed"): Chosen(months, mails)}
    nurture_rules.save_rules(rules, nurture_rules.mark(), manager, AT)


def lose(why: str = "postponed", **over: object) -> tuple[Lead, User, int]:
    rep = make_person(make_partner())
    lead = make_offered_lead(at=AT)
    held = pickups.claim(lead.id, get_actor(rep.id), AT).pickup_id
    lead = session().get_one(Lead, lead.id, populate_existing=True)
    for name, value in over.items():
        setattr(lead, name, value)
    answer = Answer("lost", reason=why, decision_maker="The board")
    given = feedback.give(held, answer, get_actor(rep.id), AT + DAY)
    return lead, rep, given.id


def test_what_is_put_off_stays_lost_is_written_to_and_comes_back_to_be_qualified(ctx):
    choose()
    session().add(
        NurtureMail(days=30, subjects={"en": "Still with us?"}, texts={"en": "We are here."})
    )
    session().flush()
    lead, rep, _given = lose()
    row = session().get_one(Nurture, lead.id)
    assert (lead.state, lead.holder_id, row.by_id) == (LeadState.CLOSED, rep.id, None)
    assert row.next_at == AT + 31 * DAY
    nurture.attend(lead.id, AT + 31 * DAY)
    assert (row.ended_at, row.sent_days) == (None, 30)
    assert 180 * DAY < row.until - AT < 186 * DAY
    nurture.attend(lead.id, row.until)
    session().refresh(lead)
    assert (lead.state, lead.holder_id, lead.closed_at) == (LeadState.CAPTURED, None, None)
    assert row.ended_at == row.until


def test_only_what_a_rule_names_goes_and_nobody_who_asked_to_be_left_alone(ctx):
    choose(mails=False)
    for lead, _rep, _given in (lose("price"), lose(suppressed=True)):
        assert session().get(Nurture, lead.id) is None
    lead, _rep, _given = lose()
    assert session().get_one(Nurture, lead.id).next_at is None


def test_an_answer_that_is_taken_back_takes_the_lead_out_of_nurture(ctx):
    choose()
    lead, rep, given = lose()
    feedback.take_back(given, get_actor(rep.id), AT + DAY + timedelta(minutes=5))
    assert session().get_one(Nurture, lead.id).ended_at is not None
    assert lead.state == LeadState.HELD


def test_what_makes_no_sense_or_was_changed_meanwhile_is_not_saved(ctx):
    manager, seen = get_actor(make_manager().id), nurture_rules.mark()
    for months in (0, 37):
        rules = {reason("postponed"): Chosen(months, mails=True)}
        with pytest.raises(Invalid) as refused:
            nurture_rules.save_rules(rules, seen, manager, AT)
        assert list(refused.value.errors) == [f"months-{reason('postponed')}"]
    choose(months=3)
    with pytest.raises(Conflict):
        nurture_rules.save_rules({}, seen, manager, AT)


@factory
def lost_now() -> tuple[int, int]:
    rep = make_person(make_partner())
    at = clock.now() - DAY
    lead = make_offered_lead(at=at)
    held = pickups.claim(lead.id, get_actor(rep.id), at).pickup_id
    answer = Answer("lost", reason="postponed", decision_maker="The board")
    feedback.give(held, answer, get_actor(rep.id), clock.now())
    return lead.id, reason("postponed")


@factory
def rules_there() -> list[tuple[int, bool]]:
    return [(one.months, one.mails) for one in session().scalars(select(NurtureRule))]


def test_the_rules_are_chosen_on_a_page_and_the_lead_says_what_became_of_it(client):
    sign_in(client, make_manager())
    page = client.get("/nurture-rules").text
    postponed = first_reason()
    mark = page.partition('name="mark" value="')[2][:16]
    typed = {"csrf_token": csrf_of(page), "mark": mark, f"on-{postponed}": "1"}
    wrong = client.post("/nurture-rules", data={**typed, f"months-{postponed}": "many"})
    assert wrong.status_code == 422
    assert 'value="many"' in wrong.text
    done = client.post("/nurture-rules", data={**typed, f"months-{postponed}": "6"})
    assert (done.status_code, rules_there()) == (303, [(6, False)])
    assert client.post("/nurture-rules", data=typed).status_code in (409, 422)
    lead_id, _reason = lost_now()
    told = client.get(f"/leads/{lead_id}").text
    assert "kept warm until" in told
    assert "No mails go out." in told


@factory
def first_reason() -> int:
    return reason("postponed")
