"""The figures of a small programme, counted by hand, as each role reads them."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from portal.accounts.models import OrganisationKind
from portal.accounts.queries import get_actor
from portal.core.db import session
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads.models import Lead
from portal.offers.models import Offer
from portal.partners.models import Partner
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from portal.reports.developments import read_developments
from portal.reports.queries import each_of, list_owed, read, read_each
from portal.reports.rules import Span, own_period, period_of, week_of
from portal.reports.slices import Whose, slice_of, slices_of
from tests.factories import (
    factory,
    make_lead,
    make_offered_lead,
    make_partner,
    make_person,
    make_vendor,
    sign_in,
)

BERLIN = ZoneInfo("Europe/Berlin")
# the Wednesday of the week that is reported on, and the Monday after it
DURING = datetime(2026, 11, 11, 9, 0, tzinfo=UTC)
AFTER = datetime(2026, 11, 16, 6, 0, tzinfo=UTC)
# by then the answer about the lead that takes years is due again
NOW = AFTER + timedelta(days=4)
WEEK = week_of(DURING.date(), BERLIN)
DAY = timedelta(days=1)


class Programme:
    """A distributor with a reseller that shares its figures, and a firm of somebody else's."""

    def __init__(self):
        vendor = make_vendor()
        self.chief = make_person(vendor, "channel_manager")
        self.pam = make_person(vendor, "account_manager")
        self.other_pam = make_person(vendor, "account_manager")
        self.management = make_person(vendor, "management")
        # whoever both of them report to
        self.boss = make_person(vendor, "sales_manager")
        self.pam.manager_id = self.other_pam.manager_id = self.boss.id
        over = {"capacity": 100, "rep_capacity": 100}
        delta = make_partner("Delta", kind=OrganisationKind.DISTRIBUTOR, territories=["FR"], **over)
        alpha = make_partner("Alpha", parent=delta, account_manager_id=self.pam.id, **over)
        gamma = make_partner("Gamma", account_manager_id=self.other_pam.id, **over)
        self.alpha, self.gamma = alpha, gamma
        self.dora = make_person(delta, "distributor_manager")
        self.anna = make_person(alpha, "partner_manager")
        self.alice, self.alan = (make_person(alpha, name=name) for name in ("Alice", "Alan"))
        self.carol = make_person(gamma)
        # two that were won, of 3,000 after two days and of 1,000 after four
        self.lead(self.alice, DURING - 2 * DAY, ("won", {"value": 3000}, DURING))
        self.lead(self.carol, DURING - 4 * DAY, ("won", {"value": 1000}, DURING))
        # one lost, one that takes years, one answered on, one of which nothing was heard
        lost = {"reason": "price", "decision_maker": "Head of IT"}
        self.lead(self.alice, DURING - DAY, ("lost", lost, DURING))
        self.long = self.lead(self.alan, DURING, ("waiting", {}, DURING + DAY))
        session().get_one(Lead, self.long.lead_id).long_term = True
        self.lead(self.alan, DURING, ("proposal", {}, AFTER + DAY / 24))
        self.silent = self.lead(self.carol, DURING)
        # one that nobody took, one that only came in, and one of the week after
        make_offered_lead(at=DURING)
        make_lead(at=DURING)
        make_offered_lead(at=AFTER)
        session().flush()

    def lead(self, rep, at, answer=None):
        """Have a rep pick up a lead of that moment, and answer."""
        lead = make_offered_lead(at=at)
        actor = get_actor(rep.id)
        held = pickup.claim(lead.id, actor, at).pickup_id
        if answer is not None:
            status, more, when = answer
            feedback.give(held, Answer(status, **more), actor, when)
        return session().get_one(Pickup, held)


@factory
def figures(user, whose):
    return read(slice_of(Whose(whose), get_actor(user.id)), WEEK, NOW)


@factory
def developed(user, whose):
    """Return weeks, months and parts of a slice, as plain numbers."""
    found = read_developments(slice_of(Whose(whose), get_actor(user.id)), WEEK, NOW)
    return (
        [(week.first.day, week.came, week.picked, week.processed) for week in found.weeks],
        [(month.first.month, month.won, month.lost) for month in found.months],
        [f"{part.name} {part.processed}/{part.came}" for part in found.parts],
    )


@factory
def owed_to(user, whose):
    return [row.id for row in list_owed(slice_of(whose, get_actor(user.id)), NOW)]


