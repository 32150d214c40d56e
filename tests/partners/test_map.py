"""The map of partners, and the same as a table."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from portal.accounts.queries import get_actor
from portal.partners import mapping, queries
from tests.factories import AT, make_manager, make_partner, make_person, make_vendor, sign_in


def test_partners_of_a_city_are_one_place_and_who_is_nowhere_is_counted(ctx: Flask) -> None:
    for name in ("Beta", "alpha", "Gamma"):
        make_partner(name)
    make_partner("Linzer", city="Linz", country="AT", latitude=48.3, longitude=14.3)
    make_partner("Nowhere", city=None, latitude=None, longitude=None)
    manager = get_actor(make_manager().id)
    found = mapping.list_places(manager, queries.Filters(), AT)
    assert [(one.city, one.firms) for one in found.places] == [("Hanover", 3), ("Linz", 1)]
    assert [name for _id, name in found.places[0].some] == ["alpha", "Beta", "Gamma"]
    assert (found.others, found.nowhere) == (0, 1)
    narrowed = mapping.list_places(manager, queries.Filters(text="linz"), AT)
    assert [one.city for one in narrowed.places] == ["Linz"]


def test_the_map_shows_whom_the_reader_answers_for(app: Flask, client: FlaskClient) -> None:
    firm = make_partner("Alpha <script>")
    page = sign_in(app.test_client(), make_manager()).get("/partners/map").text
    assert f'href="/partners/{firm.id}" aria-label="Alpha &lt;script&gt;, Hanover, Germany"' in page
    assert "#land" in page
    theirs = sign_in(client, make_person(make_vendor(), "account_manager"))
    assert "Nobody on the map" in theirs.get("/partners/map").text
