"""Answers with odd headers: whom they are from, who vouches, where they went, what sent them.

The numbers are those of the attack cases of the design. Every mail answers the question about one
lead in hand at the address of that question; what a line doesn't say is as a person writes it.
"""

from __future__ import annotations

import smtplib
from datetime import timedelta

from sqlalchemy import select

from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.core.mail.models import ReplyToken
from portal.core.servers import free_port
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.inbound import mail_in
from portal.inbound.models import InboundMessage
from portal.inbound.replies import (
    MOST_ABOUT_A_LEAD,
    MOST_FROM_A_PERSON,
    MOST_NOTES_ABOUT_A_LEAD,
    MOST_NOTES_FROM_A_PERSON,
)
from portal.leads.models import Lead
from portal.notifications import letters
from portal.notifications.reply_addresses import for_lead
from portal.pickup.models import Pickup
from tests.factories import (
    AT,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
)
from tests.inbound.replying import (
    DOMAIN,
    REP,
    SERVER,
    answers,
    ask,
    come_in,
    make_question,
    newest,
    reply,
    told,
    undone,
    written,
)

EVIL = "evil@evil.example"
TAKEN = {"subject": "x", "what": "y", "details": [], "path": "/", "press": "z"}
WAITS = ("applied", "feedback", ["waiting"])
WON = ("applied", "feedback", ["won"])
ASKED = ("asked_back", "not_vouched", [])
ODD = ("not_understood", "odd_sender", [])
ENDED = ("asked_back", "address_over", [])
PROGRAM = ("ignored", "automatic", [])
HERS = "dkim=pass header.d=alpha.example; dmarc=none header.from=alpha.example"
WHOLE = "from:to:subject:date:message-id:mime-version:content-type"


def signed(more="", headers=WHOLE, by="alpha.example"):
    """Return the header by which a domain signs a mail."""
    return f"DKIM-Signature: v=1; a=rsa-sha256; d={by}; s=a;{more} h={headers};\r\n bh=eA==; b=eA=="


def says(verdict):
    """Return what our own mail server says of a mail."""
    return f"Authentication-Results: {SERVER}; {verdict}"


POLICY = says("dmarc=pass header.from=alpha.example")
CASES = {
    "28 a zero behind it": ({"sender": f"From: {REP}\0.evil.example"}, ODD),
    "28 a zero in it": ({"sender": "From: re\0p@alpha.example"}, ODD),
    "28 a tab before it": ({"sender": f"From:\t{REP}"}, WAITS),
    "28 a tab in it": ({"sender": "From: rep@alpha\t.example"}, ODD),
    "28 on the next line": ({"sender": f"From: Alice\r\n <{REP}>"}, WAITS),
    "28 broken in the middle": ({"sender": "From: rep@alpha\r\n .example"}, ODD),
    "28 another on the next line": ({"sender": f"From: {REP}\r\n , {EVIL}"}, ODD),
    "31 a sharp s": ({"sender": "From: rep@alpha.example\u00df"}, ODD),
    "31 a dotless i": ({"sender": "From: \u0131" + REP}, ODD),
    "32 a dot behind the domain": ({"sender": f"From: {REP}."}, ODD),
    "35 signed whole by her domain": ({"top": (says(HERS), signed()), "body": "WON 500"}, WON),
    "35 signed by whoever has all names": (
        {
            "top": (says(HERS.replace("d=alpha.", "d=")), signed(by="example")),
            "body": "WON 500",
        },
        ASKED,
    ),
    "36 signed as far as a length": (
        {"top": (says(HERS), signed(" l=20;")), "body": "WON 500"},
        ASKED,
    ),
    "36 signed as far as a length, and the policy holds": (
        {
            "top": (POLICY, signed(" l=20;")),
            "body": "WON 500",
        },
        ASKED,
    ),
    "36 once whole, once as far as a length": (
        {"top": (says(HERS), signed(), signed(" l = 0 ;")), "body": "WON 500"},
        ASKED,
    ),
    "36 a length under another name": (
        {"top": (POLICY, signed(" l=20;", by="list.example")), "body": "WON 500"},
        WON,
    ),
    "37 what it is about is not signed": (
        {
            "top": (says(HERS), signed(headers="from:to:date:message-id:content-type")),
            "body": "WON 500",
        },
        ASKED,
    ),
    "37 to whom it goes is not signed": (
        {
            "top": (says(HERS), signed(headers="from:subject:date:message-id:content-type")),
            "body": "WON 500",
        },
        ASKED,
    ),
    "37 how it is made is not signed": (
        {"top": (says(HERS), signed(headers="from:to:subject:date:message-id")), "body": "WON 500"},
        ASKED,
    ),
    "37 our server saw a signature that is not there": (
        {"top": (says(HERS),), "body": "WON 500"},
        ASKED,
    ),
    "37 what can be taken back counts all the same": ({"top": (says(HERS),)}, WAITS),
    "39 a place it never went to, lower down": (
        {"more": (f"Delivered-To: fb+{'a' * 26}@{DOMAIN}", f"X-Original-To: fb+x@{DOMAIN}")},
        WAITS,
    ),
    "39 come back, it says lower down": (
        {"top": (POLICY, "Return-Path: <rep@alpha.example>"), "more": ("Return-Path: <>",)},
        WAITS,
    ),
    "43 the lead is closed": (
        {"before": "close", "body": "PROPOSAL"},
        ("refused", "told", ["won"]),
    ),
    "43 the address was taken back": ({"before": "revoke"}, ENDED),
    "43 taken back, and nobody vouches": (
        {"before": "revoke", "top": ()},
        ("not_understood", "address_over", []),
    ),
    "51 a rule of an Exchange": (
        {
            "more": ("X-MS-Exchange-Inbox-Rules-Loop: " + REP, "X-Auto-Response-Suppress: All"),
            "body": "WON 500",
        },
        PROGRAM,
    ),
    "51 passed on by a rule of an Exchange": (
        {"more": ("X-MS-Exchange-Inbox-Rules-Loop: " + REP,), "body": "WON 500"},
        WON,
    ),
    "51 away, of an Exchange": (
        {"more": ("X-Auto-Response-Suppress: All", "Auto-Submitted: auto-generated")},
        PROGRAM,
    ),
    "58 she takes part": (
        {"kind": "text/calendar; method=REPLY; charset=utf-8", "body": "BEGIN:VCALENDAR"},
        PROGRAM,
    ),
    "61 away, and it wrote to whom the mail is from": (
        {"to": "leads@in.firstcome.example", "more": ("Auto-Submitted: auto-replied (vacation)",)},
        PROGRAM,
    ),
    "62 a mail that came back, in its subject alone": (
        {"subject": "Mail delivery failed: returning message to sender", "body": "WON 500"},
        PROGRAM,
    ),
    "62 of goods that came back a person writes": (
        {"subject": "Delivery failure of the first cabinet"},
        WAITS,
    ),
    "69 of another century": ({"more": ("Date: Fri, 01 Jan 2099 00:00:00 +0000",)}, WAITS),
    "69 of no day there is": ({"more": ("Date: Xxx, 99 Foo 20262026 77:88:99 +9999",)}, WAITS),
    "69 of two days": (
        {"more": ("Date: Mon, 16 Nov 2026 10:00:00 +0000", "Date: \0")},
        WAITS,
    ),
}


