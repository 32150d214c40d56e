"""How alike two are: keys under which they meet, points for and against, told as data. Pure.

A key brings two together that may be the same; whether they are say the points. Both know a lead's
contact and a customer as a `Party`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache, partial
from itertools import product
from typing import Any

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA, JaroWinkler

from portal.duplicates.normalise import (
    company_core,
    family_name,
    folded,
    given_name,
    is_shared_box,
    postcode_key,
    skeleton,
    squashed,
    street_key,
)
from portal.leads.addresses import hosts_of, mailbox

LISTED = 60
"""From so many points on a pair is put before somebody to decide."""

SURE = 90
"""From so many on, with the same phone, it is the same person without asking anybody."""

BANDS, LEAST_FOR_TRIGRAMS = 3, 6


class Trait(StrEnum):
    """What is compared."""

    EMAIL = "email"
    PHONE = "phone"
    DOMAIN = "domain"
    COMPANY = "company"
    LAST_NAME = "last_name"
    FIRST_NAME = "first_name"
    NAME = "name"
    PLACE = "place"
    STREET = "street"
    COUNTRY = "country"


class Grade(StrEnum):
    """How it compares."""

    SAME = "same"
    ALIKE = "alike"
    PART = "part"
    SHARED = "shared"
    OTHER = "other"


POINTS: dict[tuple[Trait, Grade], int] = {
    (Trait.EMAIL, Grade.SAME): 62,
    (Trait.EMAIL, Grade.SHARED): 30,
    (Trait.EMAIL, Grade.ALIKE): 34,
    (Trait.EMAIL, Grade.OTHER): -8,
    (Trait.PHONE, Grade.SAME): 40,
    (Trait.PHONE, Grade.PART): 12,
    (Trait.PHONE, Grade.OTHER): -2,
    (Trait.DOMAIN, Grade.SAME): 20,
    (Trait.DOMAIN, Grade.ALIKE): 10,
    (Trait.DOMAIN, Grade.OTHER): -6,
    (Trait.COMPANY, Grade.SAME): 28,
    (Trait.COMPANY, Grade.ALIKE): 22,
    (Trait.COMPANY, Grade.PART): 14,
    (Trait.COMPANY, Grade.OTHER): -24,
    (Trait.LAST_NAME, Grade.SAME): 20,
    (Trait.LAST_NAME, Grade.ALIKE): 14,
    (Trait.LAST_NAME, Grade.OTHER): -60,
    (Trait.FIRST_NAME, Grade.SAME): 20,
    (Trait.FIRST_NAME, Grade.ALIKE): 10,
    (Trait.FIRST_NAME, Grade.PART): 6,
    (Trait.FIRST_NAME, Grade.OTHER): -56,
    (Trait.NAME, Grade.SAME): 30,
    (Trait.PLACE, Grade.SAME): 10,
    (Trait.PLACE, Grade.PART): 6,
    (Trait.PLACE, Grade.OTHER): -12,
    (Trait.STREET, Grade.SAME): 8,
    (Trait.COUNTRY, Grade.OTHER): -30,
}
"""What each finding counts. `SHARED` is a mailbox of many, `PART` a switchboard, a city, an
initial, or a company's name within the other's."""


NAMES = (Trait.LAST_NAME, Trait.FIRST_NAME, Trait.COMPANY)
"""Where one of them is another, nobody is surely the same."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One finding and what it counts."""

    trait: Trait
    grade: Grade

    @property
    def points(self) -> int:
        """Return what it counts, for (+) or against (-)."""
        return POINTS[self.trait, self.grade]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two are, 0 to 100, and why."""

    reasons: tuple[Reason, ...]

    @property
    def score(self) -> int:
        """Return the points of all findings together, at least 0 and at most 100."""
        return max(0, min(100, sum(reason.points for reason in self.reasons)))

    @property
    def is_listed(self) -> bool:
        """Tell whether somebody should look at the two."""
        return self.score >= LISTED

    @property
    def is_sure(self) -> bool:
        """Tell whether nobody needs to look: it is the same person."""
        found = {(reason.trait, reason.grade) for reason in self.reasons}
        if any((trait, Grade.OTHER) in found for trait in NAMES):
            return False
        if (Trait.EMAIL, Grade.SAME) in found:
            return True
        return self.score >= SURE and (Trait.PHONE, Grade.SAME) in found

    @property
    def is_related(self) -> bool:
        """Tell whether they share a company, if not more."""
        telling = {Trait.EMAIL, Trait.PHONE, Trait.DOMAIN, Trait.COMPANY}
        return any(r.trait in telling and r.grade == Grade.SAME for r in self.reasons) or any(
            r.grade == Grade.SHARED for r in self.reasons
        )

    def as_data(self) -> list[list[str]]:
        """Return trait and grade of each finding, to be kept."""
        return [[reason.trait, reason.grade] for reason in self.reasons]


def read_likeness(data: Iterable[Iterable[str]]) -> Likeness:
    """Return what `as_data` has kept."""
    return Likeness(tuple(Reason(Trait(trait), Grade(grade)) for trait, grade in data))


@dataclass(frozen=True)
class Party:
    """Who a lead's contact or a customer is, each part in its normal form; "" is unknown."""

    company: str = ""
    first_name: str = ""
    last_name: str = ""
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""

    @property
    def own_boxes(self) -> frozenset[str]:
        """Return the addresses behind which somebody in particular is."""
        return frozenset(one for one in self.emails if not is_shared_box(one))

    @cached_property
    def keys(self) -> tuple[int, ...]:
        """Return the keys under which it meets others, in order, none twice."""
        return tuple(sorted({hashed(key) for key in _keys(self)}))


