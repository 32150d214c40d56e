"""Two leads become one and two again: nothing is lost, and whoever works on one of them hears."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.core.errors import Conflict, NotFound
from portal.core.events import EventRow
from portal.duplicates import entrance, facts, merging, pairs, rules
from portal.duplicates.entrance import How
from portal.duplicates.models import Answer, DuplicatePair
from portal.leads import activities, notes
from portal.leads.models import Lead, LeadAnswer, LeadSignal, LeadState
from portal.leads.operations import ContactDraft, Draft, questions_of
from portal.leads.signals import add_signal
from portal.timeline.rules import Entry, Kind
from tests.factories import (
    AT,
    CONTACT,
    contact_of,
    make_lead,
    make_manager,
    make_partner,
    make_person,
)

pytestmark = pytest.mark.usefixtures("ctx")

LATER = AT + timedelta(days=1)


def made(**over: Any) -> Lead:
    return make_lead(**{"state": "captured", "qualified_at": None, **over})


def merged(kept: Lead, gone: Lead, by: Any, **chosen: str) -> Any:
    versions = (kept.version, gone.version)
    return merging.merge(kept.id, gone.id, chosen, by, LATER, versions)


def held(**over: Any) -> Lead:
    rep = make_person()
    firm = rep.organisation_id
    return make_lead(
        state="held", holder_id=rep.id, holder_organisation_id=firm, picked_at=AT, round=1, **over
    )


def worked_on(lead: Lead, by: Any, word: str) -> None:
    """Somebody writes a note, plans a call, and the contact itself comes back."""
    notes.write_note(lead, f"note {word}", False, by, AT)
    activities.enter(
        lead, Entry(Kind.CALL, f"call {word}", AT + timedelta(days=3)), done=False, actor=by, at=AT
    )
    add_signal(lead.id, "visit", AT)


def told(lead: Lead, by: Any) -> set[str]:
    return {one.text for one in notes.load_notes(lead, by)} | {
        one.text for one in activities.load_activities(lead, by)
    }


def signals(lead: Lead) -> int:
    return len(session().scalars(select(LeadSignal).where(LeadSignal.lead_id == lead.id)).all())


TEXTS = st.sampled_from(["", "one", "two, longer"])
SIDE = st.fixed_dictionaries(
    {
        "title": TEXTS,
        "partner_text": TEXTS,
        "city": TEXTS,
        "people": st.none() | st.integers(1, 9),
        "target_amount": st.none() | st.integers(1, 9).map(Decimal),
        "suppressed": st.booleans(),
        "company": TEXTS,
        "first_name": TEXTS,
        "email": st.sampled_from([None, "a@one.example", "b@two.example"]),
        "note": TEXTS,
        "answer": TEXTS,
    }
)
WHOSE = st.dictionaries(
    st.sampled_from(["title", "partner_text", "place", "size", "company", "email", "note"]),
    st.sampled_from(["kept", "gone", "both"]),
)


def sided(said: dict[str, Any]) -> Lead:
    said = dict(said)
    contact = {name: said.pop(name) or None for name in ("company", "first_name", "email", "note")}
    answer = said.pop("answer")
    lead = made(contact=contact, **{**said, "city": said["city"] or None})
    if answer:
        question = questions_of(lead)[0].id
        session().add(LeadAnswer(lead_id=lead.id, question_id=question, answer=answer))
        session().flush()
    return lead


def test_a_merge_loses_nothing_and_its_undo_restores_both() -> None:
    by = get_actor(make_manager().id)

    @given(SIDE, SIDE, WHOSE)
    @settings(max_examples=12, deadline=None)
    def holds(one: dict[str, Any], other: dict[str, Any], whose: dict[str, str]) -> None:
        merge_and_undo(by, one, other, whose)

    holds()


def merge_and_undo(
    by: Actor, one: dict[str, Any], other: dict[str, Any], whose: dict[str, str]
) -> None:
    kept, gone = sided(one), sided(other)
    worked_on(kept, by, "of one")
    worked_on(gone, by, "of other")
    before, said = facts.read(kept), facts.read(gone)
    done = merged(kept, gone, by, **whose)
    after = facts.read(kept)
    # whatever either of them said stands in one of the two
    for name in {*before, *said}:
        values = [after.get(name), facts.read(gone).get(name)]
        assert said.get(name) in values
        mine = before.get(name)
        if mine not in values and not facts.is_empty(mine):
            assert whose.get(name) in ("gone", "both") or name == "note"
    if said["suppressed"][0]:
        assert kept.suppressed
    assert told(kept, by) >= {"note of one", "note of other", "call of one", "call of other"}
    assert signals(kept) == 2
    merging.undo(done.id, by, LATER)
    assert (facts.read(kept), facts.read(gone)) == (before, said)
    assert (kept.state, gone.state, gone.merged_into) == ("captured", "captured", None)
    assert told(kept, by) == {"note of one", "call of one"}
    assert told(gone, by) == {"note of other", "call of other"}
    assert (signals(kept), signals(gone)) == (1, 1)


def test_what_was_changed_since_the_merge_stays_when_it_is_taken_apart() -> None:
    by = get_actor(make_manager().id)
    kept, gone = made(contact={"company": "Kern"}, title=""), made(title="Cabinets")
    done = merged(kept, gone, by)
    assert kept.title == "Cabinets"
    kept.title = "Fourteen cabinets"
    kept.version += 1
    session().flush()
    merging.undo(done.id, by, LATER)
    assert kept.title == "Fourteen cabinets"
    assert contact_of(kept.id).email is None


def test_held_leads_are_never_merged_into_each_other() -> None:
    by = get_actor(make_manager().id)
    one, other = held(), held()
    with pytest.raises(rules.CannotMerge, match="each in a partner"):
        merged(one, other, by)
    assert {one.state, other.state} == {"held"}


@pytest.mark.parametrize(
    ("kept", "gone", "why"),
    [
        ({"state": "captured"}, {"state": "closed"}, "over"),
        ({"state": "returned", "round": 1}, {"state": "recalled", "round": 2}, "seen"),
        ({"kind": "partner_recruit", "type": "business_partner"}, {}, "kind"),
        ({"state": "offered", "round": 1}, {"suppressed": True}, "suppressed"),
    ],
)
def test_what_can_t_become_one_is_refused_with_the_reason(
    kept: dict[str, Any], gone: dict[str, Any], why: str
) -> None:
    one, other = (rules_of(**side) for side in (kept, gone))
    stays, goes = rules.order(one, other)
    refusal = rules.refusal_of(stays, goes)
    assert refusal is not None
    assert refusal.facts["why"] == why


def rules_of(**over: Any) -> rules.Standing:
    over.pop("type", None)
    values: dict[str, Any] = {
        "id": 1,
        "number": "L-1",
        "kind": "end_customer",
        "state": "captured",
        "round": 0,
        "suppressed": False,
        "captured_at": AT,
        **over,
    }
    return rules.Standing(**values)


def test_an_inquiry_becomes_part_of_a_held_lead_and_never_the_other_way_round() -> None:
    by = get_actor(make_manager().id)
    lead, inquiry = held(), made(title="Two more cabinets")
    with pytest.raises(rules.CannotMerge) as refused:
        merged(inquiry, lead, by)
    assert refused.value.facts["why"] == "order"
    title = lead.title
    merged(lead, inquiry, by)
    assert (lead.state, lead.title) == ("held", title)
    assert (inquiry.state, inquiry.merged_into) == ("disqualified", lead.id)


def test_who_looked_at_something_older_is_told_instead_of_merging() -> None:
    by = get_actor(make_manager().id)
    kept, gone = made(), made()
    with pytest.raises(Conflict):
        merging.merge(kept.id, gone.id, {}, by, LATER, (kept.version, gone.version + 1))


def test_a_stranger_merges_nothing() -> None:
    rep = get_actor(make_person(make_partner()).id)
    kept, gone = made(), made()
    with pytest.raises(NotFound):
        merged(kept, gone, rep)


def test_a_merged_lead_is_found_again_as_the_one_it_became_part_of() -> None:
    by = get_actor(make_manager().id)
    kept, gone = made(contact={"company": "Zoo", "email": "z@zoo.example"}), made()
    merged(kept, gone, by, company="kept", email="kept")
    third = made()
    while pairs.check(LATER):
        pass
    found = session().scalars(select(DuplicatePair).where(DuplicatePair.answer.is_(None))).all()
    assert [(pair.lead_id, pair.other_lead_id) for pair in found] == [(kept.id, third.id)]
    taken_apart = merging.find_merge_of(gone.id)
    assert taken_apart is not None
    merging.undo(taken_apart.id, by, LATER)
    (pair,) = session().scalars(select(DuplicatePair).where(DuplicatePair.answer.is_not(None)))
    assert (pair.lead_id, pair.other_lead_id, pair.answer) == (kept.id, gone.id, Answer.DIFFERENT)


AGAIN = ContactDraft(
    company="Kanarienwerke",
    last_name=str(CONTACT["last_name"]),
    email=str(CONTACT["email"]).upper(),
    note="We need two more by May.",
)


def test_a_second_inquiry_on_a_held_lead_becomes_an_activity_that_its_holder_reads() -> None:
    lead = held()
    while pairs.check(AT):
        pass
    taken = entrance.take_in(Draft(title="Two more cabinets", contact=AGAIN), LATER)
    assert (taken.lead.id, taken.how) == (lead.id, How.KNOWN)
    assert taken.inquiry.merged_into == lead.id
    assert taken.inquiry.state == LeadState.DISQUALIFIED
    (told_him,) = activities.load_activities(lead, get_actor(lead.holder_id or 0))
    assert told_him.text == "Two more cabinets\nWe need two more by May."
    names = session().scalars(select(EventRow.name).where(EventRow.lead_id == lead.id)).all()
    assert {"AskedAgain", "SignalSeen", "LeadsMerged"} <= set(names)
    # a month later again: each of them is told, none is lost
    again = entrance.take_in(Draft(title="And cables", contact=AGAIN), LATER + timedelta(days=30))
    assert again.how == How.KNOWN
    assert len(activities.load_activities(lead, get_actor(lead.holder_id or 0))) == 2


def test_what_nobody_works_on_or_who_is_not_surely_the_same_stays_a_lead_of_its_own() -> None:
    make_lead()
    held(contact={**CONTACT, "email": "other@kanarienwerke.example", "phone_e164": None})
    while pairs.check(AT):
        pass
    taken = entrance.take_in(Draft(title="Two more cabinets", contact=AGAIN), LATER)
    assert (taken.how, taken.lead.state) == (How.NEW, LeadState.CAPTURED)


def test_what_a_partner_finds_never_goes_to_whoever_holds_the_same_contact() -> None:
    lead = held()
    while pairs.check(AT):
        pass
    rep = get_actor(make_person(make_partner()).id)
    taken = entrance.take_in(Draft(title="My own find", contact=AGAIN), LATER, rep)
    assert (taken.how, taken.lead.merged_into) == (How.NEW, None)
    assert not activities.load_activities(lead, get_actor(lead.holder_id or 0))