def make_case(mail, options):
    """Return a mail of the table as it comes in."""
    top = options.get("top", (POLICY,))
    named = f"<{len(str(options))}.{id(options)}@mail.example>"
    lines = (
        *top,
        options.get("sender", f"From: {REP}"),
        f"To: {options.get('to', mail.headers['Reply-To'])}",
        f"Subject: {options.get('subject', 'Re: your lead')}",
        f"Message-ID: {named}",
        "MIME-Version: 1.0",
        f"Content-Type: {options.get('kind', 'text/plain; charset=utf-8')}",
        *options.get("more", ()),
    )
    return "\r\n".join((*lines, "", options.get("body", "WAITING"), "")).encode()


def happen(what, rep, held):
    """Have something happen between our mail and the answer."""
    if what == "close":
        feedback.give(held.id, Answer("won", value=500), get_actor(rep.id), AT)
    elif what == "revoke":
        session().execute(ReplyToken.__table__.update().values(revoked_at=AT))
    session().flush()


def test_whoever_an_answer_says_it_is_from_it_does_what_it_may(inside):
    rep, held, _mail = make_question()
    session().commit()
    found = {}
    for case, (options, _expected) in CASES.items():
        with undone():
            person, pickup = session().get_one(User, rep.id), session().get_one(Pickup, held.id)
            mail = newest(person, "feedback_due")
            happen(options.get("before"), person, pickup)
            message = come_in(make_case(mail, options), mail)
            given = [status for status, _channel in answers(pickup)]
            found[case] = (message.state, message.reason, given)
    expected = {case: one for case, (_options, one) in CASES.items()}
    assert {k: v for k, v in found.items() if v != expected[k]} == {}


def test_two_programs_that_answer_each_other_a_thousand_times_come_to_an_end(inside):
    """Case 56: neither says that it is one, and the one of the partner has something to say."""
    make_manager()
    for place, says_always in enumerate(
        ("Thank you for your mail!", "WON??? or lost", "WAITING\n")
    ):
        rep, _held, mail = make_question(f"rep@alpha{place}.example", f"Alpha {place}")
        told()
        heard, turns, at, sent = mail, 0, AT, 0
        while heard is not None and turns < 1000:
            turns, at = turns + 1, at + timedelta(minutes=1)
            reply(heard, f"{says_always} {turns}", rep, at=at)
            heard = next((one for one in told(at) if one.user_id == rep.id), None)
            sent += heard is not None
        # who goes on unasked is not heard for long, either
        for turn in range(6):
            reply(mail, f"{says_always} {turn} again", rep, at=at)
            sent += len([one for one in told(at) if one.user_id == rep.id])
        assert (says_always, sent <= MOST_ABOUT_A_LEAD) == (says_always, True)


