"""Who sees what of a lead: the table, what the programme may choose, and what pages show."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounts import tree
from portal.accounts.models import Organisation, User
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.events import EventRow
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads import choosing, contacts, hand_over, visibility
from portal.leads.models import Lead, VisibilityChoice
from portal.leads.sight import read_choices, sight_of
from portal.leads.visibility import (
    EDITABLE,
    GRID,
    TABLE,
    Cell,
    Field,
    Phase,
    Tier,
    phase_of,
    seen,
    shared,
)
from portal.pickup import operations as pickup
from portal.timeline.models import ContactLook
from tests.factories import (
    CONTACT,
    csrf_of,
    factory,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

PARTNER_TIERS = (
    Tier.HOLDER,
    Tier.FIRM_MANAGER,
    Tier.DELEGATE,
    Tier.OFFERED_FIRM,
    Tier.DISTRIBUTOR,
)
EVERYTHING = dict.fromkeys(TABLE, True)
NOTHING = dict.fromkeys(TABLE, False)


@factory
def make_held(rep: User, note: str = "", value: int | None = None) -> Lead:
    """Return a lead that the rep picked up an hour ago, and reported on where a note is given."""
    at = clock.now() - timedelta(hours=1)
    lead = make_offered_lead(at=at)
    held = pickup.claim(lead.id, get_actor(rep.id), at)
    if note or value:
        feedback.give(
            held.pickup_id, Answer("proposal", note=note, value=value), get_actor(rep.id), at
        )
    return session().get_one(Lead, lead.id, populate_existing=True)


@factory
def chosen(*places: tuple[Field, Tier, Phase]) -> None:
    """Have an administrator show these cells besides the standard ones."""
    admin = make_person(make_vendor(), "admin")
    standard = {place for place in EDITABLE if TABLE[place] == Cell.ON}
    choosing.choose(standard | set(places), get_actor(admin.id), clock.now())


@factory
def hidden(*places: tuple[Field, Tier, Phase]) -> None:
    """Have an administrator hide these cells of the standard."""
    admin = make_person(make_vendor(), "admin")
    standard = {place for place in EDITABLE if TABLE[place] == Cell.ON}
    choosing.choose(standard - set(places), get_actor(admin.id), clock.now())


@factory
def answers_for(manager: User, rep: User) -> None:
    """Make somebody the account manager of a rep's firm."""
    firm = session().get_one(Organisation, rep.organisation_id)
    tree.set_account_manager(firm, manager.id, clock.now())


@factory
def who_looked(lead: Lead) -> set[int]:
    """Return who was shown the contact data."""
    return set(session().scalars(select(ContactLook.user_id).where(ContactLook.lead_id == lead.id)))


@factory
def event_of(name: str) -> EventRow:
    """Return the one event of this name."""
    return session().scalars(select(EventRow).where(EventRow.name == name)).one()


choices = factory(read_choices)


# -- the table ----------------------------------------------------------------------------------


def test_the_table_names_every_field_and_four_phases_for_each_tier_in_it() -> None:
    assert set(GRID) == set(Field)
    for row in GRID.values():
        for signs in row.values():
            assert [Cell(sign) for sign in signs.split()]
            assert len(signs.split()) == len(Phase)


@pytest.mark.parametrize("choices", [{}, EVERYTHING, NOTHING], ids=["standard", "all", "none"])
def test_whatever_is_chosen_no_partner_sees_contact_data_before_his_pickup(choices) -> None:
    for phase in (Phase.BEFORE, Phase.OFFERED):
        assert Field.CONTACT not in seen(PARTNER_TIERS, phase, choices)
        assert Field.CONTACT not in shared(PARTNER_TIERS, phase, choices)


@pytest.mark.parametrize("choices", [{}, EVERYTHING, NOTHING], ids=["standard", "all", "none"])
def test_whatever_is_chosen_notes_leave_the_firm_only_shared(choices) -> None:
    firm = (Tier.HOLDER, Tier.FIRM_MANAGER, Tier.DELEGATE)
    for tier in set(Tier) - set(firm):
        for phase in Phase:
            assert Field.NOTES not in seen((tier,), phase, choices)


