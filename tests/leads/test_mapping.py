"""Which column means what: proposals, checks and the kept form."""

from __future__ import annotations

import pytest

from portal.leads.intake.mapping import (
    FIELD_NAMES,
    Mapping,
    UnreadableMapping,
    check_mapping,
    dump_mapping,
    load_mapping,
    propose_mapping,
)

SALES_FIRM = (
    "LeadId",
    "Title",
    "Industry",
    "Employees",
    "TimeZone",
    "Stage",
    "CreatedDate",
    "OwnerEmployeeId",
    "ConvertedOpportunityId",
    "LeadSource",
    "DisqualifiedReason",
)


def columns(*headers: str) -> dict[str, str]:
    return propose_mapping(headers).mapping.columns


def test_the_list_of_the_sales_firm_is_known_and_needs_no_mapping() -> None:
    headers = list(SALES_FIRM)
    proposal = propose_mapping(headers)
    assert proposal.known_as == "MarketStar"
    assert proposal.mapping.source_system == "marketstar"
    assert proposal.mapping.columns == {
        "LeadId": "external_id",
        "Title": "role",
        "Industry": "industry",
        "Employees": "employees",
        "TimeZone": "time_zone",
        "Stage": "stage",
        "CreatedDate": "created_at",
        "ConvertedOpportunityId": "reference",
        "LeadSource": "source",
        "DisqualifiedReason": "disqualified_reason",
    }
    assert check_mapping(proposal.mapping, headers) == {}


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("E-Mail", "email"),
        ("email_address", "email"),
        ("E-Mail-Adresse", "email"),
        ("Telefon", "phone"),
        ("Mobile Phone", "phone"),
        ("PLZ", "postcode"),
        ("Zip/Postal Code", "postcode"),
        ("Straße", "street"),
        ("Strasse & Hausnummer", "street"),
        ("Ort", "city"),
        ("Land", "country"),
        ("Country/Region", "country"),
        ("Bundesland", "subdivision"),
        ("Branche", "industry"),
        ("Anzahl Mitarbeiter", "employees"),
        ("No. of Employees", "employees"),
        ("Firma", "company"),
        ("COMPANY NAME", "company"),
        ("Vorname", "first_name"),
        ("Nachname", "last_name"),
        ("Ansprechpartner", "contact_name"),
        ("Lead-Quelle", "source"),
        ("Betreff", "title"),
        ("Bemerkung", "note"),
        ("Erstellt am", "created_at"),
        ("Währung", "currency"),
        ("Werbesperre", "do_not_call"),
        ("  lead   ID ", "external_id"),
        ("Produktinteresse", "product"),
        ("Phone 2", "phone"),
        ("external_id", "external_id"),
    ],
)
def test_headers_are_known_in_english_and_german(header: str, field: str) -> None:
    assert columns(header) == {header: field}


def test_every_field_is_found_by_its_own_name() -> None:
    found = columns(*sorted(FIELD_NAMES))
    assert {
        name: field for name, field in found.items() if name != field and name != "contact_name"
    } == {}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (("Title", "First Name", "Last Name"), "role"),
        (("Title", "Job Title", "Last Name"), "title"),
        (("Title", "Company"), "title"),
    ],
)
def test_a_title_is_a_role_beside_a_name_and_else_the_leads_own(
    headers: tuple[str, ...], expected: str
) -> None:
    assert columns(*headers)["Title"] == expected


def test_a_german_titel_beside_a_form_of_address_is_left_out() -> None:
    assert "Titel" not in columns("Anrede", "Titel", "Vorname", "Nachname")
    assert columns("Titel", "Firma")["Titel"] == "title"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (("Name", "Company"), "contact_name"),
        (("Vorname", "Name", "Firma"), "last_name"),
        (("Name", "Telefon"), "company"),
    ],
)
def test_a_name_is_the_persons_where_the_company_has_a_column(
    headers: tuple[str, ...], expected: str
) -> None:
    assert columns(*headers)["Name"] == expected


def test_a_field_is_filled_once_but_phones_and_notes_may_be_several() -> None:
    assert columns("E-Mail", "Mail", "Phone", "Mobile", "Note", "Comment") == {
        "E-Mail": "email",
        "Phone": "phone",
        "Mobile": "phone",
        "Note": "note",
        "Comment": "note",
    }


def test_unknown_headers_stay_out() -> None:
    assert columns("Blood group", "", "=1+1", "ÄÖÜ" * 500) == {}


def test_other_systems_are_known_by_their_headers() -> None:
    salesforce = propose_mapping(["Lead ID", "Company / Account", "Lead Status", "Title"])
    assert salesforce.mapping.source_system == "salesforce"
    assert salesforce.mapping.columns["Title"] == "role"
    assert propose_mapping(["id"], "fair 2022").mapping.source_system == "fair 2022"
    assert propose_mapping(["id"]).mapping.source_system == ""


@pytest.mark.parametrize(
    ("mapping", "place"),
    [
        (Mapping("", {"id": "external_id"}), "source_system"),
        (Mapping("x" * 61, {"id": "external_id"}), "source_system"),
        (Mapping("a\nb", {"id": "external_id"}), "source_system"),
        (Mapping("s", {"id": "colour"}), "id"),
        (Mapping("s", {"gone": "email"}), "gone"),
        (Mapping("s", {"id": "email", "name": "email"}), "name"),
        (Mapping("s", {}), "columns"),
        (Mapping("s", {"id": "email"}, {"external_id": "1"}), "external_id"),
        (Mapping("s", {"id": "email"}, {"date_order": "ymd"}), "date_order"),
        (Mapping("s", {"id": "email"}, {"note": "x" * 3_000}), "note"),
    ],
)
def test_a_mapping_that_does_not_fit_is_told_so_at_the_place(mapping: Mapping, place: str) -> None:
    assert list(check_mapping(mapping, ["id", "name"])) == [place]


def test_a_fitting_mapping_has_no_problems() -> None:
    mapping = Mapping("s", {"id": "external_id", "name": "note"}, {"country": "DE"})
    assert check_mapping(mapping, ["id", "name", "other"]) == {}


def test_a_mapping_is_the_same_after_it_was_kept() -> None:
    mapping = Mapping("Messe Köln", {"Größe": "employees"}, {"date_order": "dmy"})
    assert load_mapping(dump_mapping(mapping)) == mapping


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "17",
        "{",
        '{"source_system": 1}',
        '{"columns": []}',
        '{"columns": {"a": 1}}',
        '{"constants": {"a": null}}',
        '{"colums": {}}',
        "[" * 100_000,
    ],
)
def test_what_is_no_mapping_is_refused_in_words(text: str) -> None:
    with pytest.raises(UnreadableMapping) as refusal:
        load_mapping(text)
    assert refusal.value.message
