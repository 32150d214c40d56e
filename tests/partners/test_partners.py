"""Partner profiles, places, absences and figures."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounts import operations as accounts
from portal.accounts.models import Organisation, OrganisationKind, User
from portal.accounts.queries import get_actor
from portal.catalog import field_operations
from portal.catalog.field_operations import FieldDraft
from portal.catalog.places import find_city, find_places
from portal.catalog.queries import book
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.events import EventRow
from portal.partners import operations, queries, rules
from portal.partners.figures import count
from portal.partners.models import Absence, Partner, PartnerCertification, PartnerFigures
from tests.factories import (
    AT,
    csrf_of,
    factory,
    make_manager,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)


def make_firm(name: str = "Neue Systeme GmbH") -> Organisation:
    return accounts.add_organisation(OrganisationKind.RESELLER, name, AT, parent=make_vendor())


@pytest.mark.parametrize(
    ("city", "country", "name", "subdivision"),
    [
        ("Hannover", "DE", "Hannover", "DE-NI"),
        ("Hanover", "DE", "Hannover", "DE-NI"),
        ("münchen", "DE", "Munich", "DE-BY"),
        ("Wien", "AT", "Vienna", "AT-9"),
        ("Zurich", "CH", "Zürich", "CH-ZH"),
        ("St. Pölten", "AT", "Sankt Pölten", "AT-3"),
        ("austin", "US", "Austin", "US-TX"),
        ("Amsterdam", "NL", "Amsterdam", "NL-NH"),
    ],
)
def test_a_city_is_found_in_any_spelling(
    city: str, country: str, name: str, subdivision: str
) -> None:
    found = find_city(city, country)
    assert found is not None
    assert (found.name, found.subdivision) == (name, subdivision)


def test_of_two_cities_of_a_name_the_state_decides_else_the_size() -> None:
    largest, in_maine = find_city("Portland", "US"), find_city("Portland", "US", "US-ME")
    assert largest is not None
    assert in_maine is not None
    assert (largest.subdivision, in_maine.subdivision) == ("US-OR", "US-ME")


def test_a_misspelt_city_gets_suggestions_and_no_city_none() -> None:
    assert find_city("Hanovver", "DE") is None
    assert find_places("Hanovver", "DE")[0].name == "Hannover"
    assert find_city("Hannover", "XX") is None
    assert find_places("", "DE") == []


def test_the_city_brings_coordinates_and_state(ctx: Flask) -> None:
    partner = operations.create_partner(make_firm(), AT, country="DE", city="Hannover")
    assert (round(partner.latitude or 0, 1), partner.subdivision) == (52.4, "DE-NI")
    assert queries.find_figures(partner.organisation_id) is not None


def test_typed_coordinates_stand_for_a_city_nobody_knows(ctx: Flask) -> None:
    firm = make_firm()
    with pytest.raises(Invalid) as refused:
        operations.create_partner(firm, AT, country="DE", city="Hanovver")
    assert "Hannover" in refused.value.errors["city"]
    partner = operations.create_partner(
        firm, AT, country="DE", city="Hanovver", latitude=52.0, longitude=9.0
    )
    assert partner.latitude == 52.0


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"country": "XX"}, "country"),
        ({"country": "DE", "subdivision": "AT-9"}, "subdivision"),
        ({"latitude": 91.0, "longitude": 0.0}, "latitude"),
        ({"latitude": 50.0, "longitude": None}, "longitude"),
        ({"capacity": -1}, "capacity"),
        ({"territories": ["DE", "DE-XX"]}, "territories"),
        ({"brand_ids": [999999]}, "brand_ids"),
        ({"level_id": 999999}, "level_id"),
        ({"zone": "Mars/Olympus"}, "zone"),
    ],
)
def test_a_profile_says_what_is_wrong_at_the_field(
    ctx: Flask, values: dict[str, Any], field: str
) -> None:
    firm = make_partner()
    partner = session().get_one(Partner, firm.id)
    before = partner.capacity
    with pytest.raises(Invalid) as refused:
        operations.save_profile(partner, AT, **{"capacity": 7, **values})
    assert list(refused.value.errors) == [field]
    assert partner.capacity == before


@pytest.mark.parametrize(
    ("expires_on", "good"),
    [(date(2026, 11, 15), False), (date(2026, 11, 16), True), (None, True)],
)
def test_a_certification_holds_through_its_last_day(expires_on: date | None, good: bool) -> None:
    assert rules.is_good(expires_on, date(2026, 11, 16)) is good


def test_certifications_are_set_changed_and_taken_away(ctx: Flask) -> None:
    firm = make_partner()
    one, two = (entry.id for entry in book().active("certification")[:2])
    assert operations.set_certifications(firm.id, {one: None, two: AT.date()})
    assert not operations.set_certifications(firm.id, {one: None, two: AT.date()})
    assert operations.set_certifications(firm.id, {two: None})
    held = queries.list_certifications(firm.id)
    assert [(row.certification_id, row.expires_on) for row in held] == [(two, None)]


def test_a_firm_or_one_person_is_away_on_the_firm_s_days(ctx: Flask) -> None:
    firm = make_partner()
    one, other = make_person(firm), make_person(firm)
    operations.add_absence(firm.id, AT.date(), AT.date(), AT, user_id=one.id)
    late = AT.replace(hour=22, minute=59)

    def who_is_away(at: datetime) -> list[int]:
        people = select(User.id).join(User.organisation).where(User.organisation_id == firm.id)
        return sorted(session().scalars(people.where(queries.away(at))))

    assert who_is_away(late) == [one.id]
    assert who_is_away(late + timedelta(minutes=1)) == []
    operations.add_absence(firm.id, AT.date(), AT.date(), AT)
    assert who_is_away(AT) == sorted([one.id, other.id])


def test_an_absence_needs_its_days_in_order_and_a_person_of_the_firm(ctx: Flask) -> None:
    firm, stranger = make_partner(), make_person(make_partner())
    for starts, ends, person, field in (
        (None, AT.date(), None, "starts_on"),
        (AT.date(), None, None, "ends_on"),
        (AT.date(), AT.date() - timedelta(days=1), None, "ends_on"),
        (AT.date(), AT.date(), stranger.id, "user_id"),
    ):
        with pytest.raises(Invalid) as refused:
            operations.add_absence(firm.id, starts, ends, AT, user_id=person)
        assert list(refused.value.errors) == [field]


def test_counts_add_up_and_begin_where_nothing_was_counted_yet(ctx: Flask) -> None:
    firm = make_firm("Ganz Neu")
    count(firm.id, open_pickups=+1, picked=+1)
    count(firm.id, open_pickups=+1)
    count(firm.id, open_pickups=-1, given_back=+1)
    figures = session().get_one(PartnerFigures, firm.id, populate_existing=True)
    assert (figures.open_pickups, figures.picked, figures.given_back) == (1, 1, 1)
    assert (figures.won, figures.offers_seen) == (0, 0)


def test_people_of_a_partner_see_their_own_firm_only(ctx: Flask) -> None:
    own, other = make_partner(), make_partner()
    rep, manager = get_actor(make_person(own).id), get_actor(make_manager().id)
    assert queries.get_partner(own.id, rep).organisation_id == own.id
    with pytest.raises(NotFound):
        queries.get_partner(other.id, rep)
    assert queries.get_partner(other.id, manager).organisation_id == other.id


@factory
def profile_of(organisation_id: int) -> dict[str, Any]:
    partner = session().get_one(Partner, organisation_id)
    return {
        "city": partner.city,
        "latitude": partner.latitude,
        "capacity": partner.capacity,
        "certifications": {
            row.certification_id: row.expires_on
            for row in queries.list_certifications(organisation_id)
        },
    }


@factory
def a_certification() -> int:
    return book().active("certification")[0].id


@pytest.fixture
def manager(client: FlaskClient) -> FlaskClient:
    signed_in: FlaskClient = sign_in(client, make_manager())
    return signed_in


def typed(client: FlaskClient, **fields: Any) -> dict[str, Any]:
    return {
        "csrf_token": csrf_of(client.get("/partners").text),
        "country": "DE",
        "city": "Hamburg",
        "zone": "Europe/Berlin",
        "capacity": "7",
        "rep_capacity": "3",
        **fields,
    }


def test_the_list_is_searched_by_name_city_and_country(manager: FlaskClient) -> None:
    make_partner("Alpha Systeme")
    make_partner("Beta 100% IT", city="Linz", country="AT")
    for asked, shown, hidden in (
        ("alpha", "Alpha", "Beta"),
        ("linz", "Beta", "Alpha"),
        ("at", "Beta", "Nobody found"),
        ("100%", "Beta", "Alpha"),
        ("%", "Beta", "Alpha"),
    ):
        page = manager.get("/partners", query_string={"q": asked}).text
        assert shown in page
        assert hidden not in page
    assert "Nobody found" in manager.get("/partners?q=zzz&level=abc&page=x").text


def test_the_list_leaves_as_a_file_with_own_fields_of_the_partners_one_answers_for(
    app: Flask, client: FlaskClient
) -> None:
    firm_id = make_firms_with_staff()
    chief = sign_in(app.test_client(), make_manager())
    plain = chief.get("/partners/export?own-staff-from=10&page=2")
    (line,) = csv.DictReader(io.StringIO(plain.text.removeprefix("\ufeff")))
    assert line["Name"] == "'=Alpha"
    assert (line["Kind"], line["City"], line["Staff"]) == ("Reseller", "Linz", "12")
    held = line["Certifications"].split("; ")
    assert (held[0], held[1].endswith("(2020-01-01)")) == ("ISO 27001", True)
    assert "/partners/export?own-staff-from=10&amp;as=xlsx" in chief.get(
        "/partners?own-staff-from=10&_external=1&endpoint=x"
    ).text  # fmt: skip
    workbook = chief.get("/partners/export?as=xlsx")
    rows = list(openpyxl.load_workbook(io.BytesIO(workbook.data)).active.iter_rows())
    assert [row[0].value for row in rows] == ["Name", "'=Alpha", "Beta"]
    assert (rows[1][-1].value, rows[1][-1].data_type) == (12, "n")
    pam = make_person(make_vendor(), "account_manager")
    hers = sign_in(client, pam)
    assert "Alpha" not in hers.get("/partners/export").text
    answer_for(firm_id, pam.id)
    assert "Alpha" in hers.get("/partners/export").text
    assert "Beta" not in hers.get("/partners/export").text
    assert exported()[0] == {"kind": "csv", "filters": ["own-staff-from"]}


@factory
def make_firms_with_staff() -> int:
    """Make two firms, one of which has answered a field of the programme's own."""
    draft = FieldDraft(names={"en": "Staff"}, kind="whole")
    field_operations.add("partner", draft, None, AT)
    firm = make_partner("=Alpha", city="Linz", country="AT")
    make_partner("Beta")
    partner = session().get_one(Partner, firm.id)
    partner.custom = {"staff": 12}
    known = book()
    held = known.active("certification")
    session().add_all(
        PartnerCertification(organisation_id=firm.id, certification_id=one.id, expires_on=day)
        for one, day in zip(held, (None, date(2020, 1, 1)), strict=False)
    )
    return firm.id


