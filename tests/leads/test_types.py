"""What a lead type says of its leads: what they may have, how long they take, where they go."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.accounts.queries import get_actor
from portal.catalog import field_operations
from portal.catalog.field_operations import FieldDraft
from portal.catalog.operations import add_entry
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Invalid
from portal.feedback import actions
from portal.leads import (
    activities,
    beginning,
    figures,
    labels,
    operations,
    outcome,
    own_fields,
    requirements,
    versions,
)
from portal.leads.activation import activate
from portal.leads.allowed import choices_for
from portal.leads.contest import Contest, Mode
from portal.leads.definition import (
    Content,
    Level,
    Numbering,
    Plan,
    Status,
    Way,
    from_data,
    put,
    put_way,
    set_levels,
    to_data,
)
from portal.leads.definition_around import Around, read_around
from portal.leads.definition_rules import add_ways, check, differences
from portal.leads.figures import Figures
from portal.leads.levels import for_all, next_number
from portal.leads.models import Lead, LeadDateChange, LeadState, LeadType
from portal.leads.operations import Qualification
from portal.leads.outcome import Deal
from portal.offers import operations as offers
from portal.offers.models import OfferRound
from portal.offers.rules import StaysDirect
from portal.pickup import operations as pickup
from portal.timeline.models import Activity
from portal.timeline.rules import Entry
from tests.factories import (
    AT,
    answer_questions,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_programme,
    make_unit,
    make_vendor,
)

DAY = timedelta(days=1)


@pytest.fixture
def manager(ctx: Flask) -> Actor:
    return get_actor(make_manager().id)


def active_content() -> Content:
    found = versions.find_active()
    assert found is not None
    return versions.content_of(found)


def in_force(content: Content, manager: Actor) -> None:
    draft = versions.begin_draft(manager, AT, content=content)
    activate(draft.id, draft.version, {}, manager, AT)
    assert active_content() == content


def companies(content: Content, **over: Any) -> Content:
    """Return the content in which companies are said to be otherwise."""
    found = content.type_of("organisation")
    assert found is not None
    return put(content, replace(found, **over))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: companies(c, products=()), "nothing is ticked at “Products and services”"),
        (lambda c: companies(c, products=("sledges",)), "there is no “sledges” in the catalogue"),
        (
            lambda c: companies(
                c, activities=("call",), cadence=(Plan("picked_up", 1, "task", {"en": "Ask"}),)
            ),
            "“Ask” is planned by itself, but is of a kind that is not allowed",
        ),
        (lambda c: companies(c, outcome="volume"), "not said how much makes it a success"),
        (lambda c: companies(c, contest=Contest(Mode.SERIAL)), "not said how many firms see it"),
        (
            lambda c: set_levels(c, "priorities", [Level(5, supported=False)]),
            "Company begins with “Priority: 5”, which is not in use",
        ),
        (
            lambda c: put_way(c, Way("new", "cancelled", units=("Moon base",))),
            "New → Cancelled: there is no unit “Moon base”",
        ),
        (
            lambda c: put_way(c, Way("waiting", "won", units=("Tele-sales",))),
            "not open to all who pick up",
        ),
        (
            lambda c: companies(c, required={"win": ("own-roof", "own-old")}),
            "Company asks for the own field “Old”, which is not in use",
        ),
    ],
)
def test_what_a_type_can_not_mean_keeps_a_version_from_being_activated(
    ctx: Flask, change: Any, said: str
) -> None:
    make_programme()
    own = {"own-roof": "Roof", "own-old": "Old"}
    around = Around({"products": {"switches": "Switches"}}, {}, ["Tele-sales"], own, ["own-roof"])
    found = [one.said for one in check(change(active_content()), around)]
    assert any(said in one for one in found), found


def test_all_that_a_type_says_is_compared_in_words(ctx: Flask) -> None:
    make_programme()
    before = active_content()
    after = companies(
        before,
        products=("switches",),
        activities=("call",),
        days=30,
        direct=True,
        contest=Contest(Mode.SERIAL, None, 90),
        outcome="revenue",
        least=20_000,
        cadence=(Plan("picked_up", 2, "call", {"en": "Ring them"}),),
    )
    after = set_levels(after, "priorities", [Level(9, {"en": "Urgent"}), Level(1, {}, False)])
    after = replace(after, numbering=Numbering("A-", 7))
    around = Around({"products": {"switches": "Switches"}})
    said = {(d.name, line) for d in differences(before, after, around) for line in d.details}
    assert said == {
        ("Company", "Products and services: all → Switches"),
        ("Company", "Kinds of activities: all → Phone call"),
        ("Company", "Days from start to end: – → 30"),
        ("Company", "Stays with us: – → yes"),
        (
            "Company",
            "Who sees it when: all at once → one after the other, 90 minutes each",
        ),
        (
            "Company",
            "It counts as a success: when it is won → when the order is worth enough (≥ 20,000)",
        ),
        (
            "Company",
            "Planned by itself: – → Phone call “Ring them” (when work on it begins, 2 days later)",
        ),
        ("Priority", "1: – → not in use"),
        ("Priority", "9: – → Urgent"),
        ("Numbers of leads", "Example: L-10001 → A-0010001"),
    }


def test_a_lead_has_a_category_of_its_type_wherever_it_is_chosen(manager: Actor) -> None:
    in_force(companies(active_content(), categories=("business", "public")), manager)
    entries = book()
    business, private = (entries.id_of("category", key) for key in ("business", "person"))
    lead = make_lead()
    with pytest.raises(Invalid) as refused:
        figures.set_figures(lead.id, Figures(category_id=private), manager, AT)
    assert list(refused.value.errors) == ["category_id"]
    given = Qualification(title=lead.title, category_id=private)
    with pytest.raises(Invalid) as refused:
        operations.save_qualification(lead.id, given, manager, AT, lead.version)
    assert list(refused.value.errors) == ["category_id"]
    figures.set_figures(lead.id, Figures(category_id=business), manager, AT)
    given = replace(given, category_id=business)
    operations.save_qualification(lead.id, given, manager, AT, lead.version)
    assert lead.category_id == business
    # what was chosen while it was allowed may stay
    lead.category_id = private
    figures.set_figures(lead.id, Figures(category_id=private, probability=5), manager, AT)
    assert (lead.category_id, lead.probability) == (private, 5)


def test_a_lead_has_products_levels_and_activities_of_its_type_only(manager: Actor) -> None:
    content = companies(active_content(), products=("switches",), activities=("call", "task"))
    levels = [Level(9, {"en": "Urgent", "de": "Eilig"}), Level(1, supported=False)]
    in_force(set_levels(content, "priorities", levels), manager)
    entries = book()
    switches, routers = (entries.id_of("product", key) for key in ("switches", "routers"))
    lead, person = make_lead(), make_lead(type="person")

    def save(lead: Lead, **over: Any) -> Lead:
        given = Qualification(title=lead.title, **over)
        return operations.save_qualification(lead.id, given, manager, AT, lead.version)

    for over in ({"product_ids": [routers]}, {"priority": 1}, {"importance": 9}):
        with pytest.raises(Invalid) as refused:
            save(lead, **over)
        assert list(refused.value.errors) == list(over)
    save(lead, product_ids=[switches], priority=9)
    assert (lead.product_ids, lead.priority) == ([switches], 9)
    assert save(person, product_ids=[routers]).product_ids == [routers]
    assert for_all().words("priority", 9) == "Urgent (9)"
    assert "1" not in dict(for_all().choices("priority"))
    # what it had before is not taken away
    lead.priority = 1
    assert save(lead, priority=1, product_ids=[switches]).priority == 1
    mail = Entry("email", "Write to them", AT + DAY)
    with pytest.raises(Invalid) as refused:
        activities.enter(lead, mail, done=False, actor=manager, at=AT)
    assert list(refused.value.errors) == ["kind"]
    activities.enter(person, mail, done=False, actor=manager, at=AT)


def test_all_services_are_those_that_are_added_later_as_well(manager: Actor) -> None:
    content = companies(active_content(), products=("all-services", "switches"))
    assert from_data(to_data(content)) == content
    in_force(content, manager)
    make_lead()
    cable = {"names": {"en": "Cable laying"}, "position": None, "active": True}
    added = add_entry("product", {**cable, "brand_id": None, "service": True})
    chosen = {label for _id, label in choices_for(make_lead(), "product")}
    assert {"Network switches", "Managed printing", added.names["en"]} <= chosen
    assert "Branch routers" not in chosen
    said = differences(active_content(), companies(content, products=None), read_around())
    assert said[0].details == ("Products and services: all services, Network switches → all",)


def test_a_step_asks_for_own_fields_as_it_does_for_others(manager: Actor) -> None:
    for name in ("Roof", "Halls"):
        field_operations.add("lead", FieldDraft(names={"en": name}, kind="text"), None, AT)
    before = active_content()
    typed = companies(before, required={"offer": ("own-roof", "title"), "win": ("own-halls",)})
    content = from_data(to_data(typed))
    asked = content.types[0].required
    assert (asked["offer"], asked["win"]) == (("title", "own-roof"), ("value", "own-halls"))
    assert from_data(to_data(content)) == content
    with pytest.raises(Invalid):
        from_data(to_data(companies(before, required={"offer": ("own-",)})))
    in_force(content, manager)
    said = differences(before, content, read_around())[0].details
    assert "Needed to win: Value of the order → Value of the order, Halls" in said
    lead = make_lead()
    assert requirements.missing_for(lead, "offer")["own-roof"] == "Please fill in “Roof”."
    own_fields.write(lead.id, {"roof": "flat"})
    assert "own-roof" not in requirements.missing_for(lead, "offer")
    assert list(requirements.missing_for(lead, "win")) == ["value", "own-halls"]


def test_new_leads_are_numbered_as_the_active_version_says(manager: Actor) -> None:
    kept = make_lead()
    in_force(replace(active_content(), numbering=Numbering("NORD-", 8)), manager)
    assert next_number().startswith("NORD-000")
    lead = operations.capture(operations.Draft(title="Cabinets"), AT, manager)
    assert (lead.number[:5], len(lead.number)) == ("NORD-", 13)
    assert kept.number.startswith("L-")


def test_leads_of_a_direct_type_are_offered_to_our_own_people_alone(manager: Actor) -> None:
    make_partner()
    unit = make_unit(make_vendor(), "Direct sales")
    make_person(make_vendor(), "partner_rep", unit_id=unit.id)
    offered = make_offered_lead(at=AT)
    in_force(companies(active_content(), direct=True), manager)
    lead = make_lead()
    answer_questions(lead)
    with pytest.raises(StaysDirect):
        offers.offer(lead.id, AT)
    assert offers.offer_to_unit(lead.id, unit.id, 24, AT).offered == 1
    # who sees one already may have it; it is not offered anew
    round_id = session().scalar(select(OfferRound.id).where(OfferRound.lead_id == offered.id))
    assert round_id is not None
    offers.end_round(round_id, AT + 90 * DAY)
    assert session().get_one(Lead, offered.id).state == LeadState.RETURNED


def test_a_way_is_open_to_the_units_it_names_and_to_their_parts(manager: Actor) -> None:
    vendor = make_vendor()
    sales = make_unit(vendor, "Sales")
    west = make_unit(vendor, "Sales west", parent_id=sales.id)
    brand = make_unit(vendor, "Brand team")
    content = put(active_content(), Status("checked", {"en": "Checked"}, "pending"))
    content = put_way(content, Way("new", "checked", units=("Sales",)))
    content = put_way(content, Way("checked", "cancelled"))
    in_force(add_ways(content)[0], manager)
    lead = make_lead()
    cases = [(sales.id, ["checked"]), (west.id, ["checked"]), (brand.id, []), (None, [])]
    for unit_id, expected in cases:
        who = get_actor(make_person(vendor, "channel_manager", unit_id=unit_id).id)
        assert [one.key for one in labels.list_labels(lead, who)] == expected, unit_id
    # called otherwise it is the same unit
    sales.name = "Sales of all"
    session().flush()
    way = active_content().way_of("new", "checked")
    assert way is not None
    assert way.units == ("Sales of all",)


@pytest.mark.parametrize(
    ("wanted", "deal", "said"),
    [
        (("won", None), Deal(Decimal(1)), ""),
        (("revenue", 5000), Deal(Decimal(5000)), "A success: at least €5,000."),
        (("revenue", 5000), Deal(Decimal(4999)), "Won, but short of a success: at least €5,000."),
        (("volume", 2), Deal(Decimal(1), [7], "cables"), "A success: at least 2 products."),
        (("volume", 2), Deal(None, [7, 7]), "Won, but short of a success: at least 2 products."),
        (
            ("cross_sell", None),
            Deal(None, [7], None, [7]),
            "Won, but short of a success: more than",
        ),
        (
            ("cross_sell", None),
            Deal(None, [7, 8], None, [7]),
            "A success: more than was asked for.",
        ),
        (
            ("cross_sell", None),
            Deal(None, [7], "cables", [7]),
            "A success: more than was asked for",
        ),
    ],
)
def test_what_was_sold_is_a_success_as_the_type_says(
    ctx: Flask, wanted: tuple[str, int | None], deal: Deal, said: str
) -> None:
    lead_type = LeadType(outcome=wanted[0], least=wanted[1])
    assert outcome.tell(lead_type, deal, "€5,000").startswith(said)
    assert bool(said) == bool(outcome.tell(lead_type, deal, ""))


# -- what happens by itself ---------------------------------------------------------------------

CADENCE = (
    Plan("picked_up", 0, "call", {"en": "Ring them", "de": "Rufen Sie an"}),
    Plan("picked_up", 3, "appointment", {"en": "Show it to them"}),
    Plan("qualified", 1, "task", {"en": "See who picks it up"}),
)


def planned(lead: Lead, actor: Actor) -> list[tuple[str, str, datetime | None, int | None]]:
    rows = activities.load_activities(session().get_one(Lead, lead.id), actor)
    return [(one.kind, one.text, one.planned_for, one.assignee_id) for one in rows]


def test_a_pickup_sets_the_end_and_plans_what_the_type_plans_and_once_only(
    manager: Actor,
) -> None:
    in_force(companies(active_content(), days=45, cadence=CADENCE), manager)
    rep = make_person(make_partner(), locale="de", timezone="Europe/Berlin")
    actor, lead = get_actor(rep.id), make_offered_lead(at=AT)
    held = pickup.claim(lead.id, actor, AT).pickup_id
    for _turn in range(2):
        beginning.begin(lead.id, AT, AT + timedelta(seconds=5))
    assert planned(lead, actor) == [
        ("call", "Rufen Sie an", datetime(2026, 11, 16, 16, tzinfo=UTC), rep.id),
        ("appointment", "Show it to them", datetime(2026, 11, 19, 8, tzinfo=UTC), rep.id),
    ]
    session().expire_all()
    assert session().get_one(Lead, lead.id).estimated_on == date(2026, 12, 31)
    changes = session().scalars(select(LeadDateChange)).all()
    assert [(one.day, one.user_id) for one in changes] == [(date(2026, 12, 31), None)]
    # the next holder's begin anew, and nothing comes late for the last
    pickup.give_back(held, "no_capacity", None, actor, AT + DAY)
    beginning.begin(lead.id, AT, AT + DAY)
    assert session().get_one(Lead, lead.id).estimated_on is None
    open_ones = select(Activity).where(Activity.cancelled_at.is_(None), Activity.done_at.is_(None))
    assert session().scalars(open_ones).all() == []


def test_what_is_planned_for_a_qualified_lead_is_its_owners(manager: Actor) -> None:
    in_force(companies(active_content(), cadence=CADENCE), manager)
    lead = make_lead(owner_id=manager.id, qualified_at=AT)
    for _turn in range(2):
        beginning.qualified(lead.id, AT, AT)
    assert [(kind, text, who) for kind, text, _due, who in planned(lead, manager)] == [
        ("task", "See who picks it up", manager.id)
    ]
    beginning.qualified(lead.id, AT + DAY, AT + DAY)
    assert len(planned(lead, manager)) == 1


def test_where_the_vendor_begins_himself_it_is_the_owners_to_do(manager: Actor) -> None:
    in_force(companies(active_content(), days=45, cadence=CADENCE, direct=True), manager)
    lead = make_lead(owner_id=manager.id)
    actions.begin(lead.id, manager, AT + DAY)
    beginning.begin(lead.id, AT + DAY, AT + DAY)
    assert [who for *_said, who in planned(lead, manager)] == [manager.id] * 2
    assert session().get_one(Lead, lead.id).estimated_on == date(2027, 1, 1)


@pytest.mark.parametrize(
    ("at", "days", "due"),
    [
        # Monday morning in Berlin; late on that day; from Thursday to Saturday
        ("2026-11-16T09:00", 0, "2026-11-16T16:00"),
        ("2026-11-16T19:00", 0, "2026-11-16T20:00"),
        ("2026-11-16T09:00", 1, "2026-11-17T08:00"),
        ("2026-11-19T09:00", 2, "2026-11-23T08:00"),
        ("2026-11-19T09:00", 3, "2026-11-23T08:00"),
    ],
)
def test_what_is_planned_by_itself_is_due_in_the_morning_of_a_working_day(
    at: str, days: int, due: str
) -> None:
    moments = [datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (at, due)]
    assert beginning.due_of(moments[0], days, "Europe/Berlin") == moments[1]
