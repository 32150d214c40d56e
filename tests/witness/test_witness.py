"""The customer as witness: told who calls, asked once whether they did, heard at once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.core import jobs
from portal.core.db import session
from portal.core.errors import NotFound
from portal.core.events import EventRow
from portal.core.mail import standing
from portal.core.mail.models import OutgoingEmail
from portal.deadlines.models import DeadlinePolicy
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.hearing.models import NoticeRound
from portal.leads.models import Lead, Suppression
from portal.leads.notes import about
from portal.leads.operations import DO_NOT_CALL, suppress
from portal.pickup import operations as pickup
from portal.pickup import pauses, reassign
from portal.pickup.models import Pickup
from portal.qualification import nurture
from portal.timeline.activities import enter
from portal.timeline.rules import Entry, Kind
from portal.witness import operations, queries
from portal.witness.models import CustomerLetter, Said, Way
from portal.witness.rules import MAY_CHANGE, Settled, TooLateToChange, read_word
from portal.witness.words import tell_witness
from tests.factories import (
    AT,
    CONTACT,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
)
from tests.notifications.reading import told_of_contact

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TOLD, DUE = AT + 16 * MINUTE, AT + DAY
ASKED = DUE + MINUTE
WAITING = Answer("waiting", next_step="Call again", next_step_on=(ASKED + DAY).date())
NOT_YET = Answer("not_contacted", next_step="Call again", next_step_on=(ASKED + DAY).date())


class Loop:
    """A firm with Alice, Bob and their manager Moritz; its account manager Arno; Alice's lead."""

    def __init__(self, lead=None, contact=None, **terms):
        make_manager(name="Mara")
        said = {"response_hours": 24, "customer_told": True, "customer_asked": True, **terms}
        session().execute(update(DeadlinePolicy).values(said))
        session().expire_all()
        arno = make_person(make_vendor(), "account_manager", name="Arno")
        self.firm = make_partner("Alpha", account_manager_id=arno.id)
        self.alice = make_person(self.firm, name="Alice", phone="+49 30 1234")
        self.bob = make_person(self.firm, name="Bob")
        self.moritz = make_person(self.firm, "partner_manager", name="Moritz")
        given = None if contact is None else CONTACT | contact
        self.lead = make_offered_lead(contact=given, **(lead or {}))
        self.pick()

    def pick(self, user=None, at=AT):
        found = pickup.claim(self.lead.id, get_actor((user or self.alice).id), at)
        self.id = found.pickup_id
        self.react(at)

    @property
    def row(self):
        return session().get_one(Pickup, self.id, populate_existing=True)

    def react(self, at):
        session().flush()
        session().merge(NoticeRound(id=1, ran_at=at - MINUTE, catching_up_until=None))
        jobs.run_now("core.dispatch", {"here": True}, at)

    def sweep(self, at):
        jobs.run_now("witness.write", at=at)
        self.react(at)

    def say(self, said, at=ASKED + HOUR, way=Way.PAGE):
        letter = session().scalar(select(CustomerLetter).where(CustomerLetter.kind == "asked"))
        operations.answer(letter.id, Said(said), way, at)
        self.react(at)


def to_customer():
    """Return the mails to the customer, the oldest first."""
    query = select(OutgoingEmail).where(OutgoingEmail.user_id.is_(None)).order_by(OutgoingEmail.id)
    return session().scalars(query).all()


def kinds():
    return [mail.kind for mail in to_customer()]


def outcomes():
    rows = session().execute(select(CustomerLetter.kind, CustomerLetter.outcome))
    return {row.kind: row.outcome for row in rows}


def heard(*which):
    """Return who got a mail of these kinds."""
    query = select(OutgoingEmail).where(OutgoingEmail.kind.in_(which)).order_by(OutgoingEmail.id)
    return sorted((mail.to_name, mail.kind) for mail in session().scalars(query))


@pytest.fixture
def loop(ctx):
    return Loop()


