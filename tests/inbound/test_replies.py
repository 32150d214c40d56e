"""Answering by mail: whose it is, what it may do, what is asked back, and what nobody hears.

The numbers are those of the attack cases of the design. Every mail in the tables answers the same
question about one lead in hand; what a line doesn't say is as a person's mail program has it.
"""

from __future__ import annotations

import re
import smtplib
from datetime import timedelta
from email.message import EmailMessage
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from portal.accounts import operations as accounts
from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.catalog.models import Reason
from portal.core import clock
from portal.core.db import session, unit_of_work
from portal.core.events import EventRow
from portal.core.mail import outbox, replies
from portal.core.mail.models import MailLink, OutgoingEmail, ReplyToken
from portal.core.servers import free_port
from portal.desk import timeline
from portal.feedback import operations as feedback
from portal.feedback.models import Feedback
from portal.feedback.rules import Answer
from portal.inbound import confirming, mail_in, pipeline
from portal.inbound.authentication import Vouched
from portal.inbound.deciding import At, By, Does, decide
from portal.inbound.models import InboundMessage
from portal.inbound.parsing import text_in
from portal.leads.attachments import load_attachments
from portal.leads.models import Lead
from portal.leads.notes import about, write_note
from portal.leads.sight import sight_of
from portal.notifications import letters
from portal.notifications import operations as notifications
from portal.notifications.reply_addresses import for_lead
from portal.offers.models import Dismissal
from portal.partners.operations import add_absence
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from portal.pickup.queries import get_policy
from portal.reports.rules import week_of
from portal.reports.weekly import weekly_report
from portal.sheets import mails as sheets
from portal.timeline.models import Attachment, FirmNote
from portal.timeline.notes import share
from portal.timeline.wall import open_notes
from tests.factories import (
    AT,
    CONTACT,
    csrf_of,
    factory,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)
from tests.inbound.clients import CLIENTS
from tests.inbound.pressing import Forms, text_of, waited
from tests.inbound.replying import (
    DOMAIN,
    REP,
    SERVER,
    answers,
    ask,
    come_in,
    hold,
    link_in,
    make_question,
    newest,
    offer,
    reply,
    token_of,
    told,
    undone,
    written,
)
from tests.sheets.house import as_csv, rows_of

EVIL = "evil@evil.example"


NO_REASON = {"why": "", "why_back": ""}


# -- the table ---------------------------------------------------------------------------------

DECIDED = {
    (At.GOOD, By.PERSON): (Does.APPLY, Does.APPLY_UNLESS_CLOSING, Does.CONFIRM),
    (At.GOOD, By.COLLEAGUE): (Does.CONFIRM, Does.CONFIRM, Does.CONFIRM),
    (At.GOOD, By.OTHER): (Does.CONFIRM, Does.CONFIRM, Does.CONFIRM),
    (At.OVER, By.PERSON): (Does.CONFIRM, Does.QUARANTINE, Does.QUARANTINE),
    (At.OVER, By.COLLEAGUE): (Does.QUARANTINE, Does.QUARANTINE, Does.QUARANTINE),
    (At.OVER, By.OTHER): (Does.QUARANTINE, Does.QUARANTINE, Does.QUARANTINE),
    (At.NONE, By.PERSON): (Does.NAME_LEAD, Does.QUARANTINE, Does.QUARANTINE),
    (At.NONE, By.COLLEAGUE): (Does.QUARANTINE, Does.QUARANTINE, Does.QUARANTINE),
    (At.NONE, By.OTHER): (Does.QUARANTINE, Does.QUARANTINE, Does.QUARANTINE),
}
"""By address and sender: what is done where our server vouches, says nothing, and objects."""


def test_what_an_answer_may_do_stands_in_one_table():
    for (where, by), does in DECIDED.items():
        for said, expected in zip((Vouched.PASS, Vouched.NONE, Vouched.FAIL), does, strict=True):
            assert decide(where, by, said)[0] == expected, (where, by, said)


