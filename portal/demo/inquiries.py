"""Compose an inquiry out of topics, phrases, places and names. Pure: a random source goes in."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random

from portal.demo import phrases
from portal.demo.places import GERMAN_SPEAKING, NAMES, REGIONS, ZONES, City
from portal.demo.topics import TOPICS, Topic
from portal.leads.operations import ContactDraft

TEMPERATURES = {"hot": 5, "warm": 10, "cold": 7}
# topics that equip people one by one
PER_HEAD = frozenset({"endpoints", "telephony"})
LETTERS = {"ß": "ss", "ä": "ae", "ö": "oe", "ü": "ue", "ł": "l", "ø": "o"}


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Everything that a qualifier finds out about one inquiry."""

    topic: Topic
    language: str
    temperature: str
    city: City
    industry: str
    source: str
    people: int
    amount: Decimal
    title: str
    text: str
    expectation: str
    time_frame: str
    contact: ContactDraft
    answers: dict[str, str]

    @property
    def zone(self) -> str:
        """The zone of the city."""
        return ZONES[self.city.country]


class Composer:
    """Composes inquiries; no two have the same firm, number or address."""

    def __init__(self, at: datetime) -> None:
        self.month = at.month
        self.taken: set[str] = set()

    def compose(
        self, rng: Random, region: str, recruit: bool = False, temperature: str | None = None
    ) -> Inquiry:
        """Compose an inquiry from a region, as hot as it comes unless that is named."""
        topics = [topic for topic in TOPICS if topic.recruit is recruit]
        topic = rng.choices(topics, [topic.weight for topic in topics])[0]
        city = rng.choice(REGIONS[region])
        language = self.language(rng, region, city)
        if temperature is None:
            temperature = rng.choices(list(TEMPERATURES), list(TEMPERATURES.values()))[0]
        industry = rng.choice(topic.industries or tuple(phrases.WHO))
        pieces = self.pieces(rng, topic)
        people = self.people(rng, topic, pieces)
        words = topic.de if language == "de" else topic.en
        slots = {
            "who": rng.choice(phrases.WHO[industry][language]),
            "n": str(pieces),
            "s": str(rng.randint(2, 6)),
            "y": str(rng.randint(6, 11)),
            "p": str(people),
            "m": phrases.MONTHS[language][(self.month + rng.randint(1, 5)) % 12],
        }
        need, detail = rng.choice(words.needs), rng.choice(words.details)
        more = [
            rng.choice(phrases.MONEY[temperature][language]),
            rng.choice(phrases.TIME[temperature][language]),
        ]
        if rng.random() < 0.45:
            more[rng.randrange(2)] = rng.choice(phrases.DECIDERS[language])
        hint = [rng.choice(words.hints)] if rng.random() < 0.7 else []
        amount = Decimal(max(5, round(pieces * topic.price * rng.uniform(0.85, 1.2) / 100))) * 100
        expectation = ""
        if rng.random() < 0.6:
            expectation = rng.choice(phrases.EXPECTATIONS[temperature][language])
        return Inquiry(
            topic=topic,
            language=language,
            temperature=temperature,
            city=city,
            industry=industry,
            source=rng.choice(phrases.SOURCES[temperature]),
            people=people,
            amount=amount,
            title=rng.choice(words.titles).format(**slots),
            text=" ".join([need, detail, *more, *hint]).format(**slots),
            expectation=expectation,
            time_frame=rng.choice(phrases.TIME_FRAMES[temperature][language]),
            contact=self.contact(rng, city, industry, language),
            answers=self.answers(rng, temperature, language, need, detail, more, slots),
        )

    @staticmethod
    def language(rng: Random, region: str, city: City) -> str:
        """German for most of the German-speaking countries; the home market is written in both."""
        if city.country not in GERMAN_SPEAKING or city.subdivision == "CH-VD":
            return "en"
        return "de" if rng.random() < (0.35 if region == "north" else 0.65) else "en"

    @staticmethod
    def pieces(rng: Random, topic: Topic) -> int:
        """Return how many pieces: small numbers more often than large ones."""
        low, high = topic.pieces
        number = round(math.exp(rng.uniform(math.log(low), math.log(high))))
        return number if number < 60 else round(number / 10) * 10

    @staticmethod
    def people(rng: Random, topic: Topic, pieces: int) -> int:
        """Return how many people the firm has."""
        if topic.recruit:
            return pieces
        if topic.key in PER_HEAD:
            number = round(pieces * rng.uniform(1.1, 1.6))
        else:
            number = round(math.exp(rng.uniform(math.log(14), math.log(2400))))
        return number if number < 40 else round(number / 10) * 10

    def contact(self, rng: Random, city: City, industry: str, language: str) -> ContactDraft:
        """Invent a firm and the person to call there."""
        names = NAMES[city.country]
        tails = phrases.COMPANY_TAILS.get(industry, phrases.OTHER_TAILS)
        tongue = "de" if city.country in GERMAN_SPEAKING else "en"
        stem = self.fresh(lambda: rng.choice(names.heads) + rng.choice(names.tails))
        company = f"{stem} {rng.choice(tails[tongue])} {rng.choice(self.forms(city))}"
        first, last = rng.choice(names.first), rng.choice(names.last)
        domain = f"{plain(stem)}-{plain(rng.choice(tails[tongue]))}.example"
        house = rng.randint(2, 98)
        street = rng.choice(names.streets)
        if not street[0].isdigit():
            before = city.country in ("US", "GB", "FR")
            street = f"{house} {street}" if before else f"{street} {house}"
        return ContactDraft(
            company=company,
            first_name=first,
            last_name=last,
            role=rng.choice(phrases.ROLES[language]),
            phone=self.fresh(lambda: fill(rng, city.phone)),
            email=f"{plain(first)}.{plain(last)}@{domain}",
            domain=domain,
            street=street,
            postcode=fill(rng, city.postcode),
        )

    @staticmethod
    def forms(city: City) -> tuple[str, ...]:
        """Return the legal forms of a country."""
        return phrases.LEGAL_FORMS[city.country]

    def fresh(self, invent: Callable[[], str]) -> str:
        """Invent until it is new."""
        for attempt in range(1000):
            found = invent()
            if found not in self.taken:
                break
            if attempt > 200:
                # the stock of short names is used up: two of them together are new again
                found = f"{found}-{invent()}"
                if found not in self.taken:
                    break
        self.taken.add(found)
        return found

    @staticmethod
    def answers(
        rng: Random,
        temperature: str,
        language: str,
        need: str,
        detail: str,
        more: list[str],
        slots: dict[str, str],
    ) -> dict[str, str]:
        """Return the answers to the script."""
        pools = phrases.ANSWERS
        given = {
            "budget": rng.choice(pools["budget"][temperature][language]),
            "authority": rng.choice(pools["authority"][temperature][language]),
            "need": need.format(**slots),
            "time": more[-1].format(**slots),
            "situation": detail.format(**slots),
        }
        if rng.random() < 0.6:
            given["competitors"] = rng.choice(phrases.COMPETITORS[language])
        return given


def fill(rng: Random, pattern: str) -> str:
    """Put a digit in place of every #."""
    return re.sub("#", lambda _found: str(rng.randint(1, 9)), pattern)


def plain(text: str) -> str:
    """Return a text as it can stand in an address."""
    lower = "".join(LETTERS.get(letter, letter) for letter in text.lower())
    decomposed = unicodedata.normalize("NFKD", lower)
    return re.sub("[^a-z0-9]+", "-", decomposed.encode("ascii", "ignore").decode()).strip("-")