def test_a_customer_is_told_who_calls_and_asked_once_when_the_time_is_over(loop):
    loop.sweep(AT + 14 * MINUTE)
    assert kinds() == []
    for at in (TOLD, TOLD + MINUTE, DUE - MINUTE):
        loop.sweep(at)
    assert kinds() == ["who_calls"]
    for at in (ASKED, ASKED + MINUTE, ASKED + 9 * DAY):
        loop.sweep(at)
    told, asked = to_customer()
    assert asked.kind == "did_they_call"
    assert told.to_address == asked.to_address == CONTACT["email"]
    for said in ("Alice", "Alpha", "+49 30 1234", "Network switches"):
        assert said in told.text
    # a mail to a customer tells nothing of what stands about him here, nor what partners read
    for mail in (told, asked):
        assert told_of_contact(mail) <= {"first_name"}
        assert loop.lead.title not in mail.text
    assert re.fullmatch(r"c\+[a-z2-7]{26}@in\.firstcome\.example", asked.headers["Reply-To"])
    assert "Reply-To" not in told.headers


@pytest.mark.parametrize(
    ("terms", "mails"),
    [
        ({"customer_told": False, "customer_asked": False}, []),
        ({"customer_asked": False}, ["who_calls"]),
        ({"customer_told": False}, ["did_they_call"]),
    ],
)
def test_each_is_off_unless_the_policy_says_so(ctx, terms, mails):
    loop = Loop(**terms)
    loop.sweep(TOLD)
    loop.sweep(ASKED)
    assert kinds() == mails


def suppress_it(loop):
    suppress([f"email:{CONTACT['email']}"], DO_NOT_CALL, AT)


def mark_it(loop):
    address = standing._take(CONTACT["email"], "kanarienwerke.example", AT)
    address.marked_at = AT


def complain_of_it(loop):
    address = standing._take(CONTACT["email"], "kanarienwerke.example", AT)
    address.complained_at = AT


@pytest.mark.parametrize(
    "why",
    [
        {"lead": {"basis": None}},
        {"contact": {"email": None}},
        {"contact": {"email": "somebody@gmail.com"}, "user": "somebody@gmail.com"},
        {"contact": {"email": "boss@kabelhaus-nord.de"}, "alice": "alice@mail.kabelhaus-nord.de"},
        {"before": suppress_it},
        {"before": mark_it},
        {"before": complain_of_it},
    ],
    ids=["no basis", "no address", "works here", "own firm", "suppressed", "bounced", "complained"],
)
def test_nobody_is_written_to_who_must_not_be_or_would_witness_for_himself(ctx, why):
    offered = {key: value for key, value in why.get("lead", {}).items() if key != "basis"}
    loop = Loop(lead=offered, contact=why.get("contact"))
    if "basis" in why.get("lead", {}):
        session().execute(update(Lead).where(Lead.id == loop.lead.id).values(basis=None))
    if "user" in why:
        make_person(loop.firm, name="Otto", email=why["user"])
    if "alice" in why:
        session().execute(update(User).where(User.id == loop.alice.id).values(email=why["alice"]))
    if "before" in why:
        why["before"](loop)
    session().flush()
    session().expire_all()
    loop.sweep(TOLD)
    loop.sweep(ASKED)
    assert kinds() == []
    assert outcomes() == {"told": "nobody", "asked": "nobody"}


def test_a_pick_that_was_a_slip_tells_nobody_and_the_next_holder_is_named(loop):
    pickup.give_back(loop.id, "no_capacity", None, get_actor(loop.alice.id), AT + 5 * MINUTE)
    loop.react(AT + 5 * MINUTE)
    loop.sweep(TOLD)
    loop.sweep(ASKED)
    assert kinds() == []
    assert outcomes() == {"told": "past", "asked": "past"}


def test_who_takes_over_in_the_firm_is_named_and_nobody_twice(loop):
    loop.sweep(TOLD)
    reassign.reassign(loop.id, loop.bob.id, get_actor(loop.moritz.id), TOLD + HOUR)
    loop.react(TOLD + HOUR)
    loop.sweep(TOLD + 2 * HOUR)
    reassign.reassign(loop.id, loop.alice.id, get_actor(loop.moritz.id), TOLD + 3 * HOUR)
    loop.react(TOLD + 3 * HOUR)
    loop.sweep(TOLD + 4 * HOUR)
    assert kinds() == ["who_calls", "who_calls"]
    assert "somebody else looks after you now" in to_customer()[1].text
    loop.sweep(ASKED)
    assert "Alice" in to_customer()[2].text


