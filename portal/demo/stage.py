"""Set the stage: the programme, its people, partner firms, groups and rules, a year ago.

Not here: what they do (`story`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import update

from portal.accounts import operations as accounts
from portal.accounts import tree
from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, OrganisationKind, User
from portal.accounts.passwords import hash_password
from portal.accounts.permissions import Permission
from portal.accounts.queries import get_actor
from portal.catalog import field_operations
from portal.catalog.field_operations import FieldDraft
from portal.catalog.queries import book
from portal.core.db import session
from portal.customers import policy
from portal.deadlines import operations as policies
from portal.deadlines.business_time import Week
from portal.deadlines.models import Rung
from portal.deadlines.queries import list_policies
from portal.deadlines.ready_made import FULL
from portal.deadlines.rules import terms_of
from portal.demo import cast
from portal.demo.inquiries import plain
from portal.demo.places import GERMAN_SPEAKING, NAMES, REGIONS, ZONES
from portal.founding import find_vendor, found_programme
from portal.leads.contest import Contest
from portal.leads.contest import Mode as Contests
from portal.leads.first_contact import FIRST_CONTACT
from portal.matching import fairness_terms, groups, rulebook
from portal.matching.criteria import Condition, Criterion, Field, Kind, Mode
from portal.matching.fairness_rules import Terms
from portal.partners import hours
from portal.partners import operations as partners
from portal.partners.hours import Hours, read_day
from portal.partners.models import Partner
from portal.pickup import suspension

CHAIN = (Rung.AGAIN, Rung.GROUP, Rung.OVERFLOW, Rung.CHANNEL_MANAGER)
"""Where a lead goes that nobody wants."""

HEARS_BY_MAIL = 0.06
"""Share of the reps who hear of every offer by mail, besides those of `cast.HEAR_BY_MAIL`."""

CITIES = {city.name: city for cities in REGIONS.values() for city in cities}


@dataclass(slots=True)
class Cast:
    """A partner firm with its people as actors."""

    firm: cast.Firm
    organisation_id: int
    reps: list[Actor] = field(default_factory=list)
    managers: list[Actor] = field(default_factory=list)


@dataclass(slots=True)
class Stage:
    """Everybody who acts."""

    manager: Actor
    staff: dict[str, Actor]
    qualifiers: list[Actor]
    firms: dict[int, Cast]

    def named(self, name: str) -> Cast:
        """Return a firm by its name."""
        return next(one for one in self.firms.values() if one.firm.name == name)


def set_stage(at: datetime, rng: Random) -> Stage:
    """Found the programme at `at` and bring everybody on stage."""
    found_programme(at, cast.VENDOR, FIRST_CONTACT, FULL)
    vendor = find_vendor()
    if vendor is None:
        raise LookupError("a founded programme has a vendor")
    password = hash_password(cast.PASSWORD)
    staff = {
        mailbox: get_actor(
            accounts.add_person(
                vendor,
                f"{mailbox}@{cast.DOMAIN}",
                name,
                roles,
                at,
                phone=cast.PHONES.get(mailbox),
                password_hash=password,
            ).id
        )
        for mailbox, name, roles in cast.VENDOR_PEOPLE
    }
    arrange(vendor, staff, at)
    policy.choose(
        from_wins=True,
        number_demanded=False,
        classification_id=book().id_of("customer_class", "c"),
        credit_rating_id=book().id_of("credit_rating", "with_limit"),
        actor=staff["manager"],
        at=at,
    )
    keep_more(staff["manager"], at)
    hours.save(vendor, OFFICE, staff["manager"].id, at)
    organisations: dict[str, Organisation] = {}
    firms: dict[int, Cast] = {}
    for number, firm in enumerate(cast.FIRMS):
        joined = at + timedelta(hours=3 * number)
        organisation = add_firm(firm, organisations.get(firm.parent, vendor), joined)
        organisations[firm.name] = organisation
        at_home = CITIES[firm.city].country in GERMAN_SPEAKING
        responsible = cast.ACCOUNT_MANAGERS[0 if at_home else 1]
        tree.set_account_manager(organisation, staff[responsible].id, joined)
        firms[organisation.id] = add_people(firm, organisation, rng, password, joined)
    # hearing by mail comes later, see `story.hear_by_mail`
    session().execute(update(User).values(hears_by_mail=False))
    stage = Stage(
        staff["manager"],
        staff,
        [actor for name, actor in staff.items() if name[0] == "q"],
        firms,
    )
    made = form_groups(stage, at + timedelta(days=6))
    write_rules(made[cast.MENTORS], at + timedelta(days=6))
    return stage


def keep_more(manager: Actor, at: datetime) -> None:
    """Let the channel manager add the programme's own fields."""
    for subject, kind, english, german, teaser in cast.OWN_FIELDS:
        draft = FieldDraft(names={"en": english, "de": german}, kind=kind, teaser=teaser)
        field_operations.add(subject, draft, manager.id, at)


