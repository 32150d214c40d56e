"""Races over HTTP: signed-in browsers, two web workers, one PostgreSQL, starts at one moment."""

from __future__ import annotations

import os
from collections import Counter
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import update

from portal.accounts.models import Organisation, OrganisationKind
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import session
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.matching.models import DistributionRule
from portal.offers import operations as offers
from portal.pickup import operations as pickup
from portal.pickup.models import Pickup
from portal.pickup.queries import position_of
from tests.factories import make_manager, make_offered_lead, make_partner, make_person
from tests.live import at_once

WON = (303, None)
GONE = (409, "already_taken")
OWED = (409, "feedback_owed")
FULL = (409, "capacity_reached")
# `make soak` lets fifty reps race twenty times (THOROUGH=1)
TIMES = 20 if os.environ.get("THOROUGH") else 6


@pytest.fixture(autouse=True)
def field(live):
    """Offer leads to all firms that suit, however many, and to this test's firms alone."""

    def clear():
        session().execute(update(DistributionRule).values(most=None))
        session().execute(
            update(Organisation)
            .where(Organisation.kind == OrganisationKind.RESELLER)
            .values(active=False)
        )

    live.do(clear)


def offered_now(number=1, **over):
    """Put leads on offer to every firm that there is now."""
    return [make_offered_lead(at=clock.now(), **over).id for _ in range(number)]


def picks(browser, lead_id):
    """Return the deed of picking up a lead; its result is status and refusal."""
    return lambda: browser.post(f"/leads/{lead_id}/pickup").verdict


def answer_all(live, user):
    """Give an answer about everything that this person holds."""

    def answer():
        actor, at = get_actor(user.id), clock.now()
        for open_ in position_of(actor, at).pickups:
            feedback.give(open_.id, Answer("waiting"), actor, at)

    live.do(answer)


def hold(live, lead_id, user, *, answered=False):
    """Let a person pick up a lead, without haste, and return the pickup's id."""
    claimed = live.do(lambda: pickup.claim(lead_id, get_actor(user.id), clock.now()))
    if answered:
        answer_all(live, user)
    return claimed.pickup_id


def pickups_of(live, lead_id):
    return live.rows(
        "SELECT user_id, round, ended_at FROM pickups WHERE lead_id = :id ORDER BY id", id=lead_id
    )


def events_of(live, lead_id, name="LeadPickedUp"):
    return live.value(
        "SELECT count(*) FROM events WHERE lead_id = :id AND name = :name", id=lead_id, name=name
    )


def assert_house_in_order(live):
    """Nobody holds what stands on offer; figures and pickups say the same; no deadlock was met."""
    assert not live.rows(
        """
        SELECT lead.id FROM leads AS lead
        LEFT JOIN pickups ON pickups.lead_id = lead.id AND pickups.ended_at IS NULL
        WHERE (lead.state = 'held') <> (pickups.id IS NOT NULL)
           OR lead.holder_id IS DISTINCT FROM pickups.user_id AND lead.state <> 'closed'
           OR lead.state = 'held' AND pickups.round <> lead.round
        """
    )
    assert not live.rows(
        """
        SELECT figures.organisation_id FROM partner_figures AS figures
        WHERE open_pickups <> (SELECT count(*) FROM pickups
                               WHERE pickups.organisation_id = figures.organisation_id
                                 AND ended_at IS NULL)
           OR picked <> (SELECT count(*) FROM pickups
                         WHERE pickups.organisation_id = figures.organisation_id)
        """
    )
    assert not live.rows(
        """
        SELECT lead_id FROM pickups GROUP BY lead_id
        HAVING count(*) <> (SELECT count(*) FROM events
                            WHERE events.lead_id = pickups.lead_id AND name = 'LeadPickedUp')
        """
    )
    assert deadlocks(live) == 0, told_of_deadlocks()


def deadlocks(live):
    """Return how many deadlocks this database has met since it was made."""
    return live.value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")


def told_of_deadlocks():
    """Return what the log of the database says of them."""
    log = Path(os.environ["FIRSTCOME_TEST_HOME"]) / "log" / "postgres.log"
    told = log.read_text(errors="replace").split("deadlock detected")[1:]
    return "\n".join(one[:3000] for one in told)


