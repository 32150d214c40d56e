"""What a programme needs before the first lead: catalogue, lead definition, policy, first rules.

Everything here becomes rows that a channel manager edits afterwards; nothing reads this file again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select

from portal.accounts import operations as accounts
from portal.accounts.models import Organisation, OrganisationKind, Programme
from portal.catalog import models as catalog
from portal.catalog import seed
from portal.catalog.queries import book, forget_book
from portal.core.db import session
from portal.deadlines.models import DeadlinePolicy, PolicyUse
from portal.deadlines.ready_made import PLAIN, STANDARD, Policies
from portal.deadlines.rules import as_columns
from portal.leads.definition import Plan, plan_to_data
from portal.leads.models import (
    LeadDefinition,
    LeadKind,
    LeadRequirement,
    LeadStatus,
    LeadTransition,
    LeadType,
    LifeState,
    QualificationQuestion,
)
from portal.matching import versions
from portal.matching.models import DistributionRule
from portal.qualification.models import NurtureRule
from portal.scoring.definition import first_rules
from portal.scoring.models import ScoreRules

KEPT_WARM = (("lost.postponed", 6), ("lost.no_budget", 12))
"""The reasons for which lost leads are kept warm, and for how many months."""

TEASER_FIELDS = [
    "title",
    "partner_text",
    "source",
    "expectation",
    "temperature",
    "country",
    "subdivision",
    "industry",
    "products",
    "size_band",
    "value_band",
    "time_frame",
    "brand",
]

# key, kind, English, German
TYPES = (
    ("organisation", LeadKind.END_CUSTOMER, "Company", "Firma"),
    ("person", LeadKind.END_CUSTOMER, "Person", "Person"),
    ("business_partner", LeadKind.PARTNER_RECRUIT, "Future partner", "Künftiger Partner"),
)

REQUIREMENTS = {
    "organisation": {
        "offer": (
            "title",
            "partner_text",
            "temperature",
            "source_id",
            "country",
            "contact.company",
            "contact.last_name",
            "contact.reachable",
        ),
        "win": ("value",),
        "lose": ("reason", "decision_maker"),
    },
    "person": {
        "offer": (
            "title",
            "partner_text",
            "temperature",
            "source_id",
            "country",
            "contact.last_name",
            "contact.reachable",
        ),
        "win": ("value",),
        "lose": ("reason", "decision_maker"),
    },
    "business_partner": {
        "offer": (
            "title",
            "partner_text",
            "temperature",
            "source_id",
            "country",
            "contact.company",
            "contact.last_name",
            "contact.reachable",
        ),
        "win": ("value",),
        "lose": ("reason", "decision_maker"),
    },
}

# key, life-cycle state, the partner's answer it stands for, default of its state, English, German
STATUSES = (
    ("new", LifeState.PENDING, None, True, "New", "Neu"),
    (
        "not_contacted",
        LifeState.IN_PROGRESS,
        "not_contacted",
        True,
        "Not made contact yet",
        "Noch kein Kontakt",
    ),
    (
        "waiting",
        LifeState.IN_PROGRESS,
        "waiting",
        False,
        "Waiting for feedback from the end customer",
        "Warten auf Rückmeldung des Kunden",
    ),
    (
        "proposal",
        LifeState.IN_PROGRESS,
        "proposal",
        False,
        "Proposal in progress",
        "Angebot in Arbeit",
    ),
    ("won", LifeState.WON, "won", True, "Won", "Gewonnen"),
    ("lost", LifeState.LOST, "lost", True, "Lost / not interested", "Verloren / kein Interesse"),
    ("cancelled", LifeState.CANCELLED, None, True, "Cancelled", "Abgebrochen"),
)

OPEN_WORK = ("not_contacted", "waiting", "proposal")
TRANSITIONS = {
    "new": ("not_contacted", "cancelled"),
    **dict.fromkeys(OPEN_WORK, (*OPEN_WORK, "won", "lost", "cancelled", "new")),
}

# key, area, required, English, German
QUESTIONS = (
    (
        "budget",
        "budget",
        True,
        "Is there money for it? How much, who approves it?",
        "Gibt es ein Budget? Wie hoch, wer gibt es frei?",
    ),
    (
        "authority",
        "authority",
        True,
        "Who decides, and who has a say?",
        "Wer entscheidet, wer redet mit?",
    ),
    (
        "need",
        "need",
        True,
        "What is the problem today, and what should change?",
        "Was ist heute das Problem, und was soll sich ändern?",
    ),
    (
        "time",
        "time",
        True,
        "By when must it be done, and why then?",
        "Bis wann muss es fertig sein, und warum dann?",
    ),
    (
        "situation",
        "own",
        False,
        "What is in place today, and from whom?",
        "Was ist heute im Einsatz, und von wem?",
    ),
    (
        "competitors",
        "own",
        False,
        "Who else has been asked?",
        "Wer ist noch angefragt?",
    ),
)


def found_programme(
    at: datetime,
    name: str = "Firstcome",
    cadence: Sequence[Plan] = (),
    deadlines: Policies = PLAIN,
) -> None:
    """Write the rows that a new programme starts with; does nothing where it stands already.

    `cadence` is what the type of every lead has planned by itself, `deadlines` what is expected
    of who picks it up.
    """
    if session().get(Programme, 1) is not None:
        return
    session().add(Programme(id=1, state="founded", founded_at=at))
    write_catalog()
    write_definition(at, cadence)
    write_policies(deadlines, at)
    if find_vendor() is None:
        accounts.add_organisation(OrganisationKind.VENDOR, name, at)
    session().flush()
    forget_book()
    write_first_rules(at)
    for key, months in KEPT_WARM:
        session().add(NurtureRule(reason_id=book().id_of("reason", key), months=months))
    session().add(ScoreRules(version=1, content=first_rules(book()).to_data(), created_at=at))
    session().flush()


def write_policies(deadlines: Policies, at: datetime) -> None:
    """Write the first deadline policies, and for which leads each is used."""
    session().add_all(
        DeadlinePolicy(key=key, standard=key == STANDARD, created_at=at, **as_columns(terms))
        for key, terms in deadlines.terms.items()
    )
    session().add_all(
        PolicyUse(position=position, temperature=temperature, policy_key=key)
        for position, (temperature, key) in enumerate(deadlines.uses.items(), start=1)
    )


def find_vendor() -> Organisation | None:
    """Return the vendor's organisation."""
    return session().scalar(
        select(Organisation).where(Organisation.kind == OrganisationKind.VENDOR)
    )


