"""The leak warning: what a text for partners gives away of the contact, and what it doesn't."""

from __future__ import annotations

import time

import pytest

from portal.leads.leaks import ContactFacts, Leak, LeakKind, find_leaks

MUELLER = ContactFacts(
    company="Müller Präzisionsteile GmbH & Co. KG",
    first_name="Maximilian",
    last_name="Meier",
    phone="0711 / 489 23-561",
    phone_e164="+4971148923561",
    email="m.meier@praezision-mueller.de",
    domain="praezision-mueller.de",
    street="Ahornblattweg 12a",
    postcode="70569",
    city="Stuttgart",
)
JOSE = ContactFacts(
    company="Vantrell Inc.",
    first_name="José",
    last_name="Gómez-Ibarra",
    phone="(415) 867-2290",
    phone_e164="+14158672290",
    email="jgomez@gmail.com",
    street="742 Evergreen Terrace",
    postcode="94107",
    city="San Francisco",
)


def kinds(text: str, contact: ContactFacts) -> set[str]:
    return {leak.kind.value for leak in find_leaks(text, contact)}


@pytest.mark.parametrize(
    ("text", "contact", "kind"),
    [
        # the person
        ("Herr Meier braucht neue Switches", MUELLER, "name"),
        ("please ask for m. meier", MUELLER, "name"),
        ("Rückfragen an MAXIMILIAN MEIER.", MUELLER, "name"),
        ("Meiers Abteilung sucht WLAN", MUELLER, "name"),
        ("Maximilian M. will vergleichen", MUELLER, "name"),
        (
            "Konto agarnett, Rückruf morgen",
            ContactFacts(first_name="Ada", last_name="Garnett"),
            "name",
        ),
        ("Meier, Maximilian entscheidet", MUELLER, "name"),
        ("Ask for Jose Gomez Ibarra", JOSE, "name"),
        ("Mr Gómez wants a call", JOSE, "name"),
        ("ibarra decides", JOSE, "name"),
        ("J. GOMEZ-IBARRA decides", JOSE, "name"),
        ("Gespräch mit Me\u00adier geführt", MUELLER, "name"),
        ("Frau Klein entscheidet", ContactFacts(first_name="Eva", last_name="Klein"), "name"),
        ("E. Klein entscheidet", ContactFacts(first_name="Eva", last_name="Klein"), "name"),
        ("Eva Klein entscheidet", ContactFacts(first_name="Eva", last_name="Klein"), "name"),
        ("Ms Li decides", ContactFacts(first_name="Na", last_name="Li"), "name"),
        ("Thomas Muller ruft an", ContactFacts(last_name="Müller"), "name"),
        ("Mueller ruft an", ContactFacts(last_name="Müller"), "name"),
        ("Müller ruft an", ContactFacts(last_name="Mueller"), "name"),
        ("Müller ruft an", ContactFacts(last_name="Muller"), "name"),
        ("Mu\u0308ller ruft an", ContactFacts(last_name="Müller"), "name"),
        ("Frau Groß entscheidet", ContactFacts(last_name="Gross"), "name"),
        ("von der Leyhen sucht Server", ContactFacts(last_name="von der Leyhen"), "name"),
        ("Søndergaard wants it", ContactFacts(last_name="Sondergaard"), "name"),
        # the phone
        ("call 0711 48923561", MUELLER, "phone"),
        ("call +49 711 489 23 - 561", MUELLER, "phone"),
        ("0049(0)711/48923561", MUELLER, "phone"),
        ("Tel. 0711 dann 489 und 23561", MUELLER, "phone"),
        ("0.7.1.1.4.8.9.2.3.5.6.1", MUELLER, "phone"),
        ("Durchwahl: 8923561", MUELLER, "phone"),
        ("null sieben eins eins 489 23 561", MUELLER, "phone"),
        ("٠٧١١٤٨٩٢٣٥٦١", MUELLER, "phone"),
        ("415.867.2290", JOSE, "phone"),
        ("8672290 after four", JOSE, "phone"),
        ("four one five 867 2290", JOSE, "phone"),
        # e-mail and domains
        ("write to M.Meier@Praezision-Mueller.DE", MUELLER, "email"),
        ("m.meier (at) praezision-mueller (dot) de", MUELLER, "email"),
        ("m.meier at praezision-mueller dot de", MUELLER, "email"),
        ("m . meier @ praezision-mueller . de", MUELLER, "email"),
        ("jgomez at gmail", JOSE, "email"),
        ("see www.praezision-mueller.de/kontakt", MUELLER, "email_domain"),
        ("see shop.praezision-mueller.de", MUELLER, "email_domain"),
        ("someone else @praezision-mueller.de", MUELLER, "email_domain"),
        ("Praezision Mueller braucht Hilfe", MUELLER, "email_domain"),
        ("look at https://vantrell.io", ContactFacts(domain="vantrell.io"), "web_domain"),
        ("look at vantrell[.]io", ContactFacts(domain="www.vantrell.io"), "web_domain"),
        ("Vantrell wants more", ContactFacts(domain="https://vantrell.co.uk/x"), "web_domain"),
        # the company
        ("Müller Präzisionsteile sucht", MUELLER, "company"),
        ("MUELLER PRAEZISIONSTEILE sucht", MUELLER, "company"),
        ("Die Muller-Prazisionsteile sucht", MUELLER, "company"),
        ("bei Müller läuft der Vertrag aus", MUELLER, "company"),
        ("Vantrell's network is old", JOSE, "company"),
        ("vantrell network", JOSE, "company"),
        ("Alpha Systems wächst", ContactFacts(company="Alpha Systems AG"), "company"),
        ("AlphaSystems wächst", ContactFacts(company="Alpha Systems AG"), "company"),
        ("IBM needs racks", ContactFacts(company="IBM Corp."), "company"),
        ("bei 1&1 im Lager", ContactFacts(company="1&1 AG"), "company"),
        # where
        ("Ahornblattweg 12a, zweiter Stock", MUELLER, "street"),
        ("am ahornblattweg", MUELLER, "street"),
        ("Hauptstr. 5", ContactFacts(street="Hauptstraße 5"), "street"),
        ("in der Hauptstrasse 5", ContactFacts(street="Hauptstr. 5"), "street"),
        ("742 Evergreen Terrace", JOSE, "street"),
        ("in 70569 Stuttgart", MUELLER, "postcode"),
        ("area 70569", MUELLER, "postcode"),
        ("ZIP 94107", JOSE, "postcode"),
        ("A-1010 Wien", ContactFacts(postcode="1010", city="Wien"), "postcode"),
        ("near SW1A1AA", ContactFacts(postcode="SW1A 1AA"), "postcode"),
    ],
)
def test_a_text_that_gives_the_contact_away_is_found(
    text: str, contact: ContactFacts, kind: str
) -> None:
    assert kind in kinds(text, contact)


