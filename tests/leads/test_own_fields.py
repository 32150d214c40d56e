"""The programme's own fields of leads: taken down, kept behind the wall, checked, read on cards."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from flask_babel import force_locale
from sqlalchemy import func, select

from portal.accounts.queries import get_actor
from portal.catalog import field_operations
from portal.catalog.field_operations import FieldDraft
from portal.catalog.queries import book
from portal.core import clock
from portal.core.db import session, unit_of_work
from portal.core.errors import Invalid
from portal.core.events import EventRow
from portal.imports import files, jobs
from portal.imports.models import ImportRow, LeadImport
from portal.imports.reading import open_table
from portal.imports.wall import open_to
from portal.leads import operations, own_fields, visibility
from portal.leads.basis import Basis
from portal.leads.intake.mapping import own_targets, propose_mapping
from portal.leads.models import Lead, LeadFields, LeadState, VisibilityChoice
from portal.leads.operations import ContactDraft, Draft, Qualification
from portal.leads.queries import find_teaser
from portal.leads.sight import sight_of
from portal.leads.visibility import Field, Phase, Tier
from portal.notifications import letters
from portal.offers import operations as offers
from portal.offers.cards import own_part
from portal.pickup import operations as pickup
from tests.factories import (
    AT,
    answer_questions,
    contact_of,
    csrf_of,
    factory,
    make_manager,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

CONTACT = ContactDraft(company="Kanarienwerke AG", last_name="Quastenflosser", phone="0511 7654321")
RING = "the old mill, ask for the porter"


@factory
def add(name, kind="text", **over):
    draft = FieldDraft(names={"en": name, "de": f"{name} (de)"}, kind=kind, **over)
    return field_operations.add("lead", draft, None, AT)


@factory
def make_inquiry():
    """Make two fields, one that partners read before pickup, and an inquiry."""
    make_vendor()
    add("Where to ring")
    add("Halls", teaser=True)
    return operations.capture(
        Draft(contact=CONTACT, country="DE", basis=Basis("asked")), clock.now()
    )


@factory
def make_qualifier():
    return get_actor(make_person(make_vendor(), "qualifier").id)


def written(**custom):
    return Qualification(
        title="Replace 14 ageing network cabinets",
        partner_text="Two plants, budget signed off.",
        temperature="hot",
        country="DE",
        city="Hannover",
        source_id=book().active("source")[0].id,
        contact=CONTACT,
        answers=dict.fromkeys(("budget", "authority", "need", "time"), "Yes"),
        custom=custom,
    )


def save(lead, given, qualifier):
    return operations.save_qualification(lead.id, given, qualifier, AT, lead.version)


def test_what_is_written_is_kept_and_only_what_was_asked_changes(ctx):
    lead, qualifier = make_inquiry(), make_qualifier()
    save(lead, written(where_to_ring=RING, halls="3"), qualifier)
    save(lead, written(halls="4"), qualifier)
    assert own_fields.read(lead.id) == {"where_to_ring": RING, "halls": "4"}
    told = session().scalars(
        select(EventRow.data).where(EventRow.name == "QualificationSaved").order_by(EventRow.id)
    )
    assert [one["fields"][-1] for one in told] == ["own-where_to_ring", "own-halls"]
    with pytest.raises(Invalid) as refused:
        save(lead, written(halls="x" * 201), qualifier)
    assert list(refused.value.errors) == ["own-halls"]


def test_a_required_field_keeps_a_lead_from_being_offered(ctx):
    lead, qualifier = make_inquiry(), make_qualifier()
    add("Machines", "whole", required=True)
    save(lead, written(), qualifier)
    with pytest.raises(Invalid) as refused:
        operations.qualify(lead.id, qualifier, AT)
    assert list(refused.value.errors) == ["own-machines"]
    save(lead, written(machines="0"), qualifier)
    assert operations.qualify(lead.id, qualifier, AT).state == LeadState.QUALIFIED


def test_partners_read_what_was_checked_and_no_more(ctx):
    lead, qualifier = make_inquiry(), make_qualifier()
    save(lead, written(where_to_ring=RING, halls="Three"), qualifier)
    assert lead.open_custom is None
    operations.qualify(lead.id, qualifier, AT)
    assert lead.open_custom == {"halls": "Three"}
    assert [(one.label, one.words) for one in own_part(lead.open_custom, "de")] == [
        ("Halls (de)", "Three")
    ]
    # whoever writes once more has it checked once more
    save(lead, written(halls="Four"), qualifier)
    assert lead.open_custom is None


def test_a_field_that_partners_read_is_searched_for_whom_to_call(ctx):
    lead, qualifier = make_inquiry(), make_qualifier()
    leaky = written(where_to_ring="0511 7654321", halls="Ring Quastenflosser")
    save(lead, leaky, qualifier)
    with pytest.raises(Invalid) as refused:
        operations.qualify(lead.id, qualifier, AT)
    # the other one is behind the wall: it may say so
    assert list(refused.value.errors) == ["own-halls"]
    assert lead.open_custom is None
    number = replace(leaky, custom={"halls": "3"})
    add("Number", "whole", teaser=True)
    save(lead, replace(number, custom={"halls": "3", "number": "5117654321"}), qualifier)
    with pytest.raises(Invalid) as refused:
        operations.qualify(lead.id, qualifier, AT)
    assert list(refused.value.errors) == ["own-number"]


def test_a_mark_shows_nothing_that_was_not_checked_and_hides_at_once(ctx):
    lead, qualifier = make_inquiry(), make_qualifier()
    save(lead, written(where_to_ring=RING, halls="Three"), qualifier)
    operations.qualify(lead.id, qualifier, AT)
    ring, halls = book().fields_of("lead")
    field_operations.save(ring.id, draft_of(ring, teaser=True), 1, None, AT)
    field_operations.save(halls.id, draft_of(halls, teaser=False), 1, None, AT)
    assert own_part(lead.open_custom, "en") == []
    operations.qualify(lead.id, qualifier, AT)
    assert [one.words for one in own_part(lead.open_custom, "en")] == [RING]
    field_operations.set_active(ring.id, False, None, AT)
    assert own_part(lead.open_custom, "en") == []


def draft_of(found, **over):
    return FieldDraft(names=found.names, **over)


def test_own_fields_are_seen_as_whom_to_call_unless_the_programme_says_otherwise():
    for tier in Tier:
        for phase in Phase:
            alike = [
                visibility.cell_of(part, tier, phase, {}) for part in (Field.OWN, Field.CONTACT)
            ]
            assert alike[0] == alike[1], (tier, phase)


@factory
def make_ready(user_id, **custom):
    lead, qualifier = make_inquiry(), get_actor(user_id)
    save(lead, written(**custom), qualifier)
    answer_questions(lead)
    return operations.qualify(lead.id, qualifier, clock.now() - timedelta(hours=2))


def test_before_pickup_a_partner_reads_only_what_is_marked_then_all_of_it(client, app):
    firm = make_partner("Alpha Systems")
    alice, manager = make_person(firm), make_manager()
    lead = make_ready(
        make_person(make_vendor(), "qualifier").id, where_to_ring=RING, halls="Three halls"
    )
    offer(lead.id)
    browser = sign_in(client, alice)
    for page in ("/available", f"/leads/{lead.id}", f"/leads/{lead.id}/pickup"):
        text = browser.get(page).text
        assert RING not in text, page
    assert "Three halls" in browser.get("/available").text
    assert facts_of(lead.id)[-1] == ("Halls", "Three halls")
    boss = sign_in(app.test_client(), manager)
    assert RING in boss.get(f"/leads/{lead.id}").text
    claim(lead.id, alice.id)
    assert RING in browser.get(f"/leads/{lead.id}").text
    assert RING not in boss.get(f"/leads/{lead.id}").text
    let_channel_managers_see()
    assert RING in boss.get(f"/leads/{lead.id}").text


@factory
def facts_of(lead_id):
    """Return what a mail tells of a lead."""
    with force_locale("en"):
        return letters.lead_of(find_teaser(lead_id), clock.now())["facts"]


@factory
def offer(lead_id):
    offers.offer(lead_id, clock.now() - timedelta(hours=1))


@factory
def claim(lead_id, user_id):
    pickup.claim(lead_id, get_actor(user_id), clock.now())


@factory
def let_channel_managers_see():
    place = {"field": Field.OWN, "tier": Tier.CHANNEL_MANAGER, "phase": Phase.HELD}
    session().add(VisibilityChoice(**place, seen=True))


def test_who_looks_as_somebody_else_sees_nothing_of_it(ctx):
    lead, qualifier = make_inquiry(), make_qualifier()
    save(lead, written(where_to_ring=RING), qualifier)
    admin = make_person(make_vendor(), "admin")
    looked = replace(qualifier, viewer_id=admin.id)
    assert Field.OWN in sight_of(lead, qualifier).fields
    assert own_fields.load(lead, looked) == {}


def test_qualify_asks_for_them_keeps_what_was_typed_and_warns_at_the_field(client):
    qualifier = make_person(make_vendor(), "qualifier")
    lead = make_inquiry()
    add("Machines", "whole")
    browser = sign_in(client, qualifier)
    address = f"/qualify/{lead.id}"
    page = browser.get(address).text
    typed = {
        "csrf_token": csrf_of(page),
        "version": str(lead.version),
        "title": "Cabinets",
        "company": "Kanarienwerke AG",
        "own-where_to_ring": RING,
        "own-halls": "Those of Kanarienwerke",
    }
    wrong = browser.post(address, data={**typed, "own-machines": "many", "action": "save"})
    assert wrong.status_code == 422
    assert 'value="many"' in wrong.text
    warned = browser.post(f"{address}/preview", data=typed, headers={"HX-Request": "true"}).text
    assert 'id="leaks-own-halls"' in warned
    assert "Those of Kanarienwerke" in warned
    assert RING not in warned
    assert browser.post(address, data={**typed, "action": "save"}).status_code == 303
    assert kept_of(lead.id) == {"where_to_ring": RING, "halls": "Those of Kanarienwerke"}
    assert f'value="{RING}"' in browser.get(address).text


def test_a_page_opened_before_a_field_was_added_gets_no_warning_for_it(client):
    lead = make_inquiry()
    browser = sign_in(client, make_person(make_vendor(), "qualifier"))
    address = f"/qualify/{lead.id}"
    asked = {"csrf_token": csrf_of(browser.get(address).text), "title": "Cabinets"}
    add("Press halls", teaser=True)
    told = browser.post(f"{address}/preview", data=asked, headers={"HX-Request": "true"}).text
    assert 'id="leaks-title"' in told
    assert "press_halls" not in told


@factory
def kept_of(lead_id):
    return dict(session().get_one(LeadFields, lead_id).custom)


def test_no_teaser_can_reach_what_is_behind_the_wall():
    assert LeadFields.__tablename__ != Lead.__tablename__
    assert "custom" not in Lead.__table__.columns


# -- lists ------------------------------------------------------------------------------------


@factory
def make_three(user_id):
    """Make leads with own fields: two that are ready, and one that a partner holds."""
    qualifier = get_actor(user_id)
    make_vendor()
    add("Where to ring")
    add("Halls", "whole", teaser=True)
    add("Roof", "several", choices=[("", {"en": "Flat"}, True), ("", {"en": "Steep"}, True)])
    add("Since", "day")
    leads = []
    for halls, roof, since in (
        ("1", ["flat"], "2020-01-31"),
        ("20", [], ""),
        ("300", ["flat"], ""),
    ):
        lead = operations.capture(
            Draft(contact=CONTACT, country="DE", basis=Basis("asked")), clock.now()
        )
        own = {"where_to_ring": f"Mill {halls}", "halls": halls, "roof": roof, "since": since}
        save(lead, replace(written(**own), title=f"With {halls}"), qualifier)
        operations.qualify(lead.id, qualifier, clock.now() - timedelta(hours=2))
        leads.append(lead.id)
    make_partner()
    held = make_person(make_partner("Alpha Systems"))
    offers.offer(leads[2], clock.now() - timedelta(hours=1))
    pickup.claim(leads[2], get_actor(held.id), clock.now())
    return leads


def test_own_fields_are_filters_columns_and_cells_of_files_as_far_as_they_are_seen(client):
    manager, qualifier = make_manager(), make_person(make_vendor(), "qualifier")
    make_three(qualifier.id)
    browser = sign_in(client, manager)

    def listed(address):
        page = browser.get(f"/leads?{address}").text
        return [halls for halls in ("1", "20", "300") if f"With {halls}<" in page]

    assert listed("own-roof=flat") == ["1"]
    assert listed("own-where_to_ring=mill 2") == ["20"]
    assert listed("own-since-from=2020-01-31&own-since-to=2020-01-31") == ["1"]
    # what partners read is seen of the lead that one holds, too; what is behind the wall is not
    assert listed("own-halls-from=20") == ["20", "300"]
    assert listed("q=mill") == ["1", "20"]
    assert listed("own-halls-from=lots&own-roof=odd&own-gone=1") == ["1", "20", "300"]
    columns = "column=own-halls&column=own-where_to_ring&column=own-roof&column=own-since"
    file = browser.get(f"/leads/export?{columns}&order=oldest").text.splitlines()
    assert file[0].removeprefix("\ufeff") == "Number,Title,Where to ring,Halls,Roof,Since"
    assert [line.partition(",")[2] for line in file[1:]] == [
        "With 1,Mill 1,1,Flat,2020-01-31",
        "With 20,Mill 20,20,,",
        "With 300,,300,,",
    ]
    assert browser.get(f"/leads/export?{columns}&as=xlsx").status_code == 200
    assert "Mill 20" in browser.get(f"/leads?{columns}").text
    assert "With 1" in browser.get("/search?q=mill").text
    assert "With 300" not in browser.get("/search?q=mill").text


# -- lists that come in -----------------------------------------------------------------------


def bring_in(*lines, dry=False):
    """Bring a list in as the command does, its columns named by their headers."""
    file = io.BytesIO("\n".join(("Id,Company,Hallen,Where to ring,Dach", *lines)).encode())
    table = open_table(file)
    mapping = propose_mapping(table.headers, "crm", own_targets(own_fields.in_use())).mapping
    if dry:
        return jobs.try_out(table, mapping, AT)
    with unit_of_work():
        row = files.add_import("list.csv", "", table.shape, mapping, AT, None)
    return jobs.work_through(row.id, file, AT)


def imported(number):
    found = select(Lead.id).where(Lead.source_system == "crm", Lead.external_id == number)
    return own_fields.read(session().scalars(found).one())


def test_columns_of_a_list_fill_own_fields_and_what_is_empty_later_goes(ctx):
    make_vendor()
    draft = FieldDraft(names={"en": "Halls", "de": "Hallen"}, kind="whole")
    field_operations.add("lead", draft, None, AT)
    add("Where to ring")
    roofs = [("", {"en": "Flat", "de": "Flach"}, True)]
    draft = FieldDraft(names={"en": "Roof", "de": "Dach"}, kind="one", choices=roofs)
    field_operations.add("lead", draft, None, AT)
    lines = ("1,Zoo,1.200,The mill,flach", "2,Ark,,,Round", "3,Barn,many,,")
    assert bring_in(*lines, dry=True).refused == 1
    counts = bring_in(*lines)
    assert (counts.imported, counts.refused) == (2, 1)
    assert imported("1") == {"halls": 1200, "where_to_ring": "The mill", "roof": "flat"}
    assert imported("2") == {}
    # the word that is no choice is not lost
    ark = session().scalars(select(Lead.id).where(Lead.external_id == "2")).one()
    assert contact_of(ark).note == "Roof: Round"
    last = session().scalars(select(func.max(LeadImport.id))).one()
    with open_to(last) as own:
        reasons = own.scalars(select(ImportRow.reasons).where(ImportRow.state == "refused")).one()
    assert reasons == {"own.halls": "Please give a whole number."}
    assert bring_in(*lines).unchanged == 2
    first = session().scalars(select(Lead.id).where(Lead.external_id == "1")).one()
    own_fields.write(first, {**imported("1"), "gone": "kept by hand"})
    assert bring_in("1,Zoo,7,,flach").updated == 1
    assert imported("1") == {"halls": 7, "roof": "flat", "gone": "kept by hand"}


def test_the_page_of_columns_names_own_fields_and_knows_them_by_their_names(client):
    manager = make_manager()
    add("Halls", "whole")
    browser = sign_in(client, manager)
    token = csrf_of(browser.get("/imports/new").text)
    file = (io.BytesIO(b"Id,Company,Halls\n1,Zoo,3\n"), "list.csv")
    sent = browser.post("/imports", data={"csrf_token": token, "file": file})
    page = browser.get(sent.location).text
    assert '<option selected value="own.halls">Halls</option>' in page
    typed = {"csrf_token": token, "source_system": "crm", "country": "", "source": ""}
    typed |= {"date_order": "", "column_0": "external_id", "column_1": "company"}
    wrong = browser.post(sent.location, data={**typed, "column_2": "own.gone"})
    assert wrong.status_code == 422
    assert browser.post(sent.location, data={**typed, "column_2": "own.halls"}).status_code == 303
