"""What partners of the demo say of themselves: whom to call, what their people are good at, whom
they know, how they like to report. And the groups that they come into by it.

As all of the story it is brought about by the operations of the rooms.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from portal.accounts.actor import Actor
from portal.accounts.models import User
from portal.catalog.queries import book
from portal.core import circumstances
from portal.core.db import session
from portal.demo import cast
from portal.demo.stage import Cast, Stage
from portal.hearing.operations import choose
from portal.matching import groups
from portal.matching.criteria import Criterion, Kind
from portal.matching.groups import Terms
from portal.partners import contacts, rep_profiles
from portal.partners.models import ContactFunction, Partner
from portal.partners.queries import list_groups
from portal.partners.rep_profiles import Skills
from portal.relations import operations as relations

FUNCTIONS = (ContactFunction.SALES, ContactFunction.TECHNICAL, ContactFunction.MARKETING)
SILENT_EVERY = 5
"""One firm in so many has not said yet whom to call."""
SHEETS_EVERY = 3
"""In one firm of so many somebody has its leads sent as a sheet."""
WHOLE_EVERY = 3
"""Of the others, one in so many has said it of every function."""

CUSTOMERS = """\
Company;Web site
Hafenbecken Spedition;hafenbecken-spedition.example
Leinetal Kliniken;leinetal-kliniken.example
Kornfeld Mühlenwerke;kornfeld-muehlen.example
Brockenblick Hotels;brockenblick-hotels.example
Ilsede Guss;ilsede-guss.example
Sachsenross Druck;sachsenross-druck.example
Südheide Energie;suedheide-energie.example
Okertaler Papier;okertaler-papier.example
Wümme Feinkost;wuemme-feinkost.example
Deisterblick Schulen;deisterblick-schulen.example
Steinhuder Werft;steinhuder-werft.example
Innerste Maschinenbau;innerste-maschinenbau.example
"""
"""Whom one firm knows already."""


def introduce(stage: Stage, at: datetime) -> None:
    """Let firms say whom to call, people with a name what they are good at, one whom it knows."""
    for number, firm in enumerate(stage.firms.values()):
        if number % SILENT_EVERY != SILENT_EVERY - 1:
            name_contacts(firm, at + timedelta(hours=number), whole=number % WHOLE_EVERY == 0)
        # who was invented is good at all that her firm knows
        for place, rep in enumerate(firm.reps if firm.firm.people else ()):
            tell_skills(firm, place, rep, at + timedelta(hours=number))
    keeper = stage.named(cast.ALPHA).managers[0]
    with circumstances.under(channel="web", actor_id=keeper.id):
        relations.keep_list(CUSTOMERS, False, keeper, at)


def name_contacts(firm: Cast, at: datetime, *, whole: bool) -> None:
    """Let the manager of a firm say whom to call; the first takes responsibility for leads."""
    people = [*firm.reps, *firm.managers]
    if not people:
        return
    partner = session().get_one(Partner, firm.organisation_id)
    with circumstances.under(channel="web", actor_id=people[-1].id):
        for number, function in enumerate(FUNCTIONS if whole else FUNCTIONS[:1]):
            person = session().get_one(User, people[number % len(people)].id)
            contacts.add_contact(
                partner, function, person.name, at, email=person.email, for_leads=number == 0
            )


def tell_skills(firm: Cast, place: int, rep: Actor, at: datetime) -> None:
    """Let a rep say what she is good at: colleagues share out what their firm knows."""
    user = session().get_one(User, rep.id)
    known = firm.firm.specialisations[place :: len(firm.reps)]
    languages = session().get_one(Partner, firm.organisation_id).languages
    skills = Skills(
        specialisation_ids=[book().id_of("specialisation", key) or 0 for key in known],
        languages=languages[: 1 + place % 2],
    )
    with circumstances.under(channel="web", actor_id=rep.id):
        rep_profiles.save(user, skills, at)


def form_circles(stage: Stage, at: datetime) -> None:
    """Put groups together by what partners know and speak, and one of groups for some weeks."""
    entries = book()
    wireless = entries.id_of("specialisation", "wireless") or 0
    silver = entries.id_of("partner_level", "silver")
    asked = (
        Criterion(Kind.SPECIALISATION, ids=(wireless,)),
        Criterion(Kind.LEVEL, level_id=silver),
    )
    with circumstances.under(channel="web", actor_id=stage.manager.id):
        experts = groups.save_group(cast.EXPERTS, "Silver or better, and at home in Wi-Fi.", at)
        groups.save_terms(experts, Terms(criteria=asked), at)
        inside = [one.id for one, _members in list_groups() if one.name == cast.SCHOOLS]
        french = groups.save_group(cast.IN_FRENCH, "For inquiries from Wallonia and Geneva.", at)
        groups.save_terms(french, Terms(criteria=[Criterion(Kind.LANGUAGE, languages=("fr",))]), at)
        launch = groups.save_group("Wi-Fi for schools", "For the campaign of this season.", at)
        together = Terms(
            group_ids=[experts.id, *inside],
            valid_from=at.date(),
            valid_until=at.date() + timedelta(days=90),
        )
        groups.save_terms(launch, together, at)


def want_sheets(stage: Stage, at: datetime) -> None:
    """Let who leads some firms have all their leads as a sheet, on Mondays or on Fridays."""
    for number, firm in enumerate(stage.firms.values()):
        if number % SHEETS_EVERY == 0 and firm.managers:
            manager, weekday = firm.managers[0], 5 if number % 2 else 1
            with circumstances.under(channel="web", actor_id=manager.id):
                choose(manager.id, at, sheet_weekday=weekday)
