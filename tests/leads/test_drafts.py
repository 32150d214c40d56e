"""Inquiries that somebody began to qualify and left lying are told of, all in one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal.core.db import session
from portal.core.events import EventRow, record
from portal.core.jobs import run_now
from portal.deadlines.queries import get_policy
from portal.leads import events
from portal.leads.models import LeadState
from tests.factories import AT, make_lead, make_person, make_vendor

DAYS = timedelta(days=1)


@pytest.fixture
def quentin(ctx: Flask):
    return make_person(make_vendor(), "qualifier")


def draft_of(user, at=AT):
    """Make an inquiry that a person began to qualify."""
    lead = make_lead(at=at, state=LeadState.QUALIFYING, qualifier_id=user.id)
    record(events.LeadTaken(at=at, lead_id=lead.id, user_id=user.id))
    return lead


def look(at):
    run_now("leads.tell_of_drafts", at=at)


def told():
    """Return the data of what was told, in order."""
    rows = session().scalars(
        select(EventRow.data).where(EventRow.name == "DraftsStale").order_by(EventRow.id)
    )
    return list(rows)


def test_a_draft_that_nobody_touched_for_three_days_is_told_of_once(quentin):
    lead = draft_of(quentin)
    look(AT + 3 * DAYS - timedelta(minutes=1))
    assert told() == []
    for hours in (0, 1, 30, 300):
        look(AT + 3 * DAYS + timedelta(hours=hours))
    assert told() == [{"user_id": quentin.id, "lead_ids": [lead.id]}]


def test_all_drafts_of_a_person_are_told_of_in_one(quentin):
    other = make_person(make_vendor(), "qualifier")
    leads, his = [draft_of(quentin) for _ in range(5)], draft_of(other)
    look(AT + 4 * DAYS)
    assert told() == [
        {"user_id": quentin.id, "lead_ids": [lead.id for lead in leads]},
        {"user_id": other.id, "lead_ids": [his.id]},
    ]


def test_what_grows_stale_a_little_later_waits_for_the_next_day(quentin):
    first, second = draft_of(quentin), draft_of(quentin, AT + timedelta(hours=2))
    look(AT + 3 * DAYS)
    look(AT + 3 * DAYS + timedelta(hours=3))
    assert [data["lead_ids"] for data in told()] == [[first.id]]
    look(AT + 4 * DAYS + timedelta(hours=1))
    assert [data["lead_ids"] for data in told()] == [[first.id], [first.id, second.id]]


def test_working_on_a_draft_begins_its_days_anew(quentin):
    lead = draft_of(quentin)
    saved = AT + 2 * DAYS
    record(
        events.QualificationSaved(at=saved, lead_id=lead.id, user_id=quentin.id, fields=["title"])
    )
    look(AT + 4 * DAYS)
    assert told() == []
    look(saved + 3 * DAYS)
    assert len(told()) == 1
    again = saved + 5 * DAYS
    record(
        events.QualificationSaved(at=again, lead_id=lead.id, user_id=quentin.id, fields=["title"])
    )
    look(again + 2 * DAYS)
    assert len(told()) == 1
    look(again + 3 * DAYS)
    assert len(told()) == 2


def test_what_was_finished_or_belongs_to_nobody_here_any_more_is_not_told(quentin):
    done, left = draft_of(quentin), draft_of(make_person(make_vendor(), "qualifier", active=False))
    done.state = LeadState.QUALIFIED
    look(AT + 10 * DAYS)
    assert told() == []
    assert left.draft_told_at is None


def test_the_policy_says_after_how_many_days(quentin):
    draft_of(quentin)
    get_policy().draft_days = 10
    look(AT + 9 * DAYS)
    assert told() == []
    look(AT + 10 * DAYS)
    assert len(told()) == 1
