"""Offers are written, picked, declined, given back and taken off at once, and nobody deadlocks.

With the operations themselves, each thread on its own connection: it is the locks that are tried.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from threading import Lock

from sqlalchemy import select, text

from portal.accounts.queries import get_actor
from portal.core.db import db, session, unit_of_work
from portal.core.errors import DomainError
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.offers import operations as offers
from portal.offers.models import OfferRound
from portal.pickup import operations as pickup
from tests.factories import AT, answer_questions, make_lead, make_partner, make_person
from tests.live import at_once

# `make soak` goes on for a thousand picks (THOROUGH=1)
TRIES = 1000 if os.environ.get("THOROUGH") else 300
LEADS = 60
FIRMS = 6


class Market:
    """What all threads share: the tries that are left and what came of them."""

    def __init__(self, app, seed):
        self.app, self.seed = app, seed
        self.lock = Lock()
        self.left = TRIES
        self.seen = Counter()

    def take(self):
        """Take one of the tries that are left; False where none is."""
        with self.lock:
            self.left -= 1
            return self.left >= 0

    def do(self, what, *args):
        """Do one thing in a unit of work; refusals are answers, all else fails the test."""
        try:
            with self.app.app_context(), unit_of_work():
                made = what(*args)
        except DomainError as refusal:
            self.seen[f"{what.__name__}: {refusal.code}"] += 1
            return None
        self.seen[what.__name__] += 1
        return made


def market_of(app):
    firms = [make_partner(capacity=1000, rep_capacity=1000) for _ in range(FIRMS)]
    people = [make_person(firm) for firm in firms for _ in range(2)]
    with app.app_context(), unit_of_work():
        leads = [make_lead() for _ in range(LEADS)]
        for lead in leads:
            answer_questions(lead)
        ids = [lead.id for lead in leads]
    with app.app_context():
        return [get_actor(person.id) for person in people], ids


def test_picks_while_offers_are_written_meet_no_deadlock(committed):
    actors, leads = market_of(committed)
    market = Market(committed, seed=7)
    at = AT

    def writes(number):
        """Offer and take off the own share of the leads, and count what the firms have seen."""
        mine = leads[number::3]

        def run():
            while market.left > 0:
                for lead_id in mine:
                    opened = market.do(offers.offer, lead_id, at)
                    if opened is not None:
                        market.do(offers.count_seen, {a.organisation_id for a in actors})
                for lead_id in mine:
                    market.do(offers.withdraw, lead_id, at)

        return run

    def picks(actor):
        choose = random.Random(f"{market.seed} {actor.id}")

        def run():
            while market.take():
                lead_id = choose.choice(leads)
                held = market.do(pickup.claim, lead_id, actor, at)
                if held is None:
                    if choose.random() < 0.05:
                        market.do(offers.decline, lead_id, "too_far", actor, at)
                elif choose.random() < 0.5:
                    market.do(pickup.give_back, held.pickup_id, "duplicate", "", actor, at)
                else:
                    market.do(feedback.give, held.pickup_id, Answer("waiting"), actor, at)

        return run

    def ends():
        while market.left > 0:
            with committed.app_context():
                open_ = session().execute(
                    select(OfferRound.id, OfferRound.ends_at)
                    .where(OfferRound.ended_at.is_(None))
                    .limit(3)
                )
                found = open_.all()
                db.session.remove()
            for round_id, ends_at in found:
                market.do(offers.end_round, round_id, ends_at)
            # a breath, or nothing would ever be on offer
            time.sleep(0.05)

    at_once(*map(writes, range(3)), *map(picks, actors[::2]), ends)
    assert market.seen["offer"] >= LEADS
    assert market.seen["claim"] > TRIES / 50
    with committed.app_context():
        # the statistics of a connection are told when it ends
        db.session.remove()
        db.engine.dispose()
        assert (
            session().scalar(
                text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            )
            == 0
        )
        twice = session().execute(
            text(
                "SELECT lead_id FROM pickups WHERE ended_at IS NULL "
                "GROUP BY lead_id HAVING count(*) > 1"
            )
        )
        assert not twice.all()
        uneven = session().execute(
            text(
                "SELECT organisation_id FROM partner_figures AS figures WHERE open_pickups <> "
                "(SELECT count(*) FROM pickups WHERE ended_at IS NULL "
                "AND pickups.organisation_id = figures.organisation_id)"
            )
        )
        assert not uneven.all()
        db.session.remove()
