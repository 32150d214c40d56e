"""Firms, units and people in their tree: what may stand below what, and that no ring closes."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.accounts import operations as accounts
from portal.accounts import tree
from portal.accounts.models import OrganisationKind
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.core.events import EventRow
from tests.factories import AT, make_partner, make_person, make_vendor


def distributor(name, **over):
    return make_partner(name, kind=OrganisationKind.DISTRIBUTOR, **over)


def told_of(name):
    return list(
        session().scalars(select(EventRow.data).where(EventRow.name == name).order_by(EventRow.id))
    )


def test_a_firm_stands_several_levels_below_the_vendor(ctx):
    north = distributor("North")
    hamburg = distributor("Hamburg", parent=north)
    alpha = make_partner("Alpha")
    tree.move_organisation(alpha, hamburg, AT)
    assert (alpha.parent_id, hamburg.parent_id) == (hamburg.id, north.id)
    vendor_id = make_vendor().id
    assert told_of("OrganisationMoved") == [
        {"organisation_id": alpha.id, "parent_id": hamburg.id, "was_parent_id": vendor_id}
    ]
    tree.move_organisation(alpha, hamburg, AT)
    assert len(told_of("OrganisationMoved")) == 1


def test_no_firm_stands_below_itself_or_below_who_stands_below_it(ctx):
    north = distributor("North")
    middle = distributor("Middle", parent=north)
    south = distributor("South", parent=middle)
    for below in (north, middle, south):
        with pytest.raises(Invalid) as refused:
            tree.move_organisation(north, below, AT)
        assert list(refused.value.errors) == ["parent_id"]


def test_nobody_stands_below_a_reseller_or_an_agency_and_the_vendor_below_nobody(ctx):
    vendor, alpha, beta = make_vendor(), make_partner(), make_partner()
    north = distributor("North")
    agency = accounts.add_organisation(OrganisationKind.AGENCY, "Callers", AT, parent=vendor)
    for firm, parent in ((alpha, beta), (alpha, agency), (north, alpha), (agency, north)):
        with pytest.raises(Invalid):
            tree.move_organisation(firm, parent, AT)
    with pytest.raises(Invalid):
        tree.move_organisation(vendor, north, AT)


def test_a_partner_has_an_account_manager_of_the_vendor(ctx):
    vendor, alpha = make_vendor(), make_partner()
    pam = make_person(vendor, "account_manager")
    assert tree.set_account_manager(alpha, pam.id, AT)
    assert not tree.set_account_manager(alpha, pam.id, AT)
    assert told_of("AccountManagerSet") == [
        {"organisation_id": alpha.id, "user_id": pam.id, "was_user_id": None}
    ]
    gone = make_person(vendor, "account_manager", active=False)
    for user_id in (gone.id, make_person(alpha).id, 987_654_321):
        with pytest.raises(Invalid) as refused:
            tree.set_account_manager(alpha, user_id, AT)
        assert list(refused.value.errors) == ["account_manager_id"]
    with pytest.raises(Invalid):
        tree.set_account_manager(vendor, pam.id, AT)
    assert tree.set_account_manager(alpha, None, AT)
    assert alpha.account_manager_id is None


def test_people_report_to_colleagues_over_several_levels_and_never_in_a_ring(ctx):
    vendor = make_vendor()
    boss, lead, pam = (make_person(vendor, "regional_manager") for _ in range(3))
    tree.set_manager(lead, boss.id, AT)
    tree.set_manager(pam, lead.id, AT)
    assert (pam.manager_id, lead.manager_id) == (lead.id, boss.id)
    assert len(told_of("ManagerSet")) == 2
    stranger = make_person(make_partner())
    gone = make_person(vendor, active=False)
    for user, manager in ((boss, pam), (boss, lead), (boss, boss), (pam, stranger), (pam, gone)):
        with pytest.raises(Invalid) as refused:
            tree.set_manager(user, manager.id, AT)
        assert list(refused.value.errors) == ["manager_id"]
    tree.set_manager(pam, None, AT)
    assert pam.manager_id is None


def test_a_unit_has_a_name_a_manager_territories_and_units_below(ctx):
    vendor = make_vendor()
    boss = make_person(vendor, "sales_manager")
    sales = tree.save_unit(vendor, "Sales", AT, manager_id=boss.id, territories=["DE", "DE-NI"])
    north = tree.save_unit(vendor, "North", AT, parent_id=sales.id)
    assert (north.parent_id, sales.territories) == (sales.id, ["DE", "DE-NI"])
    tree.save_unit(vendor, "North", AT, north, parent_id=sales.id, territories=["DE-HH"])
    assert told_of("UnitSaved")[-1]["fields"] == ["territories"]
    alpha = make_partner()
    foreign = tree.save_unit(alpha, "Sales", AT)
    for field, values in (
        ("name", {"name": " "}),
        ("name", {"name": "north"}),
        ("parent_id", {"parent_id": north.id}),
        ("parent_id", {"parent_id": foreign.id}),
        ("manager_id", {"manager_id": make_person(alpha).id}),
        ("territories", {"territories": ["DE-XX"]}),
        ("territories", {"territories": ["de"]}),
    ):
        with pytest.raises(Invalid) as refused:
            tree.save_unit(
                **{"organisation": vendor, "name": "Sales", "at": AT, **values}, unit=sales
            )
        assert list(refused.value.errors) == [field]
    assert [unit.name for unit in tree.list_units(vendor.id)] == ["North", "Sales"]
    with pytest.raises(NotFound):
        tree.get_unit(foreign.id, vendor.id)


def test_a_person_works_in_a_unit_of_her_own_firm(ctx):
    vendor = make_vendor()
    sales, foreign = (
        tree.save_unit(vendor, "Sales", AT),
        tree.save_unit(make_partner(), "Sales", AT),
    )
    pam = make_person(vendor, "account_manager")
    tree.set_unit(pam, sales.id, AT)
    with pytest.raises(Invalid):
        tree.set_unit(pam, foreign.id, AT)
    assert pam.unit_id == sales.id
    tree.set_unit(pam, None, AT)
    assert len(told_of("PersonPutInUnit")) == 2