def party(
    *,
    company: str | None = None,
    first_name: str | None = None,
    last_name: str | None = None,
    emails: Iterable[str | None] = (),
    phones: Iterable[str | None] = (),
    domains: Iterable[str | None] = (),
    street: str | None = None,
    postcode: str | None = None,
    city: str | None = None,
    country: str | None = None,
) -> Party:
    """Bring who somebody is into its normal form. Phones are E.164."""
    boxes = frozenset(box for one in emails if one and (box := mailbox(one)))
    return Party(
        company=company_core(company or ""),
        first_name=given_name(first_name or ""),
        last_name=family_name(last_name or ""),
        emails=boxes,
        phones=frozenset(one for one in phones if one),
        hosts=hosts_of(boxes, (one for one in domains if one)),
        street=street_key(street or ""),
        postcode=postcode_key(postcode or ""),
        city=folded((city or "")[:100]),
        country=country or "",
    )


STRONG = frozenset("ephc")
"""Keys that bring two together by themselves: mailbox, phone, domain, company. Of others it takes
two."""


def of_row(row: Any, phone: str | None) -> Party:
    """Return who a row is that has one e-mail, one domain and this E.164 phone."""
    return party(
        company=row.company,
        first_name=row.first_name,
        last_name=row.last_name,
        emails=[row.email],
        phones=[phone],
        domains=[row.domain],
        street=row.street,
        postcode=row.postcode,
        city=row.city,
        country=row.country,
    )


def hashed(key: str) -> int:
    """Return a key as the database keeps it: a number that says nothing of who it was.

    It is odd where one such key is enough. Who changes what keys are made of has everybody compared
    anew, by a migration that fills `unchecked_parties`.
    """
    digest = hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).digest()
    number = int.from_bytes(digest, "big", signed=True)
    return number | 1 if key.partition(" ")[0] in STRONG else number & ~1


def _keys(who: Party) -> Iterable[str]:
    company, last = squashed(who.company), squashed(who.last_name)
    yield from (f"e {one}" for one in who.emails)
    yield from (f"p {one}" for one in who.phones)
    # another extension of the same switchboard, or its last digits mistyped
    yield from (f"s {one[:-2]}" for one in who.phones if len(one) > 10)
    yield from (f"h {one}" for one in who.hosts)
    for box in who.own_boxes:
        local, _at, host = box.partition("@")
        # who mistyped the rest of his address
        if len(local) >= 4:
            yield f"l {local} {host[:2]}"
    if company:
        yield f"c {company}"
        yield from (f"t {band}" for band in _bands(company))
        sound = skeleton(company)[:5]
        if who.postcode:
            yield f"cp {sound} {who.postcode[:2]}"
        if who.city:
            yield f"cc {sound} {squashed(who.city)[:4]}"
    if last:
        sound, first = skeleton(last), who.first_name[:1]
        if who.postcode:
            yield f"np {sound} {first} {who.postcode[:3]}"
        if who.city:
            yield f"nc {sound} {first} {squashed(who.city)[:5]}"
        if company:
            yield f"nf {sound} {skeleton(company)[:3]}"
        if who.first_name:
            # first and last name may have changed places
            both = sorted((squashed(who.first_name), last))
            yield f"n {' '.join(both)} {(who.postcode or who.city)[:2]}"