ALPHA = f"{SERVER}; dmarc=pass header.from=alpha.example"
APPLIED = ("applied", "feedback", ["waiting"], ["recorded"])
ASKED = ["reply_back"]
CASES = {
    "one word": ({}, *APPLIED),
    "won, with its value": (
        {"body": "WON\nValue of the order, EUR: 12500"},
        *("applied", "feedback", ["won"], ["recorded"]),
    ),
    "won without a value": (
        {"body": "WON\nGreat people."},
        *("asked_back", "missing:value", [], ASKED),
    ),
    "nobody vouches: what can be taken back": ({"verdict": ""}, *APPLIED),
    "nobody vouches: what closes": (
        {"verdict": "", "body": "WON 900"},
        *("asked_back", "not_vouched", [], ASKED),
    ),
    "our server objects": ({"verdict": "fail"}, *("asked_back", "not_vouched", [], ASKED)),
    # A – links and what follows from them
    "11 a lead that a colleague has by now": ({"before": "hand_on"}, "refused", None, [], ASKED),
    "11 doubtful, of a lead that a colleague has by now": (
        {"before": "hand_on", "body": "WON\nGreat people."},
        *("refused", None, [], ASKED),
    ),
    "11 she is at another firm by now": (
        {"before": "move", "body": "noch nicht gewonnen"},
        *("not_understood", "not_yours", [], []),
    ),
    # B – who it is from
    "21 somebody of another partner": (
        {"sender": "max@beta.example"},
        *("asked_back", "other_sender", [], ASKED),
    ),
    "22 two addresses in one": (
        {"sender": f"{REP} <{EVIL}>", "verdict": ""},
        *("not_understood", "odd_sender", [], []),
    ),
    "24 two senders": (
        {"sender": f"{REP}, {EVIL}", "verdict": ""},
        *("not_understood", "odd_sender", [], []),
    ),
    "25 a group": (
        {"sender": f"Group: {REP};", "verdict": ""},
        *("not_understood", "odd_sender", [], []),
    ),
    "26 an address as a name": (
        {"sender": f'"{REP}" <{EVIL}>', "verdict": ""},
        *("asked_back", "other_sender", [], ASKED),
    ),
    "23 two headers": (
        {"raw_from": (REP, EVIL), "verdict": ""},
        *("not_understood", "odd_sender", [], []),
    ),
    "27 an encoded address as a name": (
        {"raw_from": (f"=?utf-8?q?rep=40alpha.example?= <{EVIL}>",), "verdict": ""},
        *("asked_back", "other_sender", [], ASKED),
    ),
    "29 a route": (
        {"raw_from": (f"<@{EVIL[5:]}:{REP}>",), "verdict": ""},
        *("not_understood", "odd_sender", [], []),
    ),
    "31 a letter that looks like another": (
        {"raw_from": (REP.replace("rep", "\u0433\u0435p"),), "verdict": ""},
        *("not_understood", "odd_sender", [], []),
    ),
    "30 where to answer is nobody's name": (
        {"sender": EVIL, "Reply_To": REP},
        *("asked_back", "other_sender", [], ASKED),
    ),
    "32 in capitals": ({"sender": REP.upper(), "vouched": (ALPHA,)}, *APPLIED),
    "32 with something behind a plus": (
        {"sender": "rep+x@alpha.example", "vouched": (ALPHA,)},
        *("asked_back", "colleague", [], ASKED),
    ),
    "33 forged below the real one": (
        {"vouched": (f"{SERVER}; dmarc=fail header.from=alpha.example", ALPHA)},
        *("asked_back", "not_vouched", [], ASKED),
    ),
    "33 forged above the real one": (
        {"vouched": (ALPHA, f"{SERVER}; dmarc=fail header.from=alpha.example")},
        *("asked_back", "not_vouched", [], ASKED),
    ),
    "33 of another server": (
        {"vouched": ("mx.evil.example; dmarc=pass header.from=alpha.example",), "body": "WON 900"},
        *("asked_back", "not_vouched", [], ASKED),
    ),
    "33 without a server": (
        {"vouched": ("dmarc=pass header.from=alpha.example",), "body": "WON 900"},
        *("asked_back", "not_vouched", [], ASKED),
    ),
    "34 in brackets": (
        {
            "vouched": (f"{SERVER}; spf=none (dmarc=pass header.from=alpha.example)",),
            "body": "WON 900",
        },
        *("asked_back", "not_vouched", [], ASKED),
    ),
    "34 two thousand brackets": (
        {
            "vouched": (f"{SERVER}; {'(' * 2000} dmarc=pass header.from=alpha.example",),
            "body": "WON 900",
        },
        *("asked_back", "not_vouched", [], ASKED),
    ),
    "35 signed by somebody else": (
        {"vouched": (f"{SERVER}; dkim=pass header.d=evil.example",), "body": "WON 900"},
        *("asked_back", "not_vouched", [], ASKED),
    ),
    "35 another domain was judged": (
        {"vouched": (f"{SERVER}; dmarc=pass header.from=evil.example",)},
        *("asked_back", "not_vouched", [], ASKED),
    ),
    "43 an address that has served its time": (
        {"at": AT + timedelta(days=40)},
        *("asked_back", "address_over", [], ASKED),
    ),
    "43 served its time, and nobody vouches": (
        {"at": AT + timedelta(days=40), "verdict": ""},
        *("not_understood", "address_over", [], []),
    ),
    "44 she has left": ({"before": "leave"}, *("not_understood", "left", [], [])),
    "48 a list broke the signature": (
        {"verdict": "fail", "body": "WAITING\nSee you"},
        *("asked_back", "not_vouched", [], ASKED),
    ),
    "87 the lead has moved on": (
        {"before": "answer"},
        *("asked_back", "changed_meanwhile", ["proposal"], ASKED),
    ),
    # C – programs
    "49 away": ({"Auto_Submitted": "auto-replied"}, *("ignored", "automatic", [], [])),
    "50 away, and no header says so": (
        {"Subject": "Abwesenheitsnotiz: WON", "body": "WON 500"},
        *("ignored", "automatic", [], []),
    ),
    "52 an Exchange of a person": ({"X_Auto_Response_Suppress": "All"}, *APPLIED),
    "53 came back": ({"envelope_from": ""}, *("ignored", "automatic", [], [])),
    "54 a receipt": (
        {"kind": "multipart/report; report-type=disposition-notification; boundary=x"},
        *("ignored", "automatic", [], []),
    ),
    "55 our own, looped back": ({"sender": f"leads@{DOMAIN}"}, *("ignored", "loop", [], [])),
    "59 a thumb": ({"body": "👍"}, *("asked_back", "hint", [], ASKED)),
    "80 nothing of her own": ({"body": ""}, *("asked_back", "hint", [], ASKED)),
    # D – how it is put together
    "66 an odd charset": ({"charset": "x-unknown"}, *APPLIED),
    "68 no Message-ID": ({"Message_ID": None}, *APPLIED),
    "69 of another year": ({"Date": "Thu, 01 Jan 1970 00:00:00 +0000"}, *APPLIED),
    "72 a mail that came along": ({"attached": "WON 5000"}, *APPLIED),
    "76 letters of another script": (
        {"body": "W\u043en 500"},
        *("asked_back", "lookalike", [], ASKED),
    ),
    # E – what it says
    "81 not yet": ({"body": "noch nicht gewonnen"}, *("asked_back", "negated", [], ASKED)),
    "81 a question": (
        {"body": "Haben Sie schon gewonnen?"},
        *("applied", "comment", [], ["commented", "reply_back"]),
    ),
    "an answer without a word of ours": (
        {"body": "They signed! 12,500"},
        *("applied", "comment", [], ["commented", "reply_back"]),
    ),
    "only a comment": (
        {"body": "I spoke to her secretary this morning."},
        *("applied", "comment", [], ["commented", "reply_back"]),
    ),
}


def make_case(mail, rep, options):
    """Return a mail of the table."""
    body = options.pop("body", "WAITING")
    sender = options.pop("sender", rep.email)
    headers = {name: value for name, value in options.items() if name[0].isupper()}
    verdict = "" if "vouched" in options else options.get("verdict", "pass")
    made = written(mail, body, sender, verdict, **headers)
    if "attached" in options:
        inner = EmailMessage()
        inner["From"] = rep.email
        inner.set_content(options["attached"])
        made.add_attachment(inner)
    above = "".join(f"Authentication-Results: {one}\r\n" for one in options.get("vouched", ()))
    if "raw_from" in options:
        del made["From"]
        above += "".join(f"From: {one}\r\n" for one in options["raw_from"])
    raw = above.encode() + made.as_bytes()
    raw = raw.replace(b"text/plain", options.get("kind", "text/plain").encode())
    return raw.replace(b'charset="utf-8"', f'charset="{options.get("charset", "utf-8")}"'.encode())