def test_a_question_waits_while_the_time_rests_and_follows_it(loop):
    loop.sweep(TOLD)
    until = (AT + 3 * DAY).date()
    feedback.give(loop.id, NOT_YET, get_actor(loop.alice.id), TOLD)
    pauses.pause(loop.id, "asked_to_wait", until, get_actor(loop.alice.id), AT + HOUR)
    loop.sweep(ASKED)
    assert kinds() == ["who_calls"]
    loop.sweep(AT + 5 * DAY)
    assert kinds() == ["who_calls"]
    pauses.go_on(loop.id, get_actor(loop.alice.id), AT + 5 * DAY)
    loop.sweep(AT + 7 * DAY)
    assert kinds() == ["who_calls", "did_they_call"]


def test_a_no_reaches_all_at_once_while_the_next_deadline_is_ahead(loop):
    loop.sweep(ASKED)
    session().execute(OutgoingEmail.__table__.delete())
    loop.say("no")
    loop.say("no")
    assert loop.row.feedback_due_at > ASKED + HOUR
    assert heard("call_missed", "not_called") == [
        ("Alice", "call_missed"),
        ("Arno", "not_called"),
        ("Moritz", "not_called"),
    ]
    # the lead stays where it is, and nothing is put into the holder's mouth
    assert (loop.row.ended_at, loop.row.last_status, loop.row.first_contact_at) == (None,) * 3
    loop.say("yes", ASKED + 2 * HOUR)
    assert len(heard("call_missed", "not_called")) == 3


def test_many_who_complain_at_once_make_one_mail_an_hour(loop):
    loop.lead = make_offered_lead(at=AT, title="Another")
    loop.pick(loop.bob)
    loop.sweep(ASKED)
    session().execute(OutgoingEmail.__table__.delete())
    for letter in session().scalars(select(CustomerLetter).where(CustomerLetter.kind == "asked")):
        operations.answer(letter.id, Said.NO, Way.PAGE, ASKED + HOUR)
        loop.react(ASKED + HOUR)
    assert heard("not_called") == [("Arno", "not_called"), ("Moritz", "not_called")]


def test_a_yes_confirms_the_contact_and_can_be_taken_back_for_a_while(loop):
    loop.sweep(ASKED)
    loop.say("yes")
    assert loop.row.first_contact_at == DUE
    clock = queries.find_response(loop.id)
    assert (clock.outcome, clock.late_seconds) == ("met", 0)
    assert loop.row.last_status is None
    loop.say("no", ASKED + 2 * HOUR)
    assert loop.row.first_contact_at is None
    assert queries.find_response(loop.id).stopped_at is None
    with pytest.raises(TooLateToChange):
        loop.say("yes", ASKED + HOUR + MAY_CHANGE + MINUTE)


def test_a_yes_writes_over_nothing_that_the_holder_said(loop):
    loop.sweep(ASKED)
    feedback.give(loop.id, NOT_YET, get_actor(loop.alice.id), ASKED)
    loop.say("yes")
    row = loop.row
    assert (row.last_status, row.first_contact_at) == ("not_contacted", DUE)


@pytest.mark.parametrize("did", ["answered", "called"])
def test_a_no_after_a_yes_leaves_what_the_holder_did_since(loop, did):
    alice, then = get_actor(loop.alice.id), ASKED + 2 * HOUR
    loop.sweep(ASKED)
    loop.say("yes")
    if did == "answered":
        given = feedback.give(loop.id, WAITING, alice, then)
    else:
        call = Entry(Kind.CALL, "Spoke with her")
        enter(about(loop.lead.id), call, done=True, people=(alice.id,), actor=alice, at=then)
    loop.say("no", ASKED + 3 * HOUR)
    assert loop.row.first_contact_at == then
    assert queries.find_response(loop.id).stopped_at == then
    if did == "answered":
        # nobody says any more that there was contact
        feedback.take_back(given.id, alice, ASKED + 4 * HOUR)
        assert loop.row.first_contact_at is None
        assert queries.find_response(loop.id).stopped_at is None


def test_an_answer_that_is_taken_back_leaves_the_customers_yes(loop):
    given = feedback.give(loop.id, NOT_YET, get_actor(loop.alice.id), DUE - HOUR)
    loop.sweep(ASKED)
    loop.say("yes")
    feedback.take_back(given.id, get_actor(loop.alice.id), ASKED + 2 * HOUR)
    assert loop.row.first_contact_at == DUE


