"""Versions of the lead definition: what keeps one from being active, and whom it would strand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Step
from hypothesis import strategies as st
from sqlalchemy import select

from portal.accounts.actor import Actor
from portal.accounts.permissions import PICKING_ROLES
from portal.accounts.queries import get_actor
from portal.core.db import db, session
from portal.core.errors import Conflict, Invalid, NotFound
from portal.feedback import operations as feedback
from portal.feedback.rules import Answer
from portal.leads import activation, labels, versions
from portal.leads.activation import LeadsStranded, NotComplete, activate, list_standings
from portal.leads.definition import (
    ANSWERS,
    Content,
    Level,
    Question,
    Status,
    Way,
    from_data,
    in_order,
    mark_of,
    move,
    put,
    put_way,
    set_levels,
    set_ways,
    take_out,
    to_data,
)
from portal.leads.definition_rules import add_ways, check, differences, find_stranded
from portal.leads.lifecycle import TransitionRefused, first_of, status_for_answer
from portal.leads.models import (
    Lead,
    LeadDefinition,
    LeadState,
    LeadStatus,
    LeadType,
    LifeState,
    VersionState,
)
from portal.leads.operations import questions_of
from portal.leads.requirements import missing_for
from portal.pickup import operations as pickup
from tests.factories import (
    AT,
    make_lead,
    make_manager,
    make_offered_lead,
    make_partner,
    make_person,
    make_programme,
    make_unit,
    make_vendor,
)

FIVE = [answer for answers in ANSWERS.values() for answer in answers]
NEGOTIATION = Status("negotiation", {"en": "Negotiation"}, "in_progress", "proposal")


@pytest.fixture
def manager(ctx: Flask) -> Actor:
    return get_actor(make_manager().id)


def active_content() -> Content:
    found = versions.find_active()
    assert found is not None
    return versions.content_of(found)


def status_ids() -> dict[str, int]:
    return {row.key: row.id for row in session().scalars(select(LeadStatus))}


def draft_of(content: Content, manager: Actor) -> LeadDefinition:
    return versions.begin_draft(manager, AT, content=content)


def in_force(content: Content, manager: Actor, **mapping: tuple[str, str]) -> LeadDefinition:
    """Activate what the content says; `mapping` by `type__status`."""
    draft = draft_of(content, manager)
    places = {name.replace("__", "/"): place for name, place in mapping.items()}
    return activate(draft.id, draft.version, places, manager, AT)


def with_negotiation(content: Content) -> Content:
    return add_ways(put_way(put(content, NEGOTIATION), Way("proposal", "negotiation")))[0]


# -- what a version says ------------------------------------------------------------------------


def test_a_new_programme_is_complete_and_says_so_in_plain_data(manager: Actor) -> None:
    content = active_content()
    assert check(content) == []
    assert from_data(to_data(content)) == content
    assert [one.key for one in content.types] == ["organisation", "person", "business_partner"]


def test_what_is_no_definition_is_refused_with_every_place_that_is_wrong(ctx: Flask) -> None:
    make_programme()
    data: dict[str, Any] = to_data(active_content())
    data["types"][0]["kind"] = "alien"
    data["types"][1]["teaser"] = ["shoe size"]
    data["statuses"][1]["key"] = "new"
    data["statuses"][2]["names"] = {"de": "Nur deutsch", "fr": "…"}
    data["transitions"][0]["to"] = "nowhere"
    data["transitions"][1]["roles"] = ["pirate"]
    data["questions"][0] = "Why?"
    data["weather"] = "fine"
    with pytest.raises(Invalid) as refused:
        from_data(data)
    assert set(refused.value.errors) >= {
        *("types[1].kind", "types[2].teaser", "statuses[2].key", "statuses[3].names.en"),
        *("statuses[3].names.fr", "transitions[1].to", "transitions[2].roles", "questions[1]"),
        "weather",
    }
    for odd in (None, [], 7, {"types": {}}):
        with pytest.raises(Invalid):
            from_data(odd)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: put(c, replace(c.status_of("waiting"), answer=None)), "which of the partner"),
        (lambda c: put(c, replace(c.status_of("new"), initial=False)), "where new leads begin"),
        (lambda c: put(c, replace(c.status_of("proposal"), usual=True)), "more than one status of"),
        (lambda c: put(c, replace(c.status_of("won"), usual=False)), "is marked as the usual one"),
        (lambda c: take_out(c, c.status_of("waiting")), "stands for the partner’s answer"),
        (lambda c: take_out(c, c.type_of("business_partner")), "no lead type for Future partner"),
        (lambda c: put(c, NEGOTIATION), "no way leads to Negotiation"),
        (lambda c: set_ways(c, "new", ["cancelled"]), "a partner picks it up"),
        (lambda c: set_ways(c, "waiting", ["proposal", "new"]), "a partner answers “Won”"),
        (
            lambda c: put_way(c, Way("waiting", "won", roles=("partner_rep",))),
            "not open to all who pick up",
        ),
        (
            lambda c: put(c, replace(c.type_of("person"), statuses=("new", "won", "lost"))),
            "Person: no status of “In progress”",
        ),
        (lambda c: put_way(c, Way("won", "waiting")), "does not begin again"),
        (
            lambda c: replace(c, types=tuple(replace(t, statuses=(*FIVE, "new")) for t in c.types)),
            "No lead type uses Cancelled",
        ),
    ],
)
def test_a_version_whose_way_is_not_complete_says_what_is_missing(
    ctx: Flask, change: Any, said: str
) -> None:
    make_programme()
    found = check(change(active_content()))
    assert any(said in one.said for one in found), [one.said for one in found]


def test_the_ways_that_the_portal_needs_can_be_added_at_one_press(ctx: Flask) -> None:
    make_programme()
    content = active_content()
    mended, count = add_ways(replace(content, ways=()))
    assert count > 10
    names = ("Company", "Person", "Future partner")
    # where a lead may be cancelled is the programme's to say
    assert [one.said for one in check(mended)] == [
        f"{n}: no way leads to Cancelled." for n in names
    ]
    assert add_ways(mended) == (mended, 0)


def test_a_type_that_leaves_takes_along_what_held_for_it_alone(ctx: Flask) -> None:
    make_programme()
    content = put_way(active_content(), Way("new", "cancelled", types=("person",)))
    content = put(content, Question("age", {"en": "How old?"}, types=("person", "organisation")))
    without = take_out(content, content.type_of("person"))  # type: ignore[arg-type]
    assert without.way_of("new", "cancelled") is None
    asked = without.question_of("age")
    assert asked is not None
    assert asked.types == ("organisation",)


def test_two_versions_are_compared_in_words(ctx: Flask) -> None:
    make_programme()
    before = active_content()
    won = before.status_of("won")
    assert won is not None
    after = with_negotiation(before)
    after = put(after, replace(won, names={"en": "Order!", "de": "Gewonnen"}))
    after = take_out(after, after.question_of("competitors"))  # type: ignore[arg-type]
    after = put_way(after, Way("new", "cancelled", roles=("channel_manager",)))
    after = move(after, NEGOTIATION, -3)
    said = [(d.place, d.kind, d.name, *d.details) for d in differences(before, in_order(after))]
    assert ("statuses", "changed", "Order!", "Name in English: Won → Order!") in said
    assert ("questions", "removed", "Who else has been asked?") in said
    assert ("ways", "added", "Negotiation → Order!") in said
    assert (
        "ways",
        "changed",
        "New → Cancelled",
        "Who may: everybody → Channel manager",
    ) in said
    assert any(one[:2] == ("statuses", "added") and one[2] == "Negotiation" for one in said)
    assert differences(before, before) == []


# -- drafts -------------------------------------------------------------------------------------


def test_there_is_one_draft_at_a_time_and_nothing_else_can_be_changed(manager: Actor) -> None:
    draft = versions.begin_draft(manager, AT)
    assert (draft.state, draft.name) == (VersionState.DRAFT, "Version 2")
    with pytest.raises(versions.DraftExists):
        versions.begin_draft(manager, AT)
    active = versions.find_active()
    assert active is not None
    with pytest.raises(versions.NoDraft):
        versions.save_part(active.id, replace(NEGOTIATION, key=""), "", manager, AT)
    versions.discard(draft.id, manager, AT)
    assert versions.find_draft() is None


def test_a_part_is_added_under_a_key_of_its_own_and_no_two_have_one_name(manager: Actor) -> None:
    draft = versions.begin_draft(manager, AT)
    new = replace(NEGOTIATION, key="", names={"en": "3rd talk"})
    saved = versions.save_part(draft.id, new, "", manager, AT, ["won"])
    assert saved.key == "x_3rd_talk"
    assert versions.content_of(draft).way_of(saved.key, "won") is not None
    with pytest.raises(Invalid) as refused:
        versions.save_part(draft.id, new, "", manager, AT)
    assert list(refused.value.errors) == ["name_en"]
    # a key that was ever used is not given to something else
    proposal = versions.content_of(draft).status_of("proposal")
    assert proposal is not None
    mark = mark_of(versions.content_of(draft), proposal)
    versions.remove_part(draft.id, proposal, mark, manager, AT)
    again = versions.save_part(draft.id, replace(proposal, key=""), "", manager, AT)
    assert again.key != "proposal"


def test_two_managers_change_different_parts_and_nothing_is_lost(manager: Actor) -> None:
    other = get_actor(make_manager().id)
    draft = versions.begin_draft(manager, AT)
    shown = versions.content_of(draft)
    won, lost = shown.status_of("won"), shown.status_of("lost")
    assert won is not None
    assert lost is not None
    marks = mark_of(shown, won), mark_of(shown, lost)
    versions.save_part(draft.id, replace(won, names={"en": "Hooray"}), marks[0], manager, AT)
    versions.save_part(draft.id, replace(lost, names={"en": "Alas"}), marks[1], other, AT)
    content = versions.content_of(draft)
    assert [one.names["en"] for one in content.statuses if one.key in ("won", "lost")] == [
        "Hooray",
        "Alas",
    ]


def test_two_managers_change_the_same_part_and_the_second_is_told(manager: Actor) -> None:
    other = get_actor(make_manager().id)
    draft = versions.begin_draft(manager, AT)
    shown = versions.content_of(draft)
    won = shown.status_of("won")
    assert won is not None
    mark = mark_of(shown, won)
    versions.save_part(draft.id, replace(won, names={"en": "Hooray"}), mark, manager, AT)
    with pytest.raises(Conflict) as told:
        versions.save_part(draft.id, replace(won, names={"en": "Yippee"}), mark, other, AT)
    kept = versions.content_of(draft).status_of("won")
    assert kept is not None
    assert kept.names == {"en": "Hooray"}
    # seen now, she means it
    seen = told.value.facts["mark"]
    versions.save_part(draft.id, replace(won, names={"en": "Yippee"}), seen, other, AT)
    # and who removes what he saw otherwise is told as well
    with pytest.raises(Conflict):
        versions.remove_part(draft.id, kept, mark, manager, AT)


# -- activation ---------------------------------------------------------------------------------


def test_a_draft_holds_for_all_leads_at_once_and_the_last_version_is_kept(manager: Actor) -> None:
    lead, before = make_lead(), active_content()
    first = versions.find_active()
    assert first is not None
    active = in_force(with_negotiation(before), manager)
    assert active.state == VersionState.ACTIVE
    assert first.state == VersionState.RETIRED
    assert versions.content_of(first) == before
    assert active_content() == with_negotiation(before)
    kept = session().get_one(Lead, lead.id, populate_existing=True)
    lead_type = session().get_one(LeadType, kept.type_id)
    assert (kept.status_id, lead_type.definition_id) == (lead.status_id, active.id)
    # taken up again, it is as it was
    again = versions.begin_draft(manager, AT, first.id)
    activate(again.id, again.version, {}, manager, AT)
    assert active_content() == before


def test_what_is_not_complete_or_was_changed_meanwhile_is_not_activated(manager: Actor) -> None:
    before = active_content()
    draft = draft_of(put(before, NEGOTIATION), manager)
    with pytest.raises(NotComplete):
        activate(draft.id, draft.version, {}, manager, AT)
    seen = draft.version
    versions.complete_ways(draft.id, manager, AT)
    with pytest.raises(Conflict):
        activate(draft.id, seen, {}, manager, AT)
    assert active_content() == before


def test_leads_without_a_place_are_named_and_go_where_the_manager_says(manager: Actor) -> None:
    ids = status_ids()
    rep = make_person()
    held: dict[str, Any] = {
        "state": LeadState.HELD,
        "holder_id": rep.id,
        "holder_organisation_id": rep.organisation_id,
        "status_id": ids["waiting"],
    }
    one, other = make_lead(**held), make_lead(type="person", **held)
    before = active_content()
    content = with_negotiation(before)
    on_hold = Status("on_hold", {"en": "On hold"}, "in_progress", "waiting")
    content = take_out(put(content, on_hold), content.status_of("waiting"))  # type: ignore[arg-type]
    content = add_ways(content)[0]
    stranded = find_stranded(content, list_standings())
    assert [(s.standing.place, s.standing.count, s.best) for s in stranded] == [
        ("organisation/waiting", 1, ("organisation", "on_hold")),
        ("person/waiting", 1, ("person", "on_hold")),
    ]
    draft = draft_of(content, manager)
    half = {"organisation/waiting": ("organisation", "negotiation")}
    for mapping in (
        half,
        {**half, "person/waiting": ("person", "won")},
        {**half, "person/waiting": ("organisation", "on_hold")},
        {**half, "person/waiting": ("person", "waiting")},
    ):
        with pytest.raises(LeadsStranded) as refused:
            activate(draft.id, draft.version, mapping, manager, AT)
        assert refused.value.facts["places"] == ["person/waiting"]
        assert active_content() == before
    whole = {**half, "person/waiting": ("person", "on_hold")}
    activate(draft.id, draft.version, whole, manager, AT)
    now = status_ids()
    assert session().get_one(Lead, one.id).status_id == now["negotiation"]
    assert session().get_one(Lead, other.id).status_id == now["on_hold"]


def test_a_lead_that_leaves_a_status_does_not_meet_one_that_comes_into_it(manager: Actor) -> None:
    ids = status_ids()
    rep = make_person()
    hers = {"holder_id": rep.id, "holder_organisation_id": rep.organisation_id}
    waits = make_lead(state=LeadState.HELD, status_id=ids["waiting"], **hers)
    lost = make_lead(state=LeadState.CLOSED, status_id=ids["lost"], **hers)
    content = active_content()
    # "waiting" now means lost, and what was called lost is gone
    content = take_out(content, content.status_of("lost"))  # type: ignore[arg-type]
    content = put(content, Status("waiting", {"en": "Lost"}, "lost", "lost", usual=True))
    content = put(content, Status("callback", {"en": "Call back"}, "in_progress", "waiting"))
    content = set_ways(content, "waiting", [])
    content = set_ways(content, "callback", ["cancelled"])
    content = add_ways(content)[0]
    in_force(
        content,
        manager,
        organisation__waiting=("organisation", "callback"),
        organisation__lost=("organisation", "waiting"),
    )
    now = status_ids()
    assert session().get_one(Lead, waits.id).status_id == now["callback"]
    assert session().get_one(Lead, lost.id).status_id == now["waiting"]


def test_answers_to_a_question_that_was_gone_for_a_while_are_there_again(manager: Actor) -> None:
    before = active_content()
    make_partner()
    lead = make_offered_lead()
    in_force(take_out(before, before.question_of("budget")), manager)  # type: ignore[arg-type]
    assert "budget" not in {one.key for one in questions_of(lead)}
    first = next(v for v in versions.list_versions() if v.state == VersionState.RETIRED)
    again = versions.begin_draft(manager, AT, first.id)
    activate(again.id, again.version, {}, manager, AT)
    assert "answer-budget" not in missing_for(lead, "offer")


def test_an_answer_taken_back_after_an_activation_leads_to_a_status_that_there_is(
    manager: Actor,
) -> None:
    rep = get_actor(make_person(make_partner()).id)
    lead = make_offered_lead(at=AT)
    held = pickup.claim(lead.id, rep, AT).pickup_id
    feedback.give(held, Answer("waiting"), rep, AT)
    given = feedback.give(held, Answer("proposal"), rep, AT + timedelta(hours=1))
    content = active_content()
    on_hold = Status("on_hold", {"en": "On hold"}, "in_progress", "waiting")
    content = take_out(put(content, on_hold), content.status_of("waiting"))  # type: ignore[arg-type]
    in_force(add_ways(content)[0], manager)
    feedback.take_back(given.id, rep, AT + timedelta(hours=2))
    status = session().get_one(LeadStatus, session().get_one(Lead, lead.id).status_id)
    assert status.key == "not_contacted"


# -- what a lead may do then --------------------------------------------------------------------


def test_a_way_is_open_to_the_types_and_roles_it_names(manager: Actor) -> None:
    content = with_negotiation(active_content())
    review = Status("review", {"en": "Review"}, "in_progress", "proposal")
    content = add_ways(put_way(put(content, review), Way("proposal", "review")))[0]
    in_force(content, manager)
    ids = status_ids()
    lead = make_lead(status_id=ids["proposal"])
    # an answer that the status stands for already stays where it is
    assert status_for_answer(lead, "proposal", ["partner_rep"]).key == "proposal"
    lead.status_id = ids["waiting"]
    assert status_for_answer(lead, "proposal", ["partner_rep"]).key == "proposal"
    limited = put_way(content, Way("waiting", "proposal", roles=("channel_manager",)))
    limited = put_way(limited, Way("waiting", "negotiation", types=("person",)))
    limited = put_way(limited, Way("waiting", "review"))
    assert check(limited) == []
    in_force(limited, manager)
    cases = [
        ("organisation", "channel_manager", "proposal"),
        ("organisation", "partner_rep", "review"),
        ("person", "channel_manager", "proposal"),
        ("person", "partner_rep", "negotiation"),
    ]
    for type_key, role, expected in cases:
        lead = make_lead(type=type_key, status_id=ids["waiting"])
        assert status_for_answer(lead, "proposal", [role]).key == expected, (type_key, role)
    lead.status_id = ids["won"]
    with pytest.raises(TransitionRefused):
        status_for_answer(lead, "proposal", ["partner_rep"])


def test_a_type_with_statuses_and_questions_of_its_own_asks_and_offers_only_these(
    manager: Actor,
) -> None:
    content = active_content()
    event = replace(
        content.types[0],
        key="event",
        names={"en": "Event"},
        statuses=("new", "invited", "waiting", "proposal", "won", "lost", "cancelled"),
        priority=8,
    )
    invited = Status("invited", {"en": "Invited"}, "in_progress", "not_contacted", usual=True)
    content = put(put(content, invited), event)
    others = ("new", "not_contacted", "waiting", "proposal", "won", "lost", "cancelled")
    content = replace(
        content,
        types=tuple(t if t.key == "event" else replace(t, statuses=others) for t in content.types),
    )
    seats = Question("seats", {"en": "How many seats?"}, required=True, types=("event",))
    content = add_ways(put(content, seats))[0]
    assert check(content) == []
    in_force(content, manager)
    lead, firm = make_lead(type="event"), make_lead()
    assert first_of(lead, LifeState.IN_PROGRESS).key == "invited"
    assert first_of(firm, LifeState.IN_PROGRESS).key == "not_contacted"
    assert "answer-seats" in missing_for(lead, "offer")
    assert "answer-seats" not in missing_for(firm, "offer")


def test_by_hand_a_lead_changes_within_its_state_and_answer_as_type_and_role_allow(
    manager: Actor,
) -> None:
    content = with_negotiation(active_content())
    content = put(content, Status("review", {"en": "Review"}, "in_progress", "proposal"))
    for after, types, roles in (
        ("negotiation", None, ("channel_manager",)),
        ("review", ("person",), None),
    ):
        content = put_way(content, Way("proposal", after, types, roles))
    in_force(add_ways(put_way(content, Way("negotiation", "review")))[0], manager)
    ids, firm = status_ids(), make_partner()
    rep = get_actor(make_person(firm).id)
    colleague = get_actor(make_person(firm).id)
    head = get_actor(make_person(firm, "partner_manager").id)
    stranger = get_actor(make_person(make_partner(), "partner_manager").id)
    hers = {
        "state": LeadState.HELD,
        "holder_id": rep.id,
        "holder_organisation_id": firm.id,
        "status_id": ids["proposal"],
    }
    leads = {key: make_lead(type=key, **hers) for key in ("organisation", "person")}
    cases = [
        ("organisation", manager, ["negotiation"]),
        ("organisation", rep, []),
        ("person", manager, ["negotiation", "review"]),
        ("person", rep, ["review"]),
        ("person", head, ["review"]),
        ("person", colleague, []),
        ("person", stranger, []),
    ]
    for key, who, expected in cases:
        assert [one.key for one in labels.list_labels(leads[key], who)] == expected, (key, who)
    labels.change_label(leads["person"].id, "review", rep, AT)
    assert leads["person"].status_id == ids["review"]
    for wrong in ("won", "waiting", "nonsense"):
        with pytest.raises(Invalid):
            labels.change_label(leads["organisation"].id, wrong, manager, AT)
    for nobody in (colleague, stranger):
        with pytest.raises(NotFound):
            labels.change_label(leads["person"].id, "proposal", nobody, AT)


# -- whatever is edited -------------------------------------------------------------------------

KEYS = ("new", "not_contacted", "waiting", "proposal", "won", "lost", "cancelled", "extra", "more")
TYPES = ("organisation", "person", "business_partner", "event")
STATES = [str(state) for state in LifeState]


def part(keys: tuple[str, ...], place: str) -> Any:
    return st.builds(lambda key: lambda c: _take(c, place, key), st.sampled_from(keys))


def _take(content: Content, place: str, key: str) -> Content:
    found = next((one for one in getattr(content, place) if one.key == key), None)
    return take_out(content, found) if found else content


def _status(key: str, state: str, answer: int, usual: bool, initial: bool) -> Any:
    answers = ANSWERS.get(LifeState(state), (None,))
    said = answers[answer % len(answers)]
    return lambda c: put(c, Status(key, {"en": key}, state, said, usual, initial))


def _usual(key: str) -> Any:
    """Make a status the usual one of its state, instead of the one that is."""

    def change(content: Content) -> Content:
        chosen = content.status_of(key)
        if chosen is None:
            return content
        return replace(
            content,
            statuses=tuple(
                replace(s, usual=s.key == key) if s.state == chosen.state else s
                for s in content.statuses
            ),
        )

    return change


def _limit(type_key: str, keys: set[str] | None) -> Any:
    def change(content: Content) -> Content:
        found = content.type_of(type_key)
        if found is None:
            return put(content, replace(content.types[0], key=type_key, names={"en": type_key}))
        known = [s.key for s in content.statuses if keys is None or s.key in keys]
        return put(content, replace(found, statuses=None if keys is None else tuple(known)))

    return change


def _say(**said: Any) -> Any:
    """Have companies be said to be otherwise."""
    return lambda c: put(c, replace(found, **said)) if (found := c.type_of("organisation")) else c


SAYING = st.one_of(
    st.builds(
        lambda days, direct, kinds: _say(days=days, direct=direct, activities=kinds),
        st.none() | st.integers(1, 400),
        st.booleans(),
        st.none() | st.sets(st.sampled_from(["call", "task"])).map(tuple),
    ),
    st.builds(
        lambda scale, level, used: lambda c: set_levels(c, scale, [Level(level, {}, used)]),
        st.sampled_from(["priorities", "importances"]),
        st.integers(4, 6),
        st.booleans(),
    ),
    st.builds(
        lambda before, after, units: (
            lambda c: put_way(c, Way(before, after, units=units)) if c.way_of(before, after) else c
        ),
        st.sampled_from(["new", "waiting"]),
        st.sampled_from(["cancelled", "won"]),
        st.sampled_from([None, ("Sales",)]),
    ),
)
EDIT = st.one_of(
    SAYING,
    part(KEYS, "statuses"),
    part(TYPES[1:], "types"),
    part(("budget", "need"), "questions"),
    st.builds(
        _status,
        st.sampled_from(KEYS),
        st.sampled_from(STATES),
        st.integers(0, 2),
        st.just(False),
        st.just(False),
    ),
    st.builds(_status, st.sampled_from(KEYS), st.sampled_from(STATES), st.integers(0, 2),
              st.booleans(), st.booleans()),
    st.builds(_usual, st.sampled_from(KEYS)),
    st.builds(_limit, st.sampled_from(TYPES), st.none()),
    st.builds(_limit, st.sampled_from(TYPES), st.sets(st.sampled_from(KEYS), min_size=5)),
    st.builds(
        lambda key, keys: lambda c: set_ways(c, key, keys) if c.status_of(key) else c,
        st.sampled_from(KEYS),
        st.sets(st.sampled_from(KEYS)),
    ),
)  # fmt: skip


def everywhere(rep: Any) -> list[int]:
    """Make a lead of every type in every status."""
    ids, made = status_ids(), []
    for type_key in ("organisation", "business_partner"):
        for key in KEYS[:7]:
            state = {"new": LeadState.QUALIFIED, "cancelled": LeadState.DISQUALIFIED}.get(
                key, LeadState.CLOSED if key in ("won", "lost") else LeadState.HELD
            )
            hers = (
                {"holder_id": rep.id, "holder_organisation_id": rep.organisation_id}
                if state in (LeadState.HELD, LeadState.CLOSED)
                else {}
            )
            lead = make_lead(type=type_key, status_id=ids[key], state=state, contact={}, **hers)
            made.append(lead.id)
    return made


def states_of_leads() -> dict[int, str]:
    rows = session().execute(
        select(Lead.id, LeadStatus.life_state).join(LeadStatus, LeadStatus.id == Lead.status_id)
    )
    return {row.id: row.life_state for row in rows}


def dead_ends() -> list[str]:
    """Return every lead that can't do what the portal would do with it."""
    found = []
    content, seen = active_content(), set()
    rows = session().execute(
        select(Lead, LeadType, LeadStatus)
        .join(LeadType, LeadType.id == Lead.type_id)
        .join(LeadStatus, LeadStatus.id == Lead.status_id)
    )
    for lead, lead_type, status in rows:
        place = f"{lead_type.key}/{status.key}"
        if place in seen:
            continue
        seen.add(place)
        given = content.type_of(lead_type.key)
        if given is None or status.key not in {s.key for s in content.statuses_for(given)}:
            found.append(f"{place} is no place")
            continue
        try:
            if status.life_state == LifeState.PENDING:
                first_of(lead, LifeState.IN_PROGRESS)
            if status.life_state == LifeState.IN_PROGRESS:
                first_of(lead, LifeState.PENDING)
                for answer in FIVE:
                    after = status_for_answer(lead, answer, [PICKING_ROLES[0]])
                    if after.life_state not in {s for s, said in ANSWERS.items() if answer in said}:
                        found.append(f"{place}: {answer} leads to {after.key}")
        except TransitionRefused as refusal:
            found.append(f"{place}: {refusal.message}")
    return found