def write_catalog() -> None:
    """Write the catalogue's first entries."""
    add = session().add_all
    brands = {
        b.key: catalog.Brand(key=b.key, names={"en": b.name, "de": b.name}) for b in seed.BRANDS
    }
    add(_numbered(brands.values()))
    session().flush()
    add(
        _numbered(
            catalog.Product(key=p.key, names=p.name, brand_id=brands[p.brand].id, service=p.service)
            for p in seed.PRODUCTS
        )
    )
    add(
        _numbered(
            catalog.Industry(key=i.key, names=i.name, synonyms=list(i.spellings))
            for i in seed.INDUSTRIES
        )
    )
    add(
        _numbered(
            catalog.Source(
                key=s.key,
                names=s.name,
                expectation=s.expectation,
                synonyms=list(s.spellings),
                basis=s.basis,
            )
            for s in seed.SOURCES
        )
    )
    for kind, bands in ((catalog.SizeBand, seed.SIZE_BANDS), (catalog.ValueBand, seed.VALUE_BANDS)):
        ends = [*(band.lower for band in bands[1:]), None]
        add(
            _numbered(
                kind(key=band.key, names=band.name, low=band.lower, high=end)
                for band, end in zip(bands, ends, strict=True)
            )
        )
    add(
        _numbered(
            catalog.Reason(
                key=f"{r.purpose}.{r.key}", names=r.name, purpose=r.purpose, blame=r.blame
            )
            for r in seed.REASONS
        )
    )
    add(
        _numbered(
            catalog.PartnerLevel(key=level.key, names=level.name, rank=level.rank)
            for level in seed.LEVELS
        )
    )
    add(_numbered(catalog.Specialisation(key=s.key, names=s.name) for s in seed.SPECIALISATIONS))
    add(_numbered(catalog.Certification(key=c.key, names=c.name) for c in seed.CERTIFICATIONS))
    add(_numbered(catalog.CustomerClass(key=c.key, names=c.name) for c in seed.CUSTOMER_CLASSES))
    add(_numbered(catalog.CreditRating(key=r.key, names=r.name) for r in seed.CREDIT_RATINGS))
    add(_numbered(catalog.Competitor(key=c.key, names=c.name) for c in seed.COMPETITORS))
    add(_numbered(catalog.Category(key=c.key, names=c.name) for c in seed.CATEGORIES))
    session().flush()