def test_neither_a_wrong_language_nor_a_name_with_a_link_in_it_gets_into_a_mail(ctx):
    loop = Loop(lead={"language": "cz"})
    session().execute(update(User).values(name="Pay at https://evil.test", phone="www.evil.test"))
    session().expire_all()
    loop.sweep(TOLD)
    (mail,) = to_customer()
    assert mail.subject.startswith("Alpha ")
    assert "evil.test" not in mail.text + mail.html


def test_after_its_end_there_is_nothing_to_say_about_a_lead(loop):
    loop.sweep(TOLD)
    told = session().scalar(select(CustomerLetter.id).where(CustomerLetter.kind == "told"))
    with pytest.raises(NotFound):
        operations.answer(told, Said.NO, Way.PAGE, ASKED)
    loop.sweep(ASKED)
    pickup.give_back(loop.id, "no_capacity", None, get_actor(loop.alice.id), ASKED)
    with pytest.raises(Settled):
        loop.say("no")
    assert heard("call_missed", "not_called") == []


def test_who_wants_no_call_is_left_alone_and_the_holder_knows(loop):
    loop.sweep(ASKED)
    letter = session().scalar(select(CustomerLetter).where(CustomerLetter.kind == "asked"))
    for _press in range(2):
        operations.decline(letter.id, ASKED + HOUR)
        loop.react(ASKED + HOUR)
    assert session().get(Suppression, f"email:{CONTACT['email']}").reason == DO_NOT_CALL
    assert session().get(Lead, loop.lead.id, populate_existing=True).suppressed
    assert loop.row.ended_at is None
    assert heard("not_wanted") == [
        ("Alice", "not_wanted"),
        ("Arno", "not_wanted"),
        ("Moritz", "not_wanted"),
    ]


def test_who_wants_no_more_mails_of_a_lead_in_hand_is_heard_by_its_holder(loop):
    for _press in range(2):
        nurture.leave(loop.lead.id, AT + HOUR)
        loop.react(AT + HOUR)
    assert [name for name, _kind in heard("not_wanted")] == ["Alice", "Arno", "Moritz"]
    query = select(OutgoingEmail.text).where(OutgoingEmail.kind == "not_wanted")
    texts = session().scalars(query.where(OutgoingEmail.user_id == loop.alice.id)).all()
    assert ["write no more mails" in text for text in texts] == [True]


def test_who_wants_no_call_once_the_lead_went_on_is_heard_by_who_holds_it_now(loop):
    berta = make_person(make_partner("Beta"), name="Berta")
    loop.sweep(ASKED)
    pickup.give_back(loop.id, "no_capacity", None, get_actor(loop.alice.id), ASKED)
    loop.react(ASKED)
    loop.pick(berta, ASKED)
    letter = session().scalar(select(CustomerLetter).where(CustomerLetter.kind == "asked"))
    operations.decline(letter.id, ASKED + HOUR)
    loop.react(ASKED + HOUR)
    assert session().get(Lead, loop.lead.id, populate_existing=True).suppressed
    assert heard("not_wanted") == [("Berta", "not_wanted"), ("Mara", "not_wanted")]


def test_what_passed_stands_in_the_lead_s_timeline(loop):
    loop.sweep(TOLD)
    loop.sweep(ASKED)
    loop.say("no", way=Way.MAIL)
    rows = session().execute(
        select(EventRow.name, EventRow.data)
        .where(EventRow.name.like("Customer%"), EventRow.lead_id == loop.lead.id)
        .order_by(EventRow.id)
    )
    told = [tell_witness(name, data) for name, data in rows]
    assert told[1:] == [
        "The customer was asked whether Alice called",
        "The customer writes: nobody has called",
    ]
    assert told[0].startswith("The customer was told that Alice calls by")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Yes\n\nThank you!", "yes"),
        ("\nNO.", "no"),
        ("Ja, danke!", "yes"),
        ("Nein, leider noch nicht", "no"),
        ("No, they didn’t", "no"),
        ("No problem, they called", None),
        ("No?", None),
        ("Yes, but nobody who knew anything", None),
        ("Ja nein", None),
        ("Who are you?", None),
        ("", None),
        ("n" * 5000, None),
        ("ｙｅｓ", None),
    ],
)
def test_a_first_line_is_read_only_where_it_is_clear(text, said):
    assert read_word(text) == said
