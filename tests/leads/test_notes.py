"""Notes stay in the firm whose people wrote them, unless they are shared."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.errors import NotFound
from portal.core.events import EventPrivate, EventRow
from portal.leads import notes
from portal.leads.models import Lead
from portal.pickup import operations as pickup
from portal.timeline import notes as timeline
from tests.conftest import database_url
from tests.factories import (
    csrf_of,
    factory,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    sign_in,
)

WORDS = "He plays golf on Fridays."


@factory
def make_held(rep: User) -> Lead:
    """Return a lead that the rep picked up an hour ago."""
    at = clock.now() - timedelta(hours=1)
    lead = make_offered_lead(at=at)
    pickup.claim(lead.id, get_actor(rep.id), at)
    return session().get_one(Lead, lead.id, populate_existing=True)


@factory
def write(lead: Lead, user: User, text: str = WORDS, shared: bool = False) -> int:
    """Have somebody write a note and return its id."""
    lead = session().get_one(Lead, lead.id)
    return notes.write_note(lead, text, shared, get_actor(user.id), clock.now()).id


@factory
def read(lead: Lead, user: User) -> list[str]:
    """Return the notes that somebody reads, through the one loader."""
    found = session().get_one(Lead, lead.id, populate_existing=True)
    return [note.text for note in notes.load_notes(found, get_actor(user.id))]


@factory
def give_back(rep: User) -> None:
    """Give back the one lead that is held."""
    held = session().execute(select(pickup.Pickup.id)).scalar_one()
    pickup.give_back(held, "wrong_number", None, get_actor(rep.id), clock.now())


@factory
def event_of(name: str) -> EventRow:
    """Return the one event of this name."""
    return session().scalars(select(EventRow).where(EventRow.name == name)).one()


def post(client: FlaskClient, address: str, **fields: str):
    token = csrf_of(client.get("/settings/sign-in").text)
    return client.post(address, data={"csrf_token": token, **fields})


def switch(client: FlaskClient, user: User) -> FlaskClient:
    """Sign out and in again as somebody else."""
    client.post("/logout", data={"csrf_token": csrf_of(client.get("/settings/sign-in").text)})
    return sign_in(client, user)


def test_a_note_is_read_in_the_firm_and_by_the_vendor_only_once_it_is_shared(
    client: FlaskClient,
) -> None:
    firm = make_partner()
    rep, boss, colleague = make_person(firm), make_person(firm, "partner_manager"), None
    colleague, manager = make_person(firm), make_manager()
    lead = make_held(rep)
    address = f"/leads/{lead.id}"
    sign_in(client, rep)
    assert post(client, f"{address}/notes", text=WORDS).status_code == 303
    page = client.get(address).text
    assert WORDS in page
    assert "stays in the firm" in page
    assert WORDS in switch(client, boss).get(address).text
    assert switch(client, colleague).get(address).status_code == 404
    assert WORDS not in switch(client, manager).get(address).text

    note = event_of("NoteWritten")
    sharing = f"{address}/notes/{note.data['note_id']}/sharing"
    switch(client, boss)
    assert post(client, sharing, shared="1").status_code == 303
    assert WORDS in switch(client, manager).get(address).text
    switch(client, rep)
    assert post(client, sharing, shared="0").status_code == 303
    assert WORDS not in switch(client, manager).get(address).text


def test_an_empty_note_is_told_at_the_field_and_one_too_long_is_kept_as_it_was_typed(
    client: FlaskClient,
) -> None:
    rep = make_person()
    lead = make_held(rep)
    sign_in(client, rep)
    empty = post(client, f"/leads/{lead.id}/notes", text=" \x00 ")
    assert empty.status_code == 422
    assert "Please write something." in empty.text
    long = post(client, f"/leads/{lead.id}/notes", text="x" * 4001, shared="1")
    assert long.status_code == 422
    assert "One character too many" in long.text
    assert "x" * 4001 in long.text
    assert "checked" in long.text
    assert read(lead, rep) == []


def test_strangers_can_neither_write_nor_share_nor_remove(client: FlaskClient) -> None:
    rep, stranger = make_person(), make_person()
    lead, other = make_held(rep), make_held(stranger)
    note = write(lead, rep)
    sign_in(client, stranger)
    for address in (f"/leads/{lead.id}", f"/leads/{other.id}"):
        # of a lead of her own the note's number is another's
        assert post(client, f"{address}/notes/{note}/sharing", shared="1").status_code == 404
        assert post(client, f"{address}/notes/{note}/removal").status_code == 404
    assert client.get(f"/leads/{lead.id}/note").status_code == 404
    assert post(client, f"/leads/{lead.id}/notes", text="Mine now").status_code == 404
    assert read(lead, rep) == [WORDS]


def test_who_qualifies_has_no_notes_of_a_held_lead(ctx: Flask) -> None:
    lead = make_held(make_person())
    qualifier = make_person(make_manager().organisation, "qualifier")
    with pytest.raises(NotFound):
        write(lead, qualifier)


def test_only_who_wrote_a_note_removes_it_and_then_it_is_gone_for_good(ctx: Flask) -> None:
    firm = make_partner()
    rep, boss = make_person(firm), make_person(firm, "partner_manager")
    lead = make_held(rep)
    note = write(lead, rep)
    with pytest.raises(timeline.NotYourNote):
        timeline.remove(notes.about(lead.id), note, get_actor(boss.id), clock.now())
    timeline.remove(notes.about(lead.id), note, get_actor(rep.id), clock.now())
    assert read(lead, rep) == []


def test_a_note_is_changed_by_its_author_and_what_it_said_stays_in_the_firm(
    client: FlaskClient,
) -> None:
    firm = make_partner()
    rep, boss, manager = make_person(firm), make_person(firm, "partner_manager"), make_manager()
    lead = make_held(rep)
    its = f"/leads/{lead.id}/notes/{write(lead, rep, shared=True)}"
    sign_in(client, rep)
    empty = post(client, its, text=" ")
    assert (empty.status_code, "Please write something." in empty.text) == (422, True)
    for words in ("He plays chess.", "He plays chess.", "He plays cards."):
        assert post(client, its, text=words).status_code == 303
    switch(client, boss)
    page = client.get(its).text
    assert page.index("He plays cards.") < page.index("He plays chess.") < page.index(WORDS)
    assert post(client, its, text="He does not play.").status_code == 409
    switch(client, manager)
    assert client.get(its).status_code == 404
    assert post(client, its, text="He does not play.").status_code == 404
    page = client.get(f"/leads/{lead.id}").text
    assert ("He plays cards." in page, WORDS in page, "chess" in page) == (True, False, False)
    assert (
        factory(
            lambda: len(
                session().scalars(select(EventRow.id).where(EventRow.name == "NoteChanged")).all()
            )
        )()
        == 2
    )
    switch(client, rep)
    assert post(client, f"{its}/removal").status_code == 303
    assert client.get(its).status_code == 404


def test_the_holder_reads_what_the_vendor_shares_from_his_own_pickup_on(ctx: Flask) -> None:
    first, second = make_person(), make_person()
    manager = make_manager()
    lead = make_held(first)
    write(lead, manager, "For Alpha: ask for Ms Weber.", shared=True)
    write(lead, manager, "Among ourselves.")
    write(lead, first, "Ms Weber is on leave.", shared=True)
    assert read(lead, first) == ["Ms Weber is on leave.", "For Alpha: ask for Ms Weber."]

    give_back(first)
    later = clock.now() + timedelta(minutes=1)
    pickup.claim(lead.id, get_actor(second.id), later)
    assert read(lead, second) == [], "what the firm before wrote or was told is not his"
    assert [note.text for note in notes.load_own_notes(lead.id, get_actor(first.id))] == [
        "Ms Weber is on leave."
    ]


def test_who_gave_a_lead_back_still_reads_his_own_notes(client: FlaskClient) -> None:
    rep = make_person()
    lead = make_held(rep)
    write(lead, rep)
    give_back(rep)
    page = sign_in(client, rep).get(f"/leads/{lead.id}")
    assert page.status_code == 200
    assert WORDS in page.text
    assert "Keep the note" not in page.text


def test_events_tell_of_a_note_without_its_words(ctx: Flask) -> None:
    rep = make_person()
    write(make_held(rep), rep)
    event = event_of("NoteWritten")
    assert WORDS not in str(event.data)
    assert session().get(EventPrivate, event.id) is None


def test_without_an_opening_no_statement_finds_or_adds_a_note(committed: Flask) -> None:
    rep = make_person()
    lead = make_held(rep)
    write(lead, rep)
    write(lead, rep, "Shared.", shared=True)
    with committed.app_context():
        address = database_url(str(session().get_bind().url.database))
    with psycopg.connect(address) as connection:
        for statement in (
            "TABLE firm_notes",
            "SELECT text FROM firm_notes WHERE shared_at IS NOT NULL",
            "SELECT n.* FROM leads l JOIN firm_notes n ON n.subject_id = l.id",
            "UPDATE firm_notes SET shared_at = now() RETURNING text",
            "DELETE FROM firm_notes RETURNING text",
        ):
            assert connection.execute(statement.encode()).fetchall() == [], statement
        connection.execute("SELECT set_config('app.shared_notes_of', %s, true)", [f"{{{lead.id}}}"])
        assert connection.execute("SELECT text FROM firm_notes").fetchall() == [("Shared.",)]
        assert connection.execute("UPDATE firm_notes SET text = 'x' RETURNING 1").fetchall() == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute(
                "INSERT INTO firm_notes (subject_id, organisation_id, author_id, at, text) "
                "SELECT %s, organisation_id, id, now(), 'x' FROM users WHERE id = %s",
                [lead.id, rep.id],
            )
        connection.rollback()
        firm = str(rep.organisation_id + 1)
        connection.execute("SELECT set_config('app.notes_of', %s, true)", [firm])
        assert connection.execute("SELECT text FROM firm_notes").fetchall() == []