def test_of_fifty_reps_at_one_lead_one_wins_and_49_get_a_clean_answer_time_after_time(live):
    reps = [make_person(make_partner(capacity=100, rep_capacity=100)) for _ in range(50)]
    browsers = live.signed_in(*reps)
    for lead_id in offered_now(TIMES):
        verdicts = at_once(*(picks(browser, lead_id) for browser in browsers))
        assert Counter(verdicts) == {WON: 1, GONE: 49}
        winner = reps[verdicts.index(WON)]
        assert [row.user_id for row in pickups_of(live, lead_id)] == [winner.id]
        assert events_of(live, lead_id) == 1
        # or the gate would answer him first next time
        answer_all(live, winner)
    assert_house_in_order(live)


def test_of_eight_colleagues_whose_firm_may_hold_one_lead_one_picks(live):
    firm = make_partner(capacity=1, rep_capacity=5)
    browsers = live.signed_in(*(make_person(firm) for _ in range(8)))
    for _ in range(3):
        leads = offered_now(8)
        verdicts = at_once(*map(picks, browsers, leads))
        assert Counter(verdicts) == {WON: 1, FULL: 7}
        [held] = live.rows(
            "SELECT id, user_id FROM pickups WHERE organisation_id = :id AND ended_at IS NULL",
            id=firm.id,
        )
        live.do(
            lambda held=held: pickup.give_back(
                held.id, "duplicate", "", get_actor(held.user_id), clock.now()
            )
        )
    assert_house_in_order(live)


def test_a_rep_who_may_hold_two_leads_and_holds_one_picks_one_of_eight(live):
    rep = make_person(make_partner(capacity=100, rep_capacity=2))
    first, *others = offered_now(9)
    hold(live, first, rep, answered=True)
    tabs = live.signed_in(*[rep] * 8)
    verdicts = at_once(*map(picks, tabs, others))
    # the second pick turns the gate red before the bound is looked at
    assert Counter(verdicts) == {WON: 1, OWED: 7}
    answer_all(live, rep)
    free = [lead for lead, verdict in zip(others, verdicts, strict=True) if verdict == OWED]
    assert set(at_once(*map(picks, tabs, free))) == {FULL}
    assert_house_in_order(live)


def test_ten_clicks_of_one_rep_on_one_lead_are_all_answered_with_yes(live):
    rep = make_person()
    [lead_id] = offered_now()
    tabs = live.signed_in(*[rep] * 10)
    assert set(at_once(*(picks(tab, lead_id) for tab in tabs))) == {WON}
    assert len(pickups_of(live, lead_id)) == 1
    assert events_of(live, lead_id) == 1
    assert_house_in_order(live)


def test_two_tabs_of_one_rep_on_two_leads_win_one_and_owe_an_answer_for_the_other(live):
    for _ in range(6):
        rep = make_person()
        tabs = live.signed_in(rep, rep)
        leads = offered_now(2)
        verdicts = at_once(*map(picks, tabs, leads))
        assert sorted(verdicts, key=str) == [WON, OWED]
        assert [len(pickups_of(live, lead)) for lead in leads] == [
            int(verdict == WON) for verdict in verdicts
        ]
    assert_house_in_order(live)


def test_a_pick_and_a_withdrawal_never_both_happen(live):
    [manager] = live.signed_in(make_manager())
    seen = Counter()
    for _ in range(6):
        [rep] = live.signed_in(make_person())
        [lead_id] = offered_now()
        picked, withdrawn = at_once(
            picks(rep, lead_id), partial(manager.post, f"/leads/{lead_id}/withdrawal")
        )
        state = live.value("SELECT state FROM leads WHERE id = :id", id=lead_id)
        assert (picked, withdrawn.status, state) in {(WON, 409, "held"), (GONE, 303, "qualified")}
        seen[picked] += 1
        assert len(pickups_of(live, lead_id)) == int(picked == WON)
    assert_house_in_order(live)


