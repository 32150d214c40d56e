"""What is known of a partner now, and what was known of it before."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select, update

from portal.catalog.queries import book
from portal.core.db import session
from portal.partners import facts
from portal.partners.models import Absence, Partner, PartnerCertification
from tests.factories import make_partner


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
    assert known(facts.as_of(upto), firm) == before

    session().execute(
        update(Partner).where(Partner.organisation_id == firm.id).values(people=80, city="Ulm")
    )
    assert known(facts.NOW, firm)["people"] == 80
    assert known(facts.as_of(facts.last_kept()), firm) == known(facts.NOW, firm)
    assert known(facts.as_of(upto), firm) == before


def test_what_says_nothing_new_is_not_kept(ctx):
    firm = make_partner(people=12)
    upto = facts.last_kept()
    session().execute(
        update(Partner).where(Partner.organisation_id == firm.id).values(note="Called twice")
    )
    session().execute(update(Partner).where(Partner.organisation_id == firm.id).values(people=12))
    assert facts.last_kept() == upto
