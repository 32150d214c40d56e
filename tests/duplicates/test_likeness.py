"""What counts of a name, who meets whom, and how sure it is that two are the same."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.inquiries import Inquiry, make
from portal.duplicates import normalise
from portal.duplicates.likeness import (
    LISTED,
    Grade,
    Party,
    Trait,
    _bands,
    compare,
    hashed,
    of_row,
    party,
    read_likeness,
)
from portal.duplicates.search import OF_A_KEY
from portal.leads import addresses

FORMS = (
    *(normalise.folded, normalise.company_core, normalise.given_name, normalise.family_name),
    *(addresses.mailbox, addresses.own_host, normalise.postcode_key, normalise.street_key),
)
PIECES = (
    *(
        "G.",
        "m",
        "b",
        "H",
        "&",
        "Co",
        "KG",
        "AG",
        "Müller",
        "Mueller",
        "e.V.",
        "S.à",
        "r.l.",
        "Sp.",
    ),
    *("z o.o.", "ae", "oue", "the", "Straße", "+a", "@x.de", "Sam"),
)
WORDS = st.text(max_size=40) | st.lists(st.sampled_from(PIECES), max_size=6).map(" ".join)


@given(WORDS)
@settings(max_examples=300, deadline=None)
def test_what_was_normalised_once_stays_as_it_is(text: str) -> None:
    for form in FORMS:
        once = form(text)
        assert form(once) == once, form.__name__


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller & Söhne GmbH & Co. KG", "MUELLER UND SOEHNE"),
        ("Boulangerie Lefèvre S.à r.l.", "Boulangerie Lefevre"),
        ("Åkerlund Maskin AB", "Akerlund Maskin"),
        ("Smith, Jones and Co. Ltd.", "Smith Jones"),
        ("Nowak Sp. z o.o.", "NOWAK"),
        ("Kaya Makina A.Ş.", "Kaya Makina"),
        ("Weber G.m.b.H.", "Weber"),
        ("Delta Group Deutschland GmbH", "Delta"),
    ],
)
def test_legal_form_accents_and_ampersand_make_no_other_company(one: str, other: str) -> None:
    assert normalise.company_core(one) == normalise.company_core(other)


def test_a_company_that_is_called_like_a_legal_form_keeps_its_name() -> None:
    assert normalise.company_core("AG") == "ag"
    assert normalise.company_core("The Company Ltd.") != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anna.kern+shop@Gmail.com", "annakern@googlemail.com"),
        ("Anna@Kern.de", "anna@kern.de"),
    ],
)
def test_what_the_owner_of_a_mailbox_may_add_does_not_count(one: str, other: str) -> None:
    assert addresses.mailbox(one) == addresses.mailbox(other)


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("www.shop.kern.de", "kern.de"),
        ("mail.kern.co.uk", "kern.co.uk"),
        ("gmx.de", ""),
        ("hotmail.be", ""),
        ("yahoo.co.jp", ""),
        ("vodafonemail.de", ""),
        ("linkedin.com", ""),
        ("localhost", ""),
    ],
)
def test_a_free_mail_host_says_nothing_of_a_company(host: str, own: str) -> None:
    assert addresses.own_host(host) == own


def somebody(**over: object) -> Party:
    return party(
        **{  # type: ignore[arg-type]
            "company": "Kern Maschinenbau GmbH",
            "first_name": "Anna",
            "last_name": "Kern",
            "emails": ["anna@kern.de"],
            "phones": ["+4951112345"],
            "postcode": "30159",
            "city": "Hannover",
            "country": "DE",
            **over,
        }
    )


@pytest.mark.parametrize(
    ("over", "listed", "sure"),
    [
        ({}, True, True),
        ({"company": "Kern", "first_name": "A.", "phones": [], "postcode": ""}, True, True),
        ({"emails": [], "phones": [], "company": "Kern Machinenbau"}, True, False),
        # a colleague
        ({"first_name": "Otto", "last_name": "Graf", "emails": ["o.graf@kern.de"]}, False, False),
        # the wife, of the same family firm
        ({"first_name": "Berta", "emails": ["berta@kern.de"]}, False, False),
        # the mailbox of all
        (
            {
                "first_name": "Otto",
                "last_name": "Graf",
                "emails": ["anna@kern.de"],
                "country": "AT",
            },
            False,
            False,
        ),
        # a namesake elsewhere
        (
            {"company": "Zoo", "emails": [], "phones": [], "postcode": "80331", "city": "München"},
            False,
            False,
        ),
    ],
)
def test_points_tell_the_same_person_from_colleagues_and_namesakes(
    over: dict[str, object], listed: bool, sure: bool
) -> None:
    found = compare(somebody(), somebody(**over))
    assert (found.is_listed, found.is_sure) == (listed, sure), found
    assert compare(somebody(**over), somebody()) == found
    assert read_likeness(found.as_data()) == found


def test_a_company_mistyped_in_its_first_letter_meets_itself_under_its_trigrams() -> None:
    one, other = (
        party(company=name, first_name="Anna", last_name="Graf", emails=[box])
        for name, box in (("Kern Maschinenbau", "a@kern.de"), ("Lern Maschinenbau", "a@gmx.de"))
    )
    shared = set(one.keys) & set(other.keys)
    of_trigrams = {hashed(f"t {band}") for band in _bands("kernmaschinenbau")}
    assert shared & of_trigrams
    assert len(shared - of_trigrams) < 2 <= len(shared)
    assert compare(one, other).is_listed


def test_a_shared_mailbox_says_less_than_ones_own() -> None:
    one, other = (somebody(emails=["info@kern.de"], last_name=name) for name in ("Kern", "Graf"))
    found = {reason.trait: reason.grade for reason in compare(one, other).reasons}
    assert found[Trait.EMAIL] == Grade.SHARED


def who(one: Inquiry) -> Party:
    return of_row(one, one.phone)


def test_among_noisy_inquiries_nearly_all_of_one_person_are_found_and_hardly_any_others() -> None:
    inquiries = make(people=5_000, seed=20_261)
    parties = [who(one) for one in inquiries]
    under: dict[int, list[int]] = defaultdict(list)
    people: dict[int, list[int]] = defaultdict(list)
    for place, one in enumerate(inquiries):
        people[one.who].append(place)
        for key in parties[place].keys:
            under[key].append(place)
    true = {two for places in people.values() for two in combinations(places, 2)}
    shared: Counter[tuple[int, int]] = Counter()
    for key, places in under.items():
        for at, place in enumerate(places):
            for other in places[max(0, at - OF_A_KEY) : at]:
                # an odd key is enough, of others it takes two
                shared[other, place] += 2 if key & 1 else 1
    met = [two for two, weight in shared.items() if weight > 1]
    found = {
        (one, other) for one, other in met if compare(parties[one], parties[other]).score >= LISTED
    }
    assert len(true) > 2_000
    assert len(found & true) / len(found) >= 0.98
    assert len(found & true) / len(true) >= 0.9