def arrange(vendor: Organisation, staff: dict[str, Actor], at: datetime) -> None:
    """Give the vendor's people their units and their managers."""
    people = {mailbox: session().get_one(User, actor.id) for mailbox, actor in staff.items()}
    units: dict[str, int] = {}
    for name, parent, manager, members, territories in cast.UNITS:
        units[name] = tree.save_unit(
            vendor,
            name,
            at,
            parent_id=units.get(parent),
            manager_id=staff[manager].id,
            territories=territories,
        ).id
        for mailbox in members:
            tree.set_unit(people[mailbox], units[name], at)
    for mailbox, manager in cast.REPORTS:
        tree.set_manager(people[mailbox], staff[manager].id, at)
    for one in list_policies():
        terms = replace(terms_of(one), chain=CHAIN, overflow_unit_id=units[cast.DIRECT])
        policies.save(one.key, terms, None, None, at)


def add_firm(firm: cast.Firm, parent: Organisation, at: datetime) -> Organisation:
    """Add a firm with its profile."""
    city, entries = CITIES[firm.city], book()
    german = city.country in GERMAN_SPEAKING and city.subdivision != "CH-VD"
    organisation = accounts.add_organisation(
        OrganisationKind.DISTRIBUTOR if firm.distributor else OrganisationKind.RESELLER,
        firm.name,
        at,
        parent=parent,
        locale="de" if german and not firm.people else "en",
        timezone=ZONES[city.country],
        domain=firm.domain,
    )
    products = [
        entry.id
        for entry in entries.active("product")
        if any(entry.brand_id == entries.id_of("brand", key) for key in firm.brands)  # type: ignore[attr-defined]
    ]
    last_day = (at + timedelta(days=700)).date()
    partner = partners.create_partner(
        organisation,
        at,
        country=city.country,
        subdivision=city.subdivision if city.country in ("DE", "AT", "CH", "US") else None,
        city=city.name,
        latitude=city.latitude,
        longitude=city.longitude,
        territories=list(firm.territories),
        level_id=entries.id_of("partner_level", firm.level),
        brand_ids=[entries.id_of("brand", key) for key in firm.brands],
        product_ids=products,
        specialisation_ids=[entries.id_of("specialisation", k) for k in firm.specialisations],
        industry_ids=[entries.id_of("industry", key) for key in firm.industries],
        size_band_ids=[entries.id_of("size_band", key) for key in firm.sizes],
        languages=[*cast.SPOKEN.get(city.country, ()), "en"],
        people=firm.size,
        capacity=firm.capacity,
        rep_capacity=firm.rep_capacity,
        website=f"https://www.{firm.domain}",
        certifications={
            entries.id_of("certification", key): last_day for key in firm.certifications
        },
    )
    # who is large enough shows what it sells
    partners.save_profile(partner, at, custom={"showroom": "yes" if firm.size >= 40 else "no"})
    return organisation


