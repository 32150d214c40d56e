"""Replays: how the leads of the last days would have gone by a version of a rule.

Looked at is the first offer of each lead in that time by a rule, and what stands ready with nobody
to offer it to. A lead counts where the rule offered it then or would now. Before is what happened:
the firms that were offered it. After is who would be found by this version among the other rules
as they stand, with what was known of the lead at that moment and of partners, their groups
included, on that day (where that was kept; else with what is known now). Caps and turns are not
played through again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import BigInteger, DateTime, FromClause, func, inspect, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from portal.core.db import session
from portal.leads import own_fields
from portal.leads.models import Lead
from portal.matching import queries, versions
from portal.matching.bulk import Finder
from portal.matching.criteria import Condition, Field
from portal.matching.lead_facts import LeadFacts
from portal.matching.models import DistributionRule, Replay
from portal.matching.replaying import Tally, Traits
from portal.matching.rules import fits_lead
from portal.partners import facts
from portal.partners.models import Partner

AT_ONCE = 200_000
"""So many pairs of leads and partners are gone through while somebody waits."""
BATCH = 50
STUCK = timedelta(minutes=10)
"""A replay that has not moved for so long has lost its worker."""

# rounds and offers stand in a room above
CASES = text(
    """
    SELECT first.lead_id, first.opened_at AS at, first.rule_id, first.lead_facts, first.facts_upto,
           ARRAY(SELECT offers.organisation_id FROM offers
                 WHERE offers.round_id = first.id AND offers.via_organisation_id IS NULL) AS firms
    FROM (
      SELECT DISTINCT ON (lead_id) * FROM offer_rounds
      WHERE opened_at > :since AND opened_at <= :upto AND rule_id IS NOT NULL
      ORDER BY lead_id, number
    ) AS first
    UNION ALL
    SELECT leads.id, leads.qualified_at, NULL, NULL, NULL, '{}'
    FROM leads JOIN lead_types ON lead_types.id = leads.type_id
    WHERE leads.qualified_at > :since AND leads.qualified_at <= :upto
      AND leads.state IN ('qualified', 'returned') AND NOT leads.suppressed
      AND NOT lead_types.direct
      AND NOT EXISTS (SELECT FROM offer_rounds WHERE offer_rounds.lead_id = leads.id)
    ORDER BY at, lead_id
    """
).columns(
    lead_id=BigInteger,
    at=DateTime(timezone=True),
    rule_id=BigInteger,
    lead_facts=JSONB,
    facts_upto=BigInteger,
    firms=ARRAY(BigInteger),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A lead at the moment when it was offered, or came to stand ready."""

    lead_id: int
    at: datetime
    rule_id: int | None
    lead_facts: dict[str, Any] | None
    facts_upto: int | None
    firms: Sequence[int]


def ask(rule_id: int, version: int, days: int, at: datetime, by_id: int | None) -> Replay:
    """Ask for a replay of a version of a rule. Raises `NotFound`."""
    kept = versions.get_version(rule_id, version)
    made = Replay(
        rule_id=rule_id,
        version=kept.number,
        days=days,
        asked_at=at,
        asked_by_id=by_id,
        total=0,
        moved_at=at,
    )
    made.total = len(list_cases(made))
    session().add(made)
    session().flush()
    return made


def is_small(replay: Replay) -> bool:
    """Say whether a replay is so short that who asks for it may wait."""
    partners = session().scalar(select(func.count()).select_from(Partner)) or 0
    return replay.total * partners <= AT_ONCE


def list_cases(replay: Replay) -> list[Case]:
    """Return the leads that a replay goes through, the oldest first."""
    upto = replay.asked_at
    found = session().execute(CASES, {"since": upto - timedelta(days=replay.days), "upto": upto})
    return [Case(*row) for row in found]


def batches(cases: Sequence[Case]) -> Iterator[list[Case]]:
    """Cut cases into batches, none of which goes over midnight."""
    for _day, found in groupby(cases, key=lambda case: case.at.date()):
        of_day = list(found)
        for begin in range(0, len(of_day), BATCH):
            yield of_day[begin : begin + BATCH]


def run(replay: Replay, at: datetime) -> None:
    """Go through all of a replay in one transaction."""
    tally = Tally()
    for batch in batches(list_cases(replay)):
        go_through(replay, batch, tally, at)
    finish(replay, tally, at)