@factory
def change(model, key, **values):
    for name, value in values.items():
        setattr(session().get_one(model, key), name, value)


@factory
def has(user):
    return slices_of(get_actor(user.id))


@pytest.fixture
def programme(app):
    return factory(Programme)()


# generated, offered, processed, followed up, won, lost, pending, long-term, days, size, owed
COUNTED = [
    ("chief", "programme", (7, 6, 3, 4, 2, 1, 2, 1, 3.0, 2000, 2)),
    ("management", "programme", (7, 6, 3, 4, 2, 1, 2, 1, 3.0, 2000, 2)),
    ("pam", "partners", (6, 6, 3, 3, 1, 1, 1, 1, 2.0, 3000, 1)),
    ("boss", "partners", (6, 6, 3, 4, 2, 1, 2, 1, 3.0, 2000, 2)),
    ("anna", "firm", (6, 6, 3, 3, 1, 1, 1, 1, 2.0, 3000, 1)),
    ("alice", "own", (2, 2, 2, 2, 1, 1, 0, 0, 2.0, 3000, 0)),
    ("alan", "own", (2, 2, 1, 1, 0, 0, 1, 1, None, None, 1)),
    ("dora", "resellers", (4, 4, 3, 3, 1, 1, 1, 1, 2.0, None, 1)),
    ("dora", "firm", (0, 0, 0, 0, 0, 0, 0, 0, None, None, 0)),
]


# week: came, picked up, processed; month: won, lost; firm or person: came, processed
CAME_ABOUT = [
    ("chief", "programme", [(2, 1, 1, 1), (9, 6, 5, 3)], [(11, 2, 1)], ["Gamma 1/7", "Alpha 3/7"]),
    ("pam", "partners", [(2, 1, 0, 0), (9, 6, 4, 3)], [(11, 1, 1)], []),
    ("anna", "firm", [(2, 1, 0, 0), (9, 6, 4, 3)], [(11, 1, 1)], ["Alan 1/2", "Alice 2/2"]),
    ("alan", "own", [(9, 2, 2, 1)], [], []),
    ("dora", "resellers", [(9, 4, 4, 3)], [(11, 1, 1)], []),
    ("dora", "firm", [], [], []),
]


def test_each_role_reads_what_was_counted_by_hand(programme):
    for who, whose, counted in COUNTED:
        found = figures(getattr(programme, who), whose)
        said = (
            *(found.generated, found.offered, found.processed, found.followed_up, found.won),
            *(found.lost, found.pending, found.long_term, found.deal_days, found.deal_size),
            found.owed,
        )
        assert said == counted, (who, whose)
    for who, whose, *came_about in CAME_ABOUT:
        assert developed(getattr(programme, who), whose) == tuple(came_about), (who, whose)
    # a distributor counts nothing of what its resellers keep to themselves
    change(Pickup, programme.long.id, hidden_from_distributor=True)
    found = figures(programme.dora, "resellers")
    assert (found.generated, found.long_term, found.value) == (3, 0, None)
    change(Partner, programme.alpha.id, shares="nothing")
    assert figures(programme.dora, "resellers").is_empty
    assert figures(programme.anna, "firm").long_term == 1


def test_what_went_before_a_firm_saw_it_is_counted_for_nobody_but_the_programme(ctx):
    chief, fast, slow = (
        make_person(make_vendor(), "management"),
        make_person(),
        make_partner("Slow"),
    )
    manager = make_person(slow, "partner_manager")
    taken, unseen = make_offered_lead(at=DURING), make_offered_lead(at=DURING)
    later = {"visible_from": DURING + DAY}
    session().execute(update(Offer).where(Offer.organisation_id == slow.id).values(later))
    pickup.claim(taken.id, get_actor(fast.id), DURING)
    its, whole = (
        slice_of(whose, get_actor(user.id))
        for whose, user in ((Whose.FIRM, manager), (Whose.PROGRAMME, chief))
    )
    assert [part.came for part in read_developments(its, WEEK, NOW).weeks] == [1]
    assert read(its, WEEK, NOW).offered == 1
    assert read(whole, WEEK, NOW).offered == 2
    assert read_each(whole, WEEK, NOW, each_of(whole, [slow.id]))[slow.id].offered == 1
    # of what is still to come nothing is told
    change_offers = update(Offer).where(
        Offer.lead_id == unseen.id, Offer.organisation_id == slow.id
    )
    session().execute(change_offers.values(visible_from=NOW + DAY, ends_at=NOW + 2 * DAY))
    assert read(its, WEEK, NOW).is_empty