def _numbered(entries: Iterable[catalog.Entry]) -> list[catalog.Entry]:
    found = list(entries)
    for position, entry in enumerate(found, start=1):
        entry.position = position * 10
    return found


def write_definition(at: datetime, cadence: Sequence[Plan] = ()) -> LeadDefinition:
    """Write the active lead definition: types, statuses, transitions, requirements, questions."""
    definition = LeadDefinition(name="Standard", active=True, created_at=at)
    session().add(definition)
    session().flush()
    for position, (key, kind, english, german) in enumerate(TYPES):
        lead_type = LeadType(
            definition_id=definition.id,
            key=key,
            position=position,
            kind=kind,
            names={"en": english, "de": german},
            teaser_fields=TEASER_FIELDS,
            cadence=[plan_to_data(plan) for plan in cadence],
        )
        session().add(lead_type)
        session().flush()
        session().add_all(
            LeadRequirement(type_id=lead_type.id, step=step, field=field)
            for step, fields in REQUIREMENTS[key].items()
            for field in fields
        )
    statuses = {
        key: LeadStatus(
            definition_id=definition.id,
            key=key,
            names={"en": english, "de": german},
            life_state=life_state,
            feedback_status=answer,
            is_default=default,
            is_initial=key == "new",
            position=position,
        )
        for position, (key, life_state, answer, default, english, german) in enumerate(STATUSES)
    }
    session().add_all(statuses.values())
    session().flush()
    session().add_all(
        LeadTransition(from_status_id=statuses[before].id, to_status_id=statuses[after].id)
        for before, followers in TRANSITIONS.items()
        for after in followers
        if before != after
    )
    session().add_all(
        QualificationQuestion(
            definition_id=definition.id,
            key=key,
            area=area,
            required=required,
            names={"en": english, "de": german},
            position=position,
        )
        for position, (key, area, required, english, german) in enumerate(QUESTIONS)
    )
    session().flush()
    return definition


def write_first_rules(at: datetime) -> None:
    """Write two rules: large projects to experienced firms, everything else to firms nearby."""
    entries = book()
    large = [
        entry.id
        for entry in entries.active("value_band")
        if isinstance(entry, catalog.ValueBand) and (entry.low or 0) >= 50_000
    ]
    higher = sorted(
        (e for e in entries.active("partner_level") if isinstance(e, catalog.PartnerLevel)),
        key=lambda level: level.rank or 0,
    )
    nearby = [
        {"kind": "region", "mode": "required"},
        {"kind": "brand", "mode": "required"},
        {"kind": "capacity", "mode": "required"},
        {"kind": "present", "mode": "required"},
        {"kind": "radius", "mode": "weighted", "weight": 40, "km": 250},
        {"kind": "industry", "mode": "weighted", "weight": 20},
        {"kind": "size_band", "mode": "weighted", "weight": 15},
        {"kind": "product", "mode": "weighted", "weight": 25},
    ]
    rules = [
        DistributionRule(
            position=10,
            name="Large projects to experienced firms",
            conditions=[{"field": "value_band", "values": large}],
            criteria=[
                {"kind": "level", "mode": "required", "level_id": higher[1].id},
                *nearby,
            ],
            most=10,
            changed_at=at,
        ),
        DistributionRule(
            position=20,
            name="Everything else to firms nearby",
            conditions=[],
            criteria=nearby,
            most=20,
            changed_at=at,
        ),
    ]
    for rule in rules:
        versions.write_first(rule, at)
