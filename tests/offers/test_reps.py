"""Of a firm's people whoever suits a lead best hears first; nobody is left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from portal.accounts.queries import get_actor
from portal.catalog.models import Entry
from portal.catalog.queries import book, forget_book
from portal.core.db import session, unit_of_work
from portal.core.errors import Invalid
from portal.core.mail.models import OutgoingEmail
from portal.hearing.models import Notice
from portal.notifications import operations as notices
from portal.notifications import telling
from portal.offers import deciding, first_heard, queries, reps
from portal.offers import operations as offers
from portal.offers.events import LeadOffered
from portal.offers.models import Offer
from portal.offers.reps import Asked, Rep, suits
from portal.partners import rep_profiles
from portal.partners.models import Absence
from portal.partners.rep_profiles import Skills
from portal.pickup import operations as pickup
from tests.factories import (
    AT,
    csrf_of,
    last_round,
    make_offered_lead,
    make_partner,
    make_person,
    sign_in,
    wish,
)
from tests.notifications.test_news import react

MINUTE = timedelta(minutes=1)
WANTED = Asked([1, 2], "DE", "DE-NI", "de", [9])
NOTHING = Rep(1, 1, (), (), (), (), 0, 5, 0, 0)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"product_ids": [1, 2]}, {"product_ids": [1]}),
        ({"product_ids": [1]}, {"product_ids": [3]}),
        ({"specialisation_ids": [9]}, {"specialisation_ids": [8]}),
        ({"languages": ["de", "en"]}, {"languages": ["en"]}),
        ({"territories": ["DE"]}, {}),
        ({"territories": ["DE-NI"]}, {"territories": ["DE-BY", "AT"]}),
        ({}, {"territories": ["AT"]}),
        ({}, {"held": 1}),
        ({"held": 1}, {"held": 5}),
        ({"in_time": 9, "answers": 10}, {}),
        ({}, {"in_time": 1, "answers": 10}),
        # one answer says little
        ({"in_time": 90, "answers": 100}, {"in_time": 1, "answers": 1}),
        # skills weigh more than a free hand
        ({"product_ids": [1, 2], "held": 3}, {"product_ids": [3]}),
    ],
)
def test_what_makes_a_lead_suit_somebody(better, worse):
    assert suits(replace(NOTHING, **better), WANTED) > suits(replace(NOTHING, **worse), WANTED)


some = st.lists(st.integers(1, 9), max_size=4)


@given(some, some, some, st.integers(0, 20), st.integers(0, 10), st.integers(0, 20))
def test_it_is_a_share_whatever_somebody_says(products, wanted, skills, held, capacity, answers):
    rep = Rep(1, 1, skills, products, ["DE"], ["de"], held, capacity, answers // 2, answers)
    assert 0 <= suits(rep, Asked(wanted, "DE", None, None)) <= 1


class Firm:
    """Two reps, of whom the second knows the lead's product, and a lead on offer to their firm."""

    def __init__(self, at=AT):
        self.firm = make_partner()
        self.first, self.second = (make_person(self.firm) for _ in range(2))
        self.product = book().id_of("product", "switches")
        self.say(self.second)
        self.at = at

    def say(self, user):
        rep_profiles.save(user, Skills(product_ids=[self.product]), AT)

    def offered(self):
        self.lead = make_offered_lead(at=self.at)
        opened = last_round(self.lead)
        self.event = LeadOffered(
            at=self.at,
            lead_id=self.lead.id,
            round_id=opened.id,
            number=1,
            organisation_ids=[self.firm.id],
        )
        telling.tell_of_offer(self.event, self.at)
        return self

    def told(self):
        return [
            user_id
            for (user_id,) in session().execute(
                select(OutgoingEmail.user_id).order_by(OutgoingEmail.id)
            )
        ]

    def card_of(self, user, at=AT):
        return queries.find_card(self.lead.id, get_actor(user.id), at)


@pytest.fixture
def firm(ctx):
    return Firm()


def test_the_best_suited_hears_at_once_and_her_colleagues_a_little_later(firm):
    firm.offered()
    assert firm.told() == [firm.second.id]
    assert [firm.card_of(user).suits_you for user in (firm.first, firm.second)] == [False, True]
    assert notices.look_round(AT + 9 * MINUTE) == []
    assert notices.look_round(AT + 15 * MINUTE) == [firm.first.id]
    assert notices.send_waiting(firm.first.id, AT + 15 * MINUTE)
    assert firm.told() == [firm.second.id, firm.first.id]


def test_she_is_never_alone_with_it(firm):
    firm.offered()
    assert not pickup.claim(firm.lead.id, get_actor(firm.first.id), AT).again


def test_what_is_gone_by_then_her_colleagues_hear_nothing_of(firm):
    firm.offered()
    pickup.claim(firm.lead.id, get_actor(firm.second.id), AT + MINUTE)
    assert not notices.send_waiting(firm.first.id, AT + 15 * MINUTE)
    assert firm.told() == [firm.second.id]


@pytest.mark.parametrize(
    ("who", "quiet", "hears"),
    [("second", False, [1]), ("first", False, []), ("second", True, [])],
    ids=["the best", "another", "the best, in quiet hours"],
)
def test_where_the_best_says_no_her_colleagues_hear_at_once(firm, who, quiet, hears):
    make_person(firm.firm, hears="never")
    if quiet:
        wish(firm.first, quiet_from=0, quiet_until=23)
    firm.offered()
    offers.decline(firm.lead.id, "no_capacity", get_actor(getattr(firm, who).id), AT + MINUTE)
    react(AT + 2 * MINUTE)
    assert notices.look_round(AT + 2 * MINUTE) == [firm.first.id for _one in hears]