def happen(what, rep, held):
    """Have something happen between our mail and the answer."""
    if what == "leave":
        accounts.deactivate(rep, AT)
    elif what == "answer":
        feedback.give(held.id, Answer("proposal"), get_actor(rep.id), AT)
    elif what == "move":
        rep.organisation_id = make_partner("Gamma").id
    elif what == "hand_on":
        other = make_person(rep.organisation)
        held.user_id = other.id
        session().get_one(Lead, held.lead_id).holder_id = other.id
        held.handed_from_id = rep.id
    session().flush()


def test_an_answer_does_what_it_may_and_no_more(inside):
    manager = make_person(make_vendor(), "account_manager")
    rep, held, _mail = make_question()
    session().get_one(Lead, held.lead_id).owner_id = manager.id
    told()
    session().commit()
    found, expected = {}, {}
    for case, (options, state, reason, given, mails_told) in CASES.items():
        with undone():
            found[case] = play(options, rep.id, held.id, {rep.email, manager.email})
        expected[case] = (state, reason or found[case][1], given, mails_told)
    assert found == expected


def play(options, rep_id, held_id, known):
    """Answer a question as a case says; return what became of it, and what was told thereupon."""
    options = dict(options)
    rep, held = session().get_one(User, rep_id), session().get_one(Pickup, held_id)
    mail = newest(rep, "feedback_due")
    if "before" in options:
        happen(options.pop("before"), rep, held)
        told()
    at = options.pop("at", AT)
    envelope = options.pop("envelope_from", "somebody@mail.example")
    message = come_in(make_case(mail, rep, options), mail, at, envelope)
    heard = told(at)
    # whoever wrote, whom we know hears it, and never whom to call
    assert {one.to_address for one in heard} <= known
    assert not any(CONTACT["phone"] in one.text for one in heard)
    given = [status for status, _channel in answers(held)]
    return message.state, message.reason, given, [one.kind for one in heard]


def test_whose_mailbox_says_that_she_is_away_stands_among_what_became_of_the_lead(inside):
    rep, held, mail = make_question()
    lead = session().get_one(Lead, held.lead_id)
    sight = sight_of(lead, get_actor(rep.id))
    for words, sender, header in (
        ("I am in Rome.", rep.email, "auto-replied"),
        ("I am still in Rome.", rep.email, "auto-replied"),
        ("Call me instead.", EVIL, "auto-replied"),
        ("Read.", rep.email, "auto-generated"),
    ):
        reply(mail, words, rep, sender=sender, Auto_Submitted=header)
    assert [line.one for line in timeline.statuses(lead, sight)] == [
        f"The mailbox of {rep.name} answered by itself: away"
    ]


def test_a_quote_of_what_our_mail_shows_is_no_answer(inside):
    rep, held, mail = make_question()
    empty = CLIENTS["outlook_classic_en"][1]("", text_in(mail.html))
    message = come_in(written(None, empty, rep.email), mail)
    assert (message.state, message.reason) == ("asked_back", "hint")
    again = reply(mail, "", rep)
    assert (again.state, again.reason) == ("not_understood", "told_how"), "once in a thread"
    below = CLIENTS["below_no_mark_en"][1]("WAITING", text_in(mail.html))
    assert come_in(written(None, below, rep.email), mail).state == "applied"
    assert answers(held) == [("waiting", "mail")]


# -- where an answer finds its way -------------------------------------------------------------


def test_an_answer_finds_its_lead_by_whatever_of_ours_is_left_in_it(inside):
    rep, held, mail = make_question()
    token = token_of(mail)
    ways = {
        "40 the carbon copy": {"To": f"fb@{DOMAIN}", "Cc": f"x@y.example, fb+{token}@{DOMAIN}"},
        "40 the mail it answers": {"To": f"fb@{DOMAIN}", "References": f"<a@b> {mail.message_id}"},
        "42 in capitals and quotes": {"To": f'"fb+{token.upper()}"@{DOMAIN.upper()},'},
        "40 the foot of what it quotes": {"To": f"fb@{DOMAIN}"},
    }
    session().commit()
    for way, headers in ways.items():
        with undone():
            rep, held = session().get_one(User, rep.id), session().get_one(Pickup, held.id)
            raw = written(mail, "WAITING", rep.email).as_bytes()
            head, _blank, body = raw.partition(b"\n\n")
            kept = [line for line in head.split(b"\n") if not line.startswith(b"To:")]
            more = [f"{name}: {value}".encode() for name, value in headers.items()]
            message = come_in(b"\n".join([*kept, *more]) + b"\n\n" + body)
            assert (way, message.state) == (way, "applied")
            assert answers(held) == [("waiting", "mail")]


def test_an_answer_that_names_two_leads_is_asked_back_and_one_without_a_lead_lists_them(inside):
    rep = make_person(make_partner("Alpha", rep_capacity=5, capacity=9), email=REP)
    # 45: nothing in hand, one lead, several
    assert reply(None, "WAITING", rep).reason == "which"
    (none,) = told()
    assert "you have no lead in hand" in none.text
    # who has enough of mails hears where to choose, whatever she has in hand
    tired = make_person(make_partner("Tired"), email="tired@tired.example")
    for word in ("STOP", "ABMELDEN"):
        assert reply(None, word, tired).reason == "stop"
        (page,) = told()
        assert "Choose which mails come: http" in page.text
        assert "we found nothing" not in page.text
    first = hold(make_offered_lead(), rep)
    feedback.give(first.id, Answer("waiting"), get_actor(rep.id), AT)
    message = reply(None, "PROPOSAL", rep)
    assert (message.state, message.reason, message.lead_id) == (
        "asked_back",
        "no_address",
        first.lead_id,
    )
    told()
    one = ask(first, rep)
    second = hold(make_offered_lead(), rep, AT + timedelta(minutes=5))
    other = ask(second, rep, AT + timedelta(minutes=5))
    # 41
    both = reply(one, "WAITING", rep, Cc=other.headers["Reply-To"])
    assert (both.state, both.reason) == ("asked_back", "two_leads")
    # by its number a lead is named, in an answer to a mail about many
    later = AT + timedelta(days=2)
    assert reply(None, "OPEN", rep, at=later).reason == "which"
    listed = told(later)[-1]
    number = session().get_one(Lead, second.lead_id).number
    named = reply(listed, f"{number} PROPOSAL", rep, at=later)
    assert (named.state, answers(second)) == ("applied", [("proposal", "mail")])
    # and so the report of the week is answered, about one of the leads of which it asks
    monday = AT + timedelta(days=14)
    week = week_of((monday - timedelta(days=7)).date(), ZoneInfo(rep.timezone))
    letters.post(weekly_report(rep, get_actor(rep.id), week, monday), rep, monday, "report")
    report = newest(rep, "weekly_report")
    assert number in report.text
    recorded = reply(report, f"{number} WAITING", rep, at=monday)
    assert (recorded.state, answers(second)[1:]) == ("applied", [("waiting", "mail")])
    # a number that is not hers stands for no other lead, however few she has in hand
    lone = make_person(make_partner("Lone"), email="lone@lone.example")
    hold(make_offered_lead(), lone)
    assert reply(None, f"{number} WON 12500", lone).reason == "which"
    # her firm's manager names one of the firm's
    boss = make_person(rep.organisation, "partner_manager", email="boss@alpha.example")
    assert reply(None, f"{number} WAITING", boss, at=later).lead_id == second.lead_id
    # 46: whom we don't know, and who only says so
    stranger = written(None, "WON 5", EVIL)
    assert (come_in(stranger).reason, told()[:0]) == ("stranger", [])
    assert reply(None, "WON 5", rep, verdict="").reason == "not_vouched"
    assert told() == []


