"""What many offers of a round share stands in it once, and reads as if each had it."""

from __future__ import annotations

import importlib
import json

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from flask import Flask
from sqlalchemy import select

from portal.core.db import session
from portal.matching.rules import score_of
from portal.matching.shared_parts import Kept, in_full
from portal.offers import operations as offers
from portal.offers.models import Offer
from tests.factories import AT, answer_questions, make_lead, make_partner

NEAR, FAR, BRAND = ({"kind": kind, "points": 0.5} for kind in ("near", "far", "brand"))


@pytest.mark.parametrize(
    ("explanations", "shared"),
    [
        ([[]], []),
        ([[BRAND, NEAR]], []),
        ([[BRAND, NEAR], [BRAND, FAR]], [BRAND]),
        ([[BRAND, NEAR]] * 39 + [[BRAND, FAR]], [BRAND, NEAR]),
        ([[BRAND, NEAR]] * 98 + [[BRAND, FAR]] * 4, [BRAND, NEAR]),
        ([[BRAND, NEAR]] * 94 + [[BRAND, FAR]] * 6, [BRAND, NEAR, FAR]),
    ],
)
def test_a_part_is_shared_that_one_offer_in_twenty_has(explanations, shared):
    kept = Kept(explanations)
    assert kept.shared == shared
    told = [json.loads(kept.tell(one)) for one in explanations]
    assert [in_full(one, kept.shared) for one in told] == explanations


def test_two_who_suit_alike_share_all_and_a_step_back_writes_it_out(ctx: Flask) -> None:
    make_partner()
    make_partner()
    lead = make_lead()
    answer_questions(lead)
    opened = offers.offer(lead.id, AT)
    lines = session().scalars(select(Offer)).all()
    assert len(opened.parts) > 2
    assert [line.explanation for line in lines] == [list(range(len(opened.parts)))] * 2
    built = importlib.import_module("portal.migrations.versions.0091_parts_that_offers_share")
    with Operations.context(MigrationContext.configure(session().connection())):
        built.downgrade()
        for line in lines:
            session().refresh(line)
            assert line.explanation == opened.parts
            assert line.score == score_of(line.explanation)
        built.upgrade()
