"""A page asks once what its reader reaches and how she stands to a lead."""

from __future__ import annotations

from sqlalchemy import event

from portal.accounts import reach, tree
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import db, session
from portal.leads.models import Lead
from portal.leads.queries import visible_to
from portal.leads.sight import sight_of
from portal.pickup import operations as pickup
from tests.factories import (
    factory,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

REACH, CHOICES = "WITH RECURSIVE below", "FROM visibility_choices"


def heard(app, client, address):
    """Return the statements of a page."""
    statements = []

    def listen(_connection, _cursor, statement, *_rest):
        statements.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", listen)
    try:
        assert client.get(address).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    return "\n".join(statements)


@factory
def make_held():
    """Make a lead that a firm of Pam's holds."""
    pam = make_person(make_vendor(), "account_manager")
    firm = make_partner()
    tree.set_account_manager(firm, pam.id, clock.now())
    lead = make_offered_lead(at=clock.now())
    rep = make_person(firm)
    session().flush()
    pickup.claim(lead.id, get_actor(rep.id), clock.now())
    return pam, rep, lead


def test_an_account_managers_pages_ask_once_for_whom_he_answers(app, client):
    pam, _rep, lead = make_held()
    sign_in(client, pam)
    for address in ("/", "/board", f"/leads/{lead.id}"):
        assert heard(app, client, address).count(REACH) == 1, address


def test_the_page_of_a_lead_asks_once_what_may_be_seen_of_it(app, client):
    pam, rep, lead = make_held()
    for person in (pam, make_person(make_vendor(), "channel_manager"), rep):
        page = heard(app, sign_in(app.test_client(), person), f"/leads/{lead.id}")
        assert page.count(CHOICES) == 1, person.roles


def test_what_was_read_for_one_counts_for_nobody_else(ctx):
    pam, rep, lead = make_held()
    other = make_person(make_vendor(), "account_manager")
    session().flush()
    hers, his = get_actor(pam.id), get_actor(other.id)
    reached, seen = reach.read(hers), sight_of(session().get_one(Lead, lead.id), hers)
    assert reach.read_firms(his, reached) == set()
    assert reach.read_people(his, reached) == {other.id}
    assert not session().query(Lead.id).filter(visible_to(his, reached)).all()
    assert session().query(Lead.id).filter(visible_to(hers, reached)).all()
    for actor in (his, get_actor(rep.id)):
        assert sight_of(lead, actor, seen) == sight_of(lead, actor)
