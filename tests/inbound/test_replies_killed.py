"""A worker, or the listener, is killed at each step: one effect stands, one mail says so.

The process that reads is forked off and kills itself before or after a function. The sweep for
mails that the queue has lost takes up what it left; what the listener left comes again.
"""

from __future__ import annotations

import functools
import importlib
import os
import secrets
import signal
from collections import Counter
from types import SimpleNamespace

from sqlalchemy import func, or_, select

from portal.accounts.queries import get_actor
from portal.core import clock, jobs
from portal.core.db import apart, db, session, unit_of_work
from portal.core.events import EventRow
from portal.core.mail import outbox, replies
from portal.core.mail.models import OutgoingEmail
from portal.feedback.models import Feedback
from portal.inbound import parsing, pipeline
from portal.inbound.mail_in import Keeper
from portal.inbound.models import InboundMessage
from portal.inbound.places import Where
from portal.leads.models import Lead
from portal.sheets import mails as sheets
from portal.timeline.models import Attachment
from portal.witness.models import CustomerLetter
from tests.factories import (
    CONTACT,
    factory,
    make_customer_letter,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
)
from tests.inbound.replying import (
    DOMAIN,
    ask,
    hold,
    newest,
    offer,
    take_apart_here,
    token_of,
    written,
)
from tests.inbound.test_bounces import dsn
from tests.sheets.house import as_csv, rows_of

STORED = ("after", "portal.inbound.pipeline:store")
POINTS = {
    "an answer": (
        ("before", "portal.inbound.parsing:take_apart"),
        ("after", "portal.feedback.operations:give"),
        ("after", "portal.inbound.replies:settle"),
        ("after", "portal.inbound.pipeline:read_message"),
    ),
    "picked by a word": (("after", "portal.inbound.operations:pick"),),
    "a sheet": (("after", "portal.inbound.replies:take_back"),),
    "asked back": (("after", "portal.inbound.replies:keep_reading"),),
    "come back": (("after", "portal.inbound.pipeline:settle"),),
    "a note with a file": (
        ("after", "portal.inbound.answering:say"),
        ("after", "portal.inbound.answering:keep_files"),
    ),
    "an inquiry with a file": (
        ("after", "portal.duplicates.entrance:take_in"),
        ("after", "portal.inbound.mails:keep_files"),
    ),
    "a customer's yes": (("after", "portal.witness.operations:answer"),),
    "to a lead's own address": (("after", "portal.correspondence.taking:take_in"),),
}
"""By what came in: where whoever reads it dies."""


CUSTOMERS = ("a customer's yes", "to a lead's own address")
PLAN = {"maintype": "application", "subtype": "pdf", "filename": "plan.pdf"}


def keep_inquiry(at):
    """Have the first mail of somebody kept, who asks for an offer."""
    eva = SimpleNamespace(email=f"{secrets.token_hex(4)}@meier.example")
    made = written(None, "We need 14 cabinets. Please call.", eva.email, verdict="")
    made.add_attachment(b"%PDF-1.4", **PLAN)
    place = f"inquiries@{DOMAIN}"
    return pipeline.store(made.as_bytes(), eva.email, place, "smtp", at), None, eva


def keep_customers(what, lead, rep, at):
    """Have a mail of a customer kept, to whom we or whoever holds the lead wrote."""
    held = hold(lead, rep, at)
    if what == "a customer's yes":
        make_customer_letter(held.id, "asked", at)
        place = f"c+{session().scalar(select(func.max(CustomerLetter.id)))}@{DOMAIN}"
        made = written(None, "Yes", CONTACT["email"], verdict="")
    else:
        place = f"l+{lead.id}-{held.id}@{DOMAIN}"
        made = written(None, "Please come on Monday.", CONTACT["email"], verdict="")
        made.add_attachment(b"%PDF-1.4", **PLAN)
    return pipeline.store(made.as_bytes(), CONTACT["email"], place, "smtp", at), lead, rep


