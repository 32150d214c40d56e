"""What is known of a partner now, and what was known of it before."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from sqlalchemy import delete, select, text, update

from portal.accounts.queries import get_actor
from portal.catalog.queries import book
from portal.core.db import db, session, unit_of_work
from portal.matching import queries
from portal.partners import facts
from portal.partners.figures import count
from portal.partners.models import Absence, Partner, PartnerCertification
from portal.programme import operations as programme
from tests.factories import AT, make_lead, make_manager, make_partner


def known(source, firm):
    row = session().execute(select(source).where(source.c.organisation_id == firm.id)).one()
    return row._asdict()


def test_what_was_known_before_a_change_is_known_still(ctx):
    firm = make_partner(people=12, custom={"showroom": True})
    network = book().by_kind["certification"][0]
    session().add(
        PartnerCertification(
            organisation_id=firm.id, certification_id=network.id, expires_on=date(2027, 1, 31)
        )
    )
    session().add(
        Absence(organisation_id=firm.id, starts_on=date(2026, 8, 3), ends_on=date(2026, 8, 14))
    )
    session().flush()
    before, upto = known(facts.NOW, firm), facts.last_kept()
    assert before["certification_ids"] == [network.id]
    assert before["certified_until"] == [date(2027, 1, 31)]
    assert date(2026, 8, 14) in before["away_on"][0]
    assert known(facts.as_of(upto), firm) == {**before, "held": 0}

    session().execute(
        update(Partner).where(Partner.organisation_id == firm.id).values(people=80, city="Ulm")
    )
    assert known(facts.NOW, firm)["people"] == 80
    assert known(facts.as_of(facts.last_kept()), firm) == {**known(facts.NOW, firm), "held": 0}
    assert known(facts.as_of(upto), firm) == {**before, "held": 0}


def test_what_a_firm_held_and_that_it_only_referred_is_known_still(ctx):
    firm, manager = make_partner(), get_actor(make_manager().id)
    count(firm.id, open_pickups=3)
    programme.join_referral(firm.id, True, manager, AT)
    upto = facts.last_kept()
    # an ending that is taken back after it changes nothing of what was before
    for change in (-1, 1):
        count(firm.id, open_pickups=change)
    count(firm.id, picked=1, open_pickups=1)
    programme.leave_referral(firm.id, manager, AT + timedelta(days=1))
    programme.join_referral(firm.id, False, manager, AT + timedelta(days=2))
    make_partner("Not asked for")
    of_one = facts.as_of(facts.last_kept(), firms=[firm.id])
    assert session().scalars(select(of_one.c.organisation_id)).all() == [firm.id]
    then, since = known(facts.as_of(upto, firms=[firm.id]), firm), facts.as_of(facts.last_kept())
    assert (then["held"], then["only_refers"]) == (3, True)
    assert (known(since, firm)["held"], known(since, firm)["only_refers"]) == (4, False)
    # many leads are gone through by the profiles of a day, each by what firms held when it came
    day = facts.lay_out(facts.last_kept(), upto)
    assert (known(day, firm)["held"], known(day, firm)["only_refers"]) == (3, False)
    facts.go_on(upto, facts.last_kept())
    assert known(day, firm)["held"] == 4


def test_of_two_changes_at_once_both_are_known_and_what_nobody_saw_yet_was_not(committed):
    firm, other = make_partner(people=5), make_partner(people=5)
    with committed.app_context():
        network = book().by_kind["certification"][0].id

    def certify() -> None:
        with committed.app_context(), unit_of_work():
            for one in (other, firm):
                session().add(
                    PartnerCertification(
                        organisation_id=one.id, certification_id=network, expires_on=AT.date()
                    )
                )
                session().flush()

    def grow(one, people):
        return update(Partner).where(Partner.organisation_id == one.id).values(people=people)

    with ThreadPoolExecutor(1) as second, committed.app_context():
        with db.engine.begin() as first:
            first.execute(grow(firm, 12))
            with unit_of_work():
                session().execute(grow(other, 12))
            with unit_of_work():
                seen = queries.judge_partners((), make_lead(), AT)
            # two who change the same firms, in whatever order, don't wait for each other
            second.submit(certify).result(timeout=20)
            first.execute(grow(other, 13))
        then = facts.as_of(seen.upto, seen.unseen)
        assert (known(then, firm)["people"], known(then, other)["people"]) == (5, 12)
        for one, people in ((firm, 12), (other, 13)):
            now = known(facts.as_of(facts.last_kept()), one)
            assert (now["people"], now["certification_ids"]) == (people, [network])


def test_an_absence_within_one_that_somebody_takes_back_at_the_same_time_is_known(committed):
    firm = make_partner()

    def away(begin: int, end: int) -> Absence:
        days = {"starts_on": date(2026, 8, begin), "ends_on": date(2026, 8, end)}
        return Absence(organisation_id=firm.id, **days)

    with committed.app_context():
        with unit_of_work():
            session().add(away(3, 14))
        with db.engine.connect() as first, unit_of_work():
            session().execute(text("SET LOCAL lock_timeout = '5s'"))
            first.execute(delete(Absence).where(Absence.organisation_id == firm.id))
            session().add(away(5, 7))
            session().flush()
            first.commit()
        now = known(facts.as_of(facts.last_kept()), firm)
        assert now["away_on"] == known(facts.NOW, firm)["away_on"]
        assert date(2026, 8, 6) in now["away_on"][0]


def test_what_says_nothing_new_is_not_kept(ctx):
    firm = make_partner(people=12)
    upto = facts.last_kept()
    session().execute(
        update(Partner).where(Partner.organisation_id == firm.id).values(note="Called twice")
    )
    session().execute(update(Partner).where(Partner.organisation_id == firm.id).values(people=12))
    assert facts.last_kept() == upto
