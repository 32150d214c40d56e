"""The page of what is available asks the database a bounded number of times."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import event

from portal.core import clock
from portal.core.db import db
from tests.factories import make_offered_lead, make_person, sign_in

MOST = 12


def statements_of(client, app, address):
    """Return the statements that one page asks."""
    heard = []

    def listen(_connection, _cursor, statement, *_rest):
        heard.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", listen)
    try:
        page = client.get(address)
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    assert page.status_code == 200
    return [one for one in heard if "SAVEPOINT" not in one], page.text


def test_a_page_with_many_offers_asks_no_more_than_one_with_few(app: Flask) -> None:
    alice = make_person()
    client = sign_in(app.test_client(), alice)
    make_offered_lead(at=clock.now())
    client.get("/available")
    few, _page = statements_of(client, app, "/available")
    for _number in range(20):
        make_offered_lead(at=clock.now())
    many, page = statements_of(client, app, "/available")
    assert page.count("<article") == 20
    assert len(many) == len(few)
    assert len(many) <= MOST
