"""Photo-finish: who picks within seconds after the first takes part, and the best score wins."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.accounts.models import User
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session, unit_of_work
from portal.core.errors import NotFound
from portal.core.events import EventRow
from portal.core.jobs import run_now
from portal.core.mail.models import OutgoingEmail
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads.models import LeadState, LeadType
from portal.matching import fairness_terms
from portal.matching.fairness_rules import Terms
from portal.matching.rules import draw
from portal.offers import by_hand
from portal.offers import operations as offers
from portal.offers.models import Entry, Offer, OfferRound
from portal.offers.queries import find_card
from portal.offers.rules import AlreadyTaken, BeingDecided, Outscored
from portal.partners.models import Partner
from portal.pickup import operations as pickup
from portal.pickup import photo_finish
from portal.pickup.models import Pickup
from portal.pickup.queries import position_of
from portal.pickup.questions import hot_stop
from portal.pickup.refusals import own_line, words_of
from portal.pickup.rules import CapacityReached, CapReached
from portal.pickup.suspension import suspend_by_hand
from portal.pickup.taking import Deciding
from portal.wiring import REACTIONS, TICKING
from tests.factories import (
    AT,
    CONTACT,
    csrf_of,
    last_round,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    sign_in,
    wish,
)
from tests.notifications.test_news import react

SECOND = timedelta(seconds=1)
SCORES = (0.5, 0.9, 0.7)


class Finish:
    """Three firms with a person each, of middling, best and good score; a lead for them."""

    def __init__(self, scores=SCORES, at=AT, seconds=20):
        self.people = [make_person() for _ in scores]
        session().execute(update(LeadType).values(contest="photo_finish", deciding_seconds=seconds))
        self.at = at
        self.lead = self.offer(scores)

    def offer(self, scores=SCORES):
        """Put one more lead on offer to the three firms."""
        lead = make_offered_lead(at=self.at)
        for person, score in zip(self.people, scores, strict=True):
            session().execute(
                update(Offer)
                .where(Offer.lead_id == lead.id, Offer.organisation_id == person.organisation_id)
                .values(score=score)
            )
        return lead

    def actor(self, which):
        return get_actor(self.people[which].id)

    def picks(self, which, seconds, lead=None):
        at = self.at + seconds * SECOND
        return pickup.claim((lead or self.lead).id, self.actor(which), at)

    def decide(self, seconds=20):
        run_now("pickup.decide", at=self.at + seconds * SECOND)
        session().expire_all()

    @property
    def holder(self):
        ids = [one.id for one in self.people]
        held = session().scalar(select(Pickup.user_id).where(Pickup.lead_id == self.lead.id))
        return None if held is None else ids.index(held)

    def outcomes(self):
        """Return how it went for whom, in the order in which they came."""
        ids = [one.id for one in self.people]
        rows = session().scalars(
            select(Entry)
            .where(Entry.lead_id == self.lead.id)
            .order_by(Entry.id)
            .execution_options(populate_existing=True)
        )
        return [(ids.index(one.user_id), one.outcome, one.refusal) for one in rows]


@pytest.fixture
def finish(ctx):
    return Finish()


def test_of_those_who_pick_within_the_seconds_the_best_gets_it(finish):
    decides = AT + 21 * SECOND
    assert finish.picks(0, 1) == Deciding(finish.lead.id, decides, again=False)
    assert finish.picks(1, 20) == Deciding(finish.lead.id, decides, again=False)
    finish.decide(20)
    assert finish.holder is None
    assert finish.lead.state == LeadState.OFFERED
    finish.decide(21)
    assert finish.holder == 1
    assert finish.outcomes() == [(0, "outscored", None), (1, "won", None)]
    assert last_round(finish.lead).decided_at == decides
    assert finish.picks(1, 22).again
    with pytest.raises(AlreadyTaken) as late:
        finish.picks(2, 22)
    assert late.value.code == "already_taken"


def test_who_took_part_reads_his_own_line_and_never_who_won(finish):
    finish.picks(0, 1)
    finish.picks(1, 2)
    finish.decide(21)
    with pytest.raises(Outscored) as lost:
        finish.picks(0, 22)
    title, _sentence, facts = words_of(lost.value)
    assert (lost.value.code, title) == ("outscored", "Another firm suited it better")
    assert "50%" in facts[0]
    assert facts[1] == "2 firms took part, 3 were offered it."


NEAR = {"kind": "radius", "mode": "weighted", "weight": 60, "points": 0.4, "km": 35, "within": 80}
KNOWN = {"kind": "relation", "mode": "weighted", "weight": 40, "points": 0.4}
ONE_OF = {**NEAR, "kind": "any", "parts": [NEAR, {**KNOWN, "missed": True}]}


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        ([NEAR], "You: 80% fit, about 35 km away."),
        ([NEAR, KNOWN], "You: about 35 km away."),
        ([NEAR, {**KNOWN, "points": 0.0, "missed": True}], "You: about 35 km away."),
        ([KNOWN], "How well you suited isn’t told: it would say whom you know."),
        ([ONE_OF], "How well you suited isn’t told: it would say whom you know."),
        ([], "The lots decided."),
    ],
)
def test_the_own_line_says_nothing_of_whom_the_firm_knows(ctx, parts, line):
    assert own_line({"score": 0.8, "why": parts}) == line


def test_entering_twice_is_answered_with_the_same_time(finish):
    first = finish.picks(0, 1)
    again = finish.picks(0, 9)
    assert (again.decides_at, again.again) == (first.decides_at, True)
    assert len(finish.outcomes()) == 1


def test_nobody_joins_after_the_end_and_no_page_shows_the_contact_before(finish):
    finish.picks(0, 1)
    card = find_card(finish.lead.id, finish.actor(0), AT + SECOND)
    other = find_card(finish.lead.id, finish.actor(1), AT + SECOND)
    assert (card.entered, other.entered) == (True, False)
    assert card.decides_at == other.decides_at == AT + 21 * SECOND
    for which in (0, 1):
        with pytest.raises(BeingDecided):
            finish.picks(which, 21)
    assert finish.outcomes() == [(0, None, None)]


def test_an_entry_counts_toward_capacity_until_it_is_decided(finish):
    second = finish.offer()
    firms = [one.organisation_id for one in finish.people[:2]]
    session().execute(update(Partner).where(Partner.organisation_id.in_(firms)).values(capacity=1))
    finish.picks(0, 1)
    finish.picks(1, 1)
    with pytest.raises(CapacityReached) as full:
        finish.picks(0, 2, second)
    assert "1 of them is being decided" in full.value.message
    assert position_of(finish.actor(0), AT).standing.firm_entered == 1
    finish.decide(21)
    assert isinstance(finish.picks(0, 22, second), Deciding)


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (Terms(most_picks=1), "picked up 1 lead within 30 days"),
        (Terms(most_hot_picks=1), "picked up 1 hot lead within 30 days"),
    ],
)
def test_an_entry_counts_toward_the_share_until_it_is_decided(finish, terms, said):
    fairness_terms.save(replace(terms, period_days=30), None, AT)
    second = finish.offer()
    for one in (finish.lead, second):
        one.temperature = "hot"
    finish.picks(0, 1)
    finish.picks(1, 1)
    with pytest.raises(CapReached, match=said) as full:
        finish.picks(0, 2, second)
    assert "1 of them is being decided" in full.value.message
    finish.decide(21)
    assert isinstance(finish.picks(0, 22, second), Deciding)


def test_a_firm_that_has_won_a_hot_lead_steps_out_of_the_next_and_enters_for_none(finish):
    fairness_terms.save(Terms(cooling_days=2), None, AT)
    second, third = finish.offer(), finish.offer()
    for one in (finish.lead, second, third):
        one.temperature = "hot"
    finish.picks(1, 1)
    for which in (1, 2):
        finish.picks(which, 9, second)
    finish.decide(21)
    mine = session().scalars(select(Pickup.id)).one()
    feedback.give(mine, Answer("waiting"), finish.actor(1), AT + 22 * SECOND)
    with pytest.raises(CapReached):
        finish.picks(1, 23, third)
    finish.decide(29)
    with pytest.raises(Outscored) as out:
        finish.picks(1, 30, second)
    assert "had picked up a hot lead" in words_of(out.value)[2][0]
    assert isinstance(finish.picks(1, 2 * 86_400 + 22, third), Deciding)


def owes(finish, which):
    """Another lead came into his hands meanwhile, and nothing was said of it."""
    session().execute(update(LeadType).values(contest="race", deciding_seconds=None))
    pickup.claim(make_offered_lead(at=AT).id, finish.actor(which), AT + 5 * SECOND)


def leaves(finish, which):
    finish.people[which].active = False


def moves(finish, which):
    finish.people[which].organisation_id = make_partner().id


def pauses(finish, which):
    firm = session().get_one(Partner, finish.people[which].organisation_id)
    suspend_by_hand(firm, AT + timedelta(days=7), "Too much.", get_actor(make_manager().id), AT)


def says_no(finish, which):
    offers.decline(finish.lead.id, "no_capacity", finish.actor(which), AT + 5 * SECOND)


@pytest.mark.parametrize(
    ("happens", "outcome"),
    [
        (owes, ("refused", "unanswered")),
        (leaves, ("refused", "left")),
        (moves, ("refused", "left")),
        (pauses, ("refused", "paused_by_hand")),
        (says_no, ("withdrawn", None)),
    ],
)
def test_whom_the_second_gate_stops_loses_to_the_next_best(finish, happens, outcome):
    for which in range(3):
        finish.picks(which, 1)
    happens(finish, 1)
    session().flush()
    finish.decide(21)
    assert finish.holder == 2
    assert finish.outcomes() == [(0, "outscored", None), (1, *outcome), (2, "won", None)]
    react(AT + 22 * SECOND)
    told = session().scalars(select(OutgoingEmail.user_id).where(OutgoingEmail.kind == "not_yours"))
    # who is with the firm no more hears nothing of its leads, and who said no knows
    assert (finish.people[1].id in told) is (happens in (owes, pauses))


def test_where_nobody_is_left_the_lead_stays_on_offer_and_the_next_pick_begins_anew(finish):
    finish.picks(1, 1)
    pauses(finish, 1)
    finish.decide(21)
    assert finish.lead.state == LeadState.OFFERED
    assert finish.outcomes() == [(1, "refused", "paused_by_hand")]
    assert finish.picks(0, 60).decides_at == AT + 80 * SECOND
    finish.decide(80)
    assert finish.holder == 0


def test_equal_scores_fall_by_the_lots_of_the_round(ctx):
    winners = set()
    finish = Finish((0.5, 0.5, 0.5))
    for seed in range(1, 9):
        finish.lead = finish.offer((0.5, 0.5, 0.5))
        session().execute(
            update(OfferRound).where(OfferRound.lead_id == finish.lead.id).values(seed=seed)
        )
        for which in range(3):
            finish.picks(which, 1)
        finish.decide(21)
        firms = [one.organisation_id for one in finish.people]
        assert finish.holder == min(range(3), key=lambda n: draw(seed, firms[n]))
        winners.add(finish.holder)
        held = session().scalars(select(Pickup).where(Pickup.ended_at.is_(None))).one()
        feedback.give(held.id, Answer("waiting"), finish.actor(finish.holder), AT)
        held.ended_at, held.outcome = AT, "lost"
    assert len(winners) > 1


def test_of_one_firm_who_picked_first_gets_it_and_a_colleague_may_step_in(ctx):
    finish = Finish((0.9,))
    finish.people.append(make_person(session().get_one(User, finish.people[0].id).organisation))
    finish.picks(0, 1)
    assert isinstance(finish.picks(1, 2), Deciding)
    assert position_of(finish.actor(0), AT).standing.firm_entered == 1
    says_no(finish, 0)
    finish.decide(21)
    assert finish.holder == 1


@pytest.mark.parametrize("way", ["withdrawn", "taken off"])
def test_what_the_vendor_takes_off_the_market_ends_undecided(finish, way):
    finish.picks(0, 1)
    (offers.withdraw if way == "withdrawn" else offers.take_off)(finish.lead.id, AT + 5 * SECOND)
    react(AT + 6 * SECOND)
    finish.decide(21)
    assert finish.holder is None
    assert finish.outcomes() == [(0, "over", None)]
    assert position_of(finish.actor(0), AT).standing.firm_entered == 0
    (mail,) = session().scalars(select(OutgoingEmail).where(OutgoingEmail.kind == "not_yours"))
    assert "is not on offer any more" in mail.text


def test_a_round_does_not_lapse_while_it_is_decided(ctx):
    finish = Finish()
    ends = last_round(finish.lead).ends_at
    pickup.claim(finish.lead.id, finish.actor(0), ends - SECOND)
    run_now("offers.end_rounds", at=ends + SECOND)
    assert not offers.end_for_overflow(last_round(finish.lead).id, ends + SECOND)
    run_now("pickup.decide", at=ends + 20 * SECOND)
    assert finish.holder == 0


def test_deciding_twice_gives_it_once(finish):
    finish.picks(0, 1)
    finish.decide(21)
    finish.decide(21)
    photo_finish.decide(last_round(finish.lead).id, AT + 30 * SECOND)
    names = session().scalars(select(EventRow.name).where(EventRow.lead_id == finish.lead.id))
    assert list(names).count("LeadPickedUp") == 1


def test_who_won_gets_the_contact_by_mail_and_who_lost_his_line(finish):
    wish(finish.people[1], hears="never")
    finish.picks(0, 1)
    finish.picks(1, 1)
    finish.decide(21)
    react(AT + 22 * SECOND)
    mails = {
        mail.user_id: mail
        for mail in session().scalars(
            select(OutgoingEmail).where(OutgoingEmail.kind.in_(("yours_now", "not_yours")))
        )
    }
    won, lost = mails[finish.people[1].id], mails[finish.people[0].id]
    assert (won.kind, lost.kind) == ("yours_now", "not_yours")
    for words in ("went to another firm that took part.", "You: 50%", "Stand by:"):
        assert words in lost.text
    assert CONTACT["company"] not in lost.text


def test_the_clock_decides_every_second_without_the_queue():
    assert TICKING == ("pickup.decide",)
    assert all("pickup.decide" not in names for names in REACTIONS.values())


@pytest.fixture
def on_page(app):
    """Return a photo-finish of now, whose time is over when it is told to be."""
    with app.app_context(), unit_of_work():
        return Finish(at=clock.now())


def let_time_pass(app, finish):
    with app.app_context(), unit_of_work():
        session().execute(update(OfferRound).values(closes_at=clock.now() - SECOND))


@pytest.mark.parametrize("how", ["page", "fragment", "json"])
def test_page_fragment_and_json_say_when_it_is_decided_and_then_how_it_went(app, on_page, how):
    finish = on_page
    headers = {
        "page": {},
        "fragment": {"HX-Request": "true"},
        "json": {"Accept": "application/json"},
    }[how]
    browsers = [sign_in(app.test_client(), finish.people[which]) for which in (0, 1)]
    address = f"/leads/{finish.lead.id}/pickup"

    def press(browser, address=address):
        token = csrf_of(browser.get("/available").text)
        return browser.post(address, data={"csrf_token": token}, headers=headers)

    answers = [press(browser) for browser in browsers]
    for answer in answers:
        assert answer.status_code == 202
        assert CONTACT["company"] not in answer.text
        if how == "json":
            assert answer.json["code"] == "deciding"
            assert answer.json["decides_at"]
        else:
            assert "Deciding at" in answer.text
            assert "Pick up</button>" not in answer.text
    let_time_pass(app, finish)
    # whoever comes by next decides: here the one who loses
    lost = press(browsers[0])
    assert lost.status_code == 409
    assert "outscored" in lost.text
    assert "50%" in lost.text
    won = press(browsers[1])
    assert won.status_code == (303 if how == "page" else 200)
    gone = browsers[0].get(f"/leads/{finish.lead.id}/card", headers={"HX-Request": "true"})
    assert gone.status_code == 200
    assert "Another firm suited it better" in gone.text
    # who got it reads that it is hers, nothing pales before her
    yours = browsers[1].get(f"/leads/{finish.lead.id}/card", headers={"HX-Request": "true"}).text
    assert "It is yours." in yours
    assert "lead-card-gone" not in yours


@pytest.mark.parametrize("way", ["decline", "actions"])
def test_any_later_post_on_the_lead_has_it_decided_first(app, on_page, way):
    finish = on_page
    with app.app_context(), unit_of_work():
        finish.picks(1, 1)
    let_time_pass(app, finish)
    if way == "decline":
        other = sign_in(app.test_client(), finish.people[0])
        address, data = f"/leads/{finish.lead.id}/decline", {"reason": "no_capacity"}
    else:
        other = sign_in(app.test_client(), make_manager())
        address, data = "/leads/actions", {"lead": [finish.lead.id], "action": "withdraw"}
    token = csrf_of(other.get("/leads" if way == "actions" else "/available").text)
    answer = other.post(address, data={"csrf_token": token, **data})
    if way == "decline":
        assert answer.status_code == 409
    else:
        assert "was picked up meanwhile." in answer.text
    with app.app_context():
        assert finish.holder == 1
        names = session().scalars(select(EventRow.actor_id).where(EventRow.name == "LeadPickedUp"))
        assert list(names) == [None]


def test_a_decision_that_is_cut_short_leaves_nothing_half_done(app, on_page, monkeypatch):
    finish = on_page
    for which in (0, 1):
        with app.app_context(), unit_of_work():
            finish.picks(which, 1)

    def killed(*_args):
        raise RuntimeError("killed")

    with app.app_context(), monkeypatch.context() as cut:
        # the lead has moved by then, and nobody has heard of it
        cut.setattr(photo_finish, "_end", killed)
        run_now("pickup.decide", at=finish.at + 21 * SECOND)
        assert finish.holder is None
        assert finish.outcomes() == [(0, None, None), (1, None, None)]
    with app.app_context():
        run_now("pickup.decide", at=finish.at + 22 * SECOND)
        assert finish.holder == 1
        assert finish.outcomes() == [(0, "outscored", None), (1, "won", None)]


def takes_back(finish, which):
    offers.take_back_decline(finish.lead.id, finish.actor(which), AT + 6 * SECOND)


def turns_it_down(finish, which, seconds=5):
    """Whoever leads the firm says no for it."""
    firm = session().get_one(User, finish.people[which].id).organisation
    boss = get_actor(make_person(firm, "partner_manager").id)
    offers.decline(finish.lead.id, "no_capacity", boss, AT + seconds * SECOND)


@pytest.mark.parametrize("after", ["no", "no, taken back", "no, once more yes"])
def test_who_takes_a_no_back_takes_part_although_the_news_of_it_comes_late(finish, after):
    colleague = make_person(session().get_one(User, finish.people[1].id).organisation)
    if after == "no":
        says_no(finish, 1)
        finish.picks(1, 6)
    else:
        finish.picks(1, 1)
        says_no(finish, 1)
        if "taken back" in after:
            takes_back(finish, 1)
        assert finish.picks(1, 6).again
    react(AT + 7 * SECOND)
    # and his no of before is not the last that was missing
    offers.decline(finish.lead.id, "no_capacity", get_actor(colleague.id), AT + 8 * SECOND)
    react(AT + 9 * SECOND)
    finish.decide(26)
    assert finish.holder == 1
    assert finish.outcomes() == [(1, "won", None)]


def test_who_picked_after_a_no_may_say_no_again(finish):
    make_person(session().get_one(User, finish.people[1].id).organisation)
    says_no(finish, 1)
    finish.picks(1, 6)
    offers.decline(finish.lead.id, "no_capacity", finish.actor(1), AT + 8 * SECOND)
    finish.decide(26)
    assert finish.outcomes() == [(1, "withdrawn", None)]


def test_whose_firm_is_out_or_not_asked_yet_takes_part_no_more(finish):
    for which in (0, 1):
        finish.picks(which, 1)
    turns_it_down(finish, 1)
    session().execute(
        update(Offer)
        .where(Offer.organisation_id == finish.people[2].organisation_id)
        .values(visible_from=AT + timedelta(hours=1))
    )
    with pytest.raises(AlreadyTaken):
        finish.picks(1, 6)
    for seconds in (6, 22):
        with pytest.raises(NotFound):
            finish.picks(2, seconds)


def test_whose_firm_says_no_or_who_is_stopped_twice_hears_of_each(finish):
    for seconds in (1, 61):
        finish.picks(1, seconds)
        if seconds == 1:
            pauses(finish, 1)
            finish.decide(21)
            session().execute(update(Partner).values(pauses=[]))
        else:
            turns_it_down(finish, 1, 62)
        react(AT + (seconds + 21) * SECOND)
    mails = session().scalars(
        select(OutgoingEmail.text)
        .where(OutgoingEmail.kind == "not_yours", OutgoingEmail.user_id == finish.people[1].id)
        .order_by(OutgoingEmail.id)
    )
    stopped, declined = mails
    assert "It is still on offer to your firm." in stopped
    assert "your firm said “Not for me” to" in declined
    assert "still on offer" not in declined
    assert finish.outcomes() == [
        (1, "refused", "paused_by_hand"),
        (1, "withdrawn", "firm_declined"),
    ]


def test_who_is_not_offered_it_any_more_takes_part_no_more(finish):
    finish.picks(0, 1)
    finish.picks(1, 1)
    manager = get_actor(make_manager().id)
    by_hand.withdraw_from(
        finish.lead.id, finish.people[1].organisation_id, manager, AT + 5 * SECOND
    )
    finish.decide(21)
    assert finish.holder == 0
    assert finish.outcomes() == [(0, "won", None), (1, "over", None)]


def test_no_lead_stands_in_its_own_way_on_the_cards_of_who_takes_part(finish):
    fairness_terms.save(replace(Terms(most_hot_picks=1), period_days=30), None, AT)
    finish.lead.temperature = "hot"
    other = finish.offer()
    other.temperature = "hot"
    session().flush()
    finish.picks(0, 1)
    at, colleague = AT + 2 * SECOND, get_actor(make_person(finish.people[0].organisation).id)

    def stops(actor, lead):
        return find_card(lead.id, actor, at).heeding(hot_stop(position_of(actor, at))).stopped

    assert [stops(one, finish.lead) for one in (finish.actor(0), colleague)] == ["", ""]
    assert "1 hot lead" in stops(colleague, other)
    assert pickup.claim(finish.lead.id, colleague, at) == Deciding(
        finish.lead.id, AT + 21 * SECOND, again=False
    )


def test_a_no_to_a_lead_that_is_deleted_meanwhile_leaves_nothing_to_end(ctx):
    photo_finish.step_back(0, None, AT, AT)
