"""A lead is taken back in the moment in which its holder answers, or gives it back."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import partial

import pytest

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.core.errors import Refused
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads.models import Lead
from portal.partners.models import PartnerFigures
from portal.pickup import operations as pickup
from portal.pickup import recall
from portal.pickup.models import Pickup
from tests.factories import factory, make_offered_lead, make_partner, make_person
from tests.live import at_once


@factory
def make_late():
    """Return a firm, its holder, her lead and her pickup; the answer is two days late."""
    firm = make_partner()
    rep = make_person(firm)
    at = clock.now() - timedelta(days=9)
    lead = make_offered_lead(at=at)
    return (
        firm.id,
        get_actor(rep.id),
        lead.id,
        pickup.claim(lead.id, get_actor(rep.id), at).pickup_id,
    )


def tried(deed, *given, **named):
    """Return what became of a deed: done, or the code of its refusal."""
    try:
        factory(deed)(*given, **named)
    except Refused as refusal:
        return refusal.code
    return "done"


def takes_back(held):
    return partial(tried, recall.recall, held, None, recall.SILENT, None, clock.now())


def answers(held, actor):
    return partial(tried, feedback.give, held, Answer(status="waiting"), actor, clock.now())


def gives_back(held, actor):
    return partial(tried, pickup.give_back, held, "no_capacity", None, actor, clock.now())


@factory
def stands(firm_id, lead_id, held):
    """Return how the lead stands, how its pickup ended, and what counts for the firm."""
    figures = session().get_one(PartnerFigures, firm_id)
    lead, ended = session().get_one(Lead, lead_id), session().get_one(Pickup, held)
    return (lead.state, ended.outcome, figures.open_pickups, figures.recalled, figures.given_back)


@pytest.mark.parametrize(
    ("other", "possible"),
    [
        (
            answers,
            {
                ("done", "not_yours_any_more"): ("recalled", "recalled", 0, 1, 0),
                ("work_protected", "done"): ("held", None, 1, 0, 0),
            },
        ),
        (
            gives_back,
            {
                ("done", "not_yours_any_more"): ("recalled", "recalled", 0, 1, 0),
                ("not_yours_any_more", "done"): ("offered", "given_back", 0, 0, 1),
            },
        ),
        (
            lambda held, _actor: takes_back(held),
            {
                ("done", "not_yours_any_more"): ("recalled", "recalled", 0, 1, 0),
                ("not_yours_any_more", "done"): ("recalled", "recalled", 0, 1, 0),
            },
        ),
    ],
    ids=["an answer", "a give-back", "another recall"],
)
def test_of_a_recall_and_what_comes_at_once_one_counts(committed, other, possible):
    make_person()
    seen = Counter()
    for _ in range(3):
        firm_id, holder, lead_id, held = make_late()
        became = tuple(at_once(takes_back(held), other(held, holder)))
        assert became in possible
        assert stands(firm_id, lead_id, held) == possible[became]
        seen[became] += 1
    assert seen.total() == 3