def add_people(
    firm: cast.Firm, organisation: Organisation, rng: Random, password: str, at: datetime
) -> Cast:
    """Add the people of a firm: those who are named, and as many invented reps and a manager."""
    made = Cast(firm, organisation.id)
    names = NAMES[CITIES[firm.city].country]
    first, last = rng.sample(names.first, firm.reps + 1), rng.sample(names.last, firm.reps + 1)
    invented = [
        (f"{plain(a)}.{plain(b)}", f"{a} {b}", cast.REP)
        for a, b in zip(first[1:], last[1:], strict=True)
    ]
    if not firm.people:
        mailbox = f"{plain(first[0])}.{plain(last[0])}"
        invented.insert(0, (mailbox, f"{first[0]} {last[0]}", cast.MANAGER))
    for mailbox, name, roles in (*firm.people, *invented):
        user: User = accounts.add_person(
            organisation, f"{mailbox}@{firm.domain}", name, roles, at, password_hash=password
        )
        actor = get_actor(user.id)
        if actor.may(Permission.PICKUPS_CLAIM):
            made.reps.append(actor)
        if actor.may(Permission.OFFERS_DECLINE_FIRM):
            made.managers.append(actor)
    return made


def form_groups(stage: Stage, at: datetime) -> dict[str, int]:
    """Put the groups together; return their ids by name."""
    made = {}
    for name, note, members in cast.GROUPS:
        group = groups.save_group(name, note, at)
        for member in members:
            groups.add_member(group, stage.named(member).organisation_id, at)
        made[name] = group.id
    return made


def write_rules(mentors: int, at: datetime) -> None:
    """Write two rules of this programme's own in front of the first ones, and share leads out."""
    entries = book()
    nearby = [
        Criterion(Kind.REGION),
        Criterion(Kind.BRAND),
        Criterion(Kind.CAPACITY),
        Criterion(Kind.PRESENT),
        Criterion(Kind.RADIUS, Mode.WEIGHTED, 35, km=250),
    ]
    gold = entries.id_of("partner_level", "gold")
    schools = tuple(entries.id_of("industry", key) for key in ("education", "public_sector"))
    for draft in (
        rulebook.RuleDraft(
            "Schools and town halls decide slowly",
            [Condition(Field.INDUSTRY, schools)],
            [
                *nearby,
                Criterion(Kind.INDUSTRY, Mode.WEIGHTED, 25),
                Criterion(Kind.PRODUCT, Mode.WEIGHTED, 25),
                Criterion(Kind.VALUE, Mode.WEIGHTED, 15),
                Criterion(Kind.PUNCTUALITY, Mode.WEIGHTED, 10),
                Criterion(
                    Kind.ANY,
                    Mode.WEIGHTED,
                    10,
                    of=(Criterion(Kind.LEVEL, level_id=gold), Criterion(Kind.REGISTRANT, least=2)),
                ),
            ],
            hours=240,
            most=20,
            contest=Contest(Contests.PHOTO_FINISH, seconds=60),
        ),
        rulebook.RuleDraft(
            "Future partners to their mentors",
            [Condition(Field.KIND, ("partner_recruit",))],
            [Criterion(Kind.REGION), Criterion(Kind.PRESENT), nearby[-1]],
            hours=120,
            group_id=mentors,
        ),
    ):
        rule = rulebook.add_rule(draft, at)
        rulebook.move_rule(rule.id, -10, at)
    terms = Terms(most_picks=25, most_hot_picks=20, explored=10, small_people=12)
    fairness_terms.save(terms, None, at)


OFFICE = Hours(
    week=Week(((read_day("8:30–12:30, 13:15–17:00")),) * 4 + (read_day("8:30–14:00"), (), ())),
    zone="Europe/Berlin",
    holidays=True,
    days_off=(),
    country="DE",
    subdivision="DE-NI",
)
"""When the vendor works, and partners who say nothing else."""


def close_in(stage: Stage, at: datetime) -> None:
    """Let one firm be on holiday, one pause, and one person be away, ten days after `at`."""
    at += timedelta(days=10)
    today = at.date()
    partners.add_absence(
        stage.named(cast.AWAY).organisation_id,
        today - timedelta(days=3),
        today + timedelta(days=5),
        at - timedelta(days=9),
        note="Company holiday",
    )
    guest = stage.named("Isarnetzwerk")
    partners.add_absence(
        guest.organisation_id,
        today - timedelta(days=1),
        today + timedelta(days=9),
        at - timedelta(days=5),
        user_id=guest.reps[-1].id,
    )
    paused = session().get_one(Partner, stage.named(cast.PAUSED).organisation_id)
    suspension.suspend_by_hand(
        paused,
        at + timedelta(days=17),
        "Paused as agreed, until the move to the new office is done.",
        stage.manager,
        at - timedelta(days=4),
    )
