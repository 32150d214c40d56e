"""Steps around a deadline: each at its minute and once, told to whom it concerns, never a storm."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.core import jobs
from portal.core.db import session
from portal.core.events import EventRow
from portal.core.mail.models import OutgoingEmail
from portal.deadlines import clocks
from portal.deadlines.models import ClockKind, ClockStep, DeadlinePolicy
from portal.deadlines.steps import FITS, Step, as_rows
from portal.escalation import operations
from portal.escalation.actions import ACTIONS
from portal.escalation.rules import TELLS
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.hearing.models import NoticeRound
from portal.partners.models import Absence
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from tests.factories import (
    AT,
    last_round,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    wish,
)
from tests.notifications.reading import told_of_contact

LATE_ALONE = {"answered_for": "never"}
"""Who hears of nothing that partners do in time."""

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
DUE = AT + 7 * DAY
BERLIN = ZoneInfo("Europe/Berlin")


def step(days, action, clock="feedback"):
    return Step(clock, int(days * 24 * 60), action)


LADDER = (
    step(-1, "remind_holder"),
    step(0, "remind_holder"),
    step(1, "remind_manager"),
    step(1, "note"),
    step(2, "tell_account_manager"),
    step(4, "block"),
    step(4, "tell_channel_manager"),
)


@pytest.fixture
def team(ctx):
    """Have a firm with a rep, her manager and an account manager, and a channel manager."""
    return people(LADDER)


def people(steps, **terms):
    mara = make_manager(name="Mara", by_subject=LATE_ALONE)
    terms = {"steps": as_rows(steps), "overdue_hours": 24, **terms}
    session().execute(update(DeadlinePolicy).values(terms))
    session().expire_all()
    arno = make_person(make_vendor(), "account_manager", name="Arno", by_subject=LATE_ALONE)
    firm = make_partner(account_manager_id=arno.id)
    alice = make_person(firm, name="Alice")
    moritz = make_person(firm, "partner_manager", name="Moritz")
    return {"alice": alice, "moritz": moritz, "arno": arno, "mara": mara, "firm": firm}


def hold(user, at=AT, kind=ClockKind.FEEDBACK, days=7, *, answered=False):
    """Let somebody hold a lead, with a clock that is due so many days later."""
    lead = make_offered_lead(at=at)
    held = session().get_one(Pickup, pickup.claim(lead.id, get_actor(user.id), at).pickup_id)
    if answered:
        feedback.give(held.id, Answer("waiting"), get_actor(user.id), at)
    clock = clocks.find_running(kind, pickup_id=held.id)
    if clock is None:
        clock = clocks.start(
            kind,
            lead.id,
            session().get_one(DeadlinePolicy, held.policy_id),
            at,
            minutes=days * 24 * 60,
            pickup_id=held.id,
            user_id=user.id,
            organisation_id=user.organisation_id,
        )
    react(at)
    session().execute(OutgoingEmail.__table__.delete())
    return held, clock


def fresh(row):
    """Return a row as it stands now."""
    return session().get(type(row), row.id, populate_existing=True)


def react(at):
    session().flush()
    jobs.run_now("core.dispatch", {"here": True}, at)


def sweep(at, *, stood_still=False):
    """Take what is due and tell it, as scheduler, dispatcher and the sender of notices would."""
    session().flush()
    if not stood_still:
        session().merge(NoticeRound(id=1, ran_at=at - MINUTE, catching_up_until=None))
    jobs.run_now("escalation.take_steps", at=at)
    react(at)
    jobs.run_now("notifications.send_notices", {}, at)


def mails():
    """Return to whom mails went, and which."""
    found = session().scalars(select(OutgoingEmail).order_by(OutgoingEmail.id)).all()
    return [(mail.to_name, mail.kind) for mail in found]


def texts(kind):
    return session().scalars(select(OutgoingEmail).where(OutgoingEmail.kind == kind)).all()


def taken(clock):
    rows = session().execute(
        select(ClockStep.action, ClockStep.outcome, ClockStep.taken_at)
        .where(ClockStep.clock_id == clock.id)
        .order_by(ClockStep.id)
    )
    return [tuple(row) for row in rows]


def noted(clock):
    return list(
        session().scalars(
            select(EventRow.at).where(
                EventRow.name == "SilenceNoted", EventRow.lead_id == clock.lead_id
            )
        )
    )


def test_every_step_comes_at_its_minute_once_and_to_whom_it_concerns(team):
    held, clock = hold(team["alice"])
    make_person(team["firm"], name="Bea")
    for one in (-1, 0, 1, 2, 4):
        sweep(DUE + one * DAY - MINUTE)
        before = len(taken(clock))
        sweep(DUE + one * DAY)
        assert len(taken(clock)) > before
        sweep(DUE + one * DAY + MINUTE)
    assert [(action, at - DUE) for action, _outcome, at in taken(clock)] == [
        (one.action, timedelta(minutes=one.minutes)) for one in LADDER
    ]
    assert {outcome for _action, outcome, _at in taken(clock)} == {"done"}
    assert mails() == [
        ("Alice", "feedback_soon"),
        ("Alice", "feedback_due"),
        ("Moritz", "team_late"),
        ("Arno", "partner_late"),
        ("Mara", "partner_late"),
    ]
    told = [
        mail.to_name for mail in session().scalars(select(OutgoingEmail)) if "hand_on" in mail.text
    ]
    assert told == ["Moritz"], "who leads the firm hands it on from the mail"
    assert noted(clock) == [DUE + DAY]
    assert fresh(held).blocked_at == DUE + 4 * DAY
    assert not any(told_of_contact(mail) for mail in session().scalars(select(OutgoingEmail)))


def test_whoever_answers_hears_no_more_not_even_of_a_step_just_taken(team):
    held, clock = hold(team["alice"])
    jobs.run_now("escalation.take_steps", at=DUE)
    feedback.give(held.id, Answer("waiting"), get_actor(team["alice"].id), DUE)
    if fresh(clock).stopped_at is None:
        clocks.stop(fresh(clock), DUE)
    react(DUE)
    sweep(DUE + MINUTE)
    assert mails() == []
    sweep(DUE + 5 * DAY)
    assert [action for action, *_rest in taken(clock)].count("note") == 0


def test_a_mail_says_what_comes_if_nothing_is_heard(team):
    hold(team["alice"])
    sweep(DUE)
    (mail,) = texts("feedback_due")
    said = mail.text.replace("\u202f", " ").replace("\xa0", " ")
    assert "Tuesday, November 24, 2026, 10:00 AM (Berlin time): the firm’s manager" in said
    assert "nothing can be picked up any more until this is answered" in said


def test_three_days_of_standing_still_do_all_in_order_and_tell_each_person_the_worst(team):
    held, clock = hold(team["alice"])
    back = DUE + 4 * DAY + 3 * HOUR
    for minutes in range(0, 120, 10):
        sweep(back + minutes * MINUTE, stood_still=not minutes)
    assert [(action, outcome) for action, outcome, _at in taken(clock)] == [
        ("remind_holder", "covered"),
        ("remind_holder", "done"),
        ("remind_manager", "done"),
        ("note", "done"),
        ("tell_account_manager", "done"),
        ("block", "done"),
        ("tell_channel_manager", "done"),
    ]
    assert fresh(held).blocked_at == back
    assert sorted(mails()) == [
        ("Alice", "feedback_overdue"),
        ("Arno", "partner_late"),
        ("Mara", "partner_late"),
        ("Moritz", "team_late"),
    ]


def test_who_is_asked_on_two_rungs_hears_once(ctx):
    team = people(
        (step(0, "remind_holder"), step(0, "remind_manager"), step(0, "tell_account_manager"))
    )
    session().execute(update(type(team["firm"])).values(account_manager_id=team["mara"].id))
    session().expire_all()
    hold(team["moritz"])
    sweep(DUE)
    assert sorted(mails()) == [("Mara", "partner_late"), ("Moritz", "feedback_due")]


def test_where_nobody_is_there_on_a_rung_the_channel_manager_hears(ctx):
    team = people((step(2, "tell_account_manager"),))
    held, clock = hold(team["alice"])
    session().execute(update(User).where(User.id == team["arno"].id).values(active=False))
    sweep(clock.due_at + 2 * DAY)
    assert mails() == [("Mara", "partner_late")]
    assert held.ended_at is None


def test_nobody_gets_more_than_one_such_mail_an_hour(team):
    for minutes in (0, 10, 20):
        hold(team["alice"], AT + minutes * MINUTE, answered=True)
    for minutes in range(0, 130, 5):
        sweep(DUE - DAY + minutes * MINUTE)
    sent = session().scalars(select(OutgoingEmail).order_by(OutgoingEmail.id)).all()
    assert [(mail.kind, mail.created_at - (DUE - DAY)) for mail in sent] == [
        ("feedback_soon", timedelta()),
        ("digest", HOUR),
    ]
    assert "2 answers owed" in sent[1].subject


def test_nobody_is_woken_at_night(team):
    wish(team["alice"], quiet_from=8, quiet_until=13)
    hold(team["alice"])
    sweep(DUE)
    assert mails() == []
    sweep(datetime(2026, 11, 23, 13, tzinfo=BERLIN))
    assert mails() == [("Alice", "feedback_due")]


def test_whoever_stands_in_is_asked_and_the_account_managers_delegate_told(team):
    dora = make_person(team["firm"], name="Dora")
    otto = make_person(
        make_vendor(), "account_manager", "channel_manager", name="Otto", by_subject=LATE_ALONE
    )
    for away, instead in ((team["alice"], dora), (team["arno"], otto)):
        session().add(
            Absence(
                organisation_id=away.organisation_id,
                user_id=away.id,
                delegate_id=instead.id,
                starts_on=date(2026, 11, 20),
                ends_on=date(2026, 11, 30),
            )
        )
    hold(team["alice"])
    sweep(DUE)
    sweep(DUE + 2 * DAY)
    assert sorted(mails()) == [
        ("Dora", "feedback_due"),
        ("Moritz", "team_late"),
        ("Otto", "partner_late"),
    ]
    assert "Alice holds this lead and is away" in texts("feedback_due")[0].text


def test_a_moved_deadline_brings_its_steps_anew_and_a_pause_none(team):
    _held, clock = hold(team["alice"])
    sweep(DUE)
    clocks.move(fresh(clock), DUE + 3 * DAY, "extended", None, DUE)
    sweep(DUE + 3 * DAY)
    assert [one for one in taken(clock) if one[0] == "remind_holder"][-1][2] == DUE + 3 * DAY
    before = len(taken(clock))
    clocks.pause(fresh(clock), DUE + 20 * DAY, "customer", None, DUE + 3 * DAY + HOUR)
    sweep(DUE + 19 * DAY)
    assert [
        one for one in taken(clock)[before:] if one[1] == "done" and one[2] > DUE + 4 * DAY
    ] == []


def test_silence_that_goes_on_is_noted_every_week(team):
    _held, clock = hold(team["alice"])
    sweep(DUE + DAY)
    for hours in range(0, 15 * 24, 6):
        at = DUE + DAY + hours * HOUR
        jobs.run_now("escalation.note_silence", at=at)
        jobs.run_now("escalation.note_silence", at=at)
    assert noted(clock) == [DUE + DAY, DUE + 8 * DAY, DUE + 15 * DAY - 6 * HOUR + 6 * HOUR]


def test_a_worker_killed_between_two_statements_has_done_nothing(team, monkeypatch):
    held, clock = hold(team["alice"])
    tell = operations.tell

    def die(*_args):
        raise RuntimeError("killed")

    monkeypatch.setattr(operations, "tell", die)
    sweep(DUE + 4 * DAY)
    monkeypatch.setattr(operations, "tell", tell)
    assert taken(clock) == []
    assert noted(clock) == []
    assert fresh(held).blocked_at is None
    sweep(DUE + 4 * DAY + MINUTE)
    assert len(taken(clock)) == len(LADDER)
    assert len(noted(clock)) == 1


@pytest.mark.parametrize(
    ("kind", "mail", "says"),
    [
        (ClockKind.RESPONSE, "contact_wanted", "waits for your call"),
        (ClockKind.COMPLETION, "completion_wanted", "is to come to its end by"),
    ],
)
def test_first_contact_and_the_end_are_asked_for_in_their_own_words(ctx, kind, mail, says):
    team = people((step(-1, "remind_holder", kind), step(1, "tell_account_manager", kind)))
    hold(team["alice"], kind=kind)
    sweep(DUE - DAY)
    sweep(DUE + DAY)
    assert mails() == [("Alice", mail), ("Arno", "partner_late")]
    assert says in texts(mail)[0].text


def test_an_offer_that_ends_soon_is_brought_to_mind(ctx):
    team = people(
        (
            step(-0.5, "remind_holder", "offer"),
            step(-0.25, "tell_channel_manager", "offer"),
            step(-0.125, "remind_manager", "offer"),
            step(-0.125, "tell_account_manager", "offer"),
        )
    )
    other = make_person(make_partner("Not of Arno")).organisation
    lead = make_offered_lead(hours=72)
    react(AT)
    session().execute(OutgoingEmail.__table__.delete())
    round_id = last_round(lead).id
    if clocks.find_running(ClockKind.OFFER, round_id=round_id) is None:
        policy = session().scalars(select(DeadlinePolicy).where(DeadlinePolicy.standard)).one()
        clocks.start(ClockKind.OFFER, lead.id, policy, AT, minutes=72 * 60, round_id=round_id)
    sweep(AT + 60 * HOUR)
    sweep(AT + 66 * HOUR)
    assert ("Alice", "offer_ends") in mails()
    assert mails()[-1] == ("Mara", "partner_late")
    assert "is still there" in texts("offer_ends")[0].text
    for firm in (team["firm"], other):
        assert firm.name in texts("partner_late")[0].text
    sweep(AT + 69 * HOUR)
    # where a firm has no account manager a channel manager hears in his place
    assert sorted(mails()[3:]) == [
        ("Arno", "partner_late"),
        ("Mara", "partner_late"),
        ("Moritz", "team_late"),
    ]
    # of the firms that say nothing an account manager reads her own
    for_arno = next(mail.text for mail in texts("partner_late") if mail.to_name == "Arno")
    assert team["firm"].name in for_arno
    assert other.name not in for_arno


def test_who_is_reminded_by_hand_reads_who_asks_and_is_not_asked_again_at_once(team):
    arno, mara = team["arno"].id, team["mara"].id
    held, _clock = hold(team["alice"], answered=True)
    over, _other = hold(team["alice"])
    pickup.give_back(over.id, "duplicate", None, get_actor(team["alice"].id), AT + HOUR)
    react(AT + HOUR)
    session().execute(OutgoingEmail.__table__.delete())
    ids = (held.id, over.id)
    assert operations.remind(ids, arno, AT + DAY) == [held.id]
    react(AT + DAY)
    assert operations.remind(ids, mara, AT + DAY + HOUR) == []
    react(AT + DAY + HOUR)
    assert mails() == [("Alice", "reminded")]
    assert "Arno would like to know how far you are" in texts("reminded")[0].text
    assert operations.remind(ids, mara, AT + 2 * DAY) == [held.id]


def test_whatever_a_step_may_do_is_done():
    assert {*ACTIONS, *TELLS, "note"} == set(FITS)
