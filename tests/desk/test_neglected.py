"""The neglected board: what sits and why, for whom, and what is done about several at once."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from sqlalchemy import select, update

from portal.accounts import reach, tree
from portal.accounts.queries import get_actor
from portal.core import clock, jobs
from portal.core.db import session
from portal.core.errors import Forbidden, Invalid
from portal.core.mail.models import OutgoingEmail
from portal.deadlines.clocks import find_running
from portal.deadlines.models import Clock, ClockKind, DeadlinePolicy
from portal.desk.lead_filters import Asking
from portal.desk.many import Said, do_to_many
from portal.desk.neglected import Wanted, Why, count, list_sitting
from portal.desk.overdue import list_overdue
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.hearing import operations as hearing
from portal.hearing.queries import find_kept
from portal.leads.models import Lead, LeadState
from portal.leads.queries import seen_by
from portal.offers.models import OfferRound
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from portal.timeline.models import Activity
from portal.witness.models import CustomerWord
from tests.factories import (
    CONTACT,
    csrf_of,
    factory,
    make_lead,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

ZONE = ZoneInfo("Europe/Berlin")


def asking_of(person):
    actor = get_actor(person.id)
    reached = reach.read(actor)
    return Asking(actor, clock.now(), ZONE, reached, seen_by(actor, reached))


@factory
def hold(firm, days=1, **over):
    """Make a lead that a firm picked up so many days ago, and answered on at once."""
    at = clock.now() - timedelta(days=days)
    lead = make_offered_lead(at=at, **over)
    rep = make_person(firm)
    session().flush()
    held = pickup.claim(lead.id, get_actor(rep.id), at).pickup_id
    feedback.give(held, Answer("waiting"), get_actor(rep.id), at + timedelta(minutes=5))
    return session().get_one(Pickup, held)


def run_out(pickup_row, kind, hours, user_id=None):
    """Have a clock of a lead run out so many hours ago."""
    due = clock.now() - timedelta(hours=hours)
    begun = due - timedelta(days=1)
    running = (
        session()
        .query(Clock)
        .filter_by(pickup_id=pickup_row.id, kind=kind, stopped_at=None)
        .one_or_none()
    )
    if running is not None:
        running.due_at = due
        return
    session().add(
        Clock(
            kind=kind,
            lead_id=pickup_row.lead_id,
            pickup_id=pickup_row.id,
            policy_id=pickup_row.policy_id,
            user_id=user_id,
            started_at=begun,
            length_minutes=1440,
            due_at=due,
            first_due_at=due,
        )
    )


@pytest.fixture
def hers(ctx):
    """Return Pam, the account manager of a firm, and the firm."""
    pam, firm = make_person(make_vendor(), "account_manager"), make_partner()
    tree.set_account_manager(firm, pam.id, clock.now())
    session().flush()
    return pam, firm


def whys(person, **asked):
    """Return the titles of all that sits for somebody, with the reasons of each."""
    page = list_sitting(Wanted(**asked), asking_of(person))
    return {row.title: [Why(why) for why in row.whys] for row in page.items}


def test_what_sits_stands_once_with_all_its_reasons_and_what_is_in_time_does_not(hers):
    pam, firm = hers
    held = {
        title: hold(firm, title=title)
        for title in ("silent", "uncalled", "helpless", "past", "in time", "the owner’s", "denied")
    }
    # the reps answered, so that nothing of it sits but what follows
    now = clock.now()
    held["silent"].feedback_due_at = now - timedelta(days=2)
    run_out(held["silent"], "response", 10)
    run_out(held["uncalled"], "response", 1)
    run_out(held["helpless"], "help", 2, pam.id)
    run_out(held["the owner’s"], "owner", 2, pam.id)
    for title, said, ago in (("denied", "no", 1), ("in time", "yes", 1), ("past", "no", 30)):
        moment = now - timedelta(hours=ago)
        words = {"said": said, "way": "page", "first_at": moment, "said_at": moment}
        session().add(CustomerWord(pickup_id=held[title].id, **words))
    session().get_one(Lead, held["past"].lead_id).expected_on = now.date() - timedelta(days=9)
    for title, over in (
        ("back", {"state": LeadState.RETURNED}),
        ("raw", {"state": LeadState.CAPTURED}),
        ("ready", {"state": LeadState.QUALIFIED}),
        ("fresh", {"state": LeadState.CAPTURED, "state_since": now - timedelta(hours=1)}),
    ):
        lead = make_lead(title=title, **over)
        lead.owner_id = pam.id
        lead.state_since = over.get("state_since", now - timedelta(days=4))
    again = make_offered_lead(at=now, title="unwanted")
    again.owner_id = pam.id
    again.round = 2
    session().query(OfferRound).filter_by(lead_id=again.id).one().outcome = "expired"
    session().flush()
    assert whys(pam) == {
        "silent": [Why.UNANSWERED, Why.NO_CONTACT],
        "uncalled": [Why.NO_CONTACT],
        "denied": [Why.NOT_CALLED],
        "helpless": [Why.HELP],
        "the owner’s": [Why.OWNER],
        "past": [Why.PAST_END],
        "back": [Why.RETURNED],
        "raw": [Why.UNQUALIFIED],
        "ready": [Why.UNOFFERED],
        "unwanted": [Why.UNPICKED],
    }
    found = count(Wanted(), asking_of(pam))
    assert found.total == 10
    assert found.by_why[Why.NO_CONTACT] == 2
    assert whys(pam, why="help", temperature="hot") == whys(pam, text="nothing like it") == {}
    assert list(whys(pam, why="no_contact")) == ["silent", "uncalled"]
    assert whys(pam, firm=firm.name, owner="me").keys() == held.keys() - {"in time"}


def test_each_sees_what_sits_with_those_she_answers_for(hers):
    pam, firm = hers
    leads, boss = hold(firm, title="silent"), make_person(make_vendor(), "regional_manager")
    leads.feedback_due_at = clock.now() - timedelta(days=2)
    pam.manager_id = boss.id
    session().flush()
    others = [make_person(make_vendor(), role) for role in ("regional_manager", "account_manager")]
    admin = make_person(make_vendor(), "channel_manager")
    session().flush()
    assert [len(whys(one)) for one in (pam, boss, admin, *others)] == [1, 1, 1, 0, 0]
    assert [count(Wanted(), asking_of(one)).total for one in (pam, boss, *others)] == [1, 1, 0, 0]


def test_a_lead_untouched_sits_after_as_many_days_as_its_policy_says(hers):
    pam, _firm = hers
    lead = make_lead(title="raw", state=LeadState.CAPTURED)
    lead.owner_id, lead.state_since = pam.id, clock.now() - timedelta(days=5)
    session().query(DeadlinePolicy).update({"draft_days": 6})
    session().flush()
    assert whys(pam) == {}
    session().query(DeadlinePolicy).update({"draft_days": 5})
    assert whys(pam) == {"raw": [Why.UNQUALIFIED]}


def test_the_page_says_why_and_with_whom_and_what_became_of_each(client):
    @factory
    def make():
        boss, firm = make_person(make_vendor(), "sales_manager"), make_partner("Alpha Systems")
        pam = make_person(make_vendor(), "account_manager", name="Pam")
        pam.manager_id = boss.id
        session().flush()
        tree.set_account_manager(firm, pam.id, clock.now())
        held = hold(firm, title="Switches for a school")
        held.feedback_due_at = clock.now() - timedelta(days=2)
        return boss, pam, held.lead_id

    boss, pam, lead_id = make()
    sign_in(client, boss)
    page = client.get("/neglected?why=unanswered")
    for said in ("Switches for a school", "Answer overdue", "The answer was due", "Alpha Systems"):
        assert said in page.text
    sent = {"csrf_token": csrf_of(page.text), "why": "unanswered", "lead": [lead_id, 10**9]}
    done = client.post("/neglected/actions", data={**sent, "action": "owner", "user_id": pam.id})
    assert "1 of 1 done" in done.text
    assert 'href="/neglected?why=unanswered"' in done.text
    for over in ({"lead": []}, {"action": "owner", "user_id": ""}, {"action": "nonsense"}):
        answer = client.post("/neglected/actions", data={**sent, "action": "offer", **over})
        assert answer.status_code in (303, 403), over


def test_the_overdue_list_goes_to_a_day_and_counts_the_days_anew(client):
    @factory
    def make():
        boss, firm = make_person(make_vendor(), "channel_manager"), make_partner()
        boss.timezone = "Europe/Berlin"
        today = clock.now().astimezone(ZONE).date()
        for title, days in (("over", -3), ("today", 0), ("later", 5)):
            held = hold(firm, title=f'=cmd "{title}"')
            session().get_one(Lead, held.lead_id).expected_on = today + timedelta(days=days)
        estimated = hold(firm, title="as estimated")
        session().get_one(Lead, estimated.lead_id).estimated_on = today - timedelta(days=1)
        hold(firm, title="without a day")
        session().flush()
        until = today + timedelta(days=1)
        found = list_overdue(until, asking_of(boss)).items
        assert [row.left for row in found] == [-3, -1, 0]
        return boss, today

    boss, today = make()
    sign_in(client, boss)
    page = client.get("/neglected/overdue").text
    assert page.count("days over") == 1
    assert page.count("day over") == 1
    assert "5 days left" in client.get("/neglected/overdue?until=2099-12-31").text
    assert client.get("/neglected/overdue?until=gestern").status_code == 200
    asked = f"/neglected/overdue/export?until={today}"
    rows = list(csv.reader(io.StringIO(client.get(asked).text.lstrip("\ufeff"))))
    assert [row[1] for row in rows[1:]] == ['\'=cmd "over"', "as estimated", '\'=cmd "today"']
    assert [row[9:11] for row in rows[1:]] == [["0", "3"], ["0", "1"], ["0", "0"]]
    sheet = openpyxl.load_workbook(io.BytesIO(client.get(f"{asked}&as=xlsx").data)).active
    assert sheet.max_row == 4


def test_mondays_list_comes_once_at_seven_in_the_readers_zone_to_who_wants_it(ctx):
    firm, monday = make_partner(), datetime(2026, 11, 23, 7, tzinfo=ZONE)
    people = {
        zone: make_person(make_vendor(), "channel_manager", timezone=zone)
        for zone in ("Europe/Berlin", "America/New_York", "Asia/Tokyo")
    }
    silent = make_person(make_vendor(), "channel_manager")
    wednesday = monday - timedelta(days=5)
    for one in people.values():
        hearing.choose(one.id, wednesday, mondays=True)
    held = hold(firm, title="Long over")
    session().get_one(Lead, held.lead_id).expected_on = monday.date() - timedelta(days=4)
    session().flush()

    def told():
        rows = session().scalars(select(OutgoingEmail).where(OutgoingEmail.kind == "overdue_list"))
        return {row.user_id: row for row in rows}

    # in Tokyo it is Monday 7:00 eight hours before, in New York six hours later
    moments = (
        (wednesday, ()),
        (monday - timedelta(hours=8, minutes=1), ()),
        (monday - timedelta(hours=1), ("Asia/Tokyo",)),
        (monday, ("Asia/Tokyo", "Europe/Berlin")),
        (monday + timedelta(days=2), people),
        (monday + timedelta(days=2), people),
    )
    for at, zones in moments:
        jobs.run_now("desk.tell_mondays", at=at)
        assert told().keys() == {people[zone].id for zone in zones}, at
    assert silent.id not in told()
    mail = told()[people["Europe/Berlin"].id]
    assert "4 days over" in mail.text
    path = mail.headers["List-Unsubscribe"].strip("<>").partition("/m/")[2]
    stopped = ctx.test_client().post(f"/m/{path}", data={"List-Unsubscribe": "One-Click"})
    assert "All other mails go on." in stopped.text
    assert not find_kept(mail.user_id).mondays
    assert CONTACT["email"] not in mail.text
    held.ended_at, held.outcome = monday, "lost"
    session().get_one(Lead, held.lead_id).expected_on = None
    session().flush()
    jobs.run_now("desk.tell_mondays", at=monday + timedelta(days=8))
    assert len(told()) == 3


def test_neglected_leads_are_reminded_of_and_taken_back_each_for_itself(ctx):
    boss, firm = make_person(make_vendor(), "channel_manager"), make_partner(capacity=9)
    worked, silent, back = (hold(firm, 12) for _each in range(3))
    back_id = back.lead_id
    for one in (worked, silent):
        one.feedback_due_at = clock.now() - timedelta(days=2)
        find_running(ClockKind.FEEDBACK, pickup_id=one.id).due_at = one.feedback_due_at
    session().execute(update(Activity).values(done_at=clock.now() - timedelta(days=20)))
    session().execute(
        update(Activity)
        .where(Activity.subject_id == worked.lead_id)
        .values(done_at=clock.now(), kind="call")
    )
    session().get_one(Lead, back_id).state = LeadState.RETURNED
    back.ended_at, back.outcome = clock.now(), "given_back"
    session().get_one(Lead, back_id).holder_id = None
    boss = get_actor(boss.id)
    session().flush()
    leads = [worked.lead_id, silent.lead_id, back_id]

    def became(key, **said):
        done = do_to_many(key, leads, Said(**said), boss, clock.now())
        return {one.lead_id: one.done for one in done}

    all_held = {worked.lead_id: True, silent.lead_id: True, back_id: False}
    assert became("remind") == all_held
    assert not any(became("remind").values())
    with pytest.raises(Invalid):
        became("recall", reason="nonsense")
    assert became("recall", reason="silent") == {**all_held, worked.lead_id: False}
    assert (
        "worked on"
        in do_to_many("recall", [worked.lead_id], Said(reason="silent"), boss, clock.now())[0].words
    )
    forced = {"reason": "silent", "force": True}
    assert not became("recall", **forced)[worked.lead_id]
    assert became("recall", **forced, note="The customer called us.")[worked.lead_id]
    pam = get_actor(make_person(make_vendor(), "account_manager").id)
    assert do_to_many("remind", leads, Said(), pam, clock.now()) == []
    with pytest.raises(Forbidden):
        do_to_many("recall", leads, Said(reason="silent"), pam, clock.now())
