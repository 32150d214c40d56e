"""Two leads become one, and are two again: nothing of either is lost on the way.

The lead that goes stays as a row as it was, put aside as a duplicate; what hangs on it (activities,
notes, files, signals, team) goes over, and so does what rooms above keep of it (`along`). What is
needed to take it back stands in `LeadMerge`. Leads that partners have seen never go.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from portal.accounts.actor import Actor
from portal.accounts.models import Organisation, OrganisationKind
from portal.accounts.permissions import Permission
from portal.catalog.queries import book
from portal.core.db import session
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.events import record
from portal.customers.models import CustomerLead
from portal.duplicates import along, facts, rules
from portal.duplicates.events import AskedAgain, LeadsMerged, MergeUndone
from portal.duplicates.facts import Facts
from portal.duplicates.models import (
    Answer,
    DuplicatePair,
    Kind,
    LeadMerge,
    LeadMergeWords,
    UncheckedParty,
)
from portal.leads import wall
from portal.leads.models import Lead, LeadSignal, LeadState, LeadTeamMember, SignalKind
from portal.leads.notes import about
from portal.leads.queries import find_visible
from portal.leads.removal import OURS
from portal.leads.signals import add_signal
from portal.timeline import activities, attachments, notes
from portal.timeline.models import Activity, Attachment
from portal.timeline.rules import INQUIRY

KEPT, GONE, BOTH = "kept", "gone", "both"

AS_IT_STOOD = (
    *("state", "state_since", "qualifier_id", "qualified_at", "disqualified_reason_id"),
    "merged_into",
)
"""What of the lead that goes is written over, and comes back."""

LOOKED_AT_ANEW = ("state", "state_since", "qualifier_id", "open_custom")
"""What of the lead that stays changes where it is to be looked at anew."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Two leads beside each other: which one stays, what each says, and what is proposed.

    `refusal` says why they can't become one now. `free`: it is open which of them stays. Where
    `takes_on` is False the one that stays is left as it is.
    """

    kept: Lead
    gone: Lead
    refusal: rules.CannotMerge | None
    free: bool
    takes_on: bool


def look(one_id: int, other_id: int, actor: Actor, *, keep: int | None = None) -> Beside:
    """Return how two leads stand to each other; `keep` is which one is to stay.

    The one that stays may be unseen where somebody works on it: then no more is said of it than its
    number. Raises `NotFound`, and `Invalid` for a lead with itself.
    """
    one, other = find(one_id, actor), find(other_id, actor)
    if one_id == other_id:
        raise Invalid({"other": _("Please choose another lead.")})
    return _beside(one, other, actor, keep)


def find(lead_id: int, actor: Actor) -> Lead:
    """Return a lead that the person sees, or that is in somebody's hands. Raises `NotFound`."""
    lead = find_visible(lead_id, actor) or session().get(Lead, lead_id)
    if lead is None or not actor.may(Permission.LEADS_QUALIFY):
        raise NotFound()
    if lead.state not in rules.IN_HANDS and find_visible(lead_id, actor) is None:
        raise NotFound()
    return lead


def _beside(one: Lead, other: Lead, actor: Actor, keep: int | None) -> Beside:
    first, second = rules.standing_of(one), rules.standing_of(other)
    free = first.may_go and second.may_go
    kept, gone = rules.order(first, second)
    if free and keep in (first.id, second.id):
        kept, gone = (first, second) if keep == first.id else (second, first)
    by_id = {one.id: one, other.id: other}
    if find_visible(gone.id, actor) is None:
        raise NotFound()
    refusal = rules.refusal_of(kept, gone)
    return Beside(
        by_id[kept.id],
        by_id[gone.id],
        refusal if isinstance(refusal, rules.CannotMerge) else None,
        free,
        rules.takes_on(kept),
    )


def propose(kept: Facts, gone: Facts) -> dict[str, str]:
    """Return for each fact that both don't say alike whose is to stay: whoever says anything."""
    found = {}
    for name in dict.fromkeys([*kept, *gone]):
        mine, theirs = kept.get(name), gone.get(name)
        if mine == theirs or facts.is_empty(theirs):
            continue
        if facts.is_empty(mine):
            found[name] = GONE
        elif name in (facts.TOGETHER[0], facts.TOGETHER[1]) or name.startswith(facts.INTEREST):
            found[name] = BOTH
        else:
            found[name] = KEPT
    return found


