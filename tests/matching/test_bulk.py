"""Matching many leads says of whom it finds what matching one lead says."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from portal.accounts.models import Organisation
from portal.accounts.queries import get_actor
from portal.catalog.queries import book
from portal.core.db import session
from portal.matching.bulk import Finder, match_many
from portal.matching.lead_facts import LeadFacts
from portal.matching.models import DistributionRule
from portal.matching.operations import match
from portal.partners import facts
from portal.partners.facts import last_kept, lay_out
from portal.partners.models import Partner, PartnerGroup, PartnerGroupMember
from portal.programme import operations as programme
from portal.programme.models import TermsKind
from tests.factories import AT, make_lead, make_manager, make_partner, make_person

RULES: tuple[dict[str, Any], ...] = (
    {"criteria": []},
    {"criteria": [{"kind": "region"}, {"kind": "radius", "mode": "weighted", "weight": 9}]},
    {"criteria": [{"kind": "radius", "km": 150}, {"kind": "brand"}], "most": 2},
    {"criteria": [{"kind": "radius", "km": 1}], "relaxing": [{"clause": 0, "how": "dropped"}]},
    {
        "criteria": [
            {"kind": "place", "mode": "forbidden", "codes": ["DE-BE"]},
            {
                "kind": "any",
                "mode": "weighted",
                "weight": 30,
                "of": [{"kind": "radius", "km": 90}, {"kind": "level"}],
            },
        ]
    },
)


@pytest.fixture
def firms(ctx: Flask) -> list[int]:
    draw = Random(11)
    levels = [one.id for one in book().active("partner_level")]
    return [
        make_partner(
            latitude=52.37 + draw.random() * 3,
            longitude=9.73,
            subdivision=draw.choice(("DE-NI", "DE-BE")),
            level_id=draw.choice((None, *levels)),
            brand_ids=draw.choice(([], [one.id for one in book().active("brand")])),
        ).id
        for _ in range(12)
    ]


@pytest.mark.parametrize("said", RULES)
def test_both_find_the_same_partners_in_the_same_order_for_the_same_reasons(
    firms: list[int], said: dict[str, Any]
) -> None:
    group = PartnerGroup(name="Ten of them", created_at=AT)
    session().add(group)
    session().flush()
    for firm in firms[:10]:
        session().add(PartnerGroupMember(group_id=group.id, organisation_id=firm))
    rule = DistributionRule(
        name="Tried", position=0, conditions=[], changed_at=AT, group_id=group.id, **said
    )
    session().add(rule)
    session().flush()
    leads = [make_lead(), make_lead(latitude=54.0), make_lead(latitude=None, longitude=None)]
    for lead_id, found in match_many(leads, rule, AT):
        one = next(lead for lead in leads if lead.id == lead_id)
        assert found == match(one, AT, rule=rule).partners
        assert next(match_many([one], rule, AT, keep=3))[1] == found[:3]


def test_what_all_partners_sold_is_read_once_for_many_leads(firms: list[int]) -> None:
    asked: list[str] = []

    def note(_link: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        asked.append(statement)

    volume = {"kind": "volume", "mode": "weighted", "weight": 5}
    rule = DistributionRule(criteria=[volume], conditions=[], relaxing=[], most=None)
    leads = [make_lead(), make_lead(), make_lead()]
    event.listen(session().get_bind(), "before_cursor_execute", note)
    try:
        found = list(match_many(leads, rule, AT))
    finally:
        event.remove(session().get_bind(), "before_cursor_execute", note)
    assert [len(partners) for _lead_id, partners in found] == [12, 12, 12]
    assert sum("percentile_disc" in statement for statement in asked) == 1


def test_partners_are_found_as_they_were_known_then(ctx: Flask) -> None:
    firm, lead = make_partner(), make_lead()
    rule = DistributionRule(
        criteria=[{"kind": "radius", "km": 20}], conditions=[], relaxing=[], most=None
    )
    session().flush()
    upto = last_kept()
    session().get_one(Partner, firm.id).latitude = 48.0
    session().flush()
    known = LeadFacts.of(lead, (), AT)
    assert Finder(rule).find(known, AT) == []
    then = Finder(rule, lay_out(upto))
    assert [one.organisation_id for one in then.find(known, AT)] == [firm.id]
    # laid out anew, the next day takes the place of this one
    assert Finder(rule, lay_out(last_kept())).find(known, AT) == []
    assert Finder(rule, facts.NOW).find(replace(known, latitude=48.0), AT)[0].score == 0


def test_who_has_not_agreed_or_only_refers_is_found_by_neither(firms: list[int]) -> None:
    manager = get_actor(make_manager().id)
    words = {"en": "Answer within a week.", "de": "Antworten Sie binnen einer Woche."}
    terms = programme.publish_terms(TermsKind.PROGRAMME, words, AT.date(), manager, AT)
    rule = DistributionRule(
        name="Tried", position=0, conditions=[], changed_at=AT, criteria=[], most=None
    )
    session().add(rule)
    session().flush()
    for firm in firms[:2]:
        member = get_actor(make_person(session().get_one(Organisation, firm)).id)
        programme.accept_terms(terms.id, member, AT)
    programme.join_referral(firms[1], True, manager, AT)
    ((_lead_id, found),) = match_many([make_lead()], rule, AT)
    assert [one.organisation_id for one in found] == firms[:1]
