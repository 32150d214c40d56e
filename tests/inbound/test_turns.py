"""Whoever sends how many mails: firms, places and senders have their turn one after the other."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import psycopg
from sqlalchemy import text

from bench import data, incoming_flood
from portal.core import jobs
from portal.core.db import session
from portal.core.mail import replies
from portal.core.mail.replies import Reply
from portal.core.servers import free_port
from portal.inbound import mail_in, pipeline, turns
from portal.inbound.models import InboundMessage
from tests.factories import AT, make_partner, make_person, make_programme

MINUTE = timedelta(minutes=1)
TO = "inquiries@in.firstcome.example"
NUMBERS = count()


def token_of(person):
    token = replies.new_token()
    replies.write(Reply(token, "question"), person.id, f"key {token}", f"<{token}@x.example>", AT)
    return replies.find(token).id


def come(times, sender, token_id=None):
    """Have mails of a sender kept; return their ids."""
    return [
        pipeline.store(b"mail %d" % next(NUMBERS), sender, TO, "smtp", AT, token_id)
        for _time in range(times)
    ]


def test_the_flood_of_one_firm_or_stranger_delays_no_other(ctx):
    make_programme()
    loud, quiet = (make_person(make_partner(name)) for name in ("Loud", "Quiet"))
    flood = come(9, loud.email, token_of(loud))
    noise = come(4, "noise@mail.example")
    # whoever it says that it is from: the address it came to is his alone
    few = come(2, loud.email, token_of(quiet))
    # who has no address of a firm does not stand in its line by saying that he is of it
    calm = come(1, quiet.email)
    first = [flood[0], noise[0], few[0]]
    second = [flood[1], few[1], calm[0]]
    assert turns.list_next(AT) == [
        *first,
        *second,
        *(flood[2], noise[1]),
        *(flood[3], noise[2]),
        *(flood[4], noise[3]),
        *flood[5:],
    ]
    assert turns.list_next(AT, {*flood, *noise}, 2) == [few[0], calm[0]]
    # whose mail could not be taken apart of late comes last, and what failed when it is due
    lost = session().get(InboundMessage, flood[0])
    lost.state, lost.reason, lost.processed_at = "not_understood", "unreadable", AT
    session().get(InboundMessage, noise[0]).due_at = AT + MINUTE
    session().flush()
    assert turns.list_next(AT, at_once=4) == [noise[1], *few, calm[0]]
    assert turns.list_next(AT)[-8:] == flood[1:]
    later = AT + turns.OF_LATE + MINUTE
    assert turns.list_next(later, at_once=3) == [flood[1], noise[0], few[0]]


def test_mails_of_four_firms_at_once_have_one_effect_and_one_answer_each(committed):
    shares = incoming_flood.share(32, 4)
    make_programme()
    url = committed.config["SETTINGS"].database_url.replace("+psycopg", "")
    with psycopg.connect(url) as link:
        data.add_firms(link, 4)
        reps = data.add_reps(link, committed, 4, 1)
        mails = incoming_flood.write_mails(link, reps, shares, "in.firstcome.example")
    controller = mail_in.listen(committed, "127.0.0.1", port := free_port())
    try:
        incoming_flood.send(port, mails, 2)
    finally:
        controller.stop()
    with committed.app_context():
        for _turn in range(4):  # where the machine is slow one ends before all is read
            jobs.run_now("inbound.read_waiting")
        jobs.run_now("core.dispatch", {"here": True})
        loud, *quiet = session().execute(text(incoming_flood.DONE)).all()
        assert [loud[1], *(row[1] for row in quiet)] == shares
        assert max(row[3] for row in quiet) < loud[3]
        assert session().execute(text(incoming_flood.ONCE)).one() == (*[32] * 5, 0)
