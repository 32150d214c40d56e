"""When a person hears of what: her wishes, the topic and the moment decide, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.hearing.models import Extent, Hears, Subject, Topic
from portal.hearing.rules import (
    AS_MADE,
    MANDATORY,
    SUBJECT_OF,
    Facts,
    Only,
    Thing,
    Traits,
    Unchosen,
    Wishes,
    due_of,
    full_hour,
    next_hour,
    of_roles,
    plan,
)

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), "America/New_York"
NIGHT = {"quiet_from": 22, "quiet_until": 7}
NOON = {"quiet_from": 12, "quiet_until": 14}
OFFER, OWED, NEWS, SOON = "lead_offered", "feedback_overdue", "help_answered", "feedback_soon"


def on(day, hour, minute=0, month=11):
    """Return a moment of 2026 by the clocks of Berlin; November 16 is a Monday."""
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("wished", "topic", "at", "due"),
    [
        ({}, OFFER, on(16, 3), on(16, 3)),
        # quiet hours, across midnight and at noon, by her own clocks
        (NIGHT, OFFER, on(16, 23), on(17, 7)),
        (NIGHT, OWED, on(16, 3), on(16, 7)),
        (NIGHT, OFFER, on(16, 7), on(16, 7)),
        (NOON, OFFER, on(16, 13), on(16, 14)),
        ({**NOON, "timezone": NEW_YORK}, OFFER, on(16, 13), on(16, 13)),
        # in a rhythm
        ({"hears": "hourly"}, OFFER, on(16, 9, 5), on(16, 10)),
        ({"hears": "hourly"}, OFFER, on(16, 9), on(16, 10)),
        ({"hears": "hourly", **NIGHT}, OFFER, on(16, 21, 30), on(17, 7)),
        ({"hears": "hourly", "timezone": "Asia/Kolkata"}, OFFER, on(16, 9), on(16, 9, 30)),
        ({"hears": "daily"}, OFFER, on(16, 7), on(16, 8)),
        ({"hears": "daily"}, OFFER, on(16, 8), on(17, 8)),
        ({"hears": "daily", "timezone": NEW_YORK}, OFFER, on(16, 13), on(16, 14)),
        ({"hears": "daily", "digest_hour": 23, **NIGHT}, OFFER, on(16, 9), on(16, 23)),
        ({"hears": "weekly"}, OFFER, on(16, 7), on(16, 8)),
        ({"hears": "weekly"}, OFFER, on(16, 9), on(23, 8)),
        ({"hears": "weekly", "digest_weekday": 5}, OFFER, on(16, 9), on(20, 8)),
        ({"hears": "never"}, OFFER, on(16, 7), None),
        # by subject
        ({"by_subject": {"new_leads": "daily"}}, OFFER, on(16, 9), on(17, 8)),
        ({"by_subject": {"new_leads": "daily"}}, NEWS, on(16, 9), on(16, 9)),
        ({"hears": "never", "by_subject": {"my_leads": "at_once"}}, NEWS, on(16, 9), on(16, 9)),
        ({"by_subject": {"new_leads": "never"}}, OFFER, on(16, 9), None),
        # what nobody can switch off, nor put off for a week
        ({"hears": "never"}, OWED, on(16, 9), on(17, 8)),
        ({"hears": "weekly"}, OWED, on(16, 9), on(17, 8)),
        ({"by_subject": {"answers": "never"}}, OWED, on(16, 9), on(17, 8)),
        ({"by_subject": {"answers": "never"}}, SOON, on(16, 9), None),
        ({"hears": "never", "muted": True}, OWED, on(16, 9), None),
        # the clocks of Berlin change: that night has no 2:30, in autumn it has it twice
        ({"hears": "daily", "digest_hour": 8}, OFFER, on(28, 9, month=3), on(29, 8, month=3)),
        ({"hears": "daily", "digest_hour": 8}, OFFER, on(24, 9, month=10), on(25, 8, month=10)),
        (NIGHT, OFFER, on(28, 23, month=3), on(29, 7, month=3)),
        (NIGHT, OFFER, on(24, 23, month=10), on(25, 7, month=10)),
        ({"hears": "weekly", "digest_weekday": 7}, OFFER, on(24, 9, month=10), on(25, 8, month=10)),
    ],
)
def test_wishes_and_topic_say_when_to_tell(wished, topic, at, due):
    assert due_of(Wishes(**wished), topic, Facts(), at) == due


def test_an_hour_that_the_clocks_skip_is_told_after_it_and_one_shown_twice_once():
    before = datetime(2026, 3, 29, 0, 30, tzinfo=BERLIN)
    due = next_hour(2, "Europe/Berlin", before)
    assert before < due <= before + timedelta(hours=3)
    twice = datetime(2026, 10, 25, 0, 15, tzinfo=UTC)
    for hours in range(4):
        at = twice + timedelta(hours=hours)
        assert full_hour("Europe/Berlin", at) == at + timedelta(minutes=45)


@pytest.mark.parametrize(
    ("topic", "due"),
    [
        (OFFER, on(20, 8)),
        (NEWS, on(20, 8)),
        # nobody stands in where she is asked herself, and what was taken away is not to be called
        (OWED, on(16, 9)),
        (SOON, on(16, 9)),
        ("recalled", on(16, 9)),
    ],
)
def test_while_somebody_is_away_nothing_comes_and_then_all_at_once(topic, due):
    facts = Facts(away_until=on(20, 0))
    assert due_of(Wishes(), topic, facts, on(16, 9)) == due
    assert due_of(Wishes(), topic, facts, on(20, 9)) == on(20, 9)


def test_who_hears_after_a_colleague_hears_by_her_own_rhythm_from_then_on():
    later = Facts(not_before=on(16, 8, 30))
    assert due_of(Wishes(), OFFER, later, on(16, 8, 15)) == on(16, 8, 30)
    assert due_of(Wishes("daily"), OFFER, later, on(16, 7)) == on(17, 8)


LEAD = Traits("hot", 1, [10, 11], ["DE", "DE-NI"], Decimal(10_000), Decimal(50_000))


@pytest.mark.parametrize(
    ("only", "lead", "covered"),
    [
        (Only(), LEAD, True),
        (Only(temperatures=["hot", "warm"]), LEAD, True),
        (Only(temperatures=["warm"]), LEAD, False),
        (Only(temperatures=["warm"]), Traits(), True),
        (Only(type_ids=[2]), LEAD, False),
        (Only(product_ids=[11, 12]), LEAD, True),
        (Only(product_ids=[12]), LEAD, False),
        (Only(regions=["DE-NI"]), LEAD, True),
        (Only(regions=["DE"]), LEAD, True),
        (Only(regions=["AT", "DE-BY"]), LEAD, False),
        (Only(regions=["DE-BY"]), Traits(regions=["DE"]), True),
        (Only(regions=["AT-9"]), Traits(regions=["DE"]), False),
        (Only(value_from=Decimal(50_000)), LEAD, True),
        (Only(value_from=Decimal(50_001)), LEAD, False),
        (Only(value_to=Decimal(9_999)), LEAD, False),
        (Only(value_from=Decimal(1), value_to=Decimal(10_000)), LEAD, True),
        (Only(value_from=Decimal(50_001)), Traits(least=Decimal(9)), True),
        (Only(temperatures=["hot"], regions=["AT"]), LEAD, False),
    ],
)
def test_which_leads_she_wants_to_hear_of(only, lead, covered):
    assert only.covers(lead) == covered
    wishes, at = Wishes(only=only), on(16, 9)
    for topic in ("lead_offered", "offer_ends", "offer_changed"):
        assert due_of(wishes, topic, Facts(lead), at) == (at if covered else None)
    # nothing else is left out by it
    for topic in (OWED, NEWS):
        assert due_of(wishes, topic, Facts(lead), at) == at


def test_every_topic_has_a_subject_and_what_is_owed_can_never_be_silenced():
    assert set(SUBJECT_OF) == set(Topic)
    for topic in MANDATORY:
        for rhythm in Hears:
            wishes = Wishes(rhythm, by_subject={SUBJECT_OF[topic]: rhythm})
            due = due_of(wishes, topic, Facts(), on(16, 9))
            assert due is not None
            assert due - on(16, 9) <= timedelta(days=1), (topic, rhythm)


def test_who_has_chosen_nothing_hears_as_the_most_pressing_of_her_roles():
    own = {**AS_MADE, "partner_rep": Unchosen(Hears.WEEKLY, 5), "partner_manager": Unchosen()}
    for roles, defaults, hears, sheet in (
        (["partner_rep"], AS_MADE, Hears.AT_ONCE, None),
        (["regional_manager"], AS_MADE, Hears.DAILY, None),
        (["regional_manager", "account_manager"], AS_MADE, Hears.AT_ONCE, None),
        (["partner_rep"], own, Hears.WEEKLY, 5),
        (["partner_rep", "partner_manager"], own, Hears.AT_ONCE, 5),
    ):
        assert of_roles(roles, defaults) == Unchosen(hears, sheet)
    # hour and day of the roles with that rhythm, as much as who picks up reads, the shorter quiet
    night, evening = {"quiet_from": 20, "quiet_until": 8}, {"quiet_from": 19, "quiet_until": 5}
    rep = Unchosen(Hears.WEEKLY, None, Extent.SUBJECT, 17, 5, **night)
    both = {"partner_rep": rep, "partner_manager": Unchosen(Hears.WEEKLY, None, **evening)}
    more = {"distributor_sales": Unchosen(Hears.DAILY, None, Extent.TEASER, 9, 3)}
    for roles, held in (
        (["partner_rep"], rep),
        (
            ["partner_rep", "partner_manager"],
            replace(rep, digest_hour=8, digest_weekday=1, **evening),
        ),
        (["partner_rep", "distributor_sales"], more["distributor_sales"]),
        (["partner_manager"], Unchosen(Hears.WEEKLY, **evening)),
        ([], Unchosen()),
    ):
        assert of_roles(roles, both | more) == held, roles


def test_a_plan_puts_into_one_mail_what_the_sender_would():
    things = [
        Thing(OFFER, on(16, 9), over_at=on(16, 10)),
        Thing(OFFER, on(16, 11)),
        Thing(OWED, on(16, 12)),
        Thing(OWED, on(16, 12, 20)),
        Thing(SOON, on(16, 12, 30)),
    ]

    def mails(**wished):
        made = plan(Wishes(**wished), [Thing(t.topic, t.at, over_at=t.over_at) for t in things])
        return [(mail.at, len(mail.things)) for mail in made.mails], len(made.unwanted)

    # of deadlines at most one mail an hour
    at_once = [(on(16, 9), 1), (on(16, 11), 1), (on(16, 12), 1), (on(16, 13), 2)]
    assert mails() == (at_once, 0)
    # what was over by then is left out
    assert mails(hears="daily") == ([(on(17, 8), 4)], 0)
    assert mails(hears="never") == ([(on(17, 8), 2)], 3)
    assert mails(quiet_from=8, quiet_until=10) == ([*at_once[1:]], 0)
    # who goes away before her digest comes reads it when she is back

    def away(at):
        return on(20, 0) if at > on(17, 0) else None

    made = plan(Wishes("daily"), [Thing(OFFER, on(16, 11))], away)
    assert [mail.at for mail in made.mails] == [on(20, 8)]


hours = st.integers(0, 23)
rhythms = st.sampled_from(list(Hears))


@settings(max_examples=30)
@given(
    wishes=st.builds(
        Wishes,
        rhythms,
        hours,
        hours,
        hours,
        st.sampled_from(["Europe/Berlin", "Asia/Kolkata", "America/New_York", "Pacific/Chatham"]),
        st.integers(1, 7),
        st.dictionaries(st.sampled_from(list(Subject)), rhythms, max_size=3),
    ),
    # around the night in which the clocks of Berlin go back
    came=st.lists(
        st.tuples(st.sampled_from([OFFER, OWED, NEWS, SOON]), st.integers(0, 72 * 60)), max_size=12
    ),
    gone=st.integers(0, 96),
)
def test_whatever_she_wishes_all_is_told_once_and_nothing_before_it_came(wishes, came, gone):
    begins = on(24, 0, month=10)

    def away(at):
        until = begins + timedelta(hours=gone)
        return until if at < until else None

    things = [Thing(topic, begins + timedelta(minutes=minutes)) for topic, minutes in came]
    made = plan(wishes, things, away)
    told = [thing for mail in made.mails for thing in mail.things]
    assert len(told) + len(made.unwanted) == len(things)
    assert set(told) | set(made.unwanted) == set(things)
    assert all(mail.at >= thing.at for mail in made.mails for thing in mail.things)
    assert not any(thing.topic in MANDATORY for thing in made.unwanted)