def test_a_pick_and_the_end_of_its_round_never_both_happen(live):
    for _ in range(6):
        [rep] = live.signed_in(make_person())
        [lead_id] = offered_now()
        round_id, ends_at = live.rows(
            "SELECT id, ends_at FROM offer_rounds WHERE lead_id = :id", id=lead_id
        )[0]
        picked, _ = at_once(
            picks(rep, lead_id),
            partial(live.do, offers.end_round, round_id, ends_at + timedelta(seconds=1)),
        )
        outcome = live.value("SELECT outcome FROM offer_rounds WHERE id = :id", id=round_id)
        lead = live.rows("SELECT state, round FROM leads WHERE id = :id", id=lead_id)[0]
        assert (picked, outcome, *lead) in {
            (WON, "picked", "held", 1),
            (GONE, "expired", "offered", 2),
        }
        assert len(pickups_of(live, lead_id)) == int(picked == WON)
    assert_house_in_order(live)


def test_a_pick_and_a_give_back_leave_one_holder_or_a_lead_on_offer(live):
    for _ in range(6):
        alice, bob = make_person(), make_person()
        [lead_id] = offered_now()
        pickup_id = hold(live, lead_id, alice)
        hers, again, his = live.signed_in(alice, alice, bob)

        def gives_back(browser, pickup_id=pickup_id):
            return browser.post(f"/pickups/{pickup_id}/give-back", reason="duplicate").verdict

        *given, picked = at_once(
            partial(gives_back, hers), partial(gives_back, again), picks(his, lead_id)
        )
        assert sorted(given, key=str) == [WON, (409, "not_yours_any_more")]
        assert picked in (WON, GONE)
        lead = live.rows("SELECT state, round, holder_id FROM leads WHERE id = :id", id=lead_id)[0]
        assert lead == (("held", 2, bob.id) if picked == WON else ("offered", 2, None))
        assert events_of(live, lead_id, "LeadGivenBack") == 1
        # whoever gave it back does not get it again
        assert picks(hers, lead_id)() == GONE
    assert_house_in_order(live)


def test_the_same_answer_in_two_tabs_is_one_answer_and_one_pick(live):
    for _ in range(5):
        rep = make_person()
        first, wanted = offered_now(2)
        owed = hold(live, first, rep)
        tabs = live.signed_in(rep, rep)
        form = {"pickup_id": owed, "status": "waiting", "note": "He calls back."}
        verdicts = at_once(
            *(
                lambda tab=tab, wanted=wanted, form=form: (
                    tab.post(f"/leads/{wanted}/feedback-and-pickup", **form).verdict
                )
                for tab in tabs
            )
        )
        assert verdicts == [WON, WON]
        assert [row.user_id for row in pickups_of(live, wanted)] == [rep.id]
        assert events_of(live, first, "FeedbackGiven") == 1
    assert_house_in_order(live)


def test_one_answer_in_two_tabs_for_two_leads_picks_one_of_them(live):
    for _ in range(5):
        rep = make_person()
        first, *wanted = offered_now(3)
        owed = hold(live, first, rep)
        tabs = live.signed_in(rep, rep)
        verdicts = at_once(
            *(
                lambda tab=tab, lead=lead, owed=owed: (
                    tab.post(
                        f"/leads/{lead}/feedback-and-pickup", pickup_id=owed, status="waiting"
                    ).verdict
                )
                for tab, lead in zip(tabs, wanted, strict=True)
            )
        )
        assert Counter(verdicts)[WON] == 1
        assert {status for status, _ in verdicts} == {303, 409}
        assert sum(len(pickups_of(live, lead)) for lead in wanted) == 1
        assert events_of(live, first, "FeedbackGiven") == 1
    assert_house_in_order(live)


def test_a_pick_against_a_gate_that_turns_red_sees_it_red_or_comes_first(live):
    """The debt falls due while the rep picks: whichever way, at most one lead more is held."""
    for _ in range(5):
        rep = make_person()
        first, wanted = offered_now(2)
        owed = hold(live, first, rep, answered=True)
        [tab] = live.signed_in(rep)

        def falls_due(owed=owed):
            found = session().get_one(Pickup, owed, with_for_update={"key_share": True})
            found.feedback_due_at = clock.now()

        verdict, _ = at_once(picks(tab, wanted), partial(live.do, falls_due))
        assert verdict in (WON, OWED)
        assert len(pickups_of(live, wanted)) == int(verdict == WON)
        # from now on it is red for sure
        [third] = offered_now()
        assert picks(tab, third)() == OWED
    assert_house_in_order(live)