@pytest.mark.parametrize("choices", [{}, EVERYTHING, NOTHING], ids=["standard", "all", "none"])
def test_whatever_is_chosen_a_distributor_sees_nothing_that_is_not_shared(choices) -> None:
    for phase in Phase:
        assert not seen((Tier.DISTRIBUTOR,), phase, choices)
        as_shared = shared((Tier.DISTRIBUTOR,), phase, choices)
        assert as_shared <= {Field.TEASER, Field.HOLDER, Field.PROGRESS}


@pytest.mark.parametrize("choices", [{}, EVERYTHING, NOTHING], ids=["standard", "all", "none"])
def test_whatever_is_chosen_the_holder_sees_all_he_works_with(choices) -> None:
    needed = set(Field) - {Field.ROUNDS}
    assert needed <= seen((Tier.HOLDER,), Phase.HELD, choices)


def test_no_cell_of_a_partner_can_be_chosen() -> None:
    assert not {place for place in EDITABLE if place[1] in PARTNER_TIERS}


def test_who_stands_to_a_lead_in_two_ways_sees_what_either_shows() -> None:
    both = seen((Tier.OPERATIONS, Tier.ADMIN), Phase.HELD, {})
    apart = seen((Tier.OPERATIONS,), Phase.HELD, {}) | seen((Tier.ADMIN,), Phase.HELD, {})
    assert both == apart
    assert Field.CONTACT in both
    assert Field.ROUNDS in both


@pytest.mark.parametrize(
    ("state", "phase"),
    [
        ("captured", Phase.BEFORE),
        ("returned", Phase.BEFORE),
        ("offered", Phase.OFFERED),
        ("held", Phase.HELD),
        ("closed", Phase.CLOSED),
    ],
)
def test_a_state_tells_how_far_a_lead_is(state: str, phase: Phase) -> None:
    assert phase_of(state) == phase


# -- what the programme chooses -----------------------------------------------------------------

HELD_BY_MANAGERS = (Field.CONTACT, Tier.CHANNEL_MANAGER, Phase.HELD)


def test_a_channel_manager_sees_contact_data_of_held_leads_only_once_it_was_granted(
    client: FlaskClient,
) -> None:
    manager, lead = make_manager(), make_held(make_person())
    sign_in(client, manager)
    before = client.get(f"/leads/{lead.id}").text
    assert CONTACT["phone"] not in before
    chosen(HELD_BY_MANAGERS)
    assert CONTACT["phone"] in client.get(f"/leads/{lead.id}").text
    assert manager.id in who_looked(lead)
    chosen()
    assert CONTACT["phone"] not in client.get(f"/leads/{lead.id}").text


def test_a_choice_outside_the_bounds_changes_nothing_even_when_it_stands_in_the_table(
    ctx: Flask,
) -> None:
    stranger = make_person()
    lead = make_offered_lead(at=clock.now())
    for field, tier, phase in TABLE:
        session().add(VisibilityChoice(field=field, tier=tier, phase=phase, seen=True))
    session().flush()
    assert not contacts.may_see_contact(lead, get_actor(stranger.id))
    held = make_held(stranger)
    colleague = make_person(session().merge(stranger.organisation), "partner_rep")
    assert not contacts.may_see_contact(held, get_actor(colleague.id))


def test_words_and_values_that_are_hidden_from_account_managers_are_not_on_their_page(
    client: FlaskClient,
) -> None:
    rep = make_person()
    pam = make_person(make_vendor(), "account_manager")
    answers_for(pam, rep)
    lead = make_held(rep, note="The board decides in May.", value=87_654)
    sign_in(client, pam)
    page = client.get(f"/leads/{lead.id}").text
    assert "The board decides in May." in page
    assert "87,654" in page
    hidden(
        (Field.FEEDBACK, Tier.OWNER, Phase.HELD),
        (Field.VALUE, Tier.OWNER, Phase.HELD),
        (Field.ROUNDS, Tier.OWNER, Phase.HELD),
    )
    page = client.get(f"/leads/{lead.id}").text
    assert "The board decides in May." not in page
    assert "87,654" not in page
    assert "Offered to" not in page
    assert "Proposal in progress" in page


def test_an_account_manager_of_another_partner_stands_to_a_lead_in_no_way(ctx: Flask) -> None:
    chosen((Field.CONTACT, Tier.OWNER, Phase.HELD))
    paul = make_person(make_vendor(), "account_manager")
    lead = make_held(make_person())
    assert sight_of(lead, get_actor(paul.id)).fields == frozenset()
    assert not contacts.may_see_contact(lead, get_actor(paul.id))