def _bands(company: str) -> Iterable[str]:
    """Return what names share whose trigrams are mostly the same: the least of them, two by two.

    Min-hashing (Broder, 1997): two names with the share j of their trigrams in common have one of
    three bands in common with 1 - (1 - j²)³, 87 of 100 at j = 0.7. Plain, a trigram would say
    outside of the wall what somebody's name is made of, and no index of the database helps inside.
    """
    if len(company) < LEAST_FOR_TRIGRAMS:
        return
    trigrams = {company[at : at + 3] for at in range(len(company) - 2)}
    least = [min(trigrams, key=partial(_shuffled, turn)) for turn in range(2 * BANDS)]
    for band in range(BANDS):
        yield f"{band} {least[2 * band]} {least[2 * band + 1]}"


@lru_cache(maxsize=100_000)
def _shuffled(turn: int, trigram: str) -> int:
    given = f"{turn}{trigram}".encode("utf-8", "replace")
    return int.from_bytes(hashlib.blake2b(given, digest_size=4).digest(), "big")


def compare(one: Party, other: Party) -> Likeness:
    """Return how alike two are. Neither is first: it is the same the other way round."""
    reasons = [
        reason
        for found in (
            _emails(one, other),
            _phones(one, other),
            _hosts(one, other),
            _companies(one, other),
            *_names(one, other),
            *_places(one, other),
        )
        if found
        for reason in (Reason(*found),)
    ]
    return Likeness(tuple(reasons))


Finding = tuple[Trait, Grade]


def _emails(one: Party, other: Party) -> Finding | None:
    if not (one.emails and other.emails):
        return None
    common = one.emails & other.emails
    if common & one.own_boxes:
        return Trait.EMAIL, Grade.SAME
    if common:
        return Trait.EMAIL, Grade.SHARED
    mine, theirs = one.own_boxes, other.own_boxes
    if not (mine and theirs):
        return None
    if any(_mistyped(a, b) for a, b in product(mine, theirs)):
        return Trait.EMAIL, Grade.ALIKE
    same_host = {a.partition("@")[2] for a in mine} & {b.partition("@")[2] for b in theirs}
    return (Trait.EMAIL, Grade.OTHER) if same_host else None


def _mistyped(one: str, other: str) -> bool:
    """Tell whether two addresses differ as a slip of the finger does, or by the host alone."""
    if one[0] != other[0]:
        # colleagues of one name
        return False
    if OSA.distance(one, other, score_cutoff=2) <= (2 if len(one) > 14 else 1):
        # anna1@ and anna2@ are two
        return not any(char.isdecimal() for char in one + other)
    mine, theirs = one.partition("@"), other.partition("@")
    return mine[0] == theirs[0] and len(mine[0]) > 5 and fuzz.ratio(mine[2], theirs[2]) >= 80


def _phones(one: Party, other: Party) -> Finding | None:
    if not (one.phones and other.phones):
        return None
    if one.phones & other.phones:
        return Trait.PHONE, Grade.SAME
    if any(
        min(len(a), len(b)) > 9
        and (a[:-3] == b[:-3] or a.startswith(b[:-1]) or b.startswith(a[:-1]))
        for a, b in product(one.phones, other.phones)
    ):
        return Trait.PHONE, Grade.PART
    return Trait.PHONE, Grade.OTHER