def go_through(replay: Replay, batch: Sequence[Case], tally: Tally, at: datetime) -> None:
    """Count the leads of a batch."""
    rules = _Rules(replay)
    leads = {
        lead.id: lead
        for lead in session().scalars(
            select(Lead).where(Lead.id.in_([case.lead_id for case in batch]))
        )
    }
    known = [case.facts_upto for case in batch if case.facts_upto is not None]
    then = facts.lay_out(max(known), known[0]) if known else facts.NOW
    held_at = known[0] if known else 0
    for case in batch:
        if case.facts_upto is not None and case.facts_upto > held_at:
            # profiles change seldom, what firms hold with each pick
            facts.go_on(held_at, case.facts_upto)
            held_at = case.facts_upto
        if case.lead_id not in leads:
            continue
        lead = as_then(leads[case.lead_id], case.lead_facts)
        rule = rules.find(lead)
        if rule is rules.tried or case.rule_id == replay.rule_id:
            source = facts.NOW if case.facts_upto is None else then
            tally.add(case.lead_id, case.firms, rules.firms(rule, lead, case, source))
    replay.done += len(batch)
    replay.moved_at = at
    session().flush()


def finish(replay: Replay, tally: Tally, at: datetime) -> None:
    """Keep what came out; firms go by their states where all of them are of one country."""
    firms = session().scalars(select(Partner).where(Partner.organisation_id.in_(tally.firms())))
    found = {firm.organisation_id: firm for firm in firms}
    abroad = len({firm.country for firm in found.values()}) > 1
    replay.result = tally.result(
        {
            key: Traits(
                firm.level_id,
                firm.people,
                firm.country if abroad else firm.subdivision or firm.country,
            )
            for key, firm in found.items()
        }
    )
    replay.made_at = replay.moved_at = at
    session().flush()


def begin_again(replay_id: int, at: datetime) -> Replay | None:
    """Lock a replay and set it to its beginning; None where it is done or gone."""
    replay = session().get(Replay, replay_id, with_for_update=True)
    if replay is None or replay.made_at is not None:
        return None
    replay.done, replay.moved_at = 0, at
    session().flush()
    return replay


class _Rules:
    """The active rules, with the version that is tried in the place of its rule."""

    def __init__(self, replay: Replay) -> None:
        content = versions.get_version(replay.rule_id, replay.version).content
        self.tried = versions.rule_of(content)
        rules = [
            self.tried if rule.id == replay.rule_id else rule
            for rule in queries.list_rules()
            if rule.active or rule.id == replay.rule_id
        ]
        self.rules = [
            (rule, [Condition.from_data(data) for data in rule.conditions]) for rule in rules
        ]
        self.asks_own = any(
            one.field is Field.OWN for _rule, conditions in self.rules for one in conditions
        )
        self.finders: dict[tuple[int, int], Finder] = {}

    def find(self, lead: Lead) -> DistributionRule | None:
        """Return the first rule that fits a lead."""
        own = queries.with_fields(own_fields.read(lead.id)) if self.asks_own else {}
        fits = (rule for rule, conditions in self.rules if fits_lead(conditions, lead, own))
        return next(fits, None)

    def firms(
        self, rule: DistributionRule | None, lead: Lead, case: Case, source: FromClause
    ) -> list[int]:
        """Return the firms that would have been offered a lead by a rule."""
        if rule is None:
            return []
        key = id(rule), id(source)
        finder = self.finders.setdefault(key, Finder(rule, source))
        known = finder.look_up(lead, case.at)
        if case.lead_facts:
            kept = LeadFacts.from_data(lead.id, case.lead_facts)
            known = replace(
                kept,
                # what the rule of then didn't ask wasn't kept
                volumes=kept.volumes or known.volumes,
                known_by=kept.known_by or known.known_by,
                ranks=kept.ranks or known.ranks,
                fields=kept.fields or known.fields,
            )
        return [one.organisation_id for one in finder.find(known, case.at)]


def as_then(lead: Lead, known: dict[str, Any] | None) -> Lead:
    """Return a lead as it was known to matching then; it belongs to no session."""
    columns = {column.key: getattr(lead, column.key) for column in inspect(Lead).column_attrs}
    then = {name: value for name, value in (known or {}).items() if name in columns}
    return Lead(**{**columns, **then})


# -- reads ------------------------------------------------------------------------------------


def find_replay(rule_id: int, version: int) -> Replay | None:
    """Return the last replay of a version of a rule."""
    return session().scalar(
        select(Replay)
        .where(Replay.rule_id == rule_id, Replay.version == version)
        .order_by(Replay.id.desc())
        .limit(1)
    )


def waiting(at: datetime) -> Sequence[int]:
    """Return the replays that nobody goes through: the queue was away, or the worker died."""
    return (
        session()
        .scalars(
            select(Replay.id)
            .where(Replay.made_at.is_(None), Replay.moved_at <= at - STUCK)
            .order_by(Replay.id)
        )
        .all()
    )