@factory
def keep(what, at):
    """Have a mail kept that nobody has read yet; return its id, the lead and the person."""
    if what == "an inquiry with a file":
        return keep_inquiry(at)
    rep = make_person(make_partner())
    owner = make_person(make_vendor(), "account_manager")
    lead = make_offered_lead(at=at, owner_id=owner.id, contact=CONTACT)
    if what in CUSTOMERS:
        return keep_customers(what, lead, rep, at)
    if what == "picked by a word":
        mail, said = offer(lead, rep, at), "PICK UP"
    else:
        held = hold(lead, rep, at)
        mail, said = ask(held, rep, at), "WAITING" if what == "an answer" else "won? maybe lost?"
    if what == "come back":
        for one in outbox.claim(at):
            outbox.begin(one)
            outbox.note(one, outbox.done(one, at))
        place, said = f"b+{mail.id}@{DOMAIN}", dsn("5.1.1", text=rep.email)
        raw = said.replace("alice@alpha.example", rep.email).encode()
        return pipeline.store(raw, "", place, "smtp", at), lead, rep
    if what == "a sheet":
        sheets.post_weekly(rep, get_actor(rep.id), "csv", at, f"sheet:{rep.id}")
        mail = newest(rep, "weekly_sheet")
    made = written(mail, said, rep.email, verdict="")
    if what == "a sheet":
        made = written(mail, "Here it is.", rep.email, verdict="")
        (row,) = rows_of(rep)
        made.add_attachment(
            as_csv([{**row, "Status": "Waiting"}]), maintype="text", subtype="csv", filename="a.csv"
        )
    if what == "a note with a file":
        made = written(mail, "May I offer the small one?", rep.email, verdict="")
        made.add_attachment(b"%PDF-1.4", **PLAN)
    token = replies.find(token_of(mail))
    place = f"fb+{token.id}@{DOMAIN}"
    return pipeline.store(made.as_bytes(), rep.email, place, "smtp", at, token.id), lead, rep