# -- pick up and decline by one word -----------------------------------------------------------


def test_a_lead_is_picked_up_by_one_word_under_the_same_claim_and_gate(inside):
    rep = make_person(make_partner("Alpha"), email=REP)
    late = make_person(make_partner("Beta"), email="late@beta.example")
    lead, wanted = make_offered_lead(), make_offered_lead()
    mine, theirs, more = offer(lead, rep), offer(lead, late), offer(wanted, rep)
    told()
    assert reply(mine, "PICK UP", rep).state == "applied"
    assert session().get_one(Lead, lead.id, populate_existing=True).holder_id == rep.id
    assert [one.kind for one in told()] == ["recorded"]
    assert CONTACT["phone"] in newest(rep, "yours_now").text
    # who is too late reads so, and whom to call he reads nowhere
    assert reply(theirs, "übernehmen", late).state == "refused"
    (gone,) = told()
    assert (gone.kind, CONTACT["phone"] in gone.text) == ("not_yours", False)
    # the gate is red: the owed question comes back, and its answer picks up what waits for it
    refused = reply(more, "PICK UP", rep)
    assert (refused.state, refused.answered) == ("refused", "owed")
    (owed,) = told()
    assert (owed.kind, lead.number in owed.text) == ("reply_back", True)
    assert reply(owed, "WAITING", rep).state == "applied"
    assert session().get_one(Lead, wanted.id, populate_existing=True).holder_id == rep.id
    assert [one.kind for one in told()] == ["recorded", "recorded"]
    # whom to call is forgotten in our copy, and what lasts of it tells his words from ours
    named = newest(rep, "yours_now")
    whole, came = text_in(named.html), SimpleNamespace(headers=dict(named.headers))
    named.status, named.sent_at = "sent", AT
    for hours in (1, 7, 8):
        session().flush()
        notifications.forget_contacts(AT + timedelta(hours=hours))
        session().refresh(named)
        assert (CONTACT["phone"] in named.text + named.html) == (hours == 1)
        assert "Waiting for their answer" in named.text + named.html
    made = CLIENTS["outlook_classic_en"][1]("PROPOSAL, it is out", whole)
    assert come_in(written(None, made, rep.email), came).state == "applied"
    assert session().scalars(select(Feedback.note).order_by(Feedback.id)).all()[-1] == "it is out"


def test_not_for_me_in_one_word_says_no_with_a_reason_and_is_taken_back_in_one(inside):
    rep = make_person(make_partner("Alpha"), email=REP)
    make_person(rep.organisation)
    lead = make_offered_lead()
    mail = offer(lead, rep)
    told()
    reply(mail, "Nichts für mich\nzu weit weg", rep)
    (echo,) = told()
    said_no = select(Reason.key).join(Dismissal, Dismissal.reason_id == Reason.id)
    assert session().scalars(said_no).all() == ["decline.too_far"]
    assert reply(echo, "undo", rep).state == "applied"
    assert session().scalars(said_no).all() == []


def test_give_back_in_one_word_with_a_reason_and_without_one_behind_a_press(programme, client):
    with programme.app_context():
        rep, held, mail = make_question()
        asked = reply(mail, "I give it back, the customer is odd", rep)
        assert (asked.state, asked.reason) == ("asked_back", "missing:reason")
        (letter,) = [one for one in told() if one.kind == "reply_back"]
        path = link_in(letter)
        session().commit()
    page = client.get(path)
    assert "the customer is odd" in page.text
    assert CONTACT["company"] not in page.text
    (form,) = [one["fields"] for one in Forms(page.text).forms if one["to"] == path]
    hurried = client.post(path, data={**form, "reason": "no_capacity"})
    assert (hurried.status_code, "Give back</button>" in hurried.text) == (409, True)
    fields = waited(programme, form)
    assert client.post(path, data={**fields, "reason": ""}).status_code == 422
    for heading in ("Thank you", "Already recorded"):
        sent = client.post(path, data={**fields, "reason": "no_capacity", "note": "Sorry."})
        assert heading in sent.text
    with programme.app_context():
        ended = session().get_one(Pickup, held.id)
        assert (ended.outcome, ended.reason_id) == ("given_back", reason_of("no_capacity"))
        (echo,) = [one for one in told(clock.now()) if one.kind == "recorded"]
        assert "is given back" in echo.text
        # the reason in the line: it is done, but not for whom nobody vouches, nor after news
        bob = make_person(make_partner("Beta"), email="rep@beta.example")
        his = hold(make_offered_lead(), bob)
        mail = ask(his, bob)
        unsure = reply(mail, "ZURÜCKGEBEN Wir finden doch keine Zeit", bob, verdict="")
        assert (unsure.state, unsure.reason) == ("asked_back", "not_vouched")
        done = reply(mail, "ZURÜCKGEBEN Wir finden doch keine Zeit\nTut mir leid.", bob)
        assert (done.state, done.reason, done.answered) == ("applied", "give_back", "recorded")
        ended = session().get_one(Pickup, his.id, populate_existing=True)
        assert (ended.outcome, ended.reason_id) == ("given_back", reason_of("no_capacity"))
        again = reply(mail, "GIVE BACK no capacity", bob)
        assert (again.state, again.answered) == ("applied", "told")


