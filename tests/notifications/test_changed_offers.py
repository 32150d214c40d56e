"""An offer that was taken back or lasts longer is told to those whom it concerns, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.core.mail.models import OutgoingEmail
from portal.notifications import telling, withdrawals
from portal.offers import by_hand, operations
from portal.offers.by_hand import Choice
from portal.offers.events import (
    LeadOffered,
    OfferVisible,
    OfferWithdrawn,
    RoundEnded,
    RoundExtended,
)
from portal.offers.models import Offer
from tests.factories import AT, answer_questions, make_lead, make_manager, make_partner, make_person

LATER = AT + timedelta(hours=1)


class Told:
    """Three firms that were told of a lead by mail; the second has declined it since."""

    def __init__(self, **how):
        self.manager = get_actor(make_manager().id)
        self.people = [make_person(make_partner()) for _ in range(3)]
        self.lead = make_lead()
        answer_questions(self.lead)
        firms = [one.organisation_id for one in self.people]
        self.round, _ = by_hand.offer(self.lead.id, Choice(firms, **how), self.manager, AT)
        about = {"lead_id": self.lead.id, "round_id": self.round.id}
        telling.tell_of_offer(LeadOffered(at=AT, number=1, organisation_ids=firms, **about), AT)
        if not how:
            operations.decline(self.lead.id, "too_far", get_actor(self.people[1].id), AT)
        self.about = {"at": LATER, **about}

    def heard(self):
        rows = session().query(OutgoingEmail).filter_by(kind="offer_changed")
        return {self.people.index(session().get_one(type(self.people[0]), row.user_id)): row
                for row in rows}  # fmt: skip


@pytest.fixture
def told(ctx):
    return Told()


def test_who_was_told_of_an_offer_and_said_nothing_hears_that_it_was_taken_back(told):
    by_hand.withdraw_from(told.lead.id, told.people[0].organisation_id, told.manager, LATER)
    offer = session().query(Offer).filter(Offer.withdrawn_at.is_not(None)).one()
    event = OfferWithdrawn(
        offer_id=offer.id, organisation_id=offer.organisation_id, user_id=None, **told.about
    )
    for _twice in range(2):
        withdrawals.tell_of_withdrawal(event, LATER)
    assert list(told.heard()) == [0]
    by_hand.withdraw(told.lead.id, told.manager, LATER)
    withdrawals.tell_of_withdrawal(RoundEnded(outcome="withdrawn", **told.about), LATER)
    assert sorted(told.heard()) == [0, 2]
    assert all("Zephyrine" not in mail.text for mail in told.heard().values())


def test_whose_turn_was_over_before_hears_of_no_withdrawal(ctx):
    told = Told(in_turn=True, minutes=60)
    operations.open_rings(told.round.id, LATER)
    second = {**told.about, "organisation_ids": [told.people[1].organisation_id]}
    telling.tell_of_offer(OfferVisible(number=1, **second), LATER)
    by_hand.withdraw(told.lead.id, told.manager, LATER)
    withdrawals.tell_of_withdrawal(RoundEnded(outcome="withdrawn", **told.about), LATER)
    assert list(told.heard()) == [1]


def test_a_round_that_ended_otherwise_is_not_told_as_taken_back(told):
    withdrawals.tell_of_withdrawal(RoundEnded(outcome="expired", **told.about), LATER)
    assert told.heard() == {}


def test_for_whom_an_offer_stands_hears_that_it_lasts_longer(told):
    by_hand.extend(told.lead.id, 24, told.manager, LATER)
    withdrawals.tell_of_extension(RoundExtended(hours=24, **told.about), LATER)
    heard = told.heard()
    assert sorted(heard) == [0, 2]
    assert told.lead.number in heard[0].subject