@factory
def answer_for(firm_id: int, person_id: int) -> None:
    session().get_one(Organisation, firm_id).account_manager_id = person_id


@factory
def exported() -> list[dict[str, Any]]:
    names = EventRow.name == "PartnersExported"
    return list(session().scalars(select(EventRow.data).where(names).order_by(EventRow.id)))


def test_a_profile_is_shown_and_saved(manager: FlaskClient) -> None:
    firm, certificate = make_partner("Alpha Systeme"), a_certification()
    assert "Alpha Systeme" in manager.get(f"/partners/{firm.id}").text
    assert manager.get(f"/partners/{firm.id}/profile").status_code == 200
    answer = manager.post(
        f"/partners/{firm.id}/profile",
        data=typed(manager, **{f"held-{certificate}": "y", f"until-{certificate}": "2027-01-31"}),
    )
    assert answer.status_code == 303
    saved = profile_of(firm.id)
    assert (saved["city"], saved["capacity"]) == ("Hamburg", 7)
    assert round(saved["latitude"], 1) == 53.6
    assert saved["certifications"] == {certificate: date(2027, 1, 31)}
    assert "until" in manager.get(f"/partners/{firm.id}").text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"city": "Hambrug"}, "Did you mean: Hamburg"),
        ({"latitude": "north"}, "Please give a number"),
        ({"capacity": "many"}, "Please give a whole number"),
        ({"territories": "DE, Mars"}, "MARS is no code"),
    ],
)
def test_what_was_typed_stays_when_something_is_wrong(
    manager: FlaskClient, fields: dict[str, str], said: str
) -> None:
    firm = make_partner()
    answer = manager.post(
        f"/partners/{firm.id}/profile", data=typed(manager, note="typed for long", **fields)
    )
    assert answer.status_code == 422
    assert said in answer.text
    assert "typed for long" in answer.text
    for value in fields.values():
        assert value in answer.text


