"""One stream of notes, activities, answers, statuses and files, narrowed as asked for."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

from werkzeug.datastructures import FileStorage

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.events import record
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads import activities, notes
from portal.leads.events import LeadStatusChanged
from portal.leads.models import Lead
from portal.pickup import operations as pickup
from portal.timeline import attachments, files
from portal.timeline.rules import Entry
from tests.factories import factory, make_manager, make_offered_lead, make_person, sign_in

HOUR = timedelta(hours=1)


@factory
def told(rep, manager):
    """Have a rep and the vendor do a bit of everything about a lead, an hour apart."""
    at = clock.now() - 12 * HOUR
    lead = make_offered_lead(at=at)
    held = pickup.claim(lead.id, get_actor(rep.id), at + HOUR).pickup_id
    lead = session().get_one(Lead, lead.id, populate_existing=True)
    hers, his = get_actor(rep.id), get_actor(manager.id)
    notes.write_note(lead, "They have a dog.", False, hers, at + 2 * HOUR)
    call = activities.enter(
        lead,
        Entry("call", "Ask for the dog.", at + 4 * HOUR),
        done=False,
        actor=hers,
        at=at + 3 * HOUR,
    )
    activities.settle(lead, call.id, done=True, outcome="It sleeps.", actor=hers, at=at + 4 * HOUR)
    stored = files.keep(FileStorage(BytesIO(b"The dog."), "dog.txt"))
    attachments.attach(notes.about(lead.id), stored, shared=False, actor=hers, at=at + 5 * HOUR)
    feedback.give(held, Answer("waiting", note="They think."), hers, at + 6 * HOUR)
    notes.write_note(lead, "Be quick.", True, his, at + 7 * HOUR)
    record(
        LeadStatusChanged(
            at=at + 8 * HOUR, lead_id=lead.id, user_id=rep.id, before="waiting", after="proposal"
        )
    )
    ahead = Entry("task", "Send the plan.", clock.now() + HOUR)
    activities.enter(lead, ahead, done=False, actor=hers, at=at + 9 * HOUR)
    return lead


def stream_of(client, lead, show=""):
    page = client.get(f"/leads/{lead.id}", query_string={"show": show} if show else {}).text
    return page.partition('id="timeline"')[2].partition("</section>")[0]


def test_all_stands_in_one_stream_newest_first_below_what_lies_ahead(app):
    rep, manager = make_person(), make_manager()
    lead = told(rep, manager)
    client = sign_in(app.test_client(), rep)
    words = [
        *("Send the plan.", "Status: Proposal", "Be quick.", "They think.", "dog.txt"),
        *("It sleeps.", "They have a dog."),
    ]
    stream = stream_of(client, lead)
    places = [stream.find(word) for word in words]
    assert -1 not in places
    assert places == sorted(places)
    for show, there in (
        ("note", {"They have a dog.", "Be quick."}),
        ("file", {"dog.txt"}),
        ("answer", {"They think."}),
        ("status", {"Status: Proposal"}),
        ("open", {"Send the plan."}),
        ("call", {"It sleeps."}),
        ("nonsense", set(words)),
    ):
        stream = stream_of(client, lead, show)
        assert {word for word in words if word in stream} == there, show
    theirs = stream_of(sign_in(app.test_client(), manager), lead)
    assert {word for word in words if word in theirs} == {
        *("Be quick.", "They think.", "Status: Proposal"),
    }


def test_what_was_long_ago_folds_away(app):
    rep = make_person()
    lead = told(rep, make_manager())
    actor, at = get_actor_of(rep), clock.now()
    write_many(lead, actor, at)
    page = sign_in(app.test_client(), rep).get(f"/leads/{lead.id}").text
    shown, _summary, folded = page.partition("22 earlier entries")
    assert "Number 19" in shown
    assert "They have a dog." in folded.partition("</details>")[0]


@factory
def get_actor_of(user):
    return get_actor(user.id)


@factory
def write_many(lead, actor, at):
    lead = session().get_one(Lead, lead.id)
    for number in range(20):
        notes.write_note(lead, f"Number {number}", False, actor, at)