def reason_of(key):
    """Return a reason with which a lead is given back."""
    return session().scalar(select(Reason.id).where(Reason.key == f"give_back.{key}"))


OFFERED = {
    # what comes to an offer: what becomes of it, and the reason of a no
    "Ja, gerne!": ("asked_back", "yes_or_no", None),
    "Yes please": ("asked_back", "yes_or_no", None),
    "OK": ("asked_back", "yes_or_no", None),
    "Nein": ("asked_back", "yes_or_no", None),
    "No thank you": ("asked_back", "yes_or_no", None),
    "Zu weit weg": ("applied", "decline", "decline.too_far"),
    "Kein Interesse, zu weit weg": ("applied", "decline", "decline.too_far"),
    "Not interested": ("applied", "decline", "decline.other"),
    "Wie groß ist das Projekt?": ("asked_back", "does_not_fit", None),
    "1": ("asked_back", "does_not_fit", None),
    "5": ("asked_back", "does_not_fit", None),
    "Angebot ist raus": ("asked_back", "does_not_fit", None),
    "👍": ("asked_back", "hint", None),
    "UNDO": ("asked_back", "hint", None),
    "Nehme ich, aber nur mit 10 % Rabatt": ("asked_back", "sentence", None),
}


def test_whatever_comes_to_an_offer_is_answered_and_only_a_clear_word_is_done(inside):
    rep = make_person(make_partner("Alpha"), email=REP)
    make_person(rep.organisation)
    lead = make_offered_lead()
    mail = offer(lead, rep)
    told()
    session().commit()
    found, heard = {}, {}
    for words in OFFERED:
        with undone():
            rep = session().get_one(User, rep.id)
            message = reply(newest(rep, mail.kind), words, rep)
            query = select(Reason.key).join(Dismissal, Dismissal.reason_id == Reason.id)
            found[words] = (message.state, message.reason, session().scalar(query))
            (heard[words],) = [(one.kind, one.text) for one in told()]
            assert session().get_one(Lead, lead.id).holder_id is None
    assert found == OFFERED
    assert "Pick up: http" in heard["OK"][1]
    assert "Not for me: http" in heard["Nein"][1]
    for words in ("1", "👍", "UNDO"):
        kind, text = heard[words]
        assert (kind, "PICK UP, NOT FOR ME" in text) == ("reply_back", True), words
        assert f"/leads/{lead.id}" not in text


def test_undo_to_an_offer_takes_back_that_it_was_picked_up(inside):
    rep = make_person(make_partner("Alpha"), email=REP)
    lead = make_offered_lead()
    mail = offer(lead, rep)
    reply(mail, "PICK UP", rep)
    assert reply(mail, "UNDO", rep).state == "applied"
    assert session().get_one(Lead, lead.id, populate_existing=True).holder_id is None


def test_who_picks_up_many_leads_in_a_day_is_asked_every_owed_answer(inside):
    rep = make_person(make_partner("Alpha", rep_capacity=9, capacity=19), email=REP)
    mails = [offer(make_offered_lead(), rep) for _lead in range(6)]
    told()
    for turn, mail in enumerate(mails):
        at = AT + timedelta(minutes=9 * turn)
        message = reply(mail, f"PICK UP\n{turn}", rep, at=at)
        assert (message.state, message.answered) == (
            ("refused", "owed") if turn else ("applied", "recorded")
        )
        if turn:
            (owed,) = told(at)
            if turn == 1:
                # a note is no answer, and no silence follows
                assert reply(owed, "They call back.", rep, at=at).answered == "owed"
                (owed,) = told(at)
            assert reply(owed, f"WAITING\n{turn}", rep, at=at).state == "applied"
        told(at)


# -- what is said to each other ----------------------------------------------------------------


def test_what_is_no_answer_goes_to_who_looks_after_the_lead_and_comes_back_answered(inside):
    rep, held, mail = make_question()
    owner = make_person(make_vendor(), "account_manager", email="mara@vendor.example")
    lead = session().get_one(Lead, held.lead_id)
    lead.owner_id = owner.id
    made = written(mail, "May I offer them the small model?", rep.email)
    made.add_attachment(b"%PDF-1.4 x", maintype="application", subtype="pdf", filename="plan.pdf")
    come_in(made, mail)
    asked, wanted = sorted(told(), key=lambda one: one.kind)
    assert (asked.to_address, "small model" in asked.text) == (owner.email, True)
    # it is noted, and the answer is owed still: that is said once, with the ways to give it
    assert "kept as a note. How far are you?" in wanted.text
    assert "?s=won" in wanted.text
    reply(wanted, "Or the large one.", rep)
    assert [one.kind for one in told()] == ["commented"]
    reply(asked, "Yes, please do.", owner)
    (answered,) = [one for one in told() if one.kind == "commented"]
    assert (answered.to_address, "Yes, please do." in answered.text) == (rep.email, True)
    with open_notes(owner.organisation_id, [lead.id]) as opened:
        notes = opened.execute(select(FirmNote.text, FirmNote.shared_at).order_by(FirmNote.id))
        assert [(row.text, row.shared_at) for row in notes] == [
            ("May I offer them the small model?", AT),
            ("Or the large one.", AT),
            ("Yes, please do.", AT),
        ]
    assert session().scalars(select(Attachment.kind)).all() == ["application/pdf"]
    assert ("plan.pdf" in asked.text, "plan.pdf" in answered.text) == (True, False)
    # what opens something for whoever reads it stays out of what both sides read
    reply(mail, f"fb+{token_of(mail)}@{DOMAIN} bounced.", rep)
    (bounced,) = [one for one in told() if one.kind == "commented"]
    assert token_of(mail) not in bounced.text


@pytest.mark.parametrize(
    ("words", "late", "said"),
    [
        ("Vielen Dank!", False, None),
        ("Thanks, I called.", False, "noted"),
        ("Danke", True, "noted"),
    ],
)
def test_mere_thanks_ask_for_nothing_before_an_answer_is_soon_due(inside, words, late, said):
    rep, held, mail = make_question()
    at = held.feedback_due_at if late else AT
    message = reply(mail, words, rep, at=at)
    assert (message.state, message.answered) == ("applied", said)


TAKEN = {"subject": "x", "what": "y", "details": [], "path": "/", "press": "z"}


