"""What people hear of in a sentence: a lead is back, they stand in, a firm wants to join."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.accounts.queries import get_actor
from portal.core import jobs
from portal.core.db import session
from portal.core.events import Delivery
from portal.core.mail import links
from portal.core.mail.links import Purpose
from portal.core.mail.models import OutgoingEmail
from portal.duplicates import entrance, pairs
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.hearing.models import Hears, Notice, NoticeRound
from portal.hearing.operations import end_digests
from portal.hearing.queries import find_kept
from portal.inbound import planning
from portal.leads import activities, hand_over
from portal.leads.models import Lead
from portal.leads.operations import ContactDraft, Draft
from portal.leads.signals import add_signal
from portal.partners import operations as partners
from portal.people import sign_up
from portal.pickup import operations as pickup
from portal.programme import operations as programme
from portal.programme.models import TermsKind
from portal.scoring.models import ScoreRules
from portal.timeline.rules import Entry
from tests.factories import (
    AT,
    CONTACT,
    answer_questions,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    wish,
)
from tests.inbound.pressing import link_of
from tests.notifications.reading import told_of_contact

DAY = timedelta(days=1)


def react(at=AT):
    """Run what follows, as the dispatcher would, and once more as after a worker's death."""
    for _again in range(2):
        session().flush()
        jobs.run_now("core.dispatch", {"here": True}, at)
        for delivery in session().scalars(select(Delivery)):
            delivery.done_at = None


def mails(kind):
    return session().scalars(select(OutgoingEmail).where(OutgoingEmail.kind == kind)).all()


class Handed:
    """A lead that an account manager gave to operations."""

    def __init__(self):
        self.pam = make_person(make_vendor(), "account_manager", name="Pam Ortega")
        self.oskar = make_person(make_vendor(), "operations", name="Oskar Riedel")
        firm = make_partner(account_manager_id=self.pam.id)
        lead = make_offered_lead(at=AT)
        pickup.claim(lead.id, get_actor(make_person(firm).id), AT)
        self.lead = session().get_one(Lead, lead.id, populate_existing=True)
        asked = hand_over.hand_over(lead.id, AT.date(), "Please", get_actor(self.pam.id), AT)
        self.id = asked.id

    def back(self, number="4711-A"):
        said = "Call 0511 999 first."
        hand_over.hand_back(self.id, number, said, get_actor(self.oskar.id), AT)
        react()


@pytest.fixture
def handed(ctx):
    return Handed()


def test_who_answers_for_a_lead_reads_once_a_day_what_became_of_it(ctx):
    boss, silent = make_manager(), make_manager()
    keeper = make_person(make_vendor(), "account_manager")
    firm = make_partner("Alpha", rep_capacity=9, capacity=9, account_manager_id=keeper.id)
    reps = [get_actor(make_person(firm).id) for _each in range(3)]
    leads = [make_offered_lead(at=AT) for _each in reps]
    held = [pickup.claim(lead.id, rep, AT).pickup_id for lead, rep in zip(leads, reps, strict=True)]
    hour = timedelta(hours=1)
    feedback.give(held[1], Answer("proposal"), reps[1], AT + hour)
    feedback.give(held[1], Answer("won", value=5), reps[1], AT + 2 * hour)
    pickup.give_back(held[2], "no_capacity", None, reps[2], AT + hour)
    wish(silent, by_subject={"answered_for": Hears.NEVER})
    react(AT + 2 * hour)
    session().merge(NoticeRound(id=1, ran_at=AT + DAY))
    jobs.run_now("notifications.send_notices", {}, AT + DAY)
    heard = {mail.user_id: mail for mail in mails("digest")}
    assert {boss.id, keeper.id} == heard.keys()
    for mail in heard.values():
        for index, said in ((0, "has picked up {}."), (1, "says of {}: Won.")):
            assert said.format(leads[index].number) in mail.text
        assert f"gave {leads[2].number} back." in mail.text
        assert mail.text.count(leads[1].number) == 1, "what went on is told once"
        assert told_of_contact(mail) == set()
        assert "List-Unsubscribe" in mail.headers
    end_digests(boss.id, AT + DAY)
    assert find_kept(boss.id).by_subject == {"answered_for": "never"}


