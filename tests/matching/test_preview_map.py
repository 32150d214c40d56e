"""The map of a rule's preview."""

from __future__ import annotations

from flask import Flask

from portal.core.db import session
from portal.matching import preview_map
from portal.matching.criteria import Criterion
from portal.partners.models import Partner
from tests.factories import make_lead, make_partner

NEAR = {"kind": "radius", "mode": "required", "km": 50}
FAR = {"kind": "any", "mode": "weighted", "weight": 9, "of": [{"kind": "radius", "km": 400}]}

WHERE = [
    {"kind": "place", "mode": "forbidden", "codes": ["CH"]},
    {"kind": "not", "mode": "required", "of": [{"kind": "place", "codes": ["FR"]}]},
    {"kind": "any", "mode": "required", "of": [{"kind": "place", "codes": ["AT", "DE-NI"]}]},
    {"kind": "territory", "mode": "weighted", "weight": 9, "codes": ["US-CA", "XX", "AT"]},
]


def test_the_lead_the_narrowest_distance_and_who_is_found_are_drawn(ctx: Flask) -> None:
    lead = make_lead()
    firms = [make_partner("Alpha"), make_partner("Nowhere", latitude=None, longitude=None)]
    found = {firm.id: session().get_one(Partner, firm.id) for firm in firms}
    criteria = [Criterion.from_data(FAR), Criterion.from_data(NEAR)]
    with ctx.test_request_context():
        drawn = preview_map.draw(lead, criteria, found)
        wide = preview_map.draw(lead, criteria[:1], found)
        assert preview_map.draw(make_lead(latitude=None), criteria, found) is None
    assert drawn.regions == []
    assert [(one.words, one.url) for one in drawn.dots] == [("Alpha", f"/partners/{firms[0].id}")]
    with ctx.test_request_context():
        shaded = preview_map.draw(lead, [Criterion.from_data(one) for one in WHERE], found)
    assert [(one.outline, one.part) for one in shaded.regions] == [
        ("c040", False),
        ("c276", True),
        ("us-california", False),
    ]
    assert round(wide.circle.r / drawn.circle.r) == 8