def test_what_the_vendor_keeps_private_or_says_to_who_gave_a_lead_back_is_read_by_no_other(inside):
    def pdf(mail, words):
        made = written(mail, words, owner.email)
        made.add_attachment(b"%PDF-1.4 x", maintype="application", subtype="pdf", filename="a.pdf")
        return come_in(made, mail)

    rep, held, mail = make_question()
    owner = make_person(make_vendor(), "account_manager", email="mara@vendor.example")
    beta = make_person(make_partner("Beta"))
    lead = session().get_one(Lead, held.lead_id)
    lead.owner_id = owner.id
    told()
    its_own = (for_lead(lead.id, owner),)
    letters.post(letters.Letter("mail_taken", TAKEN, lead.id, answers=its_own), owner, AT, "its")
    assert pdf(newest(owner), "For us: their margin is 40 %.").state == "applied"
    reply(mail, "May we offer 30 % off?", rep)
    (asked,) = [one for one in told() if one.kind == "commented"]
    pickup.give_back(held.id, "no_capacity", None, get_actor(rep.id), AT)
    pickup.claim(lead.id, get_actor(beta.id), AT)
    told()
    row = pdf(asked, "Yes, Alpha gets 30 %.")
    assert (row.state, row.reason) == ("asked_back", "went_on")
    told()
    link = session().scalars(select(MailLink).where(MailLink.message_id == row.id)).one()
    confirming.press(link, "comment", {}, "", get_actor(owner.id), AT)
    assert [one for one in told() if one.kind == "commented"] == []
    with open_notes(owner.organisation_id, [lead.id]) as opened:
        notes = select(FirmNote.text, FirmNote.shared_at.is_not(None)).order_by(FirmNote.id)
        assert [tuple(one) for one in opened.execute(notes)] == [
            ("For us: their margin is 40 %.", False),
            ("May we offer 30 % off?", True),
            ("Yes, Alpha gets 30 %.", False),
        ]
    lead = session().get_one(Lead, lead.id, populate_existing=True)
    assert load_attachments(lead, get_actor(beta.id)) == []


SAID = {
    "Please mention the discount in the proposal.": ("comment", []),
    "Bitte nennen Sie im Angebot 10 % Rabatt.": ("comment", []),
    "They lost our brochure, please send it again.": ("comment", []),
    "Won?": ("comment", []),
    "Stop the delivery, they moved.": ("comment", []),
}
SAID_BY_HER = {**SAID, "PROPOSAL": ("feedback", ["proposal"])}


def test_who_writes_to_each_other_about_a_lead_may_use_the_words_of_answers(inside):
    rep, held, _mail = make_question()
    owner = make_person(make_vendor(), "account_manager", email="mara@vendor.example")
    lead = session().get_one(Lead, held.lead_id)
    lead.owner_id = owner.id
    told()
    by_owner = {**SAID, "LOST": ("comment", [])}
    for author, reader, said in ((rep, owner, by_owner), (owner, rep, SAID_BY_HER)):
        write_note(lead, "Call before noon.", True, get_actor(author.id), AT)
        told()
        session().commit()
        found = {}
        for words in said:
            with undone():
                who, pickup = session().get_one(User, reader.id), session().get_one(Pickup, held.id)
                row = reply(newest(who, "commented"), words, who)
                passed = [one.text for one in told() if one.kind == "commented"]
                assert len(passed) == (row.reason == "comment"), words
                assert all(words in one for one in passed)
                found[words] = (row.reason, [status for status, _channel in answers(pickup)])
        assert found == said


def test_what_is_written_on_the_portal_is_told_by_mail_to_who_may_read_it_now(inside):
    rep, held, _mail = make_question()
    owner = make_person(make_vendor(), "account_manager", email="mara@vendor.example")
    colleague = make_person(rep.organisation, "partner_manager")
    lead = session().get_one(Lead, held.lead_id)
    lead.owner_id = owner.id
    told()

    def note(user, shared, text):
        return write_note(lead, text, shared, get_actor(user.id), AT)

    kept, shared = note(owner, False, "For us alone."), note(owner, True, "Call before noon.")
    (mail,) = told()
    assert (mail.kind, mail.to_address) == ("commented", rep.email)
    assert ("Call before noon." in mail.text, "For us alone." in mail.text) == (True, False)
    share(about(lead.id), kept.id, True, get_actor(owner.id), AT)
    assert [one.to_address for one in told()] == [rep.email]
    for now in (False, True):
        share(about(lead.id), shared.id, now, get_actor(owner.id), AT)
    assert told() == []
    note(colleague, True, "He is on holiday.")
    assert [one.to_address for one in told()] == [owner.email]
    note(owner, True, "Too late.")
    pickup.give_back(held.id, "duplicate", "", get_actor(rep.id), AT)
    assert [one for one in told() if one.kind == "commented"] == []


def test_two_programs_that_answer_each_other_are_left_alone_after_three_mails(inside):
    rep, _held, mail = make_question()
    make_manager()
    told()
    for turn in range(8):
        reply(mail, f"won??? maybe won or lost {turn}", rep)
    mails = told()
    assert [one.kind for one in mails] == ["reply_back"] * 5
    assert [one.user_id for one in mails if "the rest of them waits" in one.text] == [rep.id]
    states = select(InboundMessage.state, func.count()).group_by(InboundMessage.state)
    assert dict(map(tuple, session().execute(states))) == {"asked_back": 3, "not_understood": 5}


def test_an_address_ends_with_its_person_and_stands_nowhere_but_in_the_mail(inside):
    rep, _held, mail = make_question()
    token = token_of(mail)
    told_of = [str(row.data) for row in session().scalars(select(EventRow))]
    rows = [str(row) for row in session().execute(select(ReplyToken.__table__))]
    assert not any(token in one for one in (*told_of, *rows))
    row = session().execute(select(OutgoingEmail.__table__)).all()[-1]
    kept = outbox.done(row, AT)
    assert token in row.text
    assert token not in str(kept)
    assert kept["text"].count("Ref: fb-…") == 1
    accounts.deactivate(rep, AT)
    assert not replies.is_good(replies.find(token), AT)


