"""Whoever is new or changed is compared with all others; what somebody said of a pair stays."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import pytest
from sqlalchemy import func, select, text

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.customers import operations as customers
from portal.customers import winning
from portal.customers.operations import Account, Reach
from portal.duplicates import pairs, search
from portal.duplicates.likeness import Grade, Likeness, Reason, Trait
from portal.duplicates.models import Answer, DuplicatePair, Kind, LeadKey, UncheckedParty
from portal.leads import removal, wall
from tests.factories import AT, CONTACT, contact_of, make_lead, make_manager

pytestmark = pytest.mark.usefixtures("ctx")

OTHER = {"company": "Zoo AG", "last_name": "Zander", "email": "z@zoo.example", "phone": "1"}


def check_all() -> None:
    while pairs.check(AT):
        pass


def found() -> Sequence[DuplicatePair]:
    return (
        session()
        .scalars(
            select(DuplicatePair)
            .order_by(DuplicatePair.id)
            .execution_options(populate_existing=True)
        )
        .all()
    )


def change(lead_id: int, **values: Any) -> None:
    with wall.open_for([lead_id], session()):
        contact = contact_of(lead_id)
        for name, value in values.items():
            setattr(contact, name, value)


def test_the_same_contact_again_is_a_pair_with_score_and_reasons_and_no_contact_data() -> None:
    one, other, _stranger = make_lead(), make_lead(), make_lead(OTHER)
    check_all()
    (pair,) = found()
    assert (pair.lead_id, pair.other_lead_id, pair.score) == (one.id, other.id, 100)
    assert [Trait.EMAIL, "same"] in pair.reasons
    said = str(pair.reasons)
    assert not any(str(value) in said for value in CONTACT.values())
    # nobody waits any more, and nothing changes when it is done again
    assert session().scalar(select(func.count()).select_from(UncheckedParty)) == 0
    check_all()
    assert len(found()) == 1


def test_a_changed_contact_is_compared_anew_and_what_is_no_more_alike_goes() -> None:
    one, other = make_lead(), make_lead(OTHER)
    check_all()
    assert not found()
    change(other.id, **{**CONTACT, "company": "Kanarienwerke AG"})
    check_all()
    assert [(pair.lead_id, pair.other_lead_id) for pair in found()] == [(one.id, other.id)]
    nothing = dict.fromkeys(CONTACT)
    change(other.id, **{**nothing, **OTHER})
    check_all()
    assert not found()


def test_what_somebody_said_of_a_pair_is_not_asked_again() -> None:
    _one, other = make_lead(), make_lead()
    check_all()
    (pair,) = found()
    pair.answer = Answer.DIFFERENT
    session().flush()
    change(other.id, role="Head of IT", last_name="Quastenflosser-Kern")
    check_all()
    (still,) = found()
    assert (still.id, still.answer) == (pair.id, Answer.DIFFERENT)


def test_a_lead_is_compared_with_customers_until_it_is_known_to_be_theirs() -> None:
    manager = get_actor(make_manager().id)
    lead = make_lead()
    account = Account(name="Kanarienwerke GmbH", domain=CONTACT["domain"], country="DE")
    reach = Reach(email=str(CONTACT["email"]), phone=str(CONTACT["phone"]))
    customer = customers.create(account, reach, manager, clock.now(), looked=True)
    check_all()
    (pair,) = found()
    assert (pair.lead_id, pair.customer_id, pair.other_lead_id) == (lead.id, customer.id, None)
    winning.assign(lead.id, customer.id, manager, clock.now())
    change(lead.id, street="Road 1", postcode="30159")
    check_all()
    assert not found()


def test_keys_say_nothing_of_who_it_was_stand_behind_the_wall_and_go_with_the_contact() -> None:
    lead, other = make_lead(), make_lead()
    check_all()
    assert session().scalar(select(func.count()).select_from(LeadKey)) == 0
    with wall.open_to_search() as opened:
        assert opened.scalar(select(func.count()).select_from(LeadKey)) > 0
    removal.remove(other)
    with wall.open_to_search() as opened:
        assert set(opened.scalars(select(LeadKey.lead_id))) == {lead.id}
    assert not found()


def test_thousand_rows_of_a_list_are_compared_at_once_and_the_search_uses_the_index() -> None:
    known = make_lead()
    check_all()
    with wall.open_for([known.id], session()) as opened:
        (who,) = search.read_leads([known.id], opened).values()
    stranger = search.party(company="Nobody at all", emails=["x@nowhere.example"])
    many = search.find_many([who if row % 10 == 0 else stranger for row in range(1000)])
    assert [row for row, matches in enumerate(many) if matches] == list(range(0, 1000, 10))
    assert (many[0][0].kind, many[0][0].id) == (Kind.LEAD, known.id)
    session().execute(text("SET LOCAL enable_seqscan = off"))
    with wall.open_to_search() as opened:
        plan = opened.execute(
            text("EXPLAIN SELECT lead_id FROM lead_keys WHERE key = 7 ORDER BY lead_id DESC")
        )
        assert "pk_lead_keys" in str(plan.all())


def test_hundreds_at_one_customer_are_more_pairs_than_a_statement_has_values() -> None:
    leads = [make_lead().id for _one in range(140)]
    alike = Likeness((Reason(Trait.EMAIL, Grade.SAME),))
    every = {(one, other, None, None): alike for one, other in combinations(leads, 2)}
    pairs.write(every, leads, [], AT)
    assert len(every) * 7 > 65_535
    assert session().scalar(select(func.count(DuplicatePair.id))) == len(every)
    pairs.write({}, leads, [], AT)
    assert not session().scalar(select(func.count(DuplicatePair.id)))
