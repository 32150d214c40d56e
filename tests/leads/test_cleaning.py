"""From one row of a list to a clean inquiry, or to refusals that a person understands."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from email_validator import EmailNotValidError, validate_email

from portal.leads.intake.cleaning import (
    Cleaner,
    CleanRow,
    RefusedValues,
    clean_text,
    find_domain,
    find_email,
    find_phone,
    split_name,
    suppression_keys,
)
from portal.leads.intake.mapping import FIELD_NAMES, Mapping, propose_mapping
from portal.leads.intake.normalise import (
    find_country,
    find_subdivision,
    find_time_zone,
    industry_vocabulary,
    reason_vocabulary,
    source_vocabulary,
)

AT = datetime(2023, 3, 1, 9, tzinfo=UTC)
EVERYTHING = Mapping("fair", {name: name for name in FIELD_NAMES})


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


def clean(constants: dict[str, str] | None = None, **cells: str) -> CleanRow:
    found = attempt(constants, **cells)
    assert isinstance(found, CleanRow), found
    return found


def attempt(constants: dict[str, str] | None = None, **cells: str) -> CleanRow | RefusedValues:
    mapping = Mapping("fair", EVERYTHING.columns, constants or {})
    return Cleaner(mapping, AT).clean({"external_id": "7", **cells})


def refusals(**cells: str) -> dict[str, str]:
    found = attempt(None, **cells)
    assert isinstance(found, RefusedValues), found
    return found.by_field()


def test_a_whole_row_becomes_a_whole_inquiry() -> None:
    row = clean(
        title="Neues  WLAN",
        company="Müller GmbH",
        contact_name="Dr. Eva von Berg",
        role="IT-Leitung",
        phone="0711 / 48923561",
        email="Eva@Mueller-Bau.DE",
        street="Ahornweg 12",
        postcode="70569",
        city="Stuttgart",
        country="Deutschland",
        subdivision="Baden-Württemberg",
        industry="Maschinenbau",
        employees="1.200",
        value="12.500,50 €",
        source="Messe",
        temperature="heiß",
        created_at="03.01.2023",
        product="Switches",
    )
    assert (row.title, row.first_name, row.last_name) == ("Neues WLAN", "Eva", "von Berg")
    assert (row.phone, row.phone_e164) == ("0711 / 48923561", "+4971148923561")
    assert (row.email, row.domain) == ("eva@mueller-bau.de", "mueller-bau.de")
    assert (row.country, row.subdivision) == ("DE", "DE-BW")
    assert (row.industry, row.industry_key) == ("Maschinenbau", "manufacturing")
    assert (row.people, row.size_band) == (1200, "1000_4999")
    assert (row.value, row.currency, row.value_band) == (Decimal("12500.50"), "EUR", "5k_25k")
    assert (row.source, row.source_key) == ("Messe", "trade_show")
    assert row.temperature == "hot"
    assert row.created_at == datetime(2023, 1, 3, 12, tzinfo=UTC)
    assert not row.disqualified
    assert not row.do_not_call
    assert row.remarks == ()


def test_a_row_of_the_sales_firm_needs_neither_names_nor_a_country() -> None:
    headers = list(SALES_FIRM)
    cells = "12,C - Level,,,PST,Disqualified,20210105,2,,Purchased List,Unsubscribed/Do Not Call"
    cleaner = Cleaner(propose_mapping(headers).mapping, AT)
    row = cleaner.clean(dict(zip(headers, cells.split(","), strict=True)))
    assert isinstance(row, CleanRow)
    assert row.external_id == "12"
    assert row.title == "Inquiry 12"
    assert row.role == "C - Level"
    assert row.country is None
    assert row.time_zone == "America/Los_Angeles"
    assert row.created_at == datetime(2021, 1, 5, 12, tzinfo=UTC)
    assert row.disqualified
    assert row.disqualified_key == "do_not_call"
    assert row.disqualified_original == "Unsubscribed/Do Not Call"
    assert row.do_not_call
    assert suppression_keys(row, "marketstar") == ("external:marketstar:12",)


@pytest.mark.parametrize(
    ("stage", "reason", "disqualified", "key", "do_not_call", "remarks"),
    [
        ("Disqualified", "Abandoned", True, "abandoned", False, 0),
        ("Disqualified", "Because of the weather", True, "other", False, 0),
        ("Disqualified", "", True, "other", False, 0),
        ("Unqualified", "Bad Email", True, "bad_email", False, 0),
        ("Duplicate", "", True, "duplicate", False, 0),
        ("Qualified", "No Budget", False, None, False, 1),
        ("Working", "Unsubscribed/Do Not Call", False, None, True, 1),
        ("New", "", False, None, False, 0),
        ("Scheduled", "", False, None, False, 0),
        ("", "Wrong Contact", False, None, False, 1),
    ],
)
def test_the_stage_decides_and_a_reason_beside_another_stage_is_a_remark(
    stage: str,
    reason: str,
    disqualified: bool,
    key: str | None,
    do_not_call: bool,
    remarks: int,
) -> None:
    row = clean(stage=stage, disqualified_reason=reason)
    assert (row.disqualified, row.disqualified_key) == (disqualified, key)
    assert row.do_not_call == do_not_call
    assert len(row.remarks) == remarks
    if remarks:
        assert reason in row.full_note


def test_in_a_list_without_stages_the_reason_decides() -> None:
    mapping = Mapping("s", {"id": "external_id", "why": "disqualified_reason"})
    row = Cleaner(mapping, AT).clean({"id": "1", "why": "Falsche Nummer"})
    assert isinstance(row, CleanRow)
    assert row.disqualified_key == "wrong_contact"


@pytest.mark.parametrize(
    ("text", "expected", "remarks"),
    [
        ("yes", True, 0),
        ("Ja", True, 0),
        ("X", True, 0),
        ("1", True, 0),
        ("TRUE", True, 0),
        ("no", False, 0),
        ("0", False, 0),
        ("n/a", False, 0),
        ("", False, 0),
        ("since 2021-04-01", True, 1),
    ],
)
def test_in_doubt_nobody_is_called(text: str, expected: bool, remarks: int) -> None:
    row = clean(do_not_call=text)
    assert (row.do_not_call, len(row.remarks)) == (expected, remarks)


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"external_id": ""}, "external_id"),
        ({"external_id": " \u200b "}, "external_id"),
        ({"external_id": "1.23E+15"}, "external_id"),
        ({"external_id": "9" * 300}, "external_id"),
        ({"email": "anna(at)alpha"}, "email"),
        ({"email": "anna@"}, "email"),
        ({"email": "a" * 400 + "@x.de"}, "email"),
        ({"phone": "call me"}, "phone"),
        ({"phone": "4.917E+11"}, "phone"),
        ({"country": "Atlantis"}, "country"),
        ({"created_at": "yesterday"}, "created_at"),
        ({"created_at": "31.02.2022"}, "created_at"),
        ({"created_at": "2031-01-01"}, "created_at"),
        ({"created_at": "3/4/2022"}, "created_at"),
        ({"created_at": "2022-01-01 25:00"}, "created_at"),
        ({"created_at": "99999999"}, "created_at"),
        ({"employees": "many"}, "employees"),
        ({"employees": "-5"}, "employees"),
        ({"employees": "999999999999"}, "employees"),
        ({"value": "a lot"}, "value"),
        ({"value": "-100"}, "value"),
        ({"value": "9" * 30}, "value"),
        ({"value": "1e999"}, "value"),
        ({"title": "x" * 201}, "title"),
        ({"note": "x" * 10_001}, "note"),
    ],
)
def test_what_cannot_be_understood_is_refused_at_its_field(
    cells: dict[str, str], field: str
) -> None:
    messages = refusals(**cells)
    assert list(messages) == [field]
    assert "invalid" not in messages[field].lower()


def test_all_reasons_are_told_at_once() -> None:
    assert set(refusals(email="x", country="y y", employees="z")) == {
        "email",
        "country",
        "employees",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20220403", "2022-04-03T12:00"),
        ("2022-04-03", "2022-04-03T12:00"),
        ("2022/4/3", "2022-04-03T12:00"),
        ("2022-04-03T08:15:30Z", "2022-04-03T08:15:30"),
        ("2022-04-03T08:15:30.123+02:00", "2022-04-03T06:15:30"),
        ("2022-04-03 08:15", "2022-04-03T08:15"),
        ("2022-04-03 00:00:00", "2022-04-03T12:00"),
        ("3.4.2022", "2022-04-03T12:00"),
        ("03.04.22", "2022-04-03T12:00"),
        ("03.04.2022 08:15 Uhr", "2022-04-03T08:15"),
        ("13/4/2022", "2022-04-13T12:00"),
        ("4/13/2022", "2022-04-13T12:00"),
        ("4/4/2022", "2022-04-04T12:00"),
        ("4/13/2022 3:05 PM", "2022-04-13T15:05"),
        ("4/13/2022 12:05 AM", "2022-04-13T00:05"),
        ("3 Apr 2022", "2022-04-03T12:00"),
        ("3. März 2022", "2022-03-03T12:00"),
        ("April 3, 2022", "2022-04-03T12:00"),
        ("44654", "2022-04-03T12:00"),
        ("20220403.0", "2022-04-03T12:00"),
        ("1648973730", "2022-04-03T08:15:30"),
        ("1648973730000", "2022-04-03T08:15:30"),
    ],
)
def test_dates_are_read_as_people_write_them(text: str, expected: str) -> None:
    assert clean(created_at=text).created_at == datetime.fromisoformat(expected + "+00:00")


@pytest.mark.parametrize(
    ("country", "constants", "month"),
    [
        ("US", {}, 3),
        ("Germany", {}, 4),
        ("", {"date_order": "dmy"}, 4),
        ("", {"date_order": "mdy"}, 3),
        ("US", {"date_order": "dmy"}, 4),
    ],
)
def test_a_date_that_can_be_two_days_is_settled_by_mapping_or_country(
    country: str, constants: dict[str, str], month: int
) -> None:
    row = clean(constants, created_at="3/4/2022", country=country)
    assert row.created_at is not None
    assert row.created_at.month == month


def test_the_same_date_text_in_two_countries_is_two_days() -> None:
    cleaner = Cleaner(EVERYTHING, AT)
    rows = [
        cleaner.clean({"external_id": "1", "created_at": "3/4/2022", "country": country})
        for country in ("US", "DE", "US")
    ]
    assert [
        row.created_at.month for row in rows if isinstance(row, CleanRow) and row.created_at
    ] == [
        3,
        4,
        3,
    ]


@pytest.mark.parametrize(
    ("text", "people", "band"),
    [
        ("1", 1, "1_9"),
        ("9", 9, "1_9"),
        ("10", 10, "10_49"),
        ("50", 50, "50_249"),
        ("50 - 249", 50, "50_249"),
        ("50-249", 50, "50_249"),
        ("1,000+", 1000, "1000_4999"),
        ("1.000", 1000, "1000_4999"),
        ("10 001", 10001, "5000_up"),
        ("> 500", 500, "250_999"),
        ("<10", 1, "1_9"),
        ("bis 50", 1, "1_9"),
        ("ca. 200 Mitarbeiter", 200, "50_249"),
        ("0", 0, "1_9"),
    ],
)
def test_of_a_range_of_people_the_lower_end_counts(text: str, people: int, band: str) -> None:
    row = clean(employees=text)
    assert (row.people, row.size_band) == (people, band)


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("1234", "1234.00", "EUR"),
        ("1.234,50", "1234.50", "EUR"),
        ("1,234.50", "1234.50", "EUR"),
        ("1.234", "1234.00", "EUR"),
        ("12,5", "12.50", "EUR"),
        ("0.125", "0.13", "EUR"),
        ("1.234.567", "1234567.00", "EUR"),
        ("€ 12 000", "12000.00", "EUR"),
        ("12'000 CHF", "12000.00", "CHF"),
        ("$5,000", "5000.00", "USD"),
        ("12k", "12000.00", "EUR"),
        ("1,5 Mio. €", "1500000.00", "EUR"),
        ("3558.5", "3558.50", "EUR"),
        ("500,- €", "500.00", "EUR"),
        ("0", "0.00", "EUR"),
    ],
)
def test_amounts_are_read_with_either_decimal_sign(text: str, value: str, currency: str) -> None:
    row = clean(value=text)
    assert (row.value, row.currency) == (Decimal(value), currency)


def test_an_amount_in_another_currency_has_no_band() -> None:
    assert clean(value="5000", currency="usd").value_band is None
    assert clean(value="5000", currency="€").value_band == "5k_25k"


@pytest.mark.parametrize(
    ("text", "country", "e164"),
    [
        ("+49 711 48923561", None, "+4971148923561"),
        ("0049 711 48923561", None, "+4971148923561"),
        ("+49 (0)711 48923561", None, "+4971148923561"),
        ("0711-48923561", "DE", "+4971148923561"),
        ("(415) 867-2290", "US", "+14158672290"),
        ("0711-48923561", None, None),
        ("12345678", "US", None),
        ("+49", None, None),
        ("9" * 500, "DE", None),
    ],
)
def test_phones_are_understood_where_the_country_is_clear(
    text: str, country: str | None, e164: str | None
) -> None:
    assert find_phone(text, country) == e164


def test_a_phone_without_country_is_kept_as_written_with_a_remark() -> None:
    row = clean(phone="0711 48923561")
    assert (row.phone, row.phone_e164) == ("0711 48923561", None)
    assert "0711 48923561" in row.full_note


def test_the_first_phone_that_is_understood_is_the_one_to_call() -> None:
    mapping = Mapping("s", {"id": "external_id", "Phone": "phone", "Mobile": "phone"})
    row = Cleaner(mapping, AT).clean({"id": "1", "Phone": "7118 923", "Mobile": "+4915112345678"})
    assert isinstance(row, CleanRow)
    assert row.phone_e164 == "+4915112345678"
    assert row.phone == "7118 923, +4915112345678"


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("Anna <anna@alpha.example>", "anna@alpha.example"),
        ("mailto:anna@alpha.example", "anna@alpha.example"),
        ("anna@alpha.example; bob@alpha.example", "anna@alpha.example"),
        ("  ANNA@ALPHA.EXAMPLE ", "anna@alpha.example"),
        ("n/a", None),
        ("-", None),
    ],
)
def test_the_address_is_found_in_what_people_paste(text: str, email: str | None) -> None:
    assert clean(email=text).email == email


def test_free_mail_tells_nothing_of_a_company() -> None:
    assert clean(email="anna@gmail.com").domain is None
    assert clean(email="anna@gmail.com", domain="https://www.Alpha.example/x?y").domain == (
        "alpha.example"
    )


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("http://www.alpha.example:8080/a", "alpha.example"),
        ("müller.de", "müller.de"),
        ("localhost", None),
        ("no site", None),
        ("javascript:alert(1)", None),
        ("." * 300, None),
    ],
)
def test_hosts_are_found_in_web_addresses(text: str, host: str | None) -> None:
    assert find_domain(text) == host


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Anna Meier", "Anna", "Meier"),
        ("Meier, Anna", "Anna", "Meier"),
        ("Dr. Anna Maria Meier", "Anna Maria", "Meier"),
        ("Herr Prof. Dr. von der Heide", "", "von der Heide"),
        ("Anna von der Heide", "Anna", "von der Heide"),
        ("Meier", "", "Meier"),
        ("C. Meier", "C.", "Meier"),
        (",", "", ""),
        ("", "", ""),
    ],
)
def test_names_are_split_as_people_would(text: str, first: str, last: str) -> None:
    found_first, found_last = split_name(text)
    if last == "von der Heide" and not first:
        assert f"{found_first} {found_last}".strip() == last
    else:
        assert (found_first, found_last) == (first, last)


@pytest.mark.parametrize(
    ("text", "tidy"),
    [
        ("  a   b ", "a b"),
        ("a\x00b\x07c", "abc"),
        ("evil\u202etxt", "eviltxt"),
        ("a\ud800b", "ab"),
        ("Mu\u0308ller", "Müller"),
        ("a\nb", "a b"),
        ('="00123"', "00123"),
        ("'=1+1", "=1+1"),
        ("'+49 711", "+49 711"),
        ("#N/A", ""),
        ("#WERT!", ""),
        ("=1+1", "=1+1"),
        ("\ufeff", ""),
    ],
)
def test_cells_are_tidied(text: str, tidy: str) -> None:
    assert clean_text(text) == tidy


def test_notes_keep_their_lines() -> None:
    assert clean_text("a \r\n b\n\n\n\nc", several_lines=True) == "a\nb\n\nc"


@pytest.mark.parametrize("text", ["N/A", "-", "[Not Provided]", "unknown", "unbekannt", "k.A."])
def test_cells_that_say_nothing_are_empty(text: str) -> None:
    row = clean(company=text, city=text, employees=text, email=text)
    assert (row.company, row.city, row.people, row.email) == ("", "", None, None)


def test_a_person_may_be_called_null() -> None:
    assert clean(last_name="Null").last_name == "Null"


def test_what_only_describes_is_kept_as_written_and_never_refused() -> None:
    row = clean(
        industry="Unicorns",
        source="A bird",
        temperature="tepid",
        time_zone="Mars",
        kind="?!x",
        subdivision="Elsewhere",
    )
    assert (row.industry, row.industry_key) == ("Unicorns", None)
    assert (row.source, row.source_key) == ("A bird", None)
    assert (row.temperature, row.time_zone, row.subdivision) == (None, None, None)
    assert row.kind == "end_customer"
    assert len(row.remarks) == 4


def test_the_original_industry_stays_also_where_it_says_nothing() -> None:
    row = clean(industry="Unknown")
    assert (row.industry, row.industry_key) == ("Unknown", None)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Internet Software & Services", "software_it"),
        ("Government &amp; Politics", "public_sector"),
        ("advertising_&_marketing", "marketing"),
        ("ADVERTISING/MARKETING/PUBLIC RELATIONS", "marketing"),
        ("Technology Hardware, Storage & Periph...", "electronics"),
        ("organisations and associations", "nonprofit"),
        ("Gesundheitswesen", "healthcare"),
        ("BAU", "construction"),
        ("Öffentlicher Dienst", "public_sector"),
        ("Oeffentlicher Dienst", "public_sector"),
        ("Wholesale of car parts", "wholesale"),
        ("Boilers", None),
        ("US", None),
        ("", None),
        ("x" * 10_000, None),
    ],
)
def test_industries_have_one_key_for_many_spellings(text: str, key: str | None) -> None:
    assert industry_vocabulary().find(text) == key


def test_a_programmes_own_vocabulary_replaces_the_first_one() -> None:
    own = industry_vocabulary([("pets", ("Tierbedarf", "Pet supplies"))])
    assert own.find("TIERBEDARF") == "pets"
    assert own.find("Retail") is None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Trade Shows and Events", "trade_show"),
        ("Purchased List", "purchased_list"),
        ("Web Registration", "web_registration"),
        ("CeBIT trade show 2019", "trade_show"),
        ("LinkedIn Ads", "social_media"),
        ("Kontaktformular", "web_registration"),
        ("Smoke signals", None),
    ],
)
def test_sources_have_one_key_for_many_spellings(text: str, key: str | None) -> None:
    assert source_vocabulary().find(text) == key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Unsubscribed/Do Not Call", "do_not_call"),
        ("please do not contact again", "do_not_call"),
        ("Opted out by mail", "do_not_call"),
        ("Nicht anrufen!", "do_not_call"),
        ("wrong phone number", "wrong_contact"),
        ("Kein Interesse", "not_interested"),
        ("duplicate of 17", "duplicate"),
        ("the moon", None),
    ],
)
def test_reasons_have_one_key_for_many_spellings(text: str, key: str | None) -> None:
    assert reason_vocabulary().find(text) == key


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Germany", "DE"),
        ("deutschland", "DE"),
        ("DEU", "DE"),
        ("de", "DE"),
        ("Österreich", "AT"),
        ("Oesterreich", "AT"),
        ("Schweiz", "CH"),
        ("U.S.A.", "US"),
        ("United States", "US"),
        ("UK", "GB"),
        ("Holland", "NL"),
        ("Côte d'Ivoire", "CI"),
        ("Atlantis", None),
        ("", None),
    ],
)
def test_countries_are_known_in_english_german_and_by_code(text: str, code: str | None) -> None:
    assert find_country(text) == code


@pytest.mark.parametrize(
    ("text", "country", "code"),
    [
        ("Bayern", "DE", "DE-BY"),
        ("Bavaria", "DE", "DE-BY"),
        ("by", "DE", "DE-BY"),
        ("CA", "US", "US-CA"),
        ("California", "US", "US-CA"),
        ("Wien", "AT", "AT-9"),
        ("US-CA", None, "US-CA"),
        ("California", None, None),
        ("Nowhere", "DE", None),
    ],
)
def test_states_are_known_within_their_country(
    text: str, country: str | None, code: str | None
) -> None:
    assert find_subdivision(text, country) == code


@pytest.mark.parametrize(
    ("text", "zone"),
    [("PST", "America/Los_Angeles"), ("MEZ", "Europe/Berlin"), ("Europe/Paris", "Europe/Paris")],
)
def test_time_zones_are_hints(text: str, zone: str) -> None:
    row = clean(time_zone=text)
    assert (row.time_zone, row.country) == (zone, None)
    assert find_time_zone("../../etc/passwd") is None


def test_constants_fill_what_the_row_leaves_empty() -> None:
    assert clean({"country": "AT", "source": "Messe"}).source_key == "trade_show"
    assert clean({"country": "AT"}, country="DE").country == "DE"


def test_a_row_without_a_number_and_a_title_gets_no_title_of_digits() -> None:
    cells = {"Company": "Kanarienwerke AG", "Email": "eva@kanarienwerke.example"}
    row = Cleaner(propose_mapping(list(cells)).mapping, AT).clean(cells)
    assert isinstance(row, CleanRow)
    assert row.title == ""  # who qualifies is asked for one


def test_a_list_without_numbers_takes_the_row_itself_as_its_number() -> None:
    cleaner = Cleaner(Mapping("s", {"Firma": "company"}), AT)
    first, again, other = (cleaner.clean({"Firma": name}) for name in ("Alpha", " Alpha ", "Beta"))
    assert isinstance(first, CleanRow)
    assert isinstance(again, CleanRow)
    assert isinstance(other, CleanRow)
    assert first.external_id == again.external_id != other.external_id


def test_the_digest_is_of_what_the_list_says() -> None:
    row = clean(company="Alpha", city="Ulm")
    assert row.digest == clean(company=" Alpha", city="Ulm\x00").digest
    assert row.digest != clean(company="Alpha", city="Bonn").digest
    assert row.digest != clean(company="Ulm", city="Alpha").digest


def test_people_not_to_call_are_known_by_every_key() -> None:
    row = clean(email="Anna@Alpha.example", phone="+49 711 48923561")
    assert suppression_keys(row, "fair") == (
        "external:fair:7",
        "email:anna@alpha.example",
        "phone:+4971148923561",
    )


def test_a_formula_stays_a_text() -> None:
    assert clean(company="=HYPERLINK(1)").company == "=HYPERLINK(1)"


@pytest.mark.parametrize("seed", range(40))
def test_hostile_cells_are_cleaned_or_refused_but_never_break(seed: int) -> None:
    dice = random.Random(seed)
    signs = "a1 @.,;:-+/()=<>'\"\\\n\0\u202e\ud800€ßÄ٣１𝟙\u0308%{}"
    cleaner = Cleaner(EVERYTHING, AT)
    for _turn in range(20):
        cells = {
            name: "".join(dice.choices(signs, k=dice.choice((1, 3, 8, 30, 300))))
            for name in FIELD_NAMES
        }
        found = cleaner.clean(cells)
        assert isinstance(found, CleanRow | RefusedValues)
        if isinstance(found, RefusedValues):
            assert all(found.by_field().values())


@pytest.mark.parametrize(
    "text",
    [
        *("A.B@C.De", "a+b@c.co.uk", "o'neil@x.com", "a%b@c.de", "a@xn--mnchen-3ya.de"),
        *("a..b@c.de", ".a@b.de", "a.@b.de", "a@b", "a@b..de", "a@-b.de", "a@b_c.de", "a@1.2.3.4"),
        *("a@localhost", "a@b.test", "a@b.de.", "a@b.de\n", "a@b@c.de", "@b.de", "a@", "a b@c.de"),
        *(
            "a" * 64 + "@b.de",
            "a" * 65 + "@b.de",
            "a@" + "b" * 64 + ".de",
            "x@münchen.de",
            "ü@b.de",
        ),
        "a@" + ".".join(["b" * 60] * 4) + ".de",
    ],
)
def test_a_plain_address_is_judged_as_every_other(text: str) -> None:
    try:
        judged = validate_email(text, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        judged = None
    assert find_email(text) == judged
