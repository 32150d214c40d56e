"""Who answers for which partners: by name, by territory, and through who reports to whom."""

from __future__ import annotations

import pytest

from portal.accounts import operations as accounts
from portal.accounts import reach, tree
from portal.accounts.models import OrganisationKind
from portal.accounts.queries import get_actor
from portal.core.db import session
from tests.factories import AT, make_partner, make_person, make_vendor

VIENNA = {"country": "AT", "subdivision": "AT-9", "city": "Vienna"}


def firms(user):
    session().flush()
    return reach.read_firms(get_actor(user.id))


@pytest.fixture
def pam(ctx):
    return make_person(make_vendor(), "account_manager", name="Pam")


def answered_by(user, name=None, **over):
    firm = make_partner(name, **over)
    tree.set_account_manager(firm, user.id, AT)
    return firm


def test_channel_managers_and_administrators_answer_for_all(ctx):
    for role in ("channel_manager", "admin"):
        assert firms(make_person(make_vendor(), role)) is None


def test_an_account_manager_answers_for_the_firms_that_name_him(pam):
    make_partner()
    assert firms(pam) == set()
    alpha = answered_by(pam)
    answered_by(make_person(make_vendor(), "account_manager"))
    assert firms(pam) == {alpha.id}


def test_and_for_those_in_the_territories_of_his_unit(pam):
    hanover, vienna = make_partner(), make_partner(**VIENNA)
    lower_saxony = tree.save_unit(make_vendor(), "North", AT, territories=["DE-NI"])
    austria = tree.save_unit(make_vendor(), "Austria", AT, territories=["AT"])
    tree.set_unit(pam, lower_saxony.id, AT)
    assert firms(pam) == {hanover.id}
    tree.set_unit(pam, austria.id, AT)
    assert firms(pam) == {vienna.id}


def test_a_regional_manager_answers_for_what_reports_of_his_reports_answer_for(pam):
    alpha = answered_by(pam)
    boss, middle = (make_person(make_vendor(), "regional_manager") for _ in range(2))
    tree.set_manager(pam, middle.id, AT)
    assert firms(middle) == {alpha.id}
    assert firms(boss) == set()
    tree.set_manager(middle, boss.id, AT)
    assert firms(boss) == {alpha.id}
    tree.set_manager(middle, None, AT)
    assert firms(boss) == set()


def test_a_report_answers_for_his_own_partners_alone(pam):
    boss = make_person(make_vendor(), "regional_manager")
    answered_by(boss)
    tree.set_manager(pam, boss.id, AT)
    other = make_person(make_vendor(), "account_manager")
    answered_by(other)
    tree.set_manager(other, pam.id, AT)
    assert firms(pam) == set(), "who doesn't lead a team sees nothing of who reports to him"


def test_a_sales_manager_answers_for_the_people_of_his_units_and_of_units_below_them(pam):
    boss = make_person(make_vendor(), "sales_manager")
    sales = tree.save_unit(make_vendor(), "Sales", AT, manager_id=boss.id)
    north = tree.save_unit(make_vendor(), "North", AT, parent_id=sales.id, territories=["AT"])
    alpha, vienna = answered_by(pam), make_partner(**VIENNA)
    assert firms(boss) == {vienna.id}
    tree.set_unit(pam, north.id, AT)
    assert firms(boss) == {alpha.id, vienna.id}


def test_who_was_deactivated_leaves_his_partners_to_who_leads_him(pam):
    alpha = answered_by(pam)
    boss = make_person(make_vendor(), "regional_manager")
    tree.set_manager(pam, boss.id, AT)
    accounts.deactivate(pam, AT)
    assert firms(boss) == {alpha.id}


def test_a_ring_that_stands_nevertheless_ends(pam):
    boss = make_person(make_vendor(), "regional_manager")
    boss.manager_id, pam.manager_id = pam.id, boss.id
    alpha = answered_by(pam)
    one = tree.save_unit(make_vendor(), "One", AT, manager_id=boss.id)
    two = tree.save_unit(make_vendor(), "Two", AT, parent_id=one.id)
    one.parent_id = two.id
    assert firms(boss) == {alpha.id}
    north = make_partner(kind=OrganisationKind.DISTRIBUTOR)
    south = make_partner(kind=OrganisationKind.DISTRIBUTOR, parent=north)
    north.parent_id = south.id
    assert firms(make_person(north, "distributor_manager")) == {north.id, south.id}


def test_a_distributor_has_all_below_it_and_a_reseller_itself(ctx):
    north = make_partner(kind=OrganisationKind.DISTRIBUTOR)
    sub = make_partner(kind=OrganisationKind.DISTRIBUTOR, parent=north)
    alpha, beta = make_partner(parent=sub), make_partner()
    assert firms(make_person(north, "distributor_manager")) == {north.id, sub.id, alpha.id}
    assert firms(make_person(sub, "distributor_sales")) == {sub.id, alpha.id}
    assert firms(make_person(beta, "partner_manager")) == {beta.id}


def test_territories_of_a_partners_own_unit_open_nothing(ctx):
    alpha, _beta = make_partner(), make_partner()
    rep = make_person(alpha, "partner_manager")
    unit = tree.save_unit(alpha, "North", AT, manager_id=rep.id, territories=["DE"])
    tree.set_unit(rep, unit.id, AT)
    assert firms(rep) == {alpha.id}


def test_an_agency_answers_for_nobody(ctx):
    agency = accounts.add_organisation(OrganisationKind.AGENCY, "Callers", AT, make_vendor())
    make_partner()
    assert firms(make_person(agency, "qualifier")) == set()
