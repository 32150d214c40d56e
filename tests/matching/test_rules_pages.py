"""The pages of the rules, as a channel manager, a rep and a visitor see them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from portal.accounts.queries import get_actor
from portal.campaigns.models import Campaign
from portal.campaigns.operations import CampaignDraft, make_campaign
from portal.catalog import field_operations
from portal.catalog.field_operations import FieldDraft
from portal.catalog.models import Entry
from portal.catalog.queries import book, forget_book
from portal.core.db import db, session
from portal.deadlines.models import PolicyUse
from portal.leads import own_fields
from portal.leads.models import LeadDefinition, LeadType
from portal.matching import groups, policy_uses, rulebook, versions
from portal.matching.criteria import Condition, Criterion, Field, Kind, Mode
from portal.matching.groups import Terms
from portal.matching.models import DistributionRule
from portal.matching.policy_uses import UseDraft
from portal.matching.rulebook import RuleDraft
from portal.offers.models import OfferRound
from portal.partners.models import Partner, PartnerGroup
from portal.programme.models import Goal
from portal.programme.operations import GoalDraft, save_goal
from portal.qualification import routing
from portal.qualification.models import InquiryRoute
from tests.factories import (
    AT,
    CONTACT,
    csrf_of,
    factory,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)
from tests.sending import as_shown


@pytest.fixture
def manager(client: FlaskClient) -> FlaskClient:
    signed_in: FlaskClient = sign_in(client, make_manager())
    return signed_in


@factory
def rules_now() -> list[tuple[int, str, bool, int]]:
    found = session().scalars(select(DistributionRule).order_by(DistributionRule.position)).all()
    return [(rule.id, rule.name, rule.active, rule.version) for rule in found]


@factory
def rule_data(rule_id: int) -> dict[str, Any]:
    """Return what was saved of a rule last, be it active or a draft."""
    return versions.get_newest(rule_id).content


@factory
def brand_id() -> int:
    return book().active("brand")[0].id


def clauses(*lines: dict[str, Any]) -> dict[str, Any]:
    """Return criteria as their lines are sent."""
    return {
        f"criteria-{number}-{name}": value
        for number, line in enumerate(lines)
        for name, value in line.items()
    }


def typed(client: FlaskClient, **fields: Any) -> dict[str, Any]:
    return {
        "csrf_token": csrf_of(client.get("/rules/new").text),
        "name": "Near and certified",
        "hours": "48",
        "version": "1",
        **clauses({"kind": "present", "mode": "required"}),
        **fields,
    }


@factory
def type_id(key: str) -> int:
    return session().scalars(select(LeadType.id).where(LeadType.key == key)).one()


def test_the_rules_stand_in_order_with_words_for_what_they_ask(manager: FlaskClient) -> None:
    page = manager.get("/rules")
    assert page.status_code == 200
    assert page.text.index("Large projects") < page.text.index("Everything else")
    assert "at least Authorised" in page.text
    assert "within 250 km" in page.text


@factory
def make_group(name: str) -> int:
    return groups.save_group(name, None, AT).id


def test_a_rule_for_a_group_alone_names_it_in_its_sentence(manager: FlaskClient) -> None:
    data = typed(manager, group_id=str(make_group("Mentors")), if_country="FR")
    assert manager.post("/rules/new", data=data).status_code == 303
    assert "go to partners of the group “Mentors”:" in manager.get("/rules").text


@factory
def keep_showrooms() -> None:
    """Have the programme ask its partners whether they have a showroom."""
    draft = FieldDraft(names={"en": "Showroom"}, kind="yes_no")
    field_operations.add("partner", draft, None, AT)


def test_a_rule_asks_for_answers_in_own_fields_where_there_are_any(manager: FlaskClient) -> None:
    make_partner()
    assert 'value="own"' not in manager.get("/rules/new").text
    keep_showrooms()
    assert 'value="own"' in manager.get("/rules/new").text
    asked = typed(manager, **clauses({"kind": "own", "mode": "required"}))
    missing = manager.post("/rules/new", data=asked)
    assert missing.status_code == 422
    assert "Please choose at least one." in missing.text
    made = manager.post("/rules/new", data={**asked, "criteria-0-own": "showroom=yes"})
    assert made.status_code == 303
    rule_id = rules_now()[-1][0]
    assert rule_data(rule_id)["criteria"] == [
        {"kind": "own", "mode": "required", "own": ["showroom=yes"]}
    ]
    assert "one of: Showroom: Yes" in manager.get("/rules").text
    tried = manager.post(
        f"/rules/{rule_id}/preview", data={**asked, "criteria-0-own": "showroom=yes"}
    )
    assert tried.status_code == 200


@factory
def keep_halls() -> None:
    """Have the programme keep how many halls a lead and a partner have, and since when."""
    for subject, name, kind in (
        ("lead", "Halls", "whole"),
        ("lead", "Opens", "day"),
        ("lead", "Urgent", "yes_no"),
        ("lead", "Remarks", "long_text"),
        ("partner", "Halls", "decimal"),
    ):
        field_operations.add(subject, FieldDraft(names={"en": name}, kind=kind), None, AT)


def test_a_rule_asks_for_own_fields_of_leads_and_for_numbers_of_partners(
    manager: FlaskClient,
) -> None:
    make_partner()
    keep_halls()
    asked = typed(manager, **clauses({"kind": "own", "mode": "weighted", "weight": "30"}))
    wrong = {"if_own-halls-from": "9", "if_own-halls-to": "3", "criteria-0-own-halls-to": "many"}
    refused = manager.post("/rules/new", data={**asked, **wrong})
    assert refused.status_code == 422
    for said in ("It can’t end before it begins.", "Please give a number.", 'value="many"'):
        assert said in refused.text
    right = {"if_own-halls-from": "3", "if_own-urgent": ["yes"], "criteria-0-own-halls-from": "2,5"}
    opens = {"if_own-opens-to": "2027-01-31"}
    assert manager.post("/rules/new", data={**asked, **right, **opens}).status_code == 303
    rule_id = rules_now()[-1][0]
    data = rule_data(rule_id)
    assert data["conditions"] == [
        {"field": "own", "values": ["3.."], "key": "halls"},
        {"field": "own", "values": ["..2027-01-31"], "key": "opens"},
        {"field": "own", "values": ["yes"], "key": "urgent"},
    ]
    assert data["criteria"][-1]["own"] == ["halls=2.5.."]
    listed = manager.get("/rules").text
    assert "Halls: at least 3, Opens: until Jan 31, 2027 and Urgent: Yes" in listed
    assert "one of: Halls: at least 2.5" in listed
    page = manager.get(f"/rules/{rule_id}").text
    assert 'name="if_own-halls-from" type="text" value="3"' in page
    assert "Remarks" not in page
    # who saves it again drops nothing that is out of use by now
    retire_halls()
    again = manager.post(f"/rules/{rule_id}", data={**asked, **right, **opens, "version": "1"})
    assert again.status_code == 303
    assert rule_data(rule_id)["conditions"][0]["values"] == ["3.."]
    # nor by somebody who took it out since the form was opened
    taken_out = typed(manager, version="1")
    assert manager.post(f"/rules/{rule_id}", data=taken_out).status_code == 303
    late = manager.post(f"/rules/{rule_id}", data={**asked, **right, **opens, "version": "1"})
    assert late.status_code == 409
    assert "Somebody else has changed this rule" in late.text
    assert 'name="if_own-halls-from" type="text" value="3"' in late.text
    assert 'name="criteria-0-own-halls-from" type="text" value="2,5"' in late.text
    meant = {"version": "2", "lines_of": "1"}
    saved = manager.post(f"/rules/{rule_id}", data={**asked, **right, **opens, **meant})
    assert saved.status_code == 303
    assert rule_data(rule_id) == data


@factory
def retire_halls() -> None:
    for subject in ("lead", "partner"):
        halls = next(one for one in book().fields_of(subject) if one.key == "halls")
        field_operations.set_active(halls.id, False, None, AT)


NAMED_BY_RULES = ("brand", "product", "industry", "size_band")


@factory
def name_what_goes_out_of_use() -> dict[str, Any]:
    """Have forms name entries, answers and a type that are taken out of use afterwards.

    Returns by the form's address what says the same.
    """
    keep_showrooms()
    keep_halls()
    entries = {
        kind: book().active(kind)[0]
        for kind in (
            "industry",
            "brand",
            "specialisation",
            "certification",
            "partner_level",
            "product",
            "size_band",
            "source",
        )
    }
    ids = {kind: entry.id for kind, entry in entries.items()}
    rule = rulebook.add_rule(
        RuleDraft(
            "As it ever was",
            [
                Condition(Field.INDUSTRY, (ids["industry"],)),
                Condition(Field.BRAND, (ids["brand"],)),
                Condition(Field.TYPE, (str(type_id("person")),)),
            ],
            [
                Criterion(Kind.SPECIALISATION, ids=(ids["specialisation"],)),
                Criterion(Kind.LEVEL, level_id=ids["partner_level"]),
                Criterion(Kind.OWN, own=("showroom=yes", "halls=2.5..")),
                *(Criterion(Kind(kind), ids=(ids[kind],)) for kind in NAMED_BY_RULES),
                # which nobody speaks by now
                Criterion(Kind.LANGUAGE, languages=("fi",)),
                Criterion(
                    Kind.ANY,
                    Mode.WEIGHTED,
                    20,
                    of=(Criterion(Kind.CERTIFICATION, ids=(ids["certification"],)),),
                ),
            ],
        ),
        AT,
    )
    group = groups.save_group("Experts", None, AT)
    asked = Criterion(Kind.SPECIALISATION, ids=(ids["specialisation"],))
    groups.save_terms(group, Terms(criteria=[asked]), AT)
    use = policy_uses.add_use(
        UseDraft(policy_key="standard", type_key="person", level_id=ids["partner_level"]), None, AT
    )
    year = {"starts_on": AT.date(), "ends_on": AT.date()}
    goal = save_goal(
        GoalDraft(
            kind="won_leads", name="Sell", target=9, product_id=ids["product"], codes=[], **year
        ),
        AT,
    )
    hand = get_actor(make_person(make_vendor(), "qualifier").id)
    to = InquiryRoute(name="Theirs", product_ids=[ids["product"]], user_id=hand.id)
    route = routing.save_route(to, None, 0, hand, AT)
    planned = CampaignDraft(name="Fair", source_id=ids["source"])
    campaign = make_campaign(planned, hand, AT)
    firm = session().get_one(Partner, make_partner().id)
    firm.level_id = ids["partner_level"]
    for entry in entries.values():
        session().get_one(Entry, entry.id).active = False
    for one in book().fields_of("partner"):
        field_operations.set_active(one.id, False, None, AT)
    held = session().get_one(LeadType, type_id("person"))
    earlier = LeadDefinition(name="Last year’s", created_at=AT, content={}, retired_at=AT)
    session().add(earlier)
    session().flush()
    held.definition_id = earlier.id
    session().flush()
    forget_book()

    def kept(model: type[Any], key: int, name: str) -> Callable[[], Any]:
        return lambda: getattr(session().get_one(model, key), name)

    return {
        f"/rules/{rule.id}": lambda: versions.get_newest(rule.id).content,
        f"/groups/{group.id}/terms": kept(PartnerGroup, group.id, "criteria"),
        f"/deadlines/which-where/{use.id}": kept(PolicyUse, use.id, "level_id"),
        f"/programme/goals/{goal.id}": kept(Goal, goal.id, "product_id"),
        f"/inquiry-routes/{route.id}": kept(InquiryRoute, route.id, "product_ids"),
        f"/campaigns/{campaign.id}": kept(Campaign, campaign.id, "source_id"),
        f"/partners/{firm.organisation_id}/profile": kept(
            Partner, firm.organisation_id, "level_id"
        ),
    }


def test_who_saves_a_form_drops_nothing_that_is_out_of_use_by_now(manager: FlaskClient) -> None:
    for address, said in name_what_goes_out_of_use().items():
        before = factory(said)()
        assert before
        page = manager.get(address.removesuffix("/terms"))
        assert "(out of use)" in page.text, address
        sent = as_shown(page.text, address)
        saved = manager.post(address, data=sent)
        assert saved.status_code == 303, saved.text
        assert factory(said)() == before


@pytest.mark.parametrize("path", ["/rules", "/rules/new", "/partners", "/groups", "/catalog"])
def test_a_rep_and_a_visitor_find_no_way_in(app: Flask, path: str) -> None:
    rep = sign_in(app.test_client(), make_person())
    assert rep.get(path).status_code == 403
    visitor = app.test_client().get(path)
    assert visitor.status_code == 302
    assert "/login" in visitor.location


def test_a_new_rule_is_saved_as_it_was_typed(manager: FlaskClient) -> None:
    brand = brand_id()
    answer = manager.post(
        "/rules/new",
        data=typed(
            manager,
            if_country="de, AT",
            if_brand=[str(brand)],
            if_temperature=["hot", "warm"],
            if_type=[str(type_id("person"))],
            **clauses(
                {"kind": "radius", "mode": "required", "km": "120", "unit": "km"},
                {"kind": "industry", "mode": "weighted", "weight": "35"},
            ),
        ),
    )
    rule_id, _name, active, version = rules_now()[-1]
    assert (answer.status_code, answer.location) == (303, f"/rules/{rule_id}")
    assert (active, version) == (False, 0)
    saved = rule_data(rule_id)
    assert saved["conditions"] == [
        {"field": "country", "values": ["DE", "AT"]},
        {"field": "brand", "values": [brand]},
        {"field": "temperature", "values": ["hot", "warm"]},
        {"field": "type", "values": [str(type_id("person"))]},
    ]
    assert "of the type Person" in manager.get("/rules").text
    assert saved["criteria"] == [
        {"kind": "radius", "mode": "required", "km": 120.0},
        {"kind": "industry", "mode": "weighted", "weight": 35.0},
    ]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "Please fill this in"),
        ("hours", "0", "1 to 2160 hours"),
        ("hours", "soon", "Please give a whole number"),
        ("most", "-3", "above 0"),
        ("most", "9" * 9, "at most 100,000"),
        ("if_country", "DE, Atlantis", "ATLANTIS is no code"),
        ("criteria-0-weight", "101", "from 1 to 100"),
        ("criteria-0-ids", "9" * 30, "not a valid choice"),
        ("criteria-4-languages", "fr\u0000", "not a valid choice"),
        ("criteria-1-km", "0", "from 1 to 20,000 km"),
        ("criteria-1-km", "far", "Please give a whole number"),
        ("criteria-1-km", "9" * 400, "Please give a number up to 1,000,000,000"),
        ("criteria-3-most", "9" * 9, "at most 525,600 minutes"),
        ("criteria-2-kind", "any", "add what belongs to it"),
        ("criteria-2-codes", "DE, Atlantis", "ATLANTIS is no code"),
        ("contest", "serial", "Please give 5 to 10080 minutes"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_the_rest_is_kept(
    manager: FlaskClient, field: str, value: str, said: str
) -> None:
    lines = clauses(
        {"kind": "industry", "mode": "weighted", "weight": "20"},
        {"kind": "radius", "mode": "required", "km": "50"},
        {"kind": "place", "mode": "forbidden", "codes": "CH"},
        {"kind": "response", "mode": "required", "by": "pick", "most": "90"},
        {"kind": "language", "mode": "required", "languages": ["fr"]},
    )
    data = typed(manager, **lines)
    answer = manager.post("/rules/new", data={**data, "if_subdivision": "DE-BY", field: value})
    assert answer.status_code == 422
    assert said in answer.text
    assert "DE-BY" in answer.text
    assert len(rules_now()) == 2


@pytest.fixture
def activate(manager: FlaskClient) -> Callable[[int], int]:
    """Return what presses Activate at the draft of a rule, and says how that was answered."""

    def press(rule_id: int) -> int:
        found = re.search(
            r'name="version" value="(\d+)"', manager.get(f"/rules/{rule_id}/activation").text
        )
        assert found
        data = {"csrf_token": csrf_of(manager.get("/rules").text), "version": found[1]}
        return manager.post(f"/rules/{rule_id}/activation", data=data).status_code

    return press


def test_a_rule_says_who_sees_a_lead_when_or_leaves_it_to_the_type(
    manager: FlaskClient, activate: Callable[[int], int]
) -> None:
    rule_id = rules_now()[0][0]
    ringed = typed(manager, contest="staggered", ring_size="3", ring_minutes="120")
    assert manager.post(f"/rules/{rule_id}", data=ringed).status_code == 303
    words = "the best 3 first, 2 hours later the next 3, and so on"
    assert words not in manager.get("/rules").text
    assert activate(rule_id) == 303
    assert words in manager.get("/rules").text
    preview = manager.post(f"/rules/{rule_id}/preview", data=ringed)
    assert preview.status_code == 200
    data = {**ringed, "contest": "", "version": "2"}
    assert manager.post(f"/rules/{rule_id}", data=data).status_code == 303
    assert 'id="ring_size"' in (page := manager.get(f"/rules/{rule_id}").text)
    assert 'value="120"' not in page


def test_a_draft_changes_nothing_until_it_is_activated(
    manager: FlaskClient, activate: Callable[[int], int]
) -> None:
    rule_id, name, _active, _version = rules_now()[0]
    near = {"kind": "radius", "mode": "required", "km": "50"}
    said = typed(manager, name="Only near ones", **clauses(near))
    assert manager.post(f"/rules/{rule_id}", data=said).status_code == 303
    assert rules_now()[0][1:] == (name, True, 1)
    assert "Version 2 is a draft and waits to be activated" in manager.get("/rules").text
    asked = manager.get(f"/rules/{rule_id}/activation").text
    assert "Partners, new: within 50 km (must)" in asked
    assert "Name: Large projects to experienced firms → Only near ones" in asked
    assert activate(rule_id) == 303
    assert rules_now()[0][1:] == ("Only near ones", True, 2)
    assert "There is no draft" in manager.get(f"/rules/{rule_id}/activation").text


def test_an_old_version_is_taken_up_again_as_a_draft(
    manager: FlaskClient, activate: Callable[[int], int]
) -> None:
    rule_id, name, _active, _version = rules_now()[0]
    token = {"csrf_token": csrf_of(manager.get("/rules").text)}
    manager.post(f"/rules/{rule_id}", data=typed(manager, name="Another"))
    activate(rule_id)
    told = manager.get(f"/rules/{rule_id}/versions").text
    assert told.index("Version 2") < told.index("Version 1")
    assert "Name: Large projects to experienced firms → Another" in told
    assert manager.post(f"/rules/{rule_id}/versions/1/draft", data=token).status_code == 303
    assert rules_now()[0][1] == "Another"
    # discarded, and taken up once more
    manager.post(f"/rules/{rule_id}/versions/2/draft", data=token)
    assert "There is no draft" in manager.get(f"/rules/{rule_id}/activation").text
    manager.post(f"/rules/{rule_id}/versions/1/draft", data=token)
    assert activate(rule_id) == 303
    assert rules_now()[0][1:] == (name, True, 5)
    assert manager.post(f"/rules/{rule_id}/versions/99/draft", data=token).status_code == 404


def test_nobody_activates_a_draft_that_she_has_not_seen(manager: FlaskClient) -> None:
    rule_id = rules_now()[0][0]
    token = {"csrf_token": csrf_of(manager.get("/rules").text)}
    for number, name in enumerate(("Mine", "Hers"), start=1):
        typed_so = typed(manager, name=name, version=str(number))
        assert manager.post(f"/rules/{rule_id}", data=typed_so).status_code == 303
    old = manager.post(f"/rules/{rule_id}/activation", data={**token, "version": "2"})
    assert old.status_code == 409
    assert "Somebody else has changed this rule" in old.text
    assert rules_now()[0][1:] == ("Large projects to experienced firms", True, 1)


def test_a_rule_that_never_held_is_not_switched_on_but_activated(
    manager: FlaskClient, activate: Callable[[int], int]
) -> None:
    assert manager.post("/rules/new", data=typed(manager)).status_code == 303
    rule_id = rules_now()[-1][0]
    token = {"csrf_token": csrf_of(manager.get("/rules").text)}
    pressed = manager.post(f"/rules/{rule_id}/switch", data={**token, "active": "on"})
    assert pressed.status_code == 409
    assert activate(rule_id) == 303
    assert rules_now()[-1][2:] == (True, 1)


def test_an_old_page_does_not_overwrite_a_newer_rule(manager: FlaskClient) -> None:
    rule_id = rules_now()[0][0]
    data = typed(manager, name="First")
    assert manager.post(f"/rules/{rule_id}", data=data).status_code == 303
    answer = manager.post(f"/rules/{rule_id}", data={**data, "name": "Second"})
    assert answer.status_code == 409
    assert "Somebody else has changed this rule" in answer.text
    assert 'value="Second"' in answer.text
    assert rule_data(rule_id)["name"] == "First"


def test_rules_move_switch_and_go(manager: FlaskClient) -> None:
    first, second = (line[0] for line in rules_now())
    token = {"csrf_token": csrf_of(manager.get("/rules").text)}
    assert manager.post(f"/rules/{second}/move", data={**token, "to": "up"}).status_code == 303
    assert [line[0] for line in rules_now()] == [second, first]
    manager.post(f"/rules/{second}/move", data={**token, "to": "up"})
    assert [line[0] for line in rules_now()] == [second, first]
    manager.post(f"/rules/{first}/switch", data={**token, "active": "off"})
    assert [line[2] for line in rules_now()] == [True, False]
    manager.post(f"/rules/{first}/replay", data={**token, "days": "30"})
    asked = manager.get(f"/rules/{first}/deletion").text
    assert "Delete the rule?" in asked
    assert "1 replay goes with it." in asked
    assert manager.post(f"/rules/{first}/deletion", data=token).status_code == 303
    assert [line[0] for line in rules_now()] == [second]
    assert manager.get(f"/rules/{first}").status_code == 404


def test_a_rule_that_offered_leads_stays_and_says_so(manager: FlaskClient) -> None:
    make_partner()
    lead = make_offered_lead()
    rule_id = offered_by(lead.id)
    page = manager.get(f"/rules/{rule_id}/deletion").text
    assert "1 offer was made by" in page
    pressed = manager.post(f"/rules/{rule_id}/deletion", data={"csrf_token": csrf_of(page)})
    assert pressed.status_code == 409
    assert "Offers have been made by this rule, so it stays" in pressed.text
    off = as_shown(page, f"/rules/{rule_id}/switch")
    assert manager.post(f"/rules/{rule_id}/switch", data={**off, "active": "off"}).location
    assert "It is switched off already" in manager.get(f"/rules/{rule_id}/deletion").text


@factory
def offered_by(lead_id: int) -> int:
    found = session().scalar(select(OfferRound.rule_id).where(OfferRound.lead_id == lead_id))
    assert found is not None
    return found


def test_the_preview_says_who_would_get_a_lead_and_why(manager: FlaskClient) -> None:
    make_partner("Nahe Systeme")
    make_partner("Weit Weg KG", latitude=48.1, longitude=11.5, city="Munich")
    lead = make_lead()
    near = {"kind": "radius", "mode": "required", "km": "80"}
    asked = clauses(near, {"kind": "brand", "mode": "required"})
    data = typed(manager, lead=lead.number, **asked)
    page = manager.post("/rules/new/preview", data=data)
    assert page.status_code == 200
    assert "Nahe Systeme" in page.text
    assert "close by" in page.text
    assert "1 partner is too far away" in page.text
    assert "Weit Weg" not in page.text
    fragment = manager.post("/rules/new/preview", data=data, headers={"HX-Request": "true"})
    assert "<html" not in fragment.text
    assert "Nahe Systeme" in fragment.text
    for secret in CONTACT.values():
        assert secret not in page.text


@factory
def keep_in_leads(*halls: int) -> list[str]:
    """Make leads that have so many halls; return their numbers."""
    leads = [make_lead() for _ in halls]
    for lead, many in zip(leads, halls, strict=True):
        own_fields.write(lead.id, {"halls": many})
    return [lead.number for lead in leads]


def test_what_leads_keep_in_own_fields_is_read_at_once_to_find_one_to_try(
    manager: FlaskClient, app: Flask
) -> None:
    keep_halls()
    large, *_small = keep_in_leads(5, 1, 1, 1)
    asked: list[str] = []

    def note(_link: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        asked.append(statement)

    data = typed(manager, **{"if_own-halls-from": "3"})
    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        page = manager.post("/rules/new/preview", data=data, headers={"HX-Request": "true"})
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert large in page.text
    # to find the lead, and to say whether the rule is for it
    assert sum("lead_fields" in statement for statement in asked) == 2


def test_an_empty_match_names_what_emptied_it(manager: FlaskClient) -> None:
    make_partner(brand_ids=[])
    lead = make_lead()
    data = typed(manager, lead=lead.number, **clauses({"kind": "brand", "mode": "required"}))
    page = manager.post("/rules/new/preview", data=data).text
    assert "Nobody." in page
    assert "The last ones fell out here: 1 partner doesn&#39;t carry the brand" in page


def test_a_lead_of_another_kind_is_said_not_to_be_meant(manager: FlaskClient) -> None:
    make_partner()
    lead = make_lead(country="DE")
    data = typed(manager, lead=lead.number.removeprefix("L-"), if_country="FR")
    assert "This rule is not for this lead" in manager.post("/rules/new/preview", data=data).text

    # without a number it is tried with the newest lead that it is for
    meant = make_lead(country="FR")
    make_lead(country="DE")
    page = manager.post("/rules/new/preview", data=typed(manager, if_country="FR")).text
    assert meant.number in page
    assert "This rule is not for this lead" not in page


def test_a_number_nobody_has_is_said(manager: FlaskClient) -> None:
    data = typed(manager, lead="L-999999")
    assert "There is no lead L-999999" in manager.post("/rules/new/preview", data=data).text


FAMILY = clauses(
    {"kind": "present", "depth": "0", "mode": "required"},
    {"kind": "any", "depth": "0", "mode": "weighted", "weight": "40", "adding": "level"},
    {"kind": "radius", "depth": "1", "km": "5731", "unit": "miles"},
    {"kind": "place", "depth": "1", "codes": "AT"},
    {"kind": "campaigner", "depth": "0", "mode": "forbidden", "least": "many"},
)


def order(page: str) -> list[tuple[str, str]]:
    """Return the kinds of the lines of a page, each with how deep it stands."""
    depths = re.findall(r'name="criteria-\d+-depth"[^>]*value="(\d)"', page)
    kinds = re.findall(
        r'name="criteria-\d+-kind" value="(\w+)"'
        r'|<select[^>]*name="criteria-\d+-kind">.*?<option selected value="(\w+)"',
        page,
        re.DOTALL,
    )
    return list(zip([one or other for one, other in kinds], depths, strict=True))


ARRANGED = {
    "add": "present0 any0 radius1 place1 campaigner0 value0",
    "add-1": "present0 any0 radius1 place1 level1 campaigner0",
    "up-1": "any0 radius1 place1 present0 campaigner0",
    "down-2": "present0 any0 place1 radius1 campaigner0",
    "in-4": "present0 any0 radius1 place1 campaigner1",
    "out-2": "present0 any0 place1 radius0 campaigner0",
    "remove-1": "present0 campaigner0",
    "in-0": "present0 any0 radius1 place1 campaigner0",
    "out-0": "present0 any0 radius1 place1 campaigner0",
    "remove-99": "present0 any0 radius1 place1 campaigner0",
    "add-²": "present0 any0 radius1 place1 campaigner0 value0",
}


def test_clauses_are_added_moved_and_put_into_groups_and_nothing_typed_is_lost(
    manager: FlaskClient,
) -> None:
    data = typed(manager, **FAMILY, adding="value")
    for pressed, becomes in ARRANGED.items():
        page = manager.post("/rules/new", data={**data, "do": pressed})
        assert page.status_code == 200
        found = order(page.text)
        assert " ".join(kind + depth for kind, depth in found) == becomes, pressed
        # as it was typed, also where that is no number
        for kept, shown in (("campaigner", 'value="many"'), ("radius", 'value="5731"')):
            assert (kept in dict(found)) == (shown in page.text)
    fragment = manager.post(
        "/rules/new", data={**data, "do": "up-1"}, headers={"HX-Request": "true"}
    )
    assert fragment.text.lstrip().startswith('<div id="criteria">')
    assert len(rules_now()) == 2


def test_a_group_of_clauses_is_saved_shown_and_told_as_a_sentence(manager: FlaskClient) -> None:
    data = typed(manager, **{**FAMILY, "criteria-4-least": "2"}, if_temperature="hot")
    assert manager.post("/rules/new", data={**data, "if_country": "DE, AT"}).status_code == 303
    rule_id = rules_now()[-1][0]
    assert rule_data(rule_id)["criteria"] == [
        {"kind": "present", "mode": "required"},
        {
            "kind": "any",
            "mode": "weighted",
            "weight": 40.0,
            "of": [
                {"kind": "radius", "km": 9223.150464, "miles": True},
                {"kind": "place", "codes": ["AT"]},
            ],
        },
        {"kind": "campaigner", "mode": "forbidden", "least": 2.0},
    ]
    page = manager.get(f"/rules/{rule_id}").text
    assert " ".join(kind + depth for kind, depth in order(page)) == (
        "present0 any0 radius1 place1 campaigner0"
    )
    listed = manager.get("/rules").text
    assert "Leads that are from Germany or Austria and hot go to partners:" in listed
    assert "within 5,731 miles or based in Austria (100%)" in listed


@factory
def let_go_of_brand_and_region(rule_id: int) -> None:
    """Have a rule let go of its second criterion first, then of its first."""
    content = versions.get_newest(rule_id).content
    criteria = [
        {"kind": "any", "mode": "required", "of": [{"kind": "place", "codes": ["DE"]}]},
        {"kind": "brand", "mode": "required"},
        {"kind": "present", "mode": "required"},
    ]
    steps = [{"clause": 1, "how": "dropped"}, {"clause": 0, "how": "milder"}]
    kept = {**content, "criteria": criteria, "relaxing": steps}
    versions.save(rule_id, 1, kept, AT, None)


def test_what_is_let_go_follows_its_criterion(manager: FlaskClient) -> None:
    rule_id = rules_now()[0][0]
    let_go_of_brand_and_region(rule_id)
    make_partner("Ohne Marke", brand_ids=[])
    lead = make_lead()
    page = manager.get(f"/rules/{rule_id}").text
    was = re.findall(r'name="criteria-\d+-was"[^>]*value="(\d)"', page)
    assert was == ["0", "1", "2", "3"]
    moved = clauses(
        {"kind": "present", "mode": "required", "was": "3"},
        {"kind": "level", "mode": "weighted", "weight": "20"},
        {"kind": "brand", "mode": "required", "was": "2"},
    )
    data = {**typed(manager, version="2", lead=lead.number), **moved}
    tried = manager.post(f"/rules/{rule_id}/preview", data=data).text
    for preview in (page, tried):
        assert "Ohne Marke" in preview
        assert "without: carries the lead" in preview
    assert manager.post(f"/rules/{rule_id}", data=data).status_code == 303
    assert rule_data(rule_id)["relaxing"] == [{"clause": 2, "how": "dropped"}]

    # somebody has put the criteria into another order meanwhile: what is pressed once more goes by
    # the lines that were seen
    begun = clauses(
        {"kind": "present", "mode": "required", "was": "0"},
        {"kind": "brand", "mode": "required", "was": "2"},
    )
    data = {**typed(manager, version="3"), **begun}
    turned = clauses(
        {"kind": "brand", "mode": "required", "was": "2"},
        {"kind": "place", "mode": "required", "was": "", "codes": "DE"},
        {"kind": "present", "mode": "required", "was": "0"},
    )
    saved = manager.post(f"/rules/{rule_id}", data={**typed(manager, version="3"), **turned})
    assert saved.status_code == 303
    page = manager.post(f"/rules/{rule_id}", data=data)
    assert page.status_code == 409
    again = dict(re.findall(r'name="(version|lines_of)"[^>]*value="(\d+)"', page.text))
    assert again == {"version": "4", "lines_of": "3"}
    assert manager.post(f"/rules/{rule_id}", data={**data, **again}).status_code == 303
    assert rule_data(rule_id)["relaxing"] == [{"clause": 1, "how": "dropped"}]


def test_a_form_that_no_page_sends_changes_nothing(manager: FlaskClient) -> None:
    data = typed(manager, **clauses({"kind": "specialisation", "mode": "required"}))
    for name in ("kind", "mode", "depth", "ids"):
        for value in ("nonsense", "-1", "9" * 300, "²"):
            sent = {**data, f"criteria-0-{name}": value}
            answer = manager.post("/rules/new", data={**sent, "do": value})
            assert answer.status_code == 200
    assert manager.post("/rules/new", data={**data, "criteria-0-kind": "²"}).status_code == 422
    for name in ("most", "criteria-0-km", "criteria-0-least", "criteria-0-days"):
        for value in ("9" * 400, "-" + "9" * 12, "9" * 5000):
            for address in ("/rules/new", "/rules/new/preview"):
                assert manager.post(address, data={**data, name: value}).status_code == 422
            answer = manager.post("/rules/new", data={**data, name: value, "do": "add"})
            assert answer.status_code == 200
    assert len(rules_now()) == 2