@pytest.mark.parametrize(
    ("text", "contact"),
    [
        ("Maschinenbauer in Stuttgart, 120 Arbeitsplätze, neue Switches bis 03/2023", MUELLER),
        ("Präzision ist gefragt: 48 Ports, 10 Gbit/s, Budget 70.000 EUR", MUELLER),
        ("Maximilian is not a common name", MUELLER),
        ("Retailer in San Francisco replaces 40 access points before 2023-05-01", JOSE),
        ("Their green terrace has no Wi-Fi; budget 94,107 dollars", JOSE),
        ("94107 users", JOSE),
        ("They use Gmail and look for gmail backup", JOSE),
        (
            "ein kleines Projekt, klein aber dringend",
            ContactFacts(first_name="Eva", last_name="Klein"),
        ),
        ("Klein anfangen, später mehr", ContactFacts(first_name="Eva", last_name="Klein")),
        ("a long list of young firms", ContactFacts(first_name="Al", last_name="Young")),
        ("it needs new systems", ContactFacts(company="Systems GmbH")),
        ("The customer needs IT systems", ContactFacts(company="IT Systems Berlin GmbH")),
        (
            "Stadtwerke in München suchen Firewalls",
            ContactFacts(company="Stadtwerke München GmbH", city="München"),
        ),
        ("they have one server and one office", ContactFacts(company="ONE AG")),
        ("wants it all", ContactFacts(company="ITA AG")),
        ("1010 users in 2020", ContactFacts(postcode="1010", city="Wien")),
        ("on the main street", ContactFacts(street="Main Street 5")),
        ("in der Hauptstraße einer Kleinstadt", ContactFacts(street="Hauptstraße 5")),
        ("please send the info to sales", ContactFacts(email="info@gmx.de")),
        ("wants web access", ContactFacts(email="peter.pan@web.de", domain="")),
        ("calls 0711 for 500 seats and 2022 more", MUELLER),
        ("", MUELLER),
        ("Nothing is known of the customer", ContactFacts()),
    ],
)
def test_an_honest_text_raises_no_warning(text: str, contact: ContactFacts) -> None:
    assert find_leaks(text, contact) == []


def test_a_leak_names_the_very_place_in_the_text() -> None:
    text = "Budget da. Bitte M. Me\u00adier unter 0711-48923561 anrufen."
    leaks = find_leaks(text, MUELLER)
    assert [leak.kind for leak in leaks] == [LeakKind.NAME, LeakKind.PHONE]
    assert [leak.excerpt for leak in leaks] == ["M. Me\u00adier", "0711-48923561"]
    for leak in leaks:
        assert text[leak.start : leak.end] == leak.excerpt


def test_an_address_is_named_once_as_an_address_and_not_as_its_parts() -> None:
    text = "Mail: m.meier@praezision-mueller.de"
    assert find_leaks(text, MUELLER) == [
        Leak(LeakKind.EMAIL, "m.meier@praezision-mueller.de", 6, len(text))
    ]


def test_two_leaks_of_a_kind_are_both_named() -> None:
    assert [leak.start for leak in find_leaks("Meier ruft Meier an", MUELLER)] == [0, 11]


@pytest.mark.parametrize(
    "text",
    [
        "1 " * 10_000,
        "a@" * 10_000,
        "meier " * 3_000,
        "(at) " * 4_000,
        "praezision-" * 1_500,
        "m . " * 5_000,
        "\u0308" * 20_000,
        "\ud800\x00" * 5_000,
        "ﷺ" * 5_000,
    ],
)
def test_a_hostile_text_is_looked_through_quickly(text: str) -> None:
    started = time.process_time()
    find_leaks(text, MUELLER)
    assert time.process_time() - started < 5


def test_hostile_facts_do_not_break_the_search() -> None:
    odd = "((((" + "\\" * 50 + "[a-"
    contact = ContactFacts(odd, odd, odd, odd, odd, f"{odd}@{odd}.de", f"{odd}.de", odd, odd, odd)
    assert find_leaks(f"A text with {odd} in it", contact) is not None
