"""A worker is killed at each step between "kept" and "done": one answer stands, one mail says so.

The process that reads is forked off and kills itself before or after a function. The sweep for
mails that the queue has lost takes up what it left.
"""

from __future__ import annotations

import functools
import importlib
import os
import signal

from sqlalchemy import func, select

from portal.core import clock, jobs
from portal.core.db import apart, db, session, unit_of_work
from portal.core.events import EventRow
from portal.core.mail import replies
from portal.core.mail.models import OutgoingEmail
from portal.inbound import pipeline
from portal.inbound.models import InboundMessage
from tests.factories import factory, make_offered_lead, make_partner, make_person
from tests.inbound.replying import DOMAIN, answers, ask, hold, token_of, written

POINTS = (
    ("before", "portal.inbound.parsing:take_apart"),
    ("after", "portal.inbound.replies:read_wish"),
    ("after", "portal.feedback.operations:give"),
    ("after", "portal.inbound.replies:settle"),
    ("after", "portal.inbound.pipeline:read_message"),
)


@factory
def keep(at):
    """Have an answer to a question kept that nobody has read yet; return its id and the pickup."""
    rep = make_person(make_partner())
    held = hold(make_offered_lead(at=at), rep, at)
    mail = ask(held, rep, at)
    token = replies.find(token_of(mail))
    raw = written(mail, "WAITING", rep.email, verdict="").as_bytes()
    place = f"fb+{token.id}@{DOMAIN}"
    return pipeline.store(raw, rep.email, place, "smtp", at, token.id), held


def die_reading(app, message_id, when, path):
    """Read a mail in a process of its own that kills itself at a point."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
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
        with unit_of_work():
            pipeline.read_message(message_id, clock.now())
    os._exit(0)


def test_whatever_a_killed_worker_leaves_is_done_once_and_told_once(committed):
    at = clock.now()
    kept = [keep(at) for _point in POINTS]
    for (when, path), (message_id, _held) in zip(POINTS, kept, strict=True):
        status = die_reading(committed, message_id, when, path)
        assert os.WIFSIGNALED(status), path
        assert os.WTERMSIG(status) == signal.SIGKILL
    with committed.app_context():
        assert session().scalars(select(InboundMessage.processed_at)).all() == [None] * len(kept)
        tries = session().scalars(select(InboundMessage.attempts)).all()
        with apart() as other:  # reads them all just now
            for message_id, _held in kept:
                other.scalar(pipeline.IN_WORK, {"message": message_id})
            jobs.run_now("inbound.read_waiting", {}, at)
        assert session().scalars(select(InboundMessage.attempts)).all() == tries
        assert session().scalars(select(InboundMessage.processed_at)).all() == [None] * len(kept)
        for _again in range(2):
            jobs.run_now("inbound.read_waiting", {}, at)
            jobs.run_now("core.dispatch", {"here": True}, at)
        assert [answers(held) for _id, held in kept] == [[("waiting", "mail")]] * len(kept)
        told = select(func.count()).where(OutgoingEmail.kind == "recorded")
        assert session().scalar(told) == len(kept)
        done = select(func.count()).where(EventRow.name == "MailActionDone")
        assert session().scalar(done) == len(kept)