def test_two_programs_whose_words_become_notes_come_to_an_end(inside):
    """Case 56: what one says is mailed on to the other as a note, and answered as one."""
    rep, held, mail = make_question()
    owner = make_person(make_vendor(), "account_manager", email="mara@vendor.example")
    session().get_one(Lead, held.lead_id).owner_id = owner.id
    told()
    who, turns, at = rep, 0, AT
    while mail is not None and turns < 30:
        turns, at = turns + 1, at + timedelta(minutes=2)
        reply(mail, f"Thank you, I am on it. {turns}", who, at=at)
        who = owner if who is rep else rep
        mail = next((one for one in told(at) if one.user_id == who.id), None)
    assert turns == 2 * MOST_ABOUT_A_LEAD + 1


def test_a_person_whose_mails_all_become_notes_is_heard_so_often_and_no_more(inside):
    """Case 56: of one lead and of all, in an hour and in a day."""
    owner = make_person(make_vendor(), "account_manager", email="mara@vendor.example")
    make_person(make_partner())
    mails = []
    for place in range(9):
        lead = make_offered_lead()
        session().get_one(Lead, lead.id).owner_id = owner.id
        session().flush()
        its_own = (for_lead(lead.id, owner),)
        letters.post(
            letters.Letter("mail_taken", TAKEN, lead.id, answers=its_own), owner, AT, f"its {place}"
        )
        mails.append(newest(owner))

    def write(places, times, hours):
        at = AT + timedelta(hours=hours)
        said = [(place, turn) for place in places for turn in range(times)]
        rows = [reply(mails[p], f"Note {p} {turn} {hours}", owner, at=at) for p, turn in said]
        return sum(row.state == "applied" for row in rows)

    assert write([0], 6, 0) == MOST_ABOUT_A_LEAD
    assert write(range(1, 8), 5, 6) == MOST_FROM_A_PERSON
    assert write([8], 5, 8) == MOST_NOTES_FROM_A_PERSON - MOST_FROM_A_PERSON - MOST_ABOUT_A_LEAD
    assert write([7], 1, 10) == 0
    # another day
    assert write([0], 5, 40) + write([0], 5, 42) == MOST_NOTES_ABOUT_A_LEAD
    assert write([0], 1, 44) == 0


def test_an_old_answer_that_comes_again_does_nothing_again(inside):
    """Case 38: the same signed mail, at another address of ours; case 68: its name taken before."""
    rep, held, mail = make_question()
    old = written(mail, "WAITING", rep.email, Message_ID="<taken@mail.example>")
    pre = written(None, "WON 5", EVIL, Message_ID="<taken@mail.example>")
    assert come_in(pre).state == "not_understood"
    assert come_in(old, mail).state == "applied"
    other = written(mail, "PROPOSAL", rep.email, Message_ID="<other@mail.example>")
    assert come_in(other, mail, AT + timedelta(minutes=1)).reason == "changed_meanwhile"
    feedback.give(held.id, Answer("proposal"), get_actor(rep.id), AT + timedelta(minutes=2))
    # to the address without its secret, and to the one of the next question
    later = AT + timedelta(days=1)
    again = ask(held, rep, later)
    assert come_in(old, at=later).state != "applied"
    assert come_in(old, again, later).reason == "came_before"
    assert [status for status, _channel in answers(held)] == ["waiting", "proposal"]


ENDS = (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\n.\r\n\n")
"""What some servers take for the end of a mail, and others don't."""


def test_no_mail_is_smuggled_in_behind_another_and_none_comes_to_whom_ours_are_from(committed):
    """Cases 77 and 61."""
    port, to = free_port(), f"inquiries@{DOMAIN}"
    controller = mail_in.listen(committed, "127.0.0.1", port)
    second = f"MAIL FROM:<{REP}>\r\nRCPT TO:<{to}>\r\nDATA\r\nFrom: {REP}\r\n\r\nWON\r\n.\r\n"
    try:
        for end in ENDS:
            with smtplib.SMTP("127.0.0.1", port) as server:
                server.ehlo()
                server.mail(EVIL)
                assert server.rcpt(to)[0] == 250
                assert server.docmd("DATA")[0] == 354
                server.send(b"From: " + EVIL.encode() + b"\r\n\r\nhi" + end + second.encode())
                assert server.getreply()[0] in (250, 500, 552, 554)
                # one answer to one mail, and the next one is the answer to what comes next
                assert server.docmd("VRFY", "nobody")[0] == 252
        with smtplib.SMTP("127.0.0.1", port) as server:
            server.ehlo()
            server.mail("")
            settings = committed.config["SETTINGS"]
            assert server.rcpt(f"leads@{settings.mail_domain}")[0] == 550
    finally:
        controller.stop()
    with committed.app_context():
        assert len(session().scalars(select(InboundMessage)).all()) <= len(ENDS)
