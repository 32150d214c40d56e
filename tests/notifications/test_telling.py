"""Who hears what and when: at once, once a day, not at night, and never in a storm."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from portal.accounts import operations as accounts
from portal.accounts.devices import Browser, device_of
from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.catalog.queries import book
from portal.core import clock, jobs
from portal.core.db import session
from portal.core.events import Delivery, record
from portal.core.mail import links, rendering, transport
from portal.core.mail.models import OutgoingEmail
from portal.deadlines.models import DeadlinePolicy
from portal.deadlines.steps import Step, as_rows
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.hearing import operations as hearing
from portal.hearing.models import Notice
from portal.inbound.deeds import DEEDS
from portal.inbound.events import MailActionDone, MailPickLost
from portal.leads.events import DraftsStale
from portal.leads.models import Lead, LeadState
from portal.notifications.letters import recorded_words
from portal.offers import operations as offers
from portal.offers.events import OfferVisible, StandByHeard
from portal.offers.models import Offer, OfferRound
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from portal.timeline.models import ContactLook
from tests.factories import (
    AT,
    PASSWORD,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_programme,
    make_vendor,
)
from tests.notifications.kinds import KINDS
from tests.notifications.reading import links as links_in
from tests.notifications.reading import told_of_contact

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)
SOON_AFTER = timedelta(minutes=1)


@pytest.fixture
def reminders(ctx):
    """Have holders reminded two days before, when it is due, and a day after."""
    make_programme()
    steps = [Step("feedback", days * 24 * 60, "remind_holder") for days in (-2, 0, 1)]
    session().execute(update(DeadlinePolicy).values(steps=as_rows(steps)))


def react(at):
    """Run what follows, as the dispatcher would."""
    session().flush()
    jobs.run_now("core.dispatch", {"here": True}, at)


def take_steps(at):
    """Take the steps around deadlines that are due, and run what follows."""
    session().flush()
    jobs.run_now("escalation.take_steps", {}, at)
    react(at)


def look_round(at):
    """Run the sender of what waits."""
    session().flush()
    jobs.run_now("notifications.send_notices", {}, at)


def mails(kind=None, user=None):
    found = session().scalars(select(OutgoingEmail).order_by(OutgoingEmail.id))
    return [
        mail
        for mail in found
        if (kind is None or mail.kind == kind) and (user is None or mail.user_id == user.id)
    ]


def pages_of(mail):
    """Return the pages that a mail leads to without a sign-in, but for that of what to hear."""
    found = [link for link in links_in(mail.text) if "/m/" in link]
    secrets = [link.partition("/m/")[2].partition("?")[0] for link in found]
    return [
        link
        for link, secret in zip(found, secrets, strict=True)
        if links.find(secret, AT).topic != "hearing"
    ]


def at_hour(hour, day=16):
    """Return a moment of November 2026, by the clocks of Berlin."""
    return datetime(2026, 11, day, hour, tzinfo=BERLIN)


def pick(lead, user, at=AT):
    return pickup.claim(lead.id, get_actor(user.id), at).pickup_id


def held(user, at=AT):
    """Make a lead that somebody holds and has not answered for; what followed is told."""
    lead = make_offered_lead(at=at)
    react(at)
    pickup_id = pick(lead, user, at)
    react(at)
    return lead, pickup_id


# -- yours now ---------------------------------------------------------------------------------


def test_who_picks_a_lead_up_reads_whom_to_call_and_nobody_else_does(ctx):
    firm = make_partner()
    alice = make_person(firm)
    make_person(firm)
    make_person(firm, "partner_manager")
    lead, pickup_id = held(alice)
    (mail,) = mails("yours_now")
    assert mail.user_id == alice.id
    assert {"company", "last_name", "phone", "email", "street"} <= told_of_contact(mail)
    assert not any(told_of_contact(other) for other in mails() if other is not mail)
    due = session().get(Pickup, pickup_id).feedback_due_at
    assert due - AT == timedelta(days=7)
    assert "Monday, November 23, 2026" in mail.text
    look = session().scalars(select(ContactLook).where(ContactLook.user_id == alice.id)).one()
    assert (look.lead_id, look.channel) == (lead.id, "mail")


def test_the_five_answers_stand_in_it_as_links_and_as_mails_to_send(ctx):
    alice = make_person()
    _lead, pickup_id = held(alice)
    (mail,) = mails("yours_now")
    found = links_in(mail.text)
    assert found == links_in(mail.html)
    pages = sorted(pages_of(mail))
    assert [page.partition("?s=")[2] for page in pages] == sorted(
        [
            "not_contacted",
            "waiting",
            "proposal",
            "won",
            "lost",
            "interest",
            "known",
            "give_back",
            "more",
        ]
    )
    (secret,) = {page.partition("/m/")[2].partition("?")[0] for page in pages}
    link = links.find(secret, AT)
    assert (link.purpose, link.user_id, link.pickup_id) == ("feedback", alice.id, pickup_id)
    sent = [link for link in found if link.startswith("mailto:")]
    assert len(sent) == 5
    assert {mail.partition("body=")[2].partition("%")[0] for mail in sent} == {
        "OPEN",
        "WAITING",
        "PROPOSAL",
        "WON",
        "LOST",
    }
    assert all(mail.headers["Reply-To"] in link for link in sent)


def test_a_lead_that_was_given_back_meanwhile_tells_nobody_whom_to_call(ctx):
    alice = make_person()
    lead = make_offered_lead()
    react(AT)
    pickup_id = pick(lead, alice)
    pickup.give_back(pickup_id, "duplicate", None, get_actor(alice.id), AT)
    react(AT)
    assert mails("yours_now") == []


def test_who_never_wants_mails_is_still_answered_by_mail_for_a_pick_by_mail(ctx):
    alice = make_person(hears="never")
    lead = make_offered_lead()
    pickup_id = pick(lead, alice)
    react(AT)
    assert mails() == []
    record(
        MailActionDone(at=AT, lead_id=lead.id, user_id=alice.id, action="pick", pickup_id=pickup_id)
    )
    react(AT)
    assert [mail.kind for mail in mails()] == ["yours_now", "recorded"]


# -- mails about a lead hang together ----------------------------------------------------------


def test_all_mails_to_a_person_about_a_lead_hang_together(reminders):
    alice = make_person()
    lead, _pickup_id = held(alice)
    take_steps(AT + 5.25 * DAY)
    told = mails(user=alice)
    assert [mail.kind for mail in told] == ["lead_offered", "yours_now", "feedback_soon"]
    subject = f"Warm lead {lead.number}: {lead.title}"
    assert [mail.subject.removeprefix("Re: ") for mail in told] == [subject] * 3
    (root,) = {mail.headers["In-Reply-To"] for mail in told}
    assert {mail.headers["References"] for mail in told} == {root}
    assert root not in {mail.message_id for mail in told}
    assert len({mail.message_id for mail in told}) == 3


# -- what is owed ------------------------------------------------------------------------------


def test_a_holder_is_asked_before_an_answer_is_due_and_once_it_is_overdue(reminders):
    alice = make_person()
    lead, _pickup_id = held(alice)
    for days in (5.25, 5.25, 8, 8):
        take_steps(AT + days * DAY)
    asked = [mail for mail in mails(user=alice) if mail.kind.startswith("feedback")]
    assert asked[0].kind == "feedback_soon"
    assert [mail.kind for mail in asked].count("feedback_soon") == 1
    overdue = asked[-1]
    assert overdue.kind == "feedback_overdue"
    assert f"The answer about {lead.number} was due" in overdue.text or (
        f"Nothing heard about {lead.number} since it was picked up" in overdue.text
    )
    assert "One answer and you can pick again." in overdue.text
    assert not told_of_contact(overdue)


def test_an_answer_given_meanwhile_is_not_asked_for(reminders):
    alice = make_person()
    _lead, pickup_id = held(alice)
    jobs.run_now("escalation.take_steps", {}, AT + 6 * DAY)
    feedback.give(pickup_id, Answer("waiting"), get_actor(alice.id), AT + 6 * DAY)
    react(AT + 6 * DAY)
    assert not [mail for mail in mails() if mail.kind.startswith("feedback")]


# -- rounds that nobody won --------------------------------------------------------------------


def test_the_channel_manager_hears_of_a_lead_that_nobody_picked_up(ctx):
    mara = make_manager()
    alpha, beta = make_partner("Alpha Systems"), make_partner("Beta Networks")
    alice, _bob = make_person(alpha), make_person(beta)
    lead = make_offered_lead()
    react(AT)
    reason = book().reasons("decline")[0]
    offers.decline(lead.id, reason.key.partition(".")[2], get_actor(alice.id), AT)
    jobs.run_now("offers.end_rounds", {}, AT + 4 * DAY)
    react(AT + 4 * DAY)
    (mail,) = mails("round_unpicked")
    assert mail.user_id == mara.id
    assert "Offered to: 2 firms" in mail.text
    assert f"- {reason.label('en')}: Alpha Systems" in mail.text
    assert f"/leads/{lead.id}" in mail.text
    assert "It is offered again, to 1 firm" in mail.text


# -- what was pressed behind a mail ------------------------------------------------------------


def test_what_was_pressed_behind_a_mail_is_confirmed_with_a_way_back(ctx):
    alice = make_person()
    lead, pickup_id = held(alice)
    given = feedback.give(pickup_id, Answer("won", value=12500), get_actor(alice.id), AT)
    record(
        MailActionDone(
            at=AT,
            lead_id=lead.id,
            user_id=alice.id,
            action="feedback",
            pickup_id=pickup_id,
            feedback_id=given.id,
            status="won",
        )
    )
    react(AT)
    (mail,) = mails("recorded")
    assert "We recorded: Won, €12,500." in mail.text
    (page,) = pages_of(mail)
    link = links.find(page.rpartition("/")[2], AT)
    assert (link.purpose, link.feedback_id) == ("undo", given.id)
    assert links.find(page.rpartition("/")[2], AT + timedelta(hours=73)) is None
    assert not told_of_contact(mail)


def test_the_mail_that_confirms_what_else_was_done_names_the_lead(ctx):
    for name in DEEDS:
        pressed = MailActionDone(at=AT, lead_id=1, user_id=1, action=name)
        words, _details = recorded_words(pressed, "L-20418")
        assert "L-20418" in words
        assert name != words.rstrip(".")


def test_who_was_too_late_by_mail_is_told_so_honestly_and_once(ctx):
    alice, bob = make_person(), make_person()
    lead = make_offered_lead()
    pick(lead, alice)
    for _press in range(3):
        record(MailPickLost(at=AT, lead_id=lead.id, user_id=bob.id))
    react(AT)
    (mail,) = mails("not_yours")
    assert mail.user_id == bob.id
    assert f"another firm was faster: {lead.number} is gone." in mail.text
    assert "2 firms were offered it." in mail.text
    (page,) = pages_of(mail)
    assert links.find(page.rpartition("/")[2], AT).purpose == "stand_by"
    assert session().get(Lead, lead.id).state == LeadState.HELD


# -- wishes ------------------------------------------------------------------------------------


def test_who_wants_one_mail_a_day_gets_one_with_all_that_still_stands(ctx):
    alice, bob = make_person(hears="daily"), make_person()
    first, second = make_offered_lead(title="The first"), make_offered_lead(title="The second")
    react(AT)
    assert mails(user=alice) == []
    look_round(AT + SOON_AFTER)
    assert mails(user=alice) == []
    pick(second, bob)
    look_round(at_hour(8, 17))
    (mail,) = mails(user=alice)
    assert mail.kind == "digest"
    assert first.title in mail.text
    assert second.title not in mail.text
    assert mail.headers["List-Id"] == "<daily.in.firstcome.example>"
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    stop = mail.headers["List-Unsubscribe"].strip("<>")
    assert stop.endswith("/stop")
    assert stop.removesuffix("/stop") in links_in(mail.html)
    link = links.find(stop.split("/")[-2], AT)
    assert (link.purpose, link.topic, link.user_id) == ("stop", "digest", alice.id)
    assert links_in(mail.text) == links_in(mail.html)
    assert not told_of_contact(mail)
    look_round(at_hour(9, 17))
    assert len(mails(user=alice)) == 1


def test_nothing_is_written_on_a_day_on_which_nothing_waits_any_more(ctx):
    alice, bob = make_person(hears="daily"), make_person()
    lead = make_offered_lead()
    react(AT)
    pick(lead, bob)
    look_round(at_hour(8, 17))
    assert mails(user=alice) == []
    assert {notice.outcome for notice in session().scalars(select(Notice))} >= {"past"}


def test_what_comes_up_at_night_waits_for_the_morning(ctx):
    alice = make_person()
    hearing.choose(alice.id, AT, quiet_from=20, quiet_until=7)
    night = at_hour(22)
    make_offered_lead(at=night)
    react(night)
    look_round(night + SOON_AFTER)
    assert mails(user=alice) == []
    look_round(at_hour(7, 17))
    (mail,) = mails(user=alice)
    assert mail.kind == "lead_offered"
    assert "List-Unsubscribe" not in mail.headers


def test_who_chooses_anew_hears_by_the_new_wish_of_what_waits(ctx):
    alice, bob = make_person(hears="daily"), make_person(hears="daily")
    make_offered_lead()
    react(AT)
    hearing.choose(alice.id, AT, hears="at_once")
    hearing.choose(bob.id, AT, hears="never")
    react(AT + SOON_AFTER)
    look_round(AT + 2 * SOON_AFTER)
    assert [mail.kind for mail in mails(user=alice)] == ["lead_offered"]
    look_round(at_hour(8, 17))
    assert mails(user=bob) == []
    assert len(mails(user=alice)) == 1


def test_a_person_who_left_is_not_told_what_waited(ctx):
    alice = make_person(hears="daily")
    make_offered_lead()
    react(AT)
    session().get(User, alice.id).active = False
    look_round(at_hour(8, 17))
    assert mails(user=alice) == []


# -- after a time of standing still ------------------------------------------------------------


def test_three_days_of_standing_still_end_in_one_mail_per_person_and_hour(reminders):
    mara = make_manager()
    people = [make_person(), make_person(), make_person()]
    holder = people[0]
    late = []
    for _number in range(4):
        lead = make_offered_lead(at=AT - 8 * DAY)
        late.append(pick(lead, holder, AT - 8 * DAY))
        feedback.give(late[-1], Answer("waiting"), get_actor(holder.id), AT - 5 * DAY)
    react(AT - 5 * DAY)
    look_round(AT)
    for _number in range(5):
        make_offered_lead(at=AT)
    react(AT)
    before = len(mails())
    # the house stands still for three days, then everything comes at once
    back = AT + 3 * DAY
    for _number in range(3):
        make_offered_lead(at=back - 2 * DAY)
    for minute in range(0, 180, 5):
        at = back + timedelta(minutes=minute)
        jobs.run_now("offers.end_rounds", {}, at)
        take_steps(at)
        look_round(at)
    sent = mails()[before:]
    assert {mail.user_id for mail in sent} == {mara.id, *(person.id for person in people)}
    for user in (mara, *people):
        moments = [mail.created_at for mail in sent if mail.user_id == user.id]
        gaps = [after - at for at, after in pairwise(moments)]
        assert all(gap >= timedelta(hours=1) for gap in gaps), (user.name, moments)
    digest = next(mail for mail in sent if mail.user_id == holder.id)
    assert digest.kind == "digest"
    assert "4 answers owed" in digest.subject


def test_two_senders_at_once_write_one_mail(ctx):
    alice = make_person(hears="daily")
    make_offered_lead()
    react(AT)
    for _sender in range(2):
        look_round(at_hour(8, 17))
    assert len(mails(user=alice)) == 1


def test_the_same_news_told_twice_is_one_mail(ctx):
    alice = make_person()
    make_offered_lead()
    react(AT)
    session().execute(update(Delivery).values(done_at=None, due_at=AT))
    react(AT + SOON_AFTER)
    assert Counter(mail.kind for mail in mails(user=alice)) == {"lead_offered": 1}


def test_a_mail_about_very_many_things_names_some_and_counts_the_rest(ctx):
    alice = make_person(hears="daily")
    for number in range(14):
        make_offered_lead(title=f"Racks {number} " + "for a very large hall " * 8)
    react(AT)
    look_round(at_hour(8, 17))
    (mail,) = mails(user=alice)
    assert mail.subject == "Firstcome: 14 new leads"
    assert mail.text.count("?s=pick") == 10
    assert "and 4 more." in mail.text


def test_the_longest_mail_about_many_things_is_not_cut_off(ctx):
    many = {
        name: (KINDS["digest"][name] * 10)[:10]
        for name in ("feedback", "offers", "rounds", "drafts", "news")
    }
    made = rendering.render("digest", {**KINDS["digest"], **many}, "en", "Europe/Berlin")
    assert len(made.html.encode()) < rendering.LARGEST


# -- other news --------------------------------------------------------------------------------


def test_an_answer_is_asked_for_at_the_moment_at_which_it_is_due(reminders):
    alice = make_person()
    _lead, _pickup_id = held(alice)
    take_steps(AT + 7 * DAY - timedelta(minutes=1))
    assert [mail.kind for mail in mails(user=alice)][-1] != "feedback_due"
    take_steps(AT + 7 * DAY)
    assert [mail.kind for mail in mails(user=alice)][-1] == "feedback_due"


def test_a_qualifier_hears_of_what_she_began_and_did_not_finish(ctx):
    quinn = make_person(make_vendor(), "qualifier")
    begun = make_lead(state=LeadState.QUALIFYING, title="Switches for a school")
    done = make_lead(title="Racks for a bank")
    record(DraftsStale(at=AT, user_id=quinn.id, lead_ids=[begun.id, done.id]))
    react(AT)
    (mail,) = mails()
    assert mail.kind == "drafts_stale"
    assert mail.subject == f"A lead waits to be finished: {begun.number}"
    assert f"/qualify/{begun.id}" in mail.text
    assert done.title not in mail.text


def test_an_invitation_tells_who_invites_and_holds_a_link_that_works(ctx):
    mara = make_manager(name="Mara Lindner")
    firm = make_partner("Alpha Systems")
    invited = accounts.invite(
        firm, "new@alpha.example", "Nina New", ["partner_rep"], AT, by_user_id=mara.id
    )
    react(AT)
    (mail,) = mails("invitation")
    assert mail.to_address == "new@alpha.example"
    assert "Mara Lindner has made a place for you in Firstcome, for Alpha Systems." in mail.text
    (link,) = links_in(mail.text)
    person, _secret = accounts.accept_invitation(
        link.rpartition("/")[2], "Nina New", "a new and longer password", AT
    )
    assert person.id == invited.id


def test_a_sign_in_from_a_new_browser_is_told(ctx):
    alice = make_person()
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
    for number, device in enumerate(("a" * 43, "b" * 43)):
        accounts.sign_in(
            alice.email,
            PASSWORD,
            AT + number * SOON_AFTER,
            Browser("203.0.113.7", agent, device),
        )
    react(AT + 2 * SOON_AFTER)
    (mail,) = mails("new_device")
    assert "With: Firefox on Windows" in mail.text
    assert "Address: 203.0.113.7" in mail.text


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36", "Chrome"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/141.0 Safari/537.36 Edg/141.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Version/19.0 Safari/604.1", "Safari on iPhone"),
        ("curl/8.5", "an unknown program"),
        ("", "an unknown program"),
    ],
)
def test_a_browser_is_named_as_people_know_it(ctx, agent, said):
    assert device_of(agent).startswith(said)


def test_a_sent_mail_with_contact_data_is_not_kept(ctx):
    alice = make_person()
    held(alice)
    session().execute(update(OutgoingEmail).values(status="sent", sent_at=AT))
    jobs.run_now("notifications.forget_notices", {}, AT + timedelta(hours=1))
    assert told_of_contact(mails("yours_now")[0])
    jobs.run_now("notifications.forget_notices", {}, AT + timedelta(hours=7))
    session().expire_all()
    assert not told_of_contact(mails("yours_now")[0])
    assert mails("lead_offered")[0].text


def test_a_lead_that_comes_back_is_told_first_to_who_stood_by(ctx):
    bob, carol = make_person(), make_person()
    lead = make_offered_lead()
    later = AT + timedelta(hours=4)
    opened = session().scalars(select(OfferRound).where(OfferRound.lead_id == lead.id)).one()
    opened.head_start_until = opened.next_ring_at = later
    opened.offered, opened.next_ring_firms = 1, 1
    session().execute(
        update(Offer)
        .where(Offer.organisation_id == carol.organisation_id)
        .values(visible_from=later)
    )
    record(
        StandByHeard(
            at=AT,
            lead_id=lead.id,
            round_id=opened.id,
            user_id=bob.id,
            organisation_id=bob.organisation_id,
        )
    )
    react(AT)
    (mail,) = mails()
    assert (mail.kind, mail.user_id) == ("lead_offered", bob.id)
    assert "Until Monday, November 16, 2026, 2:00" in mail.text
    record(
        OfferVisible(
            at=later,
            lead_id=lead.id,
            round_id=opened.id,
            number=1,
            organisation_ids=[carol.organisation_id],
        )
    )
    react(later)
    (other,) = mails()[1:]
    assert (other.kind, other.user_id) == ("lead_offered", carol.id)
    assert "stood by" not in other.text


# -- on the wire, and in other languages and colours -------------------------------------------


def test_on_the_wire_a_mail_keeps_its_thread_and_a_daily_one_can_be_stopped(ctx):
    alice, dana = make_person(), make_person(hears="daily")
    held(alice)
    make_offered_lead()
    react(AT)
    look_round(at_hour(8, 17))
    (daily,) = mails(user=dana)
    assert daily.kind == "digest"
    settings = ctx.config["SETTINGS"]
    for mail in mails():
        _to, raw = transport.written(mail, settings)
        head = raw.partition(b"\r\n\r\n")[0].decode("ascii")
        for name, value in mail.headers.items():
            assert f"\r\n{name}: {value}" in f"\r\n{head}"
        read = message_from_bytes(raw, policy=policy.default)
        assert read["Auto-Submitted"] == "auto-generated"
        assert [part.get_content_type() for part in read.iter_parts()] == [
            "text/plain",
            "text/html",
        ]


def test_who_reads_german_answers_with_german_words(ctx):
    alice = make_person(locale="de")
    held(alice)
    (mail,) = mails("yours_now")
    words = {
        link.partition("body=")[2].partition("%")[0]
        for link in links_in(mail.text)
        if link.startswith("mailto:")
    }
    assert words == {"OFFEN", "WARTEN", "ANGEBOT", "GEWONNEN", "VERLOREN"}
    assert "Montag, 23. November 2026" in mail.text


def test_a_mail_wears_the_colour_of_the_programme(ctx):
    ours = rendering.render("not_yours", KINDS["not_yours"], "en", "Europe/Berlin").html
    ctx.config["SETTINGS"], before = (
        replace(ctx.config["SETTINGS"], accent="#8a1538"),
        ctx.config["SETTINGS"],
    )
    try:
        theirs = rendering.render("not_yours", KINDS["not_yours"], "en", "Europe/Berlin").html
    finally:
        ctx.config["SETTINGS"] = before
    assert "#0b6e6e" in ours
    assert "#0b6e6e" not in theirs
    assert 'bgcolor="#8a1538"' in theirs


def test_who_stands_by_already_is_told_so_and_not_asked_again(ctx):
    alice, bob = make_person(), make_person()
    lead = make_offered_lead()
    pick(lead, alice)
    offers.stand_by(lead.id, get_actor(bob.id), AT)
    record(MailPickLost(at=AT, lead_id=lead.id, user_id=bob.id))
    react(AT)
    (mail,) = mails("not_yours")
    assert "You stand by for it" in mail.text
    assert pages_of(mail) == []


def test_a_lead_given_back_goes_to_who_stood_by_and_then_to_all(ctx):
    alice, bob, carol = make_person(), make_person(), make_person()
    lead, pickup_id = held(alice)
    offers.stand_by(lead.id, get_actor(bob.id), AT)
    before, at = len(mails()), AT + timedelta(hours=1)
    pickup.give_back(pickup_id, "wrong_number", None, get_actor(alice.id), at)
    react(at)
    assert [mail.user_id for mail in mails()[before:]] == [bob.id]
    jobs.run_now("offers.open_rings", {}, at + timedelta(hours=5))
    react(at + timedelta(hours=5))
    assert [mail.user_id for mail in mails()[before:]] == [bob.id, carol.id]


def test_every_mail_that_one_may_choose_leads_to_that_choice_without_a_sign_in(app):
    with app.app_context():
        alice = make_person()
        make_offered_lead(at=clock.now())
        session().commit()
        jobs.run_now("core.dispatch", {"here": True}, clock.now())
        (mail,) = mails(user=alice)
        (choice,) = re.findall(r"hear from us: http://127\.0\.0\.1:8000(/m/\S+)", mail.text)
        assert choice in mail.html
    page = app.test_client().get(choice)
    assert page.status_code == 200
    assert "When shall we write to you?" in page.text