def test_the_sheet_of_the_week_comes_back_by_mail_as_far_as_it_is_from_her(inside):
    rep, held, _mail = make_question()
    sheets.post_weekly(rep, get_actor(rep.id), "csv", AT, "sheet:1")
    mail = newest(rep, "weekly_sheet")
    told()
    (row,) = rows_of(rep)
    won = as_csv([{**row, "Status": "Won", "Value": "900"}])
    waits = as_csv([{**row, "Status": "Proposal in progress"}])
    for verdict, files, said in (
        ("fail", (waits,), "told"),
        ("pass", (won, waits), "told"),
        ("", (won,), "recorded"),
        ("", (waits,), "recorded"),
    ):
        named = f"<{verdict or said}@mail.example>"
        made = written(mail, "Here you are.", rep.email, verdict, Message_ID=named)
        for data in files:
            made.add_attachment(data, maintype="text", subtype="csv", filename="sheet.csv")
        assert come_in(made, mail).answered == said
    # at the address without a lead as well: it is hers, and each row names its lead
    (row,) = rows_of(rep)
    bare = written(None, "Here it is.", rep.email)
    again = as_csv([{**row, "Status": "Waiting for their answer"}])
    bare.add_attachment(again, maintype="text", subtype="csv", filename="sheet.csv")
    assert come_in(bare).answered == "recorded"
    # 95: which counts, the sheet or the words, people say
    made = written(mail, "WON 900", rep.email)
    made.add_attachment(waits + b"\n", maintype="text", subtype="csv", filename="sheet.csv")
    assert come_in(made, mail, AT + timedelta(hours=2)).reason == "sheet_and_words"
    # won counts where our server vouches; of what nobody vouches for all else does
    assert [status for status, _channel in answers(held)] == ["proposal", "waiting"]
    assert [one.kind for one in told()] == ["reply_back"] * 2
    reports = select(func.count()).where(OutgoingEmail.kind == "sheet_report")
    assert session().scalar(reports) == 3


def test_a_list_of_her_own_beside_an_answer_does_not_stand_for_the_answer(inside):
    rep, held, _mail = make_question()
    number = session().get_one(Lead, held.lead_id).number
    made = written(None, f"{number} WAITING", rep.email)
    prices = b"Item,Price\nSwitch,900\n"
    made.add_attachment(prices, maintype="text", subtype="csv", filename="prices.csv")
    message = come_in(made)
    assert (message.reason, message.lead_id) == ("no_address", held.lead_id)


def test_who_stands_in_answers_by_mail_about_what_her_colleague_holds(inside):
    rep, held, _mail = make_question()
    other = make_person(rep.organisation)
    days = (AT.date(), AT.date() + timedelta(days=3))
    add_absence(rep.organisation_id, *days, AT, user_id=rep.id, delegate_id=other.id)
    mail = ask(held, other)
    assert reply(mail, "WAITING", other).state == "applied"
    assert answers(held) == [("waiting", "mail")]


# -- pages -------------------------------------------------------------------------------------


def test_what_was_doubtful_is_recorded_by_one_press_and_by_nothing_else(programme, client):
    with programme.app_context():
        at = clock.now()
        rep, held, mail = make_question()
        message = reply(mail, "WON\nValue: 12500\nThey loved it.", rep, verdict="", at=at)
        assert (message.state, message.reason) == ("asked_back", "not_vouched")
        (asked,) = told(at)
        assert "Won" in asked.text
        session().commit()
    page = client.get(link_in(asked))
    assert "We read: Won" in text_of(page.text)
    assert "They loved it." in text_of(page.text)
    with programme.app_context():
        assert answers(held) == [], "who looks records nothing"
    fields = waited(programme, Forms(page.text).for_("feedback"))
    # what was read counts, whatever is sent in its place
    sent = {**fields, "status": "lost", "value": "1", "note": "Not hers."}
    done = client.post(link_in(asked), data=sent)
    assert "We recorded: Won, €12,500." in text_of(done.text)
    assert "Already recorded" in client.post(link_in(asked), data=sent).text
    with programme.app_context():
        assert answers(held) == [("won", "mail")]


def test_a_doubtful_pick_goes_on_behind_its_link_through_what_is_owed(programme, client):
    with programme.app_context():
        at = clock.now()
        rep, held, _question = make_question()
        lead = make_offered_lead(at=at)
        mail = offer(lead, rep, at)
        told(at)
        assert reply(mail, "PICK UP", rep, verdict="fail", at=at).state == "asked_back"
        (asked,) = told(at)
        number = lead.number
        session().commit()
    page = client.get(link_in(asked))
    refused = client.post(link_in(asked), data=waited(programme, Forms(page.text).for_("pick")))
    assert refused.status_code == 409
    fields = waited(programme, Forms(refused.text).for_("answer", "waiting"))
    done = client.post(link_in(asked), data={**fields, "status": "waiting"})
    assert (done.status_code, number in done.text) == (200, True)
    with programme.app_context():
        assert answers(held) == [("waiting", "mail")]
        assert session().get_one(Lead, lead.id).holder_id == rep.id


def test_a_doubtful_no_is_recorded_with_the_reason_that_is_chosen_behind_its_link(
    programme, client
):
    with programme.app_context():
        at = clock.now()
        rep = make_person(make_partner("Alpha"), email=REP)
        lead = make_offered_lead(at=at)
        mail = offer(lead, rep, at)
        told(at)
        assert reply(mail, "NOT FOR ME", rep, verdict="fail", at=at).state == "asked_back"
        (asked,) = told(at)
        session().commit()
    page = client.get(link_in(asked))
    fields = waited(programme, Forms(page.text).for_("decline"))
    assert client.post(link_in(asked), data={**fields, "reason": "too_far"}).status_code == 200
    with programme.app_context():
        said_no = select(Reason.key).join(Dismissal, Dismissal.reason_id == Reason.id)
        assert session().scalars(said_no).all() == ["decline.too_far"]


def test_what_is_missing_is_asked_for_on_the_page_with_all_that_was_written(programme, client):
    with programme.app_context():
        at = clock.now()
        rep, held, mail = make_question()
        assert reply(mail, "LOST\nThe boss said no.", rep, at=at).reason == "missing:reason"
        (asked,) = told(at)
        session().commit()
    page = client.get(link_in(asked))
    assert "The boss said no." in page.text
    fields = waited(programme, Forms(page.text).for_("feedback", "lost"))
    sent = {**fields, "reason": "no_budget", "decision_maker": "The boss"}
    assert client.post(link_in(asked), data=sent).status_code == 200
    with programme.app_context():
        assert answers(held) == [("lost", "mail")]


