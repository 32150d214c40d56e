"""What people read when something is away."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.factory import create_app
from tests.conftest import settings_for
from tests.factories import make_person, make_vendor, sign_in

NOWHERE = "postgresql://nobody:nothing@127.0.0.1:1/none"


def without_database(tmp_path: Path) -> Flask:
    """Return an application whose database does not answer."""
    return create_app(settings_for(NOWHERE, "redis://127.0.0.1:1/0", tmp_path))


def test_a_page_says_that_the_database_is_away(tmp_path: Path) -> None:
    client = without_database(tmp_path).test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = "some secret"
    answer = client.get("/available")
    assert answer.status_code == 503
    assert 'data-refusal="database_away"' in answer.text
    assert "<h1" in answer.text


def test_a_fragment_says_that_the_database_is_away(tmp_path: Path) -> None:
    client = without_database(tmp_path).test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = "some secret"
    answer = client.get("/available", headers={"HX-Request": "true"})
    assert answer.status_code == 503
    assert "<html" not in answer.text


@pytest.mark.parametrize("number", [10**10, 10**20])
def test_an_address_with_a_number_that_no_row_can_have_leads_nowhere(
    client: FlaskClient, number: int
) -> None:
    sign_in(client, make_person(make_vendor(), "channel_manager"))
    for path in (f"/leads/{number}", f"/mail-wording/lead_offered/versions/{number}"):
        assert client.get(path).status_code == 404, path


def test_readiness_names_the_part_that_is_missing_and_no_secret(tmp_path: Path) -> None:
    client = without_database(tmp_path).test_client()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {
        "status": "not ready",
        "database": "unreachable",
        "migrations": "unknown",
        "programme": "unknown",
        "redis": "degraded",
    }
    assert "nothing" not in answer.text


def test_the_process_is_alive_without_its_database(tmp_path: Path) -> None:
    assert without_database(tmp_path).test_client().get("/healthz").json == {"status": "ok"}


def test_readiness_stays_when_redis_is_away(app: Flask) -> None:
    away = app.extensions["redis"]
    app.extensions["redis"] = type(away).from_url("redis://127.0.0.1:1/0")
    try:
        answer = app.test_client().get("/readyz")
    finally:
        app.extensions["redis"] = away
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["redis"] == "degraded"


def test_an_unknown_page_is_a_page_and_a_problem_for_machines(app: Flask) -> None:
    page = app.test_client().get("/no-such-page")
    assert (page.status_code, "<h1" in page.text) == (404, True)
    problem = app.test_client().get("/no-such-page", headers={"Accept": "application/json"})
    assert problem.content_type == "application/problem+json"
    assert problem.json is not None
    assert problem.json["code"] == "not_found"