def test_an_absence_is_noted_and_taken_back(manager: FlaskClient) -> None:
    firm = make_partner()
    token = {"csrf_token": csrf_of(manager.get("/partners").text)}
    days = {"starts_on": "2099-12-24", "ends_on": "2099-12-31"}
    address = f"/partners/{firm.id}/absences"
    assert manager.post(address, data={**token, **days}).status_code == 303
    page = manager.get(f"/partners/{firm.id}").text
    removal = page.split(f'action="{address}/', 1)[1].split('"', 1)[0]
    assert manager.post(f"{address}/{removal}", data=token).status_code == 303
    assert "Nobody is away" in manager.get(f"/partners/{firm.id}").text
    wrong = manager.post(address, data={**token, "starts_on": "soon", "ends_on": "2099-12-31"})
    assert wrong.status_code == 422
    assert "Please give a date" in wrong.text


@factory
def away_for_days(firm: Organisation, now: datetime) -> int:
    first, last = now.date() - timedelta(days=3), now.date() + timedelta(days=9)
    return operations.add_absence(firm.id, first, last, now).id


@factory
def last_day_of(absence_id: int) -> date:
    return session().get_one(Absence, absence_id).ends_on


def test_an_absence_under_way_that_is_taken_back_is_over(manager: FlaskClient) -> None:
    firm, now = make_partner(), clock.now()
    away = away_for_days(firm, now)
    token = {"csrf_token": csrf_of(manager.get("/partners").text)}
    address = f"/partners/{firm.id}/absences/{away}/removal"
    assert manager.post(address, data=token).status_code == 303
    assert last_day_of(away) <= now.date()
    assert "Nobody is away" in manager.get(f"/partners/{firm.id}").text


def test_an_account_manager_sees_his_partners_but_changes_none(app: Flask) -> None:
    pam = make_person(make_vendor(), "account_manager")
    firm = make_partner(account_manager_id=pam.id)
    client = sign_in(app.test_client(), pam)
    page = client.get(f"/partners/{firm.id}")
    assert page.status_code == 200
    assert "Change the profile" not in page.text
    assert client.get(f"/partners/{firm.id}/profile").status_code == 403
    token = {"csrf_token": csrf_of(page.text)}
    assert client.post(f"/partners/{firm.id}/absences", data=token).status_code == 403
