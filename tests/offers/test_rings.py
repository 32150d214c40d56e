"""A lead is offered all at once, ring by ring, or to one firm after the other."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session, unit_of_work
from portal.core.errors import NotFound
from portal.core.events import EventRow
from portal.core.jobs import run_now
from portal.core.mail.models import OutgoingEmail
from portal.desk import live
from portal.desk import queries as desk
from portal.hearing.models import Extent
from portal.leads.contest import Contest, Mode
from portal.leads.models import Lead, LeadType
from portal.matching.models import DistributionRule
from portal.notifications import letters
from portal.notifications.queries import list_offered
from portal.offers import operations as offers
from portal.offers import places, queries, rings
from portal.offers.cards import read_card
from portal.offers.events import TurnOver
from portal.offers.models import Offer, OfferRound
from portal.offers.queries import Filters
from portal.offers.rules import AlreadyTaken
from portal.partners.models import PartnerFigures
from portal.pickup import operations as pickup
from tests.factories import (
    AT,
    csrf_of,
    last_round,
    make_manager,
    make_offered_lead,
    make_person,
    sign_in,
)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
STAGGERED = Contest(Mode.STAGGERED, 2, 60)
SERIAL = Contest(Mode.SERIAL, None, 60)


@pytest.mark.parametrize(
    ("contest", "waited", "hours", "expected"),
    [
        (Contest(), [], 72, [("abcde", 0, 4320)]),
        (Contest(), ["d"], 72, [("d", 0, 4320), ("abce", 240, 4320)]),
        (Contest(), list("edcba"), 72, [("abcde", 0, 4320)]),
        (STAGGERED, [], 72, [("ab", 0, 4320), ("cd", 60, 4320), ("e", 120, 4320)]),
        (STAGGERED, ["d"], 72, [("d", 0, 4320), ("ab", 240, 4320), ("ce", 300, 4320)]),
        # whoever would see it only as it ends sees it with those before
        (STAGGERED, [], 2, [("ab", 0, 120), ("cde", 60, 120)]),
        (STAGGERED, [], 1, [("abcde", 0, 60)]),
        (SERIAL, [], 1, [(f, 60 * n, 60 * n + 60) for n, f in enumerate("abcde")]),
        (SERIAL, ["d", "b"], 72, [(f, 60 * n, 60 * n + 60) for n, f in enumerate("dbace")]),
    ],
    ids=["race", "one waits", "all wait", "rings", "a head start first", "a short offer",
         "a very short one", "in turn", "in turn, who waited first"],
)  # fmt: skip
def test_who_sees_a_lead_from_when_until_when(contest, waited, hours, expected):
    names = {name: number for number, name in enumerate("abcde", 1)}
    planned = rings.plan(
        [*names.values()],
        [names[name] for name in waited],
        contest,
        AT,
        timedelta(hours=hours),
        timedelta(hours=4),
    )
    assert [
        (
            "".join(name for name in names if names[name] in ring.firms),
            (ring.opens_at - AT) // MINUTE,
            (ring.ends_at - AT) // MINUTE,
        )
        for ring in planned.rings
    ] == expected
    assert planned.ends_at == max(ring.ends_at for ring in planned.rings)


def recorded(name):
    """Return the data of all events of a name."""
    rows = session().scalars(
        select(EventRow.data).where(EventRow.name == name).order_by(EventRow.id)
    )
    return list(rows)


class Story:
    """Five firms with a person each, the best first; a lead that is offered to them."""

    def __init__(self, contest: Contest, by_rule: bool = False, at: datetime = AT) -> None:
        self.people = [make_person() for _ in range(5)]
        chosen = {
            "contest": contest.mode,
            "ring_size": contest.size,
            "ring_minutes": contest.minutes,
        }
        session().execute(update(DistributionRule if by_rule else LeadType).values(chosen))
        self.lead = make_offered_lead(at=at)

    @property
    def round(self):
        return last_round(self.lead)

    def actor(self, which: int):
        return get_actor(self.people[which].id)

    def see(self, at) -> list[int]:
        """Return which of them find the lead under Available."""
        return [n for n in range(5) if queries.available(self.actor(n), at, 1, Filters()).items]

    def card(self, which: int, at):
        [row] = queries.available(self.actor(which), at, 1, Filters()).items
        return read_card(row, at)

    def told(self) -> list[list[int]]:
        """Return who was told at once, then who with each later ring."""
        firms = {one.organisation_id: n for n, one in enumerate(self.people)}
        told = [*recorded("LeadOffered")[:1], *recorded("OfferVisible")]
        return [[firms[firm] for firm in data["organisation_ids"]] for data in told]

    def mailed(self, at) -> list[int]:
        """Return who may be written to."""
        ids = [one.id for one in self.people]
        return [ids.index(user.id) for user, _ in list_offered(self.lead.id, self.round.id, at)]

    def says_no(self, which: int, at) -> None:
        offers.decline(self.lead.id, "no_capacity", self.actor(which), at)

    def picks(self, which: int, at) -> None:
        pickup.claim(self.lead.id, self.actor(which), at)

    def sweep(self, at) -> None:
        run_now("offers.open_rings", at=at)
        run_now("offers.end_rounds", at=at)


@pytest.fixture
def rung(ctx: Flask) -> Story:
    return Story(STAGGERED)


@pytest.fixture
def in_turn(ctx: Flask) -> Story:
    return Story(SERIAL)


# -- ring by ring -------------------------------------------------------------------------------


def test_each_ring_sees_it_in_its_minute_and_is_counted_on_the_card(rung):
    for minutes, seen in ((0, 2), (59, 2), (60, 4), (119, 4), (120, 5), (4319, 5)):
        at = AT + minutes * MINUTE
        assert rung.see(at) == list(range(seen))
        assert rung.mailed(at) == list(range(seen))
        assert rung.card(0, at).seen_by == seen
        if minutes % 60 == 0:
            rung.sweep(at)
        assert rung.card(0, at).seen_by == seen
        assert rung.card(0, at).more_from == (None if seen == 5 else AT + (seen // 2) * HOUR)
    assert rung.see(AT + 3 * DAY) == []


def test_who_is_in_a_later_ring_finds_no_trace_of_it_before(ctx, rung):
    early = AT + 59 * MINUTE
    later = rung.actor(2)
    for deed in (rung.picks, rung.says_no):
        with pytest.raises(NotFound):
            deed(2, early)
    assert queries.find_card(rung.lead.id, later, early) is None
    assert not queries.was_offered(rung.lead.id, later, early)
    assert queries.count_available(later, early).total == 0
    assert places.find_place(rung.lead.id, later, early) is None
    now, _ended, _firms = desk.read_hearers([rung.lead.id], [], [], early)
    assert now[rung.lead.id] == {f"offers:{one.organisation_id}" for one in rung.people[:2]}
    rung.picks(2, AT + HOUR)


@pytest.mark.parametrize("contest", [STAGGERED, SERIAL], ids=["rings", "in turn"])
def test_no_page_betrays_a_lead_before_its_time(app, contest):
    with app.app_context(), unit_of_work():
        story = Story(contest, at=clock.now())
        first, later = story.people[0], story.people[3]
        path, number = f"/leads/{story.lead.id}", story.lead.number
    asked = (path, f"{path}/decline", f"/available/news?maybe={story.lead.id}&since=1")

    def looks(user):
        browser = sign_in(app.test_client(), user)
        told = [browser.get(one) for one in asked]
        card = browser.get(f"{path}/card", headers={"HX-Request": "true"})
        token = csrf_of(page := browser.get("/available").text)
        posted = browser.post(f"{path}/pickup", data={"csrf_token": token})
        codes = [answer.status_code for answer in (*told[:2], card, posted)]
        return codes, told[2].json["fresh"] != [], number in page

    assert looks(later) == ([404] * 4, False, False)
    assert looks(first) == ([200, 200, 200, 303], True, True)


def test_each_ring_is_told_once_and_counts_as_offered_then(rung):
    for minutes in (0, 59, 60, 61, 90):
        rung.sweep(AT + minutes * MINUTE)
    assert rung.told() == [[0, 1], [2, 3]]
    assert (rung.round.offered, rung.round.ring) == (4, 2)
    run_now("core.dispatch", {"here": True}, AT + 91 * MINUTE)
    seen = dict(
        session().execute(select(PartnerFigures.organisation_id, PartnerFigures.offers_seen)).all()
    )
    assert [seen.get(one.organisation_id, 0) for one in rung.people] == [1, 1, 1, 1, 0]


def test_the_mail_says_how_many_have_it_and_when_more_will(rung):
    user, found = list_offered(rung.lead.id, rung.round.id, AT)[0]
    letters.post(letters.lead_offered(found, user, AT, Extent.FULL), user, AT, "once")
    mail = session().scalars(select(OutgoingEmail)).one()
    assert "2 firms have it" in mail.text
    for told in (mail.text, mail.html):
        assert "You see it before others do: more firms from" in told


def test_after_an_outage_all_whose_time_has_come_are_told_together(rung):
    rung.sweep(AT + DAY)
    rung.sweep(AT + DAY + MINUTE)
    assert rung.told() == [[0, 1], [2, 3, 4]]
    assert rung.round.next_ring_at is None


def test_where_a_whole_ring_says_no_the_next_sees_it_at_once_and_the_others_sooner(rung):
    rung.says_no(0, AT + 10 * MINUTE)
    assert rung.see(AT + 10 * MINUTE) == [1]
    rung.says_no(1, AT + 20 * MINUTE)
    assert rung.see(AT + 20 * MINUTE) == [2, 3]
    assert rung.card(2, AT + 20 * MINUTE).seen_by == 2
    assert rung.see(AT + 79 * MINUTE) == [2, 3]
    assert rung.see(AT + 80 * MINUTE) == [2, 3, 4]
    # said no before it was told that his time had come: the next ones do not wait for that
    for which in (2, 3, 4):
        rung.says_no(which, AT + 85 * MINUTE)
    assert rung.round.outcome == "declined"
    assert rung.told() == [[0, 1], [2, 3], [4]]


def test_a_pick_ends_it_for_those_who_have_not_seen_it_yet(rung):
    rung.picks(0, AT + MINUTE)
    rung.sweep(AT + HOUR)
    assert rung.told() == [[0, 1]]
    assert rung.see(AT + 2 * HOUR) == []
    with pytest.raises(AlreadyTaken) as refused:
        rung.picks(1, AT + HOUR)
    assert refused.value.facts["seen_by"] == 2


# -- in turn ------------------------------------------------------------------------------------


def test_in_turn_each_has_it_alone_and_loses_it_as_the_next_begins(in_turn):
    for minutes in (0, 59, 60, 119, 120, 299):
        at = AT + minutes * MINUTE
        which = minutes // 60
        assert in_turn.see(at) == in_turn.mailed(at) == [which]
        card = in_turn.card(which, at)
        assert (card.seen_by, card.more_from) == (1, None)
        assert card.ends_at == AT + (which + 1) * HOUR
        if minutes % 60 == 0:
            in_turn.sweep(at)
    assert in_turn.told() == [[0], [1], [2]]
    with pytest.raises(AlreadyTaken):
        in_turn.picks(0, AT + HOUR)
    with pytest.raises(NotFound):
        in_turn.picks(4, AT + HOUR)
    assert in_turn.round.ends_at == AT + 5 * HOUR


def test_who_says_no_passes_it_on_at_once_and_the_whole_ends_sooner(in_turn):
    in_turn.says_no(0, AT + 10 * MINUTE)
    assert in_turn.see(AT + 10 * MINUTE) == [1]
    assert in_turn.see(AT + 69 * MINUTE) == [1]
    assert in_turn.see(AT + 70 * MINUTE) == [2]
    assert in_turn.round.ends_at == AT + 10 * MINUTE + 4 * HOUR
    with pytest.raises(AlreadyTaken):
        offers.take_back_decline(in_turn.lead.id, in_turn.actor(0), AT + 11 * MINUTE)
    # the second one's time is over, which nobody has told: the third passes it on all the same
    in_turn.says_no(2, AT + 80 * MINUTE)
    assert in_turn.told() == [[0], [1], [3]] or in_turn.told() == [[0], [1], [], [3]]
    assert in_turn.see(AT + 80 * MINUTE) == [3]
    assert [data["organisation_id"] for data in recorded("TurnOver")] == [
        in_turn.people[1].organisation_id
    ]


def test_nobody_loses_a_turn_to_an_outage(in_turn):
    late = AT + 3 * DAY
    in_turn.sweep(late)
    assert in_turn.told() == [[0], [1]]
    assert in_turn.see(late + 59 * MINUTE) == [1]
    assert in_turn.see(late + 60 * MINUTE) == [2]
    assert in_turn.round.ended_at is None


def test_where_the_last_one_says_no_the_round_is_over_though_others_kept_silent(in_turn):
    for hours in range(1, 5):
        in_turn.sweep(AT + hours * HOUR)
    in_turn.says_no(4, AT + 4 * HOUR + MINUTE)
    assert in_turn.round.number == 2
    first = session().scalars(select(OfferRound).where(OfferRound.number == 1)).one()
    assert (first.outcome, first.offered, first.declined) == ("expired", 5, 1)
    assert in_turn.see(AT + 4 * HOUR + MINUTE) == [0]


def test_an_open_page_hears_that_a_turn_is_over_and_the_next_that_it_begins(in_turn):
    in_turn.sweep(AT + HOUR)
    [over] = recorded("TurnOver")
    [item] = live.news_of(TurnOver(at=AT, lead_id=in_turn.lead.id, **over))
    [letter] = live.address([item])
    assert letter.topics == {f"offers:{in_turn.people[0].organisation_id}"}


# -- what is chosen where -----------------------------------------------------------------------


def test_a_rule_may_say_otherwise_than_the_type(ctx):
    story = Story(SERIAL, by_rule=True)
    assert story.see(AT) == [0]
    session().execute(update(LeadType).values(contest="staggered", ring_size=1, ring_minutes=5))
    session().execute(update(DistributionRule).values(contest="race"))
    lead = make_offered_lead()
    assert (
        session().scalars(select(OfferRound.rings).where(OfferRound.lead_id == lead.id)).one() == 1
    )


def test_who_stood_by_is_first_in_turn_and_hears_when_it_begins(in_turn):
    in_turn.picks(0, AT + MINUTE)
    # so that they know of it
    session().execute(update(Offer).values(visible_from=AT))
    for which in (3, 2):
        offers.stand_by(in_turn.lead.id, in_turn.actor(which), AT + which * MINUTE)
    held = pickup.claim(in_turn.lead.id, in_turn.actor(0), AT + MINUTE).pickup_id
    back = AT + HOUR
    pickup.give_back(held, "duplicate", None, in_turn.actor(0), back)
    assert in_turn.see(back) == [2]
    assert [data["user_id"] for data in recorded("StandByHeard")] == [in_turn.people[2].id]
    in_turn.sweep(back + HOUR)
    assert in_turn.see(back + HOUR) == [3]
    assert [data["user_id"] for data in recorded("StandByHeard")][1:] == [in_turn.people[3].id]


def test_the_page_of_the_lead_shows_rings_and_their_times(app):
    client = sign_in(app.test_client(), make_manager())

    def shown(contest):
        with app.app_context(), unit_of_work():
            lead_id = Story(contest).lead.id
        return client.get(f"/leads/{lead_id}").text

    page = shown(STAGGERED)
    assert "ring 1 of 3" in page
    assert page.index("Ring 1") < page.index("Ring 2") < page.index("Ring 3")
    page = shown(SERIAL)
    assert "turn 1 of" in page
    assert "had it alone until" in page


def test_a_race_is_one_ring_that_waits_for_nothing(ctx):
    story = Story(Contest())
    opened = story.round
    assert (opened.mode, opened.rings, opened.next_ring_at, opened.offered) == ("race", 1, None, 5)
    assert story.see(AT) == [0, 1, 2, 3, 4]
    assert session().get_one(Lead, story.lead.id).state == "offered"