def test_neither_page_nor_file_names_a_firm_that_is_none_of_the_reader_s(client, programme):
    named = {
        "chief": ("programme", "Alpha", "Gamma"),
        "management": ("programme", "Alpha", "Gamma"),
        "pam": ("partners", "Alpha"),
        "anna": ("firm",),
        "alice": ("own",),
        "dora": ("resellers", "Alpha"),
    }
    for who, (own, *firms) in named.items():
        user = getattr(programme, who)
        browser = sign_in(client.application.test_client(), user)
        span = f"whose={own}&span=own&from=2026-11-09&to=2026-11-15"
        page = browser.get(f"/reports?{span}")
        assert page.status_code == 200
        main = page.text.partition("<main")[2].partition("</main>")[0]
        file = list(csv.reader(io.StringIO(browser.get(f"/reports/export?{span}").text)))
        pictures = browser.get(f"/reports/pictures?{span}", headers={"HX-Request": "true"}).text
        drawn = {"chief": 2, "management": 2, "pam": 1, "anna": 2}.get(who, 0)
        assert (pictures.count('role="img"'), "<html" in pictures) == (drawn, False)
        for firm in ("Alpha", "Gamma"):
            assert (firm in main) == (firm in firms), (who, firm)
            assert (firm in pictures) == (own == "programme"), (who, firm)
            assert (firm in [line[0] for line in file]) == (firm in firms), (who, firm)
        # who reads figures alone has no link that would be refused
        leads = "/leads/" in main
        assert leads == (who in ("chief", "pam", "anna")), who
        its = has(user)
        assert "Kanarienwerke" not in f"{file}{pictures}"
        for whose in Whose:
            answer = browser.get(f"/reports?whose={whose}")
            assert answer.status_code == (200 if whose in its else 404), (who, whose)
        if who == "chief":
            assert file[0][:6] == [
                "\ufeffName",
                "From",
                "To",
                "Came in",
                "Processed",
                "Share processed",
            ]
            assert file[1][:6] == [
                *("The whole programme", "2026-11-09", "2026-11-15"),
                *("6", "3", "0.5"),
            ]
            assert browser.get("/reports/export?as=xlsx").data.startswith(b"PK")
    assert not owed_to(programme.alice, Whose.OWN)
    assert owed_to(programme.other_pam, Whose.PARTNERS) == [programme.silent.id]


PERIODS = [
    (Span.LAST_WEEK, date(2026, 10, 19), date(2026, 10, 25)),
    (Span.THIS_WEEK, date(2026, 10, 26), date(2026, 11, 1)),
    (Span.LAST_MONTH, date(2026, 9, 1), date(2026, 9, 30)),
    (Span.THIS_QUARTER, date(2026, 10, 1), date(2026, 12, 31)),
    (Span.LAST_QUARTER, date(2026, 7, 1), date(2026, 9, 30)),
]


def test_periods_begin_and_end_at_midnight_where_the_reader_is():
    for span, first, last in PERIODS:
        found = period_of(span, date(2026, 10, 28), BERLIN)
        assert (found.first, found.last) == (first, last), span
    # the week in which clocks went back has an hour more
    week = week_of(date(2026, 10, 25), BERLIN)
    assert week.begins.astimezone(UTC) == datetime(2026, 10, 18, 22, tzinfo=UTC)
    assert week.ends.astimezone(UTC) == datetime(2026, 10, 25, 23, tzinfo=UTC)
    assert (week.before.first, week.before.last) == (date(2026, 10, 12), date(2026, 10, 18))
    quarter = period_of(Span.THIS_QUARTER, date(2026, 2, 1), BERLIN)
    assert (quarter.before.first, quarter.before.last) == (date(2025, 10, 1), date(2025, 12, 31))
    odd = own_period(date(9999, 1, 1), date(1, 1, 1), BERLIN)
    assert odd.before.last < odd.first


def test_an_odd_address_is_answered_with_last_week_and_an_empty_one_says_so(client):
    browser = sign_in(client, make_person(make_partner()))
    odd = browser.get("/reports?span=own&from=yesterday&to=%00&page=x")
    assert odd.status_code == 200
    assert "Nothing to report" in odd.text
    assert browser.get("/reports?span=own&from=2026-02-01&to=2026-01-01").status_code == 200
    assert "Leads that came into these hands" in odd.text