def merge(
    kept_id: int,
    gone_id: int,
    chosen: Mapping[str, str],
    actor: Actor,
    at: datetime,
    versions: tuple[int, int],
) -> LeadMerge:
    """Let one lead become part of another. `chosen` says for a fact whose is to stay.

    What is not chosen is as `propose` has it. `versions` are those that the person has seen, of the
    one that stays and the other. Raises `NotFound`, `Conflict`, `rules.CannotMerge`.
    """
    one, other = find(kept_id, actor), find(gone_id, actor)
    beside = _beside(one, other, actor, kept_id)
    if beside.kept.id != kept_id:
        raise rules.CannotMerge(
            _("%(number)s has come further, so it is the one that stays.", number=other.number),
            why="order",
        )
    kept, gone = lock(kept_id, gone_id)
    if (kept.version, gone.version) != versions:
        raise Conflict(
            _("One of the two was changed meanwhile. Please look again before you merge them.")
        )
    return _merge(kept, gone, chosen, actor.id, at)


def join(kept: Lead, gone: Lead, at: datetime) -> LeadMerge:
    """Let a new inquiry become part of a locked lead that somebody works on: the portal does it.

    Raises `rules.CannotMerge`.
    """
    return _merge(kept, gone, {}, None, at)


def lock(kept_id: int, gone_id: int) -> tuple[Lead, Lead]:
    """Lock two leads, the lower id first, and return them fresh. Raises `NotFound`."""
    rows = session().scalars(
        select(Lead)
        .where(Lead.id.in_([kept_id, gone_id]))
        .order_by(Lead.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found = {lead.id: lead for lead in rows}
    if len(found) < 2:
        raise NotFound()
    return found[kept_id], found[gone_id]


def _merge(
    kept: Lead, gone: Lead, chosen: Mapping[str, str], user_id: int | None, at: datetime
) -> LeadMerge:
    refusal = rules.refusal_of(rules.standing_of(kept), rules.standing_of(gone))
    if refusal is not None:
        raise refusal
    before, said = facts.read(kept), facts.read(gone)
    stood_so = {name: facts.as_json(getattr(kept, name)) for name in LOOKED_AT_ANEW}
    changed: list[str] = []
    if rules.takes_on(rules.standing_of(kept)):
        changed = facts.write(kept, _taken(before, said, chosen), before)
        if changed:
            _look_anew(kept, changed, user_id, at)
    moved = _move(kept, gone)
    moved["along"] = along.over(kept, gone, at)
    stood = {name: facts.as_json(getattr(gone, name)) for name in AS_IT_STOOD}
    reason = book().find_reason("disqualify", "duplicate")
    gone.state, gone.state_since = LeadState.DISQUALIFIED, at
    gone.disqualified_reason_id = reason.id if reason else None
    gone.merged_into = kept.id
    gone.version += 1
    kept.version += 1
    session().flush()
    behind = facts.read(kept)
    done = LeadMerge(
        kept_id=kept.id,
        gone_id=gone.id,
        at=at,
        user_id=user_id,
        gone=stood,
        moved={**moved, "kept": stood_so},
        fields=sorted(changed),
        version=kept.version,
    )
    session().add(done)
    session().flush()
    with wall.open_for([kept.id], session()) as opened:
        opened.add(
            LeadMergeWords(
                merge_id=done.id,
                lead_id=kept.id,
                before={name: before.get(name) for name in changed},
                behind={name: behind.get(name) for name in changed},
            )
        )
    answer(kept.id, gone.id, Answer.MERGED, user_id, at)
    record(
        LeadsMerged(
            at=at,
            lead_id=kept.id,
            gone_id=gone.id,
            user_id=user_id,
            fields=sorted(name.partition("-")[0] for name in changed),
        )
    )
    if kept.state in rules.IN_HANDS:
        tell_again(kept, gone, said, at)
    return done


def _taken(kept: Facts, gone: Facts, chosen: Mapping[str, str]) -> dict[str, Any]:
    """Return the facts that the lead takes on."""
    found = {}
    for name, proposed in propose(kept, gone).items():
        whose = chosen.get(name, proposed)
        if whose == BOTH and (name in facts.TOGETHER or name.startswith(facts.INTEREST)):
            found[name] = facts.joined(name, kept.get(name), gone.get(name))
        elif whose == GONE:
            found[name] = gone.get(name)
    # who must not be approached stays so
    if gone["suppressed"][0]:
        found["suppressed"] = [True]
    return found


def _look_anew(kept: Lead, changed: Collection[str], user_id: int | None, at: datetime) -> None:
    """Have a lead that says something else now looked at before partners read it."""
    kept.open_custom = None
    if kept.state in (LeadState.QUALIFIED, LeadState.RETURNED, LeadState.RECALLED):
        kept.state, kept.state_since = LeadState.QUALIFYING, at
        kept.qualifier_id = user_id or kept.qualifier_id


def _firms(lead_id: int) -> list[int]:
    """Return whose people can have written about a lead."""
    ours = select(Organisation.id).where(Organisation.kind.in_(OURS))
    wrote = [
        select(table.organisation_id).where(table.subject == "lead", table.subject_id == lead_id)
        for table in (Activity, Attachment)
    ]
    found = session().scalars(ours.union(*wrote))
    return sorted(one for one in found if one is not None)


ROOMS = {"activities": activities, "notes": notes, "attachments": attachments}


def _move(kept: Lead, gone: Lead) -> dict[str, Any]:
    """Let all that hangs on a lead hang on another; return what it was."""
    moved: dict[str, Any] = {
        name: {
            str(firm): ids
            for firm in _firms(gone.id)
            if (ids := room.take_over(about(kept.id), about(gone.id), firm))
        }
        for name, room in ROOMS.items()
    }
    moved["signals"] = _give_signals(kept.id, gone.id)
    team = select(LeadTeamMember).where(LeadTeamMember.lead_id == gone.id)
    rows = [
        {
            "lead_id": kept.id,
            "user_id": one.user_id,
            "added_by": one.added_by,
            "added_at": one.added_at,
        }
        for one in session().scalars(team)
    ]
    if rows:
        added = upsert(LeadTeamMember).values(rows).on_conflict_do_nothing()
        moved["team"] = list(session().scalars(added.returning(LeadTeamMember.user_id)))
    if session().get(CustomerLead, kept.id) is None:
        moved["customer"] = _give_customer(kept.id, gone.id)
    return moved


def _give_signals(to_id: int, from_id: int, only: Collection[int] | None = None) -> list[int]:
    statement = update(LeadSignal).where(LeadSignal.lead_id == from_id).values(lead_id=to_id)
    if only is not None:
        statement = statement.where(LeadSignal.id.in_(only))
    given = statement.returning(LeadSignal.id).execution_options(synchronize_session=False)
    return sorted(session().scalars(given))


def _give_customer(to_id: int, from_id: int) -> bool:
    given = (
        update(CustomerLead)
        .where(CustomerLead.lead_id == from_id)
        .values(lead_id=to_id)
        .returning(CustomerLead.customer_id)
        .execution_options(synchronize_session=False)
    )
    return session().scalar(given) is not None


def tell_again(kept: Lead, gone: Lead, said: Facts, at: datetime) -> None:
    """Note on a lead that somebody works on what its contact asks now, and say so to him."""
    vendor = session().scalar(
        select(Organisation.id).where(Organisation.kind == OrganisationKind.VENDOR).limit(1)
    )
    names = [book().label(one, "en") for one in gone.product_ids]
    lines = [gone.title, gone.expectation, ", ".join(names), said["note"][0], gone.partner_text]
    text = "\n".join(line for line in lines if line) or gone.number
    activity = activities.note(about(kept.id), INQUIRY, text, vendor or 0, at, shared=True)
    add_signal(kept.id, SignalKind.INQUIRY, at)
    record(
        AskedAgain(
            at=at,
            lead_id=kept.id,
            gone_id=gone.id,
            user_id=kept.holder_id or kept.owner_id,
            activity_id=activity.id,
        )
    )


def undo(merge_id: int, actor: Actor, at: datetime) -> LeadMerge:
    """Let two leads that were merged be two again.

    What went over goes back. What the lead that stayed had taken on is as it was before, except
    where somebody has changed it since, or where others read it by now. Raises `NotFound`,
    `rules.MergeStands`.
    """
    done = session().get(LeadMerge, merge_id)
    if done is None or not may_undo(done, actor):
        raise NotFound()
    kept, gone = lock(done.kept_id, done.gone_id)
    session().refresh(done)
    refusal = rules.refusal_to_part(
        undone=done.undone_at is not None,
        kept_merged=kept.merged_into is not None,
        stands=gone.merged_into == kept.id and gone.state == LeadState.DISQUALIFIED,
        number=gone.number,
    )
    if refusal is not None:
        raise refusal
    untouched = kept.version == done.version
    if rules.takes_on(rules.standing_of(kept)):
        _take_back(kept, done, untouched=untouched)
    _move_back(kept, gone, done.moved)
    along.back(kept, gone, done.moved.get("along", {}))
    _stand_again(gone, done.gone)
    gone.version += 1
    kept.version += 1
    done.undone_at, done.undone_by = at, actor.id
    session().flush()
    answer(kept.id, gone.id, Answer.DIFFERENT, actor.id, at)
    session().execute(
        upsert(UncheckedParty)
        .values([{"kind": Kind.LEAD, "party_id": one} for one in sorted((kept.id, gone.id))])
        .on_conflict_do_nothing()
    )
    record(MergeUndone(at=at, lead_id=kept.id, gone_id=gone.id, user_id=actor.id))
    return done


def may_undo(done: LeadMerge, actor: Actor) -> bool:
    """Tell whether somebody may take a merge apart: who qualifies, and sees one of the two."""
    if not actor.may(Permission.LEADS_QUALIFY) or actor.is_looked_as:
        return False
    return any(find_visible(one, actor) is not None for one in (done.gone_id, done.kept_id))


def _take_back(kept: Lead, done: LeadMerge, *, untouched: bool) -> None:
    with wall.open_for([kept.id], session()) as opened:
        words = opened.get(LeadMergeWords, done.id)
    if words is None:
        return
    now = facts.read(kept)
    back = {
        name: value
        for name, value in words.before.items()
        if now.get(name) == words.behind.get(name)
    }
    facts.write(kept, back, now)
    if untouched:
        _stand_again(kept, done.moved["kept"])


def _stand_again(lead: Lead, stood: Mapping[str, Any]) -> None:
    for name, value in stood.items():
        moment = name in ("state_since", "qualified_at") and value is not None
        setattr(lead, name, datetime.fromisoformat(value) if moment else value)


def _move_back(kept: Lead, gone: Lead, moved: Mapping[str, Any]) -> None:
    for name, room in ROOMS.items():
        for firm, ids in moved.get(name, {}).items():
            room.take_over(about(gone.id), about(kept.id), int(firm), ids)
    _give_signals(gone.id, kept.id, moved.get("signals", ()))
    if team := moved.get("team"):
        session().execute(
            delete(LeadTeamMember).where(
                LeadTeamMember.lead_id == kept.id, LeadTeamMember.user_id.in_(team)
            )
        )
    if moved.get("customer"):
        _give_customer(gone.id, kept.id)


def answer(one_id: int, other_id: int, said: Answer, user_id: int | None, at: datetime) -> None:
    """Keep what became of a pair of leads, whether it was listed or not."""
    low, high = sorted((one_id, other_id))
    values = {"answer": said, "answered_by": user_id, "answered_at": at}
    written = upsert(DuplicatePair).values(
        lead_id=low, other_lead_id=high, score=0, reasons=[], found_at=at, **values
    )
    session().execute(
        written.on_conflict_do_update(
            index_elements=["lead_id", "other_lead_id"],
            index_where=DuplicatePair.other_lead_id.is_not(None),
            set_=values,
        )
    )


def list_merged(lead_id: int) -> list[LeadMerge]:
    """Return what became part of a lead and still is, the newest first."""
    return list(
        session().scalars(
            select(LeadMerge)
            .where(LeadMerge.kept_id == lead_id, LeadMerge.undone_at.is_(None))
            .order_by(LeadMerge.at.desc(), LeadMerge.id.desc())
        )
    )


def find_merge_of(lead_id: int) -> LeadMerge | None:
    """Return how a lead became part of another, if it did and still is."""
    return session().scalar(
        select(LeadMerge).where(LeadMerge.gone_id == lead_id, LeadMerge.undone_at.is_(None))
    )