def test_the_owner_hears_once_that_operations_handed_a_lead_back(handed):
    handed.back()
    (mail,) = mails("handed_back")
    assert mail.user_id == handed.pam.id
    for part in (mail.text, mail.html):
        assert f"{handed.lead.number} is back from operations." in part
        assert "Oskar Riedel" in part
        assert "4711-A" in part
        assert f"/hand-overs/{handed.id}" in part
        assert "0511 999" not in part
    assert told_of_contact(mail) == set()


def test_a_german_owner_hears_in_german_with_no_number_and_a_new_owner_hears_too(handed):
    vera = make_person(make_vendor(), "account_manager", name="Vera", locale="de")
    session().get_one(Lead, handed.lead.id).owner_id = vera.id
    handed.back(number=None)
    heard = {mail.user_id: mail for mail in mails("handed_back")}
    assert set(heard) == {handed.pam.id, vera.id}
    assert "It has no number there" in heard[handed.pam.id].text
    assert "Guten Tag Vera" in heard[vera.id].text


def test_who_never_hears_is_not_told_and_who_hears_daily_reads_it_in_the_daily_mail(handed):
    wish(handed.pam, hears=Hears.NEVER)
    daily = make_person(make_vendor(), "account_manager", hears=Hears.DAILY)
    session().get_one(Lead, handed.lead.id).owner_id = daily.id
    handed.back()
    assert mails("handed_back") == []
    session().flush()
    jobs.run_now("notifications.send_notices", {}, AT + DAY)
    (mail,) = mails("digest")
    assert mail.user_id == daily.id
    assert f"{handed.lead.number} is back from operations." in mail.text
    assert session().scalars(select(Notice.user_id).where(Notice.settled_at.is_(None))).all() == []


def test_the_holder_hears_that_a_lead_stirs_and_the_owner_that_others_have_cooled(ctx):
    rep, owner = make_person(make_partner()), make_manager()
    held = make_offered_lead(at=AT)
    pickup.claim(held.id, get_actor(rep.id), AT)
    add_signal(held.id, "reply", AT)
    cold = [
        make_lead(at=AT - 90 * DAY, temperature=mark, owner_id=owner.id) for mark in ("hot", "warm")
    ]
    session().execute(update(ScoreRules).values(created_at=AT - 90 * DAY))
    jobs.run_now("scoring.cool", {}, AT)
    react()
    (stirred,) = mails("lead_stirs")
    assert stirred.user_id == rep.id
    assert "Answers to mails: 1" in stirred.text
    (cooled,) = mails("leads_cooled")
    assert cooled.user_id == owner.id
    for lead, words in zip(cold, ("Hot → Warm", "Warm → Cold"), strict=True):
        assert f"{lead.number}: {words}" in cooled.text
    assert told_of_contact(stirred) == told_of_contact(cooled) == set()


def test_where_nobody_knows_a_lead_channel_managers_hear_that_it_is_out_of_nurture(ctx):
    manager = make_manager()
    lead = make_lead(state="nurture", qualifier_id=None)
    answer_questions(lead)
    add_signal(lead.id, "reply", AT)
    react()
    (mail,) = mails("lead_stirs")
    assert mail.user_id == manager.id
    assert f"{lead.number} is out of nurture" in mail.text
    assert f"/qualify/{lead.id}" in mail.text


def test_somebody_is_reminded_once_of_what_she_planned_and_not_of_what_is_settled(ctx):
    rep = make_person()
    actor, lead = get_actor(rep.id), make_offered_lead(at=AT)
    pickup.claim(lead.id, actor, AT)
    lead = session().get_one(Lead, lead.id, populate_existing=True)
    call, task = (
        activities.enter(
            lead, Entry(kind, "Ring Zephyrine.", AT + DAY), done=False, actor=actor, at=AT
        ).id
        for kind in ("call", "task")
    )
    for at in (AT + DAY, AT + DAY, AT + 2 * DAY):
        session().flush()
        jobs.run_now("timeline.remind", {}, at)
        if at == AT + DAY:
            activities.settle(lead, task, done=True, outcome="", actor=actor, at=at)
        react(at)
    (mail,) = mails("activity_due")
    assert mail.user_id == rep.id
    for part in (mail.text, mail.html):
        assert f"you planned something about {lead.number}: Phone call." in part
        assert "Due: Tuesday, November 17, 2026" in part
        assert f"/leads/{lead.id}/activities/{call}" in part
        assert "Zephyrine" not in part
        (secret,) = set(re.findall(r"/m/([\w-]{43})\?s=plan", part))
        link = links.find(secret, AT + DAY)
        assert (link.user_id, link.lead_id) == (rep.id, lead.id)
        assert planning.meant_by(link) == call
    assert told_of_contact(mail) == set()


