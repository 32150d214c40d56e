"""Two administrators remove each other at the same moment: one stays, whatever the way."""

from __future__ import annotations

from functools import partial

import pytest

from portal.accounts import administration
from portal.accounts import operations as accounts
from portal.accounts.administration import Particulars, Place
from portal.accounts.admins import LastAdmin
from portal.accounts.models import Organisation, User
from portal.core import clock
from portal.core.db import db, session, unit_of_work
from tests.factories import make_partner, make_person, make_vendor
from tests.live import at_once

ADMINS = "SELECT count(*) FROM users WHERE active AND 'admin' = ANY(roles)"


def deactivate(user_id, by, firm_id):
    accounts.deactivate(session().get_one(User, user_id), clock.now())


def demote(user_id, by, firm_id):
    wanted = Particulars("Ada", None, "en", "UTC", Place(("qualifier",)))
    administration.change(session().get_one(User, user_id), wanted, clock.now(), by)


def move(user_id, by, firm_id):
    firm = session().get_one(Organisation, firm_id)
    user = session().get_one(User, user_id)
    administration.move(user, firm, ["partner_rep"], clock.now(), by)


@pytest.mark.parametrize("one", [deactivate, demote, move])
@pytest.mark.parametrize("other", [deactivate, demote, move])
def test_two_administrators_who_remove_each_other_leave_one(committed, one, other):
    firm = make_partner()

    def attempt(way, whom, by):
        with committed.app_context():
            try:
                with unit_of_work():
                    way(whom, by, firm.id)
            except LastAdmin:
                return "stays"
            finally:
                db.session.remove()
            return "goes"

    for _round in range(5):
        ada, eve = make_person(make_vendor(), "admin"), make_person(make_vendor(), "admin")
        done = at_once(
            partial(attempt, one, ada.id, eve.id), partial(attempt, other, eve.id, ada.id)
        )
        assert sorted(done) == ["goes", "stays"]
        with committed.app_context(), unit_of_work():
            left = (
                session()
                .scalars(db.select(User).where(User.active, User.roles.contains(["admin"])))
                .all()
            )
            assert len(left) == 1
            left[0].active = False
