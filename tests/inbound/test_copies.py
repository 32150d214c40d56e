"""The same mail by two ways has one effect; what only looks like it is read as well."""

from __future__ import annotations

import base64
import threading

from sqlalchemy import func, select

from portal.core import clock
from portal.core.db import session, unit_of_work
from portal.core.mail import replies
from portal.inbound import parsing, pipeline
from portal.inbound.models import InboundMessage
from portal.leads.models import Lead
from tests.factories import AT, make_programme
from tests.inbound.replying import (
    DOMAIN,
    answers,
    make_question,
    take_apart_here,
    token_of,
    told,
    undone,
)

LEAD = f"inquiries@{DOMAIN}"
TRACE = b"Return-Path: <a@b.example>\r\nReceived: from here by there; Mon, 16 Nov 2026\r\n"


def by_way(mail, trace=b"", body=b"WAITING", **over):
    """Return an answer as it is after a way."""
    heads = {
        "From": "Rep <rep@alpha.example>",
        "To": mail.headers["Reply-To"],
        "Subject": "Re: a lead",
        "Date": "Mon, 16 Nov 2026 10:00:00 +0000",
        "Message-ID": "<one@alpha.example>",
        **{name.replace("_", "-"): value for name, value in over.items()},
    }
    lines = [f"{name}: {value}".encode() for name, value in heads.items() if value is not None]
    return b"\r\n".join([trace + lines[0], *lines[1:], b"", body, b""])


def keep(raw, place, token=None, adapter="lmtp"):
    return pipeline.store(raw, "a@b.example", place, adapter, AT, token and token.id)


def read(kept):
    pipeline.read_message(kept, AT)
    return session().get_one(InboundMessage, kept, populate_existing=True)


ENCODED = base64.b64encode(b"WAITING\n")
SECOND = {
    "other lines of servers": ({"trace": TRACE}, None, True),
    "in another encoding, and its subject marked": (
        {"body": ENCODED, "Content_Transfer_Encoding": "base64", "Subject": "[EXTERN] Re: a lead"},
        None,
        True,
    ),
    "at the lead address": ({"trace": TRACE}, LEAD, True),
    "another text under its Message-ID": ({"body": b"PROPOSAL"}, None, False),
    "another sender under its Message-ID": ({"From": "evil@evil.example"}, None, False),
    "the same text later": (
        {"Message_ID": "<two@alpha.example>", "Date": "Tue, 17 Nov 2026 10:00:00 +0000"},
        None,
        False,
    ),
    "neither named nor dated": ({"Message_ID": None, "Date": None}, None, False),
}


def test_the_same_mail_by_two_ways_has_one_effect(inside):
    _rep, held, mail = make_question()
    token = replies.find(token_of(mail))
    place = f"fb+{token.id}@{DOMAIN}"
    first = read(keep(by_way(mail), place, token))
    assert (first.state, answers(held)) == ("applied", [("waiting", "mail")])
    assert len(told()) == 1
    session().commit()
    for name, (changes, elsewhere, is_copy) in SECOND.items():
        with undone():
            second = read(
                keep(by_way(mail, **changes), elsewhere or place, None if elsewhere else token)
            )
            assert (second.state == "duplicate") == is_copy, name
            assert bool(told()) != is_copy, name
            assert (second.message_hash is None) == (is_copy or "neither" in name), name
            assert answers(held) == [("waiting", "mail")]


def test_of_two_copies_that_are_read_at_once_one_counts(committed, monkeypatch):
    # the process that takes mails apart belongs to one thread
    monkeypatch.setattr(parsing, "take_apart", take_apart_here)
    with committed.app_context():
        make_programme()
        heads = b"From: eva@meier.example\r\nDate: Mon, 16 Nov 2026 10:00:00 +0000\r\n"
        with unit_of_work():
            kept = [keep(way + heads + b"\r\n14 cabinets\r\n", LEAD) for way in (b"", TRACE)]
    start = threading.Barrier(2)

    def work(message_id):
        with committed.app_context():
            start.wait()
            with unit_of_work():
                pipeline.read_message(message_id, clock.now())

    workers = [threading.Thread(target=work, args=(one,)) for one in kept]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    with committed.app_context():
        states = session().scalars(select(InboundMessage.state)).all()
        assert sorted(states) == ["duplicate", "taken"]
        assert session().scalar(select(func.count()).select_from(Lead)) == 1
