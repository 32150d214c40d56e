"""Groups of partners: by hand, by criteria, out of other groups, for a while, kept current."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from portal.accounts.queries import get_actor
from portal.catalog import operations as catalog
from portal.catalog.queries import book
from portal.core import jobs
from portal.core.db import session, unit_of_work
from portal.core.errors import Invalid
from portal.matching import group_rules, groups
from portal.matching.criteria import Criterion, Kind, Mode
from portal.matching.groups import Terms
from portal.matching.operations import match
from portal.partners import operations as partners
from portal.partners import queries
from portal.partners.figures import count
from portal.partners.models import Partner, PartnerGroup
from portal.pickup import operations as pickup
from tests.factories import (
    AT,
    csrf_of,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_programme,
    sign_in,
)
from tests.matching.test_match import rule

DAY = timedelta(days=1)


def made(name, **terms):
    group = groups.save_group(name, None, AT)
    if terms:
        groups.save_terms(group, Terms(**terms), AT)
    return group


def names(group):
    return [firm.name for firm in queries.list_members(group.id, 1).items]


def moves(group):
    return [(one.name, one.inside) for one in reversed(groups.list_moves(group.id))]


def specialised(which=0):
    entry = book().active("specialisation")[which]
    return Criterion(Kind.SPECIALISATION, Mode.REQUIRED, ids=(entry.id,))


def in_security(name, **over):
    make_programme()
    return make_partner(name, specialisation_ids=[book().active("specialisation")[0].id], **over)


def change(firm, **profile):
    partners.save_profile(session().get_one(Partner, firm.id), AT, **profile)


def test_a_group_takes_each_partner_once(ctx: Flask) -> None:
    firm = make_partner("Alpha Systeme")
    group = made("Pilot")
    assert [f.id for f in queries.find_newcomers(group.id, "alpha")] == [firm.id]
    groups.add_member(group, firm.id, AT)
    groups.add_member(group, firm.id, AT)
    assert names(group) == ["Alpha Systeme"]
    assert queries.find_newcomers(group.id, "alpha") == []
    groups.remove_member(group, firm.id, AT)
    assert names(group) == []
    assert moves(group) == [("Alpha Systeme", True), ("Alpha Systeme", False)]
    with pytest.raises(Invalid):
        groups.save_group("PILOT", None, AT)


def test_who_meets_the_criteria_is_in_and_leaves_when_he_meets_them_no_more(ctx: Flask) -> None:
    make_partner("Beta")
    alpha = in_security("Alpha")
    group = made("Security", criteria=[specialised()])
    assert names(group) == ["Alpha"]
    change(alpha, specialisation_ids=[])
    gamma = in_security("Gamma")
    assert groups.doubt()
    assert not groups.doubt()
    jobs.run_now("matching.fill_groups", at=AT)
    assert names(group) == ["Gamma"]
    assert moves(group) == [("Alpha", True), ("Alpha", False), ("Gamma", True)]
    offered = match(make_lead(), AT, rule=rule(group_id=group.id)).partners
    assert [one.organisation_id for one in offered] == [gamma.id]


def test_groups_by_figures_are_doubted_when_these_change_and_no_others_are(ctx: Flask) -> None:
    rep = get_actor(make_person().id)
    level = book().active("partner_level")[0]
    certain = Criterion(Kind.ANY, of=(Criterion(Kind.CONVERSION, least=0.5), specialised()))
    asked = {
        "Free": Criterion(Kind.CAPACITY),
        "Winners": certain,
        "High": Criterion(Kind.LEVEL, level_id=level.id),
        "Security": specialised(),
    }
    lead, at = make_offered_lead(), AT + DAY
    for name, one in asked.items():
        made(name, criteria=[one])

    def doubted() -> list[str]:
        jobs.run_now("core.dispatch", {"here": True}, at)
        stale = PartnerGroup.id.in_(groups.find_stale(at))
        names = list(session().scalars(select(PartnerGroup.name).where(stale)))
        jobs.run_now("matching.fill_groups", at=at)
        return names

    doubted()
    picked = pickup.claim(lead.id, rep, AT + timedelta(hours=1))
    assert doubted() == ["Free"]
    pickup.give_back(picked.pickup_id, "no_capacity", None, rep, AT + timedelta(hours=2))
    assert doubted() == ["Free"]
    jobs.run_now("feedback.count_rates", {"organisation_id": rep.organisation_id}, at)
    assert doubted() == ["Winners"]
    values = {"names": level.names, "position": None, "active": True, "rank": level.rank}
    catalog.save_entry(level.id, "partner_level", {**values, "position": 1}, AT)
    assert doubted() == []
    catalog.save_entry(level.id, "partner_level", {**values, "rank": 90}, AT)
    assert doubted() == ["High"]


def test_who_doubts_a_group_that_is_being_filled_does_not_wait_and_is_heard(
    committed: Flask,
) -> None:
    with committed.app_context():
        with unit_of_work():
            firm = make_partner("Full", capacity=1)
            free = made("Free", criteria=[Criterion(Kind.CAPACITY)]).id
        with unit_of_work():
            assert groups.doubt(groups.LOAD)

    def fills_up() -> None:
        with committed.app_context(), unit_of_work():
            session().execute(text("SET LOCAL lock_timeout = '5s'"))
            count(firm.id, open_pickups=1)
            assert groups.doubt(groups.LOAD)

    with ThreadPoolExecutor(1) as rep, committed.app_context():
        with unit_of_work():
            groups.fill(AT, groups.find_stale(AT))
            rep.submit(fills_up).result()
        for stale in ([free], []):
            with unit_of_work():
                assert groups.find_stale(AT) == stale
                groups.fill(AT, stale)
        assert queries.list_members(free, 1).items == []


def test_whom_somebody_put_in_or_left_out_stays_so_whatever_the_criteria_say(ctx: Flask) -> None:
    alpha, beta = in_security("Alpha"), make_partner("Beta")
    group = made("Security", criteria=[specialised()])
    groups.add_member(group, beta.id, AT)
    groups.remove_member(group, alpha.id, AT)
    assert names(group) == ["Beta"]
    change(alpha, people=4)
    groups.fill(AT, [group.id])
    assert names(group) == ["Beta"]
    assert [firm.name for firm in groups.list_left_out(group.id)] == ["Alpha"]
    groups.forget_choice(group, alpha.id, AT)
    groups.forget_choice(group, beta.id, AT)
    assert names(group) == ["Alpha"]


def test_a_group_of_groups_follows_them_however_deep(ctx: Flask) -> None:
    alpha, beta = in_security("Alpha"), make_partner("Beta")
    inner = made("Security", criteria=[specialised()])
    middle = made("Middle", group_ids=[inner.id])
    outer = made("Outer", group_ids=[middle.id])
    groups.add_member(outer, beta.id, AT)
    assert names(outer) == ["Alpha", "Beta"]
    groups.remove_member(inner, alpha.id, AT)
    assert names(outer) == ["Beta"]
    for circle in (inner, middle, outer):
        with pytest.raises(Invalid, match="inside"):
            groups.save_terms(inner, Terms(group_ids=[circle.id]), AT)


def test_a_group_has_members_from_its_first_day_to_its_last(ctx: Flask) -> None:
    alpha = make_partner("Alpha")
    today = AT.date()
    group = made("Autumn", valid_from=today + DAY, valid_until=today + 2 * DAY)
    groups.add_member(group, alpha.id, AT)
    for days, expected in ((0, []), (1, ["Alpha"]), (2, ["Alpha"]), (3, [])):
        jobs.run_now("matching.fill_groups", at=AT + days * DAY)
        assert names(group) == expected
    with pytest.raises(Invalid):
        groups.save_terms(group, Terms(valid_from=today, valid_until=today - DAY), AT)


def test_a_group_that_stays_as_it_was_says_nothing(ctx: Flask) -> None:
    in_security("Alpha")
    group = made("Security", criteria=[specialised()])
    for days in range(3):
        jobs.run_now("matching.fill_groups", at=AT + days * DAY)
    assert moves(group) == [("Alpha", True)]


FIRMS = st.frozensets(st.integers(1, 9))


@given(st.dictionaries(st.integers(1, 9), st.booleans()), FIRMS, st.lists(FIRMS, max_size=3))
def test_a_choice_by_hand_beats_all_else(chosen, meeting, others):
    members = group_rules.members_of(chosen, meeting, others)
    assert all((firm in members) is inside for firm, inside in chosen.items())
    assert members - chosen.keys() == meeting.union(*others) - chosen.keys()


@pytest.fixture
def manager(app) -> FlaskClient:
    return sign_in(app.test_client(), make_manager())


def test_groups_are_made_filled_and_emptied(manager: FlaskClient) -> None:
    firm = make_partner("Alpha Systeme")
    token = {"csrf_token": csrf_of(manager.get("/groups").text)}
    made = manager.post("/groups", data={**token, "name": "Pilot firms"})
    assert made.status_code == 303
    assert "Alpha Systeme" in manager.get(made.location, query_string={"q": "alp"}).text
    added = manager.post(made.location + "/members", data={**token, "organisation_id": firm.id})
    assert added.status_code == 303
    assert "Alpha Systeme" in manager.get(made.location).text
    manager.post(f"{made.location}/members/{firm.id}/removal", data=token)
    assert "Nobody is in it yet" in manager.get(made.location).text
    assert manager.post("/groups", data={**token, "name": "pilot FIRMS"}).status_code == 422
    ended = {"valid_until": "2020-01-31", "valid_from": "2020-02-01"}
    refused = manager.post(made.location + "/terms", data={**token, **ended})
    assert refused.status_code == 422
    assert "2020-01-31" in refused.text
    ended["valid_from"] = "2020-01-01"
    assert manager.post(made.location + "/terms", data={**token, **ended}).status_code == 303


def test_a_group_by_criteria_is_made_without_a_script(manager: FlaskClient) -> None:
    make_partner("Alpha Systeme", people=40)
    make_partner("Beta Kabel", people=4)
    token = {"csrf_token": csrf_of(manager.get("/groups").text)}
    made = manager.post("/groups", data={**token, "name": "Large ones"})
    added = manager.post(
        made.location + "/terms", data={**token, "do": "add", "adding": "people"}
    ).text
    assert 'name="criteria-0-least"' in added
    assert "criteria-0-weight" not in added
    assert 'value="radius"' not in added
    clause = {"criteria-0-kind": "people", "criteria-0-depth": "0", "criteria-0-mode": "required"}
    saved = manager.post(
        made.location + "/terms", data={**token, **clause, "criteria-0-least": "10"}
    )
    assert saved.status_code == 303
    page = manager.get(made.location).text
    assert "Alpha Systeme" in page
    assert "Beta Kabel" not in page
    of_a_lead = {**clause, "criteria-0-kind": "radius", "criteria-0-km": "50"}
    assert manager.post(made.location + "/terms", data={**token, **of_a_lead}).status_code == 422


def test_a_group_asks_for_what_it_names_itself_and_never_for_what_a_lead_names(
    manager: FlaskClient,
) -> None:
    make_partner("Alpha Systeme", languages=["de", "fr"])
    make_partner("Beta Kabel", languages=["de"])
    token = {"csrf_token": csrf_of(manager.get("/groups").text)}
    address = manager.post("/groups", data={**token, "name": "In French"}).location + "/terms"
    asked = manager.post(address, data={**token, "do": "add", "adding": "language"}).text
    assert 'value="fr"' in asked
    assert "what the lead names" not in asked
    line = {"criteria-0-kind": "language", "criteria-0-depth": "0", "criteria-0-mode": "required"}
    of_a_lead = manager.post(address, data={**token, **line})
    assert of_a_lead.status_code == 422
    assert "a group goes by no lead" in of_a_lead.text
    assert ">Criteria</a></li>" in of_a_lead.text
    named = {**token, **line, "criteria-0-languages": "fr"}
    assert manager.post(address, data=named).status_code == 303
    page = manager.get(address.removesuffix("/terms")).text
    assert ("Alpha Systeme" in page, "Beta Kabel" in page) == (True, False)
    assert "speaks French" in manager.get("/groups").text