def die(app, work, when, path):
    """Do something in a process of its own that kills itself at a point; return how it ended."""
    child = os.fork()
    if child:
        status = os.waitpid(child, 0)[1]
        return os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
    module, _colon, name = path.partition(":")
    place = importlib.import_module(module)
    function = getattr(place, name)

    @functools.wraps(function)
    def deadly(*args, **kwargs):
        if when == "after":
            function(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(place, name, deadly)
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose(close=False)
        work()
    os._exit(0)


def read_one(message_id):
    """Read a mail as a worker does."""
    with unit_of_work():
        pipeline.read_message(message_id, clock.now())


COUNTED = ("MailActionDone", "LeadPickedUp", "SheetTakenBack", "ReplyAnswered", "AddressMarked")


def effects(lead, rep):
    """Return what is said of a lead, which mails its person got, and what was recorded of her."""
    said = select(Feedback.status, Feedback.channel).where(Feedback.lead_id == lead.id)
    mails = select(OutgoingEmail.kind).where(OutgoingEmail.user_id == rep.id)
    events = session().scalars(select(EventRow).where(EventRow.name.in_(COUNTED)))
    return (
        [tuple(row) for row in session().execute(said)],
        dict(Counter(session().scalars(mails))),
        dict(Counter(one.name for one in events if one.data.get("user_id") == rep.id)),
    )


IN_HAND = {"yours_now": 1, "feedback_due": 1}
PICKED = {"LeadPickedUp": 1, "MailActionDone": 1}
EFFECTS = {
    "an answer": ([("waiting", "mail")], {**IN_HAND, "recorded": 1}, PICKED),
    "picked by a word": ([], {"lead_offered": 1, "yours_now": 1, "recorded": 1}, PICKED),
    "a sheet": (
        [("waiting", "sheet")],
        {**IN_HAND, "weekly_sheet": 1, "sheet_report": 1},
        {"LeadPickedUp": 1, "SheetTakenBack": 1},
    ),
    "asked back": ([], {**IN_HAND, "reply_back": 1}, {"LeadPickedUp": 1, "ReplyAnswered": 1}),
    "come back": ([], IN_HAND, {"LeadPickedUp": 1, "AddressMarked": 1}),
}


BY_REP = {"LeadOffered": 1, "LeadPickedUp": 1, "ContactShown": 1}
BESIDE = {
    "a note with a file": (
        1,
        {**IN_HAND, "commented": 1, "reply_back": 1},
        {
            **BY_REP,
            "NoteWritten": 1,
            "AttachmentKept": 1,
            "ReplyCommented": 1,
            "ReplyAnswered": 1,
        },
    ),
    "an inquiry with a file": (
        1,
        {"inquiry_thanks": 1},
        {"LeadCaptured": 1, "ActivityEntered": 1, "AttachmentKept": 1, "InquiryMailed": 1},
    ),
    "a customer's yes": (0, {"yours_now": 1}, {**BY_REP, "CustomerSaid": 1}),
    "to a lead's own address": (
        1,
        {"yours_now": 1, "customer_wrote": 1},
        {**BY_REP, "ActivityEntered": 1, "AttachmentKept": 1, "CustomerWrote": 1},
    ),
}
"""Files, mails and events of a lead, where more is made than an answer."""


def test_whatever_a_killed_worker_leaves_is_done_once_and_told_once(committed, monkeypatch):
    monkeypatch.setattr(parsing, "take_apart", take_apart_here)
    at = clock.now()
    kept = [(what, *keep(what, at), point) for what, points in POINTS.items() for point in points]
    for _what, message_id, _lead, _rep, point in kept:
        work = functools.partial(read_one, message_id)
        assert die(committed, work, *point) == signal.SIGKILL, point
    with committed.app_context():
        assert session().scalars(select(InboundMessage.processed_at)).all() == [None] * len(kept)
        tries = session().scalars(select(InboundMessage.attempts)).all()
        with apart() as other:  # reads them all just now
            for _what, message_id, *_about in kept:
                other.scalar(pipeline.IN_WORK, {"message": message_id})
            jobs.run_now("inbound.read_waiting", {}, at)
        assert session().scalars(select(InboundMessage.attempts)).all() == tries
        assert session().scalars(select(InboundMessage.processed_at)).all() == [None] * len(kept)
        for _again in range(2):
            jobs.run_now("inbound.read_waiting", {}, at)
            jobs.run_now("core.dispatch", {"here": True}, at)
        for what, message_id, lead, rep, point in kept:
            found = beside(message_id, rep) if what in BESIDE else effects(lead, rep)
            expected = BESIDE.get(what) or EFFECTS[what]
            assert (what, point, found) == (what, point, expected)
        assert session().scalar(select(func.count(Lead.id))) == len(kept)


def beside(message_id, writer):
    """Return what a mail left in the timeline of its lead, and which mails went out about it."""
    message = session().get_one(InboundMessage, message_id)
    about = Attachment.subject_id == message.lead_id
    files = session().scalar(select(func.count(Attachment.id)).where(about))
    mails = select(OutgoingEmail.kind).where(
        or_(OutgoingEmail.lead_id == message.lead_id, OutgoingEmail.to_address == writer.email)
    )
    events = session().scalars(select(EventRow.name).where(EventRow.lead_id == message.lead_id))
    return (files, Counter(session().scalars(mails)), Counter(events))


@factory
def ask_one(at):
    """Ask a person about a lead; return her, the place and the raw mail of an answer, the lead."""
    rep, lead = make_person(make_partner()), make_offered_lead(at=at)
    mail = ask(hold(lead, rep, at), rep, at)
    token = replies.find(token_of(mail))
    raw = written(mail, "WAITING", rep.email, verdict="").as_bytes()
    return rep, Where(f"fb+{token.id}@{DOMAIN}", token.id), raw, lead


def test_a_mail_that_a_killed_listener_leaves_is_read_once_or_comes_again(committed, monkeypatch):
    monkeypatch.setattr(parsing, "take_apart", take_apart_here)
    at = clock.now()
    rep, place, raw, lead = ask_one(at)
    work = functools.partial(Keeper(committed).keep, raw, rep.email, "smtp", (place,))
    # before it says that it has the mail, nobody has it; then the sweep finds it
    for point, there in ((STORED, 0), (("before", "portal.core.jobs:wake"), 1)):
        assert die(committed, work, *point) == signal.SIGKILL
        with committed.app_context():
            assert session().scalar(select(func.count(InboundMessage.id))) == there
    # the other server has heard nothing, and tries again
    assert work() == "250 2.0.0 kept"
    with committed.app_context():
        for _again in range(2):
            jobs.run_now("inbound.read_waiting", {}, at)
            jobs.run_now("core.dispatch", {"here": True}, at)
        assert session().scalar(select(func.count(InboundMessage.id))) == 1
        assert effects(lead, rep) == EFFECTS["an answer"]