def test_a_note_with_a_file_is_kept_once_and_nothing_else_is_pressed(programme, client):
    with programme.app_context():
        at = clock.now()
        rep, held, mail = make_question()
        asked = []
        for body in ("They call back.", ""):
            made = written(mail, body, rep.email, "fail")
            made.add_attachment(
                b"%PDF-1.4 x", maintype="application", subtype="pdf", filename="a.pdf"
            )
            assert come_in(made, mail, at).state == "asked_back"
            asked += told(at)
        session().commit()
    for one in asked:
        fields = waited(programme, Forms(client.get(link_in(one)).text).for_("comment"))
        other = {**fields, "action": "feedback", "status": "lost", "pickup_id": str(held.id)}
        assert client.post(link_in(one), data=other).status_code == 404
        for heading in ("Thank you", "Already recorded"):
            sent = client.post(link_in(one), data={**fields, "note": "Not what I wrote."})
            assert heading in sent.text
        assert "Already recorded" in client.get(link_in(one)).text
    with programme.app_context():
        assert answers(held) == []
        with open_notes(rep.organisation_id, [held.lead_id]) as opened:
            assert opened.scalars(select(FirmNote.text)).all() == ["They call back."]
        assert session().scalar(select(func.count(Attachment.id))) == 2


def test_people_enter_what_was_not_understood_as_the_answer_of_who_wrote_it(programme, client):
    boss = make_person(make_vendor(), "channel_manager", email="mara@vendor.example")
    with programme.app_context():
        rep, held, _mail = make_question()
        made = written(None, "PROPOSAL is out, see you", rep.email, "")
        made.add_attachment(b"%PDF-1.4 x", maintype="application", subtype="pdf", filename="a.pdf")
        lost = come_in(made)
        aside = come_in(written(None, "Buy cheap watches", EVIL))
        session().commit()
    sign_in(client, boss)
    assert f"/mail-health/answers/{lost.id}" in client.get("/mail-health").text
    assert client.get(f"/mail-health/incoming/{lost.id}").status_code == 404
    page = client.get(f"/mail-health/answers/{lost.id}")
    assert "PROPOSAL is out" in page.text
    sent = {"csrf_token": csrf_of(page.text), "pickup_id": str(held.id), "status": "won"}
    sent["reason"] = ""
    address = f"/mail-health/answers/{lost.id}/entry"
    assert client.post(address, data=sent).status_code == 422
    with programme.app_context():
        get_policy(session().get_one(Pickup, held.id)).waiting_since = True
        session().commit()
    refused = client.post(address, data={**sent, "status": "waiting"})
    assert refused.status_code == 422
    # what is asked for stands at a field of the page
    since = (
        r'name="waiting_since"[^>]*aria-invalid="true"|aria-invalid="true"[^>]*name="waiting_since"'
    )
    assert re.search(since, refused.text)
    assert client.post(address, data={**sent, "status": "proposal"}).status_code == 303
    assert client.post(address, data={**sent, "status": "proposal"}).status_code == 404
    client.post(f"/mail-health/answers/{aside.id}/removal", data=sent)
    assert "/mail-health/answers/" not in client.get("/mail-health").text
    deeds = (
        ({"deed": "decline", "why": ""}, 422),
        ({"deed": "pick"}, 303),
        ({"deed": "comment", "words": "Rings on Monday."}, 303),
        ({"deed": "help", "words": ""}, 422),
        ({"deed": "help", "words": "Who installs it?"}, 303),
        ({"deed": "decline", "why": "not_interesting"}, 303),
        ({"deed": "give_back", "why_back": "no_capacity"}, 303),
    )
    for n, (typed, status) in enumerate(deeds):
        with programme.app_context():
            rival = make_person(make_partner(f"Beta {n}"), email=f"rep@beta{n}.example")
            lead = make_offered_lead(at=clock.now())
            if typed["deed"] in ("comment", "help", "give_back"):
                hold(lead, rival, clock.now())
            mailed = come_in(written(None, "About the new one", rival.email, ""), at=clock.now())
            session().commit()
        sent = {"csrf_token": sent["csrf_token"], "lead_id": str(lead.id), **NO_REASON, **typed}
        # what can be done is on the page also for who has nothing in hand
        assert "/deed" in client.get(f"/mail-health/answers/{mailed.id}").text
        made = client.post(f"/mail-health/answers/{mailed.id}/deed", data=sent)
        assert made.status_code == status, typed
    with programme.app_context():
        repaired = session().scalars(
            select(EventRow.data).where(EventRow.name == "ReplyRepaired").order_by(EventRow.id)
        )
        assert [row["action"] for row in repaired][1:] == [
            *("pick", "comment", "help", "decline", "give_back")
        ]
        assert answers(held) == [("proposal", "mail")]
        row = (
            session()
            .scalars(select(EventRow).where(EventRow.name == "ReplyRepaired").order_by(EventRow.id))
            .first()
        )
        assert (row.actor_id, row.data["as_user_id"]) == (boss.id, rep.id)
        assert session().scalar(select(func.count(Attachment.id))) == 1
        assert "recorded" in [one.kind for one in told(clock.now())]


# -- the door ----------------------------------------------------------------------------------


def test_the_listener_knows_its_addresses_and_keeps_answers_without_their_secret(
    committed, caplog, monkeypatch
):
    caplog.set_level("INFO")
    rep, held, mail = factory(make_question)()
    token, port = token_of(mail), free_port()
    controller = mail_in.listen(committed, "127.0.0.1", port)
    try:
        with smtplib.SMTP("127.0.0.1", port) as server:
            made = written(mail, "WAITING", rep.email, verdict="")
            server.send_message(made, rep.email, [f"FB+{token.upper()}@{DOMAIN}"])
            for wrong in (f"fb+{'a' * 26}@{DOMAIN}", f"fb+{token}@else.example", f"b+x@{DOMAIN}"):
                with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
                    server.send_message(made, rep.email, [wrong])
                assert refused.value.recipients[wrong][0] == 550
            monkeypatch.setattr(replies, "find", unreachable)
            with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
                server.send_message(made, rep.email, [f"fb+{token}@{DOMAIN}"])
            assert [code for code, _ in refused.value.recipients.values()] == [451]
            monkeypatch.undo()
    finally:
        controller.stop()
    assert token not in caplog.text
    with committed.app_context():
        (kept,) = session().scalars(select(InboundMessage))
        assert (kept.recipient, kept.processed_at) == (f"fb+{kept.token_id}@{DOMAIN}", None)
        # read in a process of its own, once, however often it is taken up
        for _again in range(2):
            with unit_of_work():
                pipeline.read_message(kept.id, clock.now())
        assert answers(held) == [("waiting", "mail")]


def unreachable(*_about):
    raise OperationalError("", {}, Exception("the database is away"))