def test_told_twice_the_same_one_stays_the_best(firm):
    firm.offered()
    firm.say(firm.first)
    rep_profiles.save(firm.second, Skills(), AT)
    assert reps.choose(firm.event.round_id, AT) == {firm.firm.id: firm.second.id}


@pytest.mark.parametrize(
    "change",
    [
        lambda f: (
            rep_profiles.save(f.second, Skills(languages=["de"]), AT)
            or session().delete(session().get_one(rep_profiles.RepProfile, f.second.id))
        ),
        lambda f: deciding.save([], True, 0, AT),
    ],
    ids=["nobody says anything", "the programme wants it so"],
)
def test_all_hear_at_once_where(firm, change):
    change(firm)
    session().flush()
    firm.offered()
    assert set(firm.told()) == {firm.first.id, firm.second.id}


@pytest.mark.parametrize(
    ("named", "minutes", "away", "at_once", "then"),
    [
        ("second third", 10, "", "second", {10: "third", 20: "first"}),
        # whoever suits best is not asked where names are given
        ("first", 30, "", "first", {30: "second third"}),
        ("third second", 10, "third", "second", {10: "first"}),
        ("third", 10, "third", "second", {15: "first"}),
        ("third second first", 10, "", "third", {10: "second", 20: "first"}),
    ],
)
def test_whom_the_manager_names_hears_first_and_the_others_so_many_minutes_later(
    firm, named, minutes, away, at_once, then
):
    people = {"first": firm.first, "second": firm.second, "third": make_person(firm.firm)}
    ids = {name: user.id for name, user in people.items()}
    boss = make_person(firm.firm, "partner_manager")
    session().flush()
    by = get_actor(boss.id)
    first_heard.save([ids[name] for name in named.split()], minutes, by, AT)
    if away:
        wish(people[away], hears="never")
    firm.offered()
    assert firm.told() == [ids[at_once]]
    waiting = {
        user_id: (due - firm.at).total_seconds() / 60
        for user_id, due in session().execute(
            select(Notice.user_id, Notice.due_at).where(Notice.settled_at.is_(None))
        )
    }
    wanted = {ids[name]: after for after, names in then.items() for name in names.split()}
    assert waiting == wanted
    # once the first says no, the next is the first
    offers.decline(firm.lead.id, "no_capacity", get_actor(ids[at_once]), AT + MINUTE)
    react(AT + 2 * MINUTE)
    soonest = min(wanted, key=lambda user_id: wanted[user_id])
    assert soonest in notices.look_round(AT + 2 * MINUTE)


def test_only_people_of_the_firm_are_named_and_each_once(firm):
    boss = make_person(firm.firm, "partner_manager")
    stranger = make_person()
    session().flush()
    by = get_actor(boss.id)
    for ids, minutes in (
        ([stranger.id], 10),
        ([boss.id], 10),
        ([firm.first.id, firm.first.id], 10),
        ([firm.first.id], 0),
        ([firm.first.id], None),
    ):
        with pytest.raises(Invalid):
            first_heard.save(ids, minutes, by, AT)
    assert first_heard.find_order(firm.firm.id) is None


def test_who_is_away_is_passed_over(firm):
    third = make_person(firm.firm)
    session().add(
        Absence(
            organisation_id=firm.firm.id,
            user_id=firm.second.id,
            starts_on=AT.date(),
            ends_on=AT.date(),
        )
    )
    firm.say(third)
    firm.offered()
    assert firm.told() == [third.id]


def test_who_never_hears_by_mail_makes_nobody_wait(firm):
    wish(firm.second, hears="never")
    firm.offered()
    assert firm.told() == [firm.first.id]
    assert session().scalar(select(Offer.suits_user_id)) == firm.second.id


def test_what_is_not_known_is_refused(firm):
    for skills in (Skills(product_ids=[987_654]), Skills(territories=["XX-YY"])):
        with pytest.raises(Invalid):
            rep_profiles.save(firm.second, skills, AT)
    # what went out of use meanwhile stays with whom it was said of, and comes to nobody
    known = book().active("product")[0]
    rep_profiles.save(firm.second, Skills(product_ids=[known.id]), AT)
    session().get_one(Entry, known.id).active = False
    session().flush()
    forget_book()
    rep_profiles.save(firm.second, Skills(product_ids=[known.id], languages=["de"]), AT)
    assert rep_profiles.read(firm.second.id).product_ids == [known.id]
    with pytest.raises(Invalid):
        rep_profiles.save(firm.first, Skills(product_ids=[known.id]), AT)


def test_she_and_her_manager_say_what_she_is_good_at_and_nobody_else(app):
    with app.app_context(), unit_of_work():
        firm = Firm()
        head = make_person(firm.firm, "partner_manager")
        stranger = make_person(make_partner(), "partner_manager")
        people, product = (firm.second, head), firm.product
    address = f"/team/people/{people[0].id}/skills"
    for user, regions in ((people[0], "DE-NI"), (people[1], "DE AT")):
        client = sign_in(app.test_client(), user)
        token = {"csrf_token": csrf_of(client.get(address).text)}
        assert client.post(address, data={**token, "territories": "XX"}).status_code == 422
        sent = {**token, "product_ids": product, "territories": regions, "languages": "de"}
        assert client.post(address, data=sent).status_code == 303
        assert ", ".join(regions.split()) in client.get(address).text
    assert address in sign_in(app.test_client(), head).get("/team").text
    for user in (firm.first, stranger):
        assert sign_in(app.test_client(), user).get(address).status_code == 404