def test_activation_never_strands_a_lead_whatever_was_edited(ctx: Flask) -> None:
    manager, rep = get_actor(make_manager().id), make_person()
    make_unit(make_vendor(), "Sales")
    everywhere(rep)
    # what an example does is taken back; what it starts from stays
    db.session.commit()
    done: Counter[str] = Counter()

    @settings(
        max_examples=16,
        phases=(Step.generate,),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(edits=st.lists(EDIT, min_size=1, max_size=5), mended=st.booleans(), all_named=st.data())
    def story(edits: list[Any], mended: bool, all_named: Any) -> None:
        before = db.engines[None].begin_nested()  # type: ignore[attr-defined]
        try:
            content, was, stood = active_content(), active_content(), states_of_leads()
            for edit in edits:
                content = in_order(edit(content))
            if mended:
                content = in_order(add_ways(content)[0])
            mapping = {
                one.standing.place: all_named.draw(st.sampled_from(one.choices))
                for one in find_stranded(content, list_standings())
                if one.choices
            }
            draft = draft_of(content, manager)
            try:
                activate(draft.id, draft.version, mapping, manager, AT)
            except (NotComplete, LeadsStranded) as refusal:
                done[refusal.code] += 1
                assert active_content() == was
            else:
                done["activated"] += 1
                assert active_content() == content
            assert states_of_leads() == stood
            assert dead_ends() == []
        finally:
            db.session.remove()
            before.rollback()

    story()
    assert done["activated"] >= 4, done
    assert done["not_complete"] >= 3, done


def test_activation_gives_way_to_who_works_on_leads_for_long(
    committed: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activation, "PATIENCE_MS", 20)
    with committed.app_context():
        manager = get_actor(make_manager().id)
        draft = draft_of(active_content(), manager)
        db.session.commit()
        activation_id, version = draft.id, draft.version
        with db.engine.connect() as busy:
            busy.execute(select(LeadStatus.id)).all()
            with pytest.raises(activation.TooBusy):
                activate(activation_id, version, {}, manager, AT)
        db.session.rollback()
        activate(activation_id, version, {}, manager, AT)
        db.session.rollback()
