"""How tests answer a mail: they take the newest one to a person, and send something back to it."""

from __future__ import annotations

import re
from contextlib import contextmanager
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.core import jobs
from portal.core.db import db, session
from portal.core.mail import replies
from portal.core.mail.models import OutgoingEmail
from portal.feedback.models import Feedback
from portal.hearing.models import Extent
from portal.inbound import parsing, pipeline
from portal.inbound import replies as replied
from portal.inbound.keeping import keep_reading
from portal.inbound.models import InboundMessage
from portal.notifications import letters
from portal.notifications.letters import feedback_wanted, lead_offered
from portal.notifications.queries import list_offered
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from tests.factories import (
    AT,
    factory,
    last_round,
    make_offered_lead,
    make_partner,
    make_person,
)

DOMAIN = "in.firstcome.example"
SERVER = "mx.firstcome.example"
REP = "rep@alpha.example"


@factory
def hold(lead, rep, at=AT):
    """Have a person pick a lead up; return the pickup."""
    claimed = pickup.claim(lead.id, get_actor(rep.id), at)
    return session().get_one(Pickup, claimed.pickup_id)


@factory
def ask(held, rep, at=AT):
    """Send the mail that asks how far a lead in hand is, and return it."""
    letters.post(
        feedback_wanted("feedback_due", held, rep, at), rep, at, f"ask:{held.id}:{rep.id}:{at}"
    )
    return newest(rep)


def make_question(email=REP, firm="Alpha"):
    """Have a person hold a lead and be asked how far it is; return person, pickup and mail."""
    rep = make_person(make_partner(firm), email=email)
    held = hold(make_offered_lead(), rep)
    return rep, held, ask(held, rep)


@factory
def offer(lead, rep, at=AT):
    """Send the mail about a lead on offer, and return it."""
    found = dict(list_offered(lead.id, last_round(lead).id, at))[rep]
    letters.post(lead_offered(found, rep, at, Extent.FULL), rep, at, f"offer:{lead.id}:{rep.id}")
    return newest(rep)


@factory
def newest(rep, kind=None):
    """Return the newest mail to a person."""
    query = select(OutgoingEmail).where(OutgoingEmail.user_id == rep.id)
    query = query.where(OutgoingEmail.kind == kind) if kind else query
    return session().scalars(query.order_by(OutgoingEmail.id.desc()).limit(1)).one()


def token_of(mail):
    """Return the token at which a mail is answered."""
    return replies.IN_ADDRESS.search(mail.headers["Reply-To"])[1]


def vouching(verdict, sender):
    """Return what our mail server says of a sender."""
    domain = sender.rpartition("@")[2].rstrip(">")
    return f"{SERVER}; dmarc={verdict} header.from={domain}"


def written(mail, body, sender, verdict="pass", **headers):
    """Return an answer to a mail of ours, quoting it, as a person's mail program writes it."""
    made = EmailMessage()
    if verdict:
        made["Authentication-Results"] = vouching(verdict, sender)
    made["From"] = sender
    made["To"] = mail.headers.get("Reply-To", "") if mail else f"fb@{DOMAIN}"
    made["Subject"] = f"Re: {mail.subject}" if mail else "Re: the lead"
    made["Message-ID"] = f"<{abs(hash((body, sender))):x}@mail.example>"
    for name, value in headers.items():
        del made[name.replace("_", "-")]
        if value is not None:
            made[name.replace("_", "-")] = value
    quoted = "".join(f"> {line}\n" for line in (mail.text if mail else "").splitlines())
    attribution = f"On Mon, 16 Nov 2026 at 10:02, Firstcome <leads@{DOMAIN}> wrote:"
    made.set_content(f"{body}\n\n{attribution}\n{quoted}" if quoted else body)
    return made


def come_in(made, mail=None, at=AT, envelope_from="somebody@mail.example"):
    """Have an answer come in as the listener keeps it, and read it; return its row."""
    raw = made if isinstance(made, bytes) else made.as_bytes()
    token = replies.find(token_of(mail)) if mail is not None else None
    place = f"fb+{token.id}@{DOMAIN}" if token else f"fb@{DOMAIN}"
    kept = pipeline.store(raw, envelope_from, place, "smtp", at, token.id if token else None)
    pipeline.read_message(kept, at)
    return session().get_one(InboundMessage, kept, populate_existing=True)


def reply(mail, body, rep, verdict="pass", sender=None, at=AT, **headers):
    """Answer a mail, and have the answer read."""
    made = written(mail, body, sender or rep.email, verdict, **headers)
    return come_in(made, mail, at)


def told(at=AT):
    """Do what the worker does behind an answer; return the kinds of mails to whom, but contacts."""
    before = set(session().scalars(select(OutgoingEmail.id)))
    jobs.run_now("core.dispatch", {"here": True}, at)
    found = session().scalars(select(OutgoingEmail).order_by(OutgoingEmail.id))
    return [one for one in found if one.id not in before and one.kind != "yours_now"]


def answers(held):
    """Return the answers about a pickup that stand, and through what they came."""
    rows = session().execute(
        select(Feedback.status, Feedback.channel)
        .where(Feedback.pickup_id == held.id, Feedback.taken_back_at.is_(None))
        .order_by(Feedback.id)
    )
    return [tuple(row) for row in rows]


def link_in(mail):
    """Return the first link of a mail."""
    return re.search(r"/m/[\w-]{43}", mail.text)[0]


@factory
def keep_reply(rep, action, **typed):
    """Keep an answer of a person's that was asked back; return its id."""
    kept = pipeline.store(action.encode(), "", f"fb@{DOMAIN}", "smtp", AT)
    message = session().get_one(InboundMessage, kept)
    message.user_id = rep.id
    words = typed.get("note", action)
    keep_reading(kept, {"action": action, "words": words, "typed": typed, "doubts": []})
    replied.settle(message, "asked_back", "not_vouched", AT, "confirm")
    return kept


def take_apart_here(raw):
    """Take a mail apart as the process of its own does."""
    if why := parsing.refuse(raw):
        raise parsing.Unreadable(why)
    return parsing.mail_of(parsing.read(BytesParser(policy=policy.default).parsebytes(raw)))


@contextmanager
def undone():
    """Undo behind a case of a table whatever it has done."""
    db.session.remove()
    point = db.engines[None].begin_nested()
    try:
        yield
    finally:
        db.session.remove()
        point.rollback()
