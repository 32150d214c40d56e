"""Leads are weighed as things happen, people decide, time cools, and what came of it is counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from portal.accounts.queries import get_actor
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Conflict, Invalid
from portal.core.events import EventRow
from portal.core.jobs import run_now
from portal.leads.models import Lead, LeadStatus
from portal.leads.operations import qualify
from portal.leads.signals import add_signal
from portal.scoring import cooling, operations, records
from portal.scoring.models import (
    LeadCooling,
    LeadScore,
    ScoreRules,
    TemperatureChoice,
)
from portal.scoring.queries import find_newest, read_rules, read_score
from portal.scoring.rules import Part, points_of
from tests.factories import (
    AT,
    answer_questions,
    make_lead,
    make_manager,
    make_partner,
    make_person,
    make_programme,
)

DAY = timedelta(days=1)


def told(name):
    return session().execute(select(EventRow.lead_id, EventRow.data).filter_by(name=name)).all()


def have_say(**limits):
    """Have the limits say something else."""
    rules = read_rules(find_newest())
    return operations.save(
        replace(rules, limits=replace(rules.limits, **limits)), None, None, AT - 400 * DAY
    )


def test_a_lead_keeps_what_each_rule_gave_and_it_sums_up(ctx: Flask) -> None:
    make_programme()
    lead = make_lead(source_id=book().id_of("source", "referral"))
    answer_questions(lead)
    operations.score_many([lead.id], AT)
    kept = session().get_one(LeadScore, lead.id)
    parts = [Part(**one) for one in kept.parts]
    assert {"budget", "need", "source_asked"} <= {part.rule for part in parts}
    assert kept.points == points_of(parts)
    assert kept.points == read_score(lead.id, AT)[1].points
    # weighed again with nothing new, the row stays as it is
    operations.score_many([lead.id], AT + DAY)
    session().refresh(kept)
    assert kept.at == AT


def test_new_rules_are_a_version_of_their_own_and_old_ones_stay(ctx: Flask) -> None:
    make_programme()
    first = find_newest()
    manager = make_manager()
    rules = read_rules(first)
    after = operations.save(rules.without("budget"), first.version, manager.id, AT)
    assert (after.version, first.replaced_at) == (first.version + 1, AT)
    assert told("ScoreRulesChanged")[0].data["fields"] == ["budget"]
    assert operations.save(rules.without("budget"), after.version, manager.id, AT) is after
    with pytest.raises(Conflict):
        operations.save(rules, first.version, manager.id, AT)
    with pytest.raises(Invalid):
        have_say(warm_from=100)


def test_a_programme_older_than_scoring_gets_the_first_rules(ctx: Flask) -> None:
    make_programme()
    session().execute(ScoreRules.__table__.delete())
    lead = make_lead()
    run_now("scoring.score_open", at=AT)
    assert find_newest().version == 1
    assert session().get(LeadScore, lead.id) is not None


def test_signals_hand_a_lead_in_nurture_on_to_who_qualifies(ctx: Flask) -> None:
    owner, qualifier = make_manager(), make_manager()
    lead = make_lead(state="nurture", owner_id=owner.id, qualifier_id=qualifier.id)
    answer_questions(lead)
    operations.score_many([lead.id], AT)
    add_signal(lead.id, "visit", AT)
    operations.heed(lead.id, "visit", AT)
    assert lead.state == "nurture"
    add_signal(lead.id, "reply", AT)
    operations.heed(lead.id, "reply", AT)
    session().refresh(lead)
    assert (lead.state, lead.qualifier_id) == ("captured", None)
    ((lead_id, data),) = told("LeadHandedOn")
    assert (lead_id, data["user_ids"]) == (lead.id, [owner.id, qualifier.id])
    assert data["points"] >= read_rules(find_newest()).limits.hand_on_from


def test_who_asked_to_be_left_alone_is_never_handed_on(ctx: Flask) -> None:
    lead = make_lead(state="nurture", suppressed=True)
    answer_questions(lead)
    add_signal(lead.id, "reply", AT, weight=1000)
    operations.heed(lead.id, "reply", AT)
    assert lead.state == "nurture"
    assert told("LeadHandedOn") == []


def test_the_holder_hears_once_that_signals_begin_to_speak(ctx: Flask) -> None:
    holder = make_person(make_partner())
    lead = make_lead(
        state="held", holder_id=holder.id, holder_organisation_id=holder.organisation_id
    )
    for kind in ("visit", "download", "download", "visit", "reply", "visit"):
        add_signal(lead.id, kind, AT)
        operations.heed(lead.id, kind, AT)
    ((lead_id, data),) = told("LeadStirs")
    assert (lead_id, data["user_ids"]) == (lead.id, [holder.id])
    assert lead.state == "held"


def test_what_somebody_decides_is_kept_beside_what_was_proposed(ctx: Flask) -> None:
    manager = make_manager()
    lead = make_lead(temperature="hot", state="qualifying")
    answer_questions(lead)
    qualify(lead.id, get_actor(manager.id), AT)
    operations.keep_choice(lead.id, manager.id, AT)
    operations.keep_choice(lead.id, manager.id, AT)
    kept = session().scalars(select(TemperatureChoice)).one()
    assert (kept.chosen, kept.user_id) == ("hot", manager.id)
    assert kept.proposed != "hot"
    found = {(one.proposed, one.chosen): one for one in records.list_differences(AT)}
    assert found[kept.proposed, "hot"].leads == 1


def test_time_cools_what_waits_and_nothing_else(ctx: Flask) -> None:
    owner = make_manager()
    have_say()
    session().execute(update(ScoreRules).values(created_at=AT - 400 * DAY))
    long_ago = {"at": AT - 90 * DAY, "owner_id": owner.id}
    hot = make_lead(state="qualified", temperature="hot", **long_ago)
    warm = make_lead(state="returned", temperature="warm", **long_ago)
    alive = make_lead(state="qualified", temperature="hot", **long_ago)
    add_signal(alive.id, "visit", AT - DAY)
    holder = make_person(make_partner())
    held = make_lead(
        state="held",
        temperature="hot",
        holder_id=holder.id,
        holder_organisation_id=holder.organisation_id,
        **long_ago,
    )
    left_alone = make_lead(state="qualified", temperature="hot", suppressed=True, **long_ago)
    after: int | None = 0
    while after is not None:
        after = cooling.cool_many(AT, after)
    marked = [one.temperature for one in (hot, warm, alive, held, left_alone)]
    assert marked == ["warm", "cold", "hot", "hot", "hot"]
    ((_lead, data),) = told("LeadsCooled")
    assert (data["user_id"], data["lead_ids"], data["count"]) == (owner.id, [hot.id, warm.id], 2)
    # the next step takes its own time
    assert cooling.cool_many(AT + DAY) is None
    cooling.cool_many(AT + 60 * DAY)
    assert hot.temperature == "cold"
    assert len(session().scalars(select(LeadCooling)).all()) == 4


def test_nothing_cools_from_before_there_were_rules(ctx: Flask) -> None:
    lead = make_lead(state="qualified", temperature="hot", at=AT - 400 * DAY)
    session().execute(update(ScoreRules).values(created_at=AT))
    assert cooling.cool_many(AT + DAY) is None
    cooling.cool_many(AT + 30 * DAY)
    assert lead.temperature == "warm"


def test_what_hot_was_worth_is_counted_by_source(ctx: Flask) -> None:
    make_programme()
    fair, web = (book().id_of("source", key) for key in ("trade_show", "web_registration"))
    won, lost = (
        session().scalars(select(LeadStatus.id).filter_by(key=key)).one() for key in ("won", "lost")
    )
    ended = {"state": "closed", "closed_at": AT - DAY, "captured_at": AT - 9 * DAY}
    for source, marked, wins, losses in (
        (web, "hot", 6, 2),
        (web, "cold", 1, 7),
        (fair, "hot", 1, 9),
        (fair, "warm", 1, 0),
    ):
        for status in [won] * wins + [lost] * losses:
            make_lead(source_id=source, temperature=marked, status_id=status, **ended)
    reason = book().find_reason("give_back", "wrong_contact") or next(
        one for one in book().by_kind["reason"] if one.blame == "vendor"
    )
    sent_back = make_lead(source_id=fair, temperature=None, captured_at=AT - DAY)
    operations.keep_complaint(sent_back.id, reason.id, None, AT)
    records.count(AT)
    read = records.read_records()
    line = read.of(fair)
    assert (line.counts["came"], line.counts["complained"], line.counts["won"]) == (12, 1, 2)
    hot = line.promises["hot"]
    assert (hot.closed, hot.won, round(hot.of_all, 2)) == (10, 1, 0.39)
    # one of ten, leaning towards seven of eighteen: nearer to the cold ones than to the hot
    assert 0.1 < hot.rate < 0.3
    assert hot.like == "cold"
    assert line.promises["warm"].like is None
    assert read.total.counts["came"] == 28
    # counted again it says the same
    records.count(AT)
    assert records.read_records().total.counts["came"] == 28


def test_only_what_counts_against_the_vendor_is_a_complaint(ctx: Flask) -> None:
    make_programme()
    lead = make_lead()
    for blame in ("vendor", "partner", "market"):
        reason = next(one for one in book().by_kind["reason"] if one.blame == blame)
        operations.keep_complaint(lead.id, reason.id, None, AT)
    operations.keep_complaint(lead.id, None, None, AT)
    records.count(AT + DAY)
    assert session().execute(select(Lead.id).where(Lead.id == lead.id)).one()
    assert records.read_records().total.counts["complained"] == 1