def post(client: FlaskClient, path: str, places: Iterable[tuple[Field, Tier, Phase]] = ()):
    token = csrf_of(client.get("/visibility").text)
    ticked = [".".join(place) for place in places]
    return client.post(path, data={"csrf_token": token, "seen": ticked})


def test_an_administrator_ticks_boxes_and_the_change_is_recorded_from_and_to(
    client: FlaskClient,
) -> None:
    admin = make_person(make_vendor(), "admin")
    sign_in(client, admin)
    standard = {place for place in EDITABLE if TABLE[place] == Cell.ON}
    gone = (Field.FEEDBACK, Tier.OWNER, Phase.HELD)
    answer = post(client, "/visibility", (standard | {HELD_BY_MANAGERS}) - {gone})
    assert answer.status_code == 303
    assert choices() == {HELD_BY_MANAGERS: True, gone: False}
    page = client.get("/visibility").text
    assert "2 changes are saved" in page
    assert "2 boxes differ" in page
    event = event_of("VisibilityChanged")
    assert event.actor_id == admin.id
    assert event.data["shown"] == ["contact channel_manager held"]
    assert event.data["hidden"] == ["feedback owner held"]
    assert post(client, "/visibility/standard").status_code == 303
    assert visibility.seen((Tier.CHANNEL_MANAGER,), Phase.HELD, choices()) == seen(
        (Tier.CHANNEL_MANAGER,), Phase.HELD, {}
    )


def test_boxes_that_do_not_exist_are_not_taken(client: FlaskClient) -> None:
    sign_in(client, make_person(make_vendor(), "admin"))
    standard = {place for place in EDITABLE if TABLE[place] == Cell.ON}
    forged = (Field.CONTACT, Tier.OFFERED_FIRM, Phase.OFFERED)
    post(client, "/visibility", standard | {forged})
    assert choices() == {}


def test_nobody_but_an_administrator_chooses(client: FlaskClient) -> None:
    sign_in(client, make_manager())
    assert client.get("/visibility").status_code == 403
    token = csrf_of(client.get("/board").text)
    answer = client.post("/visibility", data={"csrf_token": token, "seen": []})
    assert answer.status_code == 403


# -- who can see this ---------------------------------------------------------------------------


def test_the_holder_reads_who_can_see_his_lead_and_who_looked(client: FlaskClient) -> None:
    firm = make_partner("Alpha Systems")
    rep = make_person(firm, name="Alice Ahrens")
    boss = make_person(firm, "partner_manager", name="Anna Adler")
    make_person(firm, name="Alan Arendt")
    make_manager(name="Mona Maurer")
    lead = make_held(rep)
    assert sign_in(client, boss).get(f"/leads/{lead.id}").status_code == 200
    client.post("/logout", data={"csrf_token": csrf_of(client.get("/mine").text)})
    page = sign_in(client, rep).get(f"/leads/{lead.id}").text
    told = page[page.index("Who can see this") :]
    assert "Anna Adler" in told
    assert "Alan Arendt" not in told
    assert "Mona Maurer" not in told, "how many of the vendor's, not who"
    assert "Channel managers" in told
    looked = page[page.index("Who looked") :]
    assert "Anna Adler" in looked


def test_a_channel_manager_reads_by_name_who_can_see_a_lead(client: FlaskClient) -> None:
    rep = make_person(name="Alice Ahrens")
    make_manager(name="Mona Maurer")
    lead = make_held(rep)
    page = sign_in(client, make_manager()).get(f"/leads/{lead.id}").text
    told = page[page.index("Who can see this") :]
    assert "Alice Ahrens" in told
    assert "Mona Maurer" in told


def test_operations_sees_a_lead_and_its_contact_only_as_long_as_it_is_handed_over(
    ctx: Flask,
) -> None:
    rep, olga = make_person(), make_person(make_vendor(), "operations")
    lead, actor = make_held(rep), get_actor(olga.id)
    assert Tier.OPERATIONS not in sight_of(lead, actor).tiers
    manager = make_manager()
    due = (clock.now() + timedelta(days=5)).date()
    asked = hand_over.hand_over(lead.id, due, None, get_actor(manager.id), clock.now())
    assert contacts.may_see_contact(lead, actor)
    hand_over.take(asked.id, actor, clock.now())
    hand_over.hand_back(asked.id, "4711", None, actor, clock.now())
    assert not contacts.may_see_contact(lead, actor)