def away(firm, user, delegate, by):
    first = AT.date() + DAY
    return partners.add_absence(
        firm.id,
        first,
        first + 4 * DAY,
        AT,
        user_id=user.id,
        delegate_id=delegate.id,
        by_user_id=by.id,
    )


def test_who_stands_in_hears_once_for_whom_and_from_when_to_when(ctx):
    firm = make_partner()
    alan, alice = make_person(firm, name="Alan Archer"), make_person(firm, name="Alice")
    away(firm, alan, alice, alan)
    react()
    (mail,) = mails("stands_in")
    assert mail.user_id == alice.id
    for part in (mail.subject, mail.text, mail.html):
        assert "Alan Archer" in part
    assert "from Tuesday, November 17, 2026 to Saturday, November 21, 2026" in mail.text


def test_who_entered_it_herself_or_whose_absence_is_off_again_hears_nothing(ctx):
    firm = make_partner()
    alan, alice, anna = make_person(firm), make_person(firm), make_person(firm, "partner_manager")
    away(firm, alan, alice, alice)
    off = away(firm, anna, alice, anna)
    partners.end_absence(off, AT)
    react()
    assert mails("stands_in") == []


def confirmed(company="Newcomer Ltd"):
    asking = sign_up.Asking(
        company=company,
        country="DE",
        name="Nora Quastenflosser",
        email="nora@newcomer.example",
        phone="0511 7654321",
        website="",
        message="",
    )
    sign_up.ask(asking, "en", AT)
    session().flush()
    row = session().scalars(select(sign_up.SignUpRequest)).one()
    sign_up.confirm(sign_up.issue_link(row.id, AT), AT)
    return row


def test_who_leads_a_firm_hears_of_new_terms_as_long_as_it_has_not_agreed(ctx):
    manager, alpha, beta = make_manager(), make_partner("Alpha"), make_partner("Beta")
    anna = make_person(alpha, "partner_manager")
    ben = make_person(beta, "partner_manager")
    make_person(alpha, "partner_rep")
    words = {"en": "Answer.", "de": "Antworten."}
    terms = programme.publish_terms(
        TermsKind.PROGRAMME, words, AT.date() + timedelta(days=9), get_actor(manager.id), AT
    )
    programme.accept_terms(terms.id, get_actor(ben.id), AT)
    react()
    (mail,) = mails("terms_new")
    assert mail.user_id == anna.id
    assert "no leads are offered to your firm without your yes" in mail.text
    path = re.search(r"Read and agree: http://127\.0\.0\.1:8000(/m/\S+)", mail.text)[1]
    assert link_of(path).purpose == Purpose.TERMS


def test_channel_managers_hear_once_of_a_firm_that_wants_to_join(ctx):
    mara, ada = make_manager(), make_person(make_vendor(), "admin")
    row = confirmed()
    react()
    (mail,) = mails("sign_up_waits")
    assert mail.user_id == mara.id != ada.id
    for part in (mail.text, mail.html):
        assert "Newcomer Ltd wants to become a partner" in part
        assert f"/sign-up-requests/{row.id}" in part
        for private in ("Quastenflosser", "newcomer.example", "7654321"):
            assert private not in part


def test_an_administrator_hears_where_there_is_no_channel_manager(ctx):
    ada = make_person(make_vendor(), "admin")
    confirmed()
    react()
    assert [mail.user_id for mail in mails("sign_up_waits")] == [ada.id]


def test_who_holds_a_lead_hears_once_a_day_that_its_contact_asked_again(ctx):
    rep = make_person()
    lead = make_lead(
        state="held",
        round=1,
        holder_id=rep.id,
        holder_organisation_id=rep.organisation_id,
        picked_at=AT,
    )
    pairs.check(AT)
    asked = Draft(title="Two more", contact=ContactDraft(email=CONTACT["email"]))
    for minute in range(2):
        entrance.take_in(asked, AT + timedelta(minutes=minute))
    react(AT + timedelta(minutes=2))
    (mail,) = mails("asked_again")
    assert mail.user_id == rep.id
    for part in (mail.text, mail.html):
        assert f"the contact of {lead.number} has asked again." in part
        assert f"/leads/{lead.id}" in part
    assert told_of_contact(mail) == set()
