"""Scores of before, when points were added up, beside those from 0 to 1."""

from __future__ import annotations

import importlib

from alembic.migration import MigrationContext
from alembic.operations import Operations
from flask import Flask
from sqlalchemy import select

from portal.core.db import session
from portal.matching.rules import score_of
from portal.offers import operations as offers
from portal.offers.models import Offer
from tests.factories import AT, answer_questions, make_lead, make_partner


def test_offers_of_before_are_told_in_the_scores_of_now(ctx: Flask) -> None:
    make_partner()
    lead = make_lead()
    answer_questions(lead)
    offers.offer(lead.id, AT)
    offer = session().scalars(select(Offer)).one()
    before = [
        {"kind": "brand", "mode": "required", "points": 0.0, "ids": [1]},
        {"kind": "radius", "mode": "weighted", "weight": 35.0, "points": 17.5, "km": 40.1},
        {"kind": "level", "mode": "weighted", "weight": 15.0, "points": 0.0, "missed": True},
        {"kind": "industry", "mode": "weighted", "weight": 10.0, "points": 5.0, "all": True},
    ]
    offer.explanation, offer.score = before, 22.5
    session().flush()
    built = importlib.import_module("portal.migrations.versions.0077_scores_of_one")
    with Operations.context(MigrationContext.configure(session().connection())):
        built.upgrade()
        session().refresh(offer)
        assert [part["points"] for part in offer.explanation] == [0, 0.2916, 0, 0.0833]
        assert [part["kind"] for part in offer.explanation] == [part["kind"] for part in before]
        assert offer.score == score_of(offer.explanation)
        built.downgrade()
    session().refresh(offer)
    assert (offer.explanation, offer.score) == (before, 22.5)
