"""Weights that outcomes suggest: read from pickups, shown with reasons, taken only by a press."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, text

from portal.core.db import session
from portal.core.jobs import run_now
from portal.matching import rulebook, versions
from portal.matching.criteria import Criterion, Kind, Mode
from portal.matching.models import DistributionRule
from portal.matching.regression import chance
from portal.matching.rulebook import RuleDraft
from portal.offers.models import Offer, OfferRound
from portal.pickup.models import Pickup
from tests.factories import (
    AT,
    csrf_of,
    factory,
    make_lead,
    make_manager,
    make_partner,
    make_person,
    sign_in,
)

NEAR, HIGH = 20, 60
NAME = "Near and high"


@factory
def make_rule() -> int:
    """Make a rule that hardly looks at the distance."""
    criteria = [
        Criterion(Kind.RADIUS, Mode.WEIGHTED, weight=NEAR, km=100),
        Criterion(Kind.LEVEL, Mode.WEIGHTED, weight=HIGH),
    ]
    return rulebook.add_rule(RuleDraft(NAME, (), criteria), AT).id


@factory
def save_version(rule_id: int, **other: float) -> None:
    """Save a version that says something else of the distance."""
    rule = session().get_one(DistributionRule, rule_id)
    near, high = rule.criteria
    content = {**versions.content_of(rule), "criteria": [{**near, **other}, high]}
    versions.save(rule_id, versions.get_newest(rule_id).number, content, AT, None)


@factory
def end_pickups(
    rule_id: int, many: int, *, since: timedelta = timedelta(days=30), version: int = 1
) -> None:
    """Have leads picked up by a rule and ended: the nearer the firm, the more were won."""
    draw, firm = Random(3), make_partner()
    rep, at = make_person(firm), AT - since
    policy_id = session().scalar(text("SELECT min(id) FROM deadline_policies"))
    leads = [make_lead(contact={}, at=at) for _ in range(many)]
    rounds = session().scalars(
        insert(OfferRound).returning(OfferRound.id, sort_by_parameter_order=True),
        [
            {
                "lead_id": lead.id,
                "number": 1,
                "rule_id": rule_id,
                "rule_version": version,
                "lead_facts": {"latitude": lead.latitude, "longitude": lead.longitude},
                "mode": "race",
                "opened_at": at,
                "ends_at": at,
                "excluded": {},
            }
            for lead in leads
        ],
    )
    offers: list[dict[str, Any]] = []
    pickups: list[dict[str, Any]] = []
    for lead, round_id in zip(leads, rounds.all(), strict=True):
        near, high = draw.random(), draw.choice((0.25, 0.5, 1.0))
        won = draw.random() < chance(3 * near - 1.5)
        parts = [
            {"kind": kind, "mode": "weighted", "weight": weight, "points": points}
            for kind, weight, points in (
                ("radius", NEAR, near * NEAR / 80),
                ("level", HIGH, high * HIGH / 80),
            )
        ]
        common = {"lead_id": lead.id, "round": 1, "organisation_id": firm.id}
        offers.append(
            {
                **common,
                "round_id": round_id,
                "score": 0,
                "explanation": parts,
                "visible_from": at,
                "ends_at": at,
                "open": False,
            }
        )
        pickups.append(
            {
                **common,
                "user_id": rep.id,
                "picked_at": at,
                "feedback_due_at": at,
                "rhythm_days": 7,
                "ended_at": at,
                "outcome": "won" if won else "lost",
                "policy_id": policy_id,
            }
        )
    session().execute(insert(Offer), offers)
    session().execute(insert(Pickup), pickups)


@factory
def weights_of(rule_id: int) -> tuple[list[float], list[float] | None]:
    """Return the weights that hold, and those of the draft."""
    rule = session().get_one(DistributionRule, rule_id)
    draft = versions.stand(rule).draft
    return (
        [one["weight"] for one in rule.criteria],
        [one["weight"] for one in draft.content["criteria"]] if draft else None,
    )


@pytest.fixture
def manager(client: FlaskClient) -> FlaskClient:
    signed_in: FlaskClient = sign_in(client, make_manager())
    return signed_in


def test_a_press_takes_what_outcomes_suggest_as_a_draft_and_nothing_else_does(
    manager: FlaskClient,
) -> None:
    rule_id = make_rule()
    end_pickups(rule_id, 150)
    factory(run_now)("matching.suggest", at=AT)
    page = manager.get("/rules/suggestions").text
    assert "Partners who meet it fully won" in page
    assert "Take as draft" in page
    assert weights_of(rule_id) == ([NEAR, HIGH], None)

    taken = manager.post(
        f"/rules/{rule_id}/suggestion", data={"csrf_token": csrf_of(page), "seen": "1"}
    )
    assert taken.status_code == 303
    held, drafted = weights_of(rule_id)
    assert (held, drafted) == ([NEAR, HIGH], [NEAR * 2, HIGH / 2])

    again = manager.post(
        f"/rules/{rule_id}/suggestion", data={"csrf_token": csrf_of(page), "seen": "1"}
    )
    assert again.location.endswith("/rules/suggestions")
    assert "Somebody else has changed this rule" in manager.get("/rules/suggestions").text


def test_too_few_outcomes_are_said_to_be_too_few(manager: FlaskClient) -> None:
    rule_id = make_rule()
    end_pickups(rule_id, 10)
    end_pickups(rule_id, 60, since=timedelta(days=400))
    # by a version to which another distance was near, and by one that only weighed otherwise
    save_version(rule_id, km=10)
    end_pickups(rule_id, 20, version=2)
    save_version(rule_id, weight=NEAR + 1)
    end_pickups(rule_id, 5, version=3)
    factory(run_now)("matching.suggest", at=AT)
    page = manager.get("/rules/suggestions").text
    assert "45 more have to end first" in page
    assert "Take as draft" not in page
    refused = manager.post(f"/rules/{rule_id}/suggestion", data={"csrf_token": csrf_of(page)})
    assert refused.location.endswith("/rules/suggestions")
    assert weights_of(rule_id) == ([NEAR, HIGH], [NEAR + 1, HIGH])