def _hosts(one: Party, other: Party) -> Finding | None:
    if not (one.hosts and other.hosts):
        return None
    if one.hosts & other.hosts:
        return Trait.DOMAIN, Grade.SAME
    if any(fuzz.ratio(a, b) >= 90 for a, b in product(one.hosts, other.hosts)):
        return Trait.DOMAIN, Grade.ALIKE
    return Trait.DOMAIN, Grade.OTHER


def _companies(one: Party, other: Party) -> Finding | None:
    if not (one.company and other.company):
        return None
    mine, theirs = squashed(one.company), squashed(other.company)
    if mine == theirs:
        return Trait.COMPANY, Grade.SAME
    if fuzz.ratio(mine, theirs) >= 86 or fuzz.token_sort_ratio(one.company, other.company) >= 90:
        return Trait.COMPANY, Grade.ALIKE
    words, others = set(one.company.split()), set(other.company.split())
    few = words if len(words) <= len(others) else others
    if (words <= others or others <= words) and any(len(word) > 3 for word in few):
        return Trait.COMPANY, Grade.PART
    if is_short_for(mine, other.company) or is_short_for(theirs, one.company):
        return Trait.COMPANY, Grade.PART
    likeness = max(fuzz.ratio(mine, theirs), fuzz.token_set_ratio(one.company, other.company))
    return (Trait.COMPANY, Grade.OTHER) if likeness < 62 else None


def is_short_for(short: str, name: str) -> bool:
    """Tell whether somebody wrote the first letters of a name's words."""
    words = name.split()
    return len(words) > 2 and short == "".join(word[0] for word in words)


def _names(one: Party, other: Party) -> Iterable[Finding | None]:
    if not (one.last_name and other.last_name):
        return
    swapped = (one.first_name, one.last_name) == (
        given_name(other.last_name),
        other.first_name,
    ) or (given_name(one.last_name), one.first_name) == (other.first_name, other.last_name)
    if one.first_name and swapped and one.last_name != other.last_name:
        yield Trait.NAME, Grade.SAME
        return
    yield _last_names(one.last_name, other.last_name)
    if one.first_name and other.first_name:
        yield _first_names(one.first_name, other.first_name)


def _last_names(one: str, other: str) -> Finding:
    if squashed(one) == squashed(other):
        return Trait.LAST_NAME, Grade.SAME
    short = min(len(one), len(other))
    near = short >= 4 and OSA.distance(one, other, score_cutoff=2) <= (1 if short < 8 else 2)
    if near or (skeleton(one) == skeleton(other) and JaroWinkler.similarity(one, other) > 0.85):
        return Trait.LAST_NAME, Grade.ALIKE
    # of a double name one may be left out
    few, many = sorted((one.split(), other.split()), key=len)
    if set(few) < set(many):
        return Trait.LAST_NAME, Grade.ALIKE
    return Trait.LAST_NAME, Grade.OTHER


def _first_names(one: str, other: str) -> Finding:
    if squashed(one) == squashed(other):
        return Trait.FIRST_NAME, Grade.SAME
    short, long = sorted((one, other), key=len)
    if len(short) == 1:
        return Trait.FIRST_NAME, Grade.PART if long.startswith(short) else Grade.OTHER
    if set(short.split()) & set(long.split()) or (long.startswith(short) and len(short) > 2):
        return Trait.FIRST_NAME, Grade.ALIKE
    if len(short) > 3 and OSA.distance(one, other, score_cutoff=1) <= 1 and one[-1] == other[-1]:
        return Trait.FIRST_NAME, Grade.ALIKE
    return Trait.FIRST_NAME, Grade.OTHER


def _places(one: Party, other: Party) -> Iterable[Finding | None]:
    if one.country and other.country and one.country != other.country:
        yield Trait.COUNTRY, Grade.OTHER
        return
    same_city = bool(one.city) and one.city == other.city
    if one.postcode and one.postcode == other.postcode:
        yield Trait.PLACE, Grade.SAME
        if one.street and one.street == other.street:
            yield Trait.STREET, Grade.SAME
    elif same_city:
        yield Trait.PLACE, Grade.PART
    elif (one.postcode and other.postcode and one.postcode[:2] != other.postcode[:2]) or (
        not (one.postcode and other.postcode) and one.city and other.city
    ):
        yield Trait.PLACE, Grade.OTHER
