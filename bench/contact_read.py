"""A holder's look at a contact, and the search for the same contact among a hundred thousand.

Both go through the wall before contact data, the look with its line in the log, commits included.
His firm's notes on a lead are read with the wall and without, among a hundred thousand of the firm.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import psycopg
from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from bench import data
from bench.house import Database, House
from bench.table import Measured
from portal.accounts.actor import Actor
from portal.accounts.models import Organisation
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import db, only_read, session
from portal.duplicates import queries
from portal.leads import contacts, notes
from portal.leads.models import Lead
from portal.leads.sight import sight_of
from portal.timeline.models import FirmNote

LEADS, LOOKS, WARM_UP = 100_000, 1_000, 100
NOTES, PAGES, ROUNDS = 20, 100, 3
GOAL = 10.0

ADD_NOTES = """
INSERT INTO firm_notes (subject_id, organisation_id, author_id, at, text)
SELECT l.id, %(firm)s, %(author)s, now(), 'He plays golf on Fridays and calls back.'
FROM leads l, generate_series(1, CASE l.id WHEN %(lead)s THEN %(notes)s ELSE 1 END)
"""


def measure(house: House) -> Measured:
    """Return the median of the milliseconds that a look takes."""
    with house.database("contacts") as database:
        with database.connect() as link:
            data.add_firms(link, 1)
            reps = data.add_reps(link, database.app, 1, 1)
            data.hold_one_each(link, reps)
            held = link.execute("SELECT id FROM leads WHERE state = 'held'").fetchone()
            data.add_leads(link, LEADS, state="qualified")
            _add_notes(link, held[0], reps[0])
        database.settle()
        with database.app.app_context():
            actor = get_actor(reps[0].user_id)
            looks = _times(lambda: _look(held[0], actor))
            searches = _times(lambda: _search(held[0], actor))
            walled = _times(lambda: _read_notes(held[0], actor))
            plain = _times(lambda: _read_plainly(held[0], actor), database)
        pages, open_pages = _pages(database, f"/leads/{held[0]}", reps[0].cookie)
    return Measured(
        "contact_read",
        median(looks),
        "ms",
        n=LEADS,
        goal=f"under {GOAL:.0f} ms",
        met=median(looks) < GOAL and median(searches) < GOAL,
        notes=[
            f"the same contact is searched for in {median(searches):.2f} ms",
            (
                f"{NOTES} notes of the firm are read in {median(walled):.2f} ms, without the wall "
                f"in {median(plain):.2f} ms"
            ),
            (
                f"the page of the lead with them is made in {median(pages):.1f} ms, without the "
                f"policies in {median(open_pages):.1f} ms"
            ),
        ],
    )


def _times(deed: Callable[[], float], without: Database | None = None) -> list[float]:
    """Do it over and over; `without` the policies of notes on that database."""
    if without:
        _wall(without, "DISABLE")
    took = [deed() for _ in range(LOOKS + WARM_UP)][WARM_UP:]
    if without:
        _wall(without, "ENABLE")
    return took


def _wall(database: Database, word: str) -> None:
    with database.connect() as link:
        link.execute(f"ALTER TABLE firm_notes {word} ROW LEVEL SECURITY")


def _add_notes(link: psycopg.Connection, lead_id: int, rep: data.Rep) -> None:
    link.execute("SELECT set_config('app.notes_of', %s, true)", (str(rep.firm_id),))
    whose = {"firm": rep.firm_id, "author": rep.user_id}
    link.execute(ADD_NOTES, {**whose, "lead": lead_id, "notes": NOTES})


def _read_notes(lead_id: int, actor: Actor) -> float:
    only_read()
    lead = session().get_one(Lead, lead_id)
    sight = sight_of(lead, actor)
    began = time.perf_counter()
    found = notes.load_notes(lead, actor, sight)
    took = (time.perf_counter() - began) * 1000
    assert len(found) == NOTES
    db.session.remove()
    return took


def _read_plainly(lead_id: int, actor: Actor) -> float:
    """Read the same by the statement of `notes.load_notes`, in the connection at hand."""
    only_read()
    lead = session().get_one(Lead, lead_id)
    sight_of(lead, actor)
    own = FirmNote.organisation_id == actor.organisation_id
    began = time.perf_counter()
    found = session().scalars(
        select(FirmNote)
        .join(Organisation, Organisation.id == FirmNote.organisation_id)
        .where(FirmNote.subject_id == lead_id, or_(own, FirmNote.shared_at.is_not(None)))
        .options(joinedload(FirmNote.author))
        .order_by(FirmNote.at.desc(), FirmNote.id.desc())
        .limit(notes.SHOWN)
    )
    assert len(found.all()) == NOTES
    took = (time.perf_counter() - began) * 1000
    db.session.remove()
    return took


def _pages(database: Database, address: str, cookie: str) -> tuple[list[float], list[float]]:
    """Make the page of the lead by turns with the policies and without."""
    browser = database.app.test_client(use_cookies=False)

    def make() -> float:
        began = time.perf_counter()
        page = browser.get(address, headers={"Cookie": cookie})
        assert page.text.count("He plays golf") == NOTES
        return (time.perf_counter() - began) * 1000

    make()
    walled, plain = [], []
    for _round in range(ROUNDS):
        walled += [make() for _page in range(PAGES)]
        _wall(database, "DISABLE")
        plain += [make() for _page in range(PAGES)]
        _wall(database, "ENABLE")
    return walled, plain


def _look(lead_id: int, actor: Actor) -> float:
    only_read()
    lead = session().get_one(Lead, lead_id)
    began = time.perf_counter()
    contacts.load_contact(lead, actor, clock.now())
    took = (time.perf_counter() - began) * 1000
    db.session.remove()
    return took


def _search(lead_id: int, actor: Actor) -> float:
    only_read()
    lead = session().get_one(Lead, lead_id)
    began = time.perf_counter()
    queries.alike_of(lead, actor)
    took = (time.perf_counter() - began) * 1000
    db.session.remove()
    return took
