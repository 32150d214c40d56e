"""The vendor ends a lead in the moment in which a partner picks it up, or answers on it."""

from __future__ import annotations

from collections import Counter
from functools import partial
from io import BytesIO

from werkzeug.datastructures import FileStorage

from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.errors import Invalid
from portal.leads.notes import about
from portal.timeline import attachments, files
from tests.factories import make_lead, make_manager, make_offered_lead, make_partner, make_person
from tests.live import at_once
from tests.races.test_first_come import (
    GONE,
    WON,
    assert_house_in_order,
    events_of,
    hold,
    pickups_of,
)


def ends(browser, lead_id, action, **said):
    """Return the deed of the vendor's ending."""
    return partial(browser.post, f"/leads/{lead_id}/actions/{action}", **said)


def lead_of(live, lead_id):
    """Return how a lead stands: state, what its status stands for, who holds it."""
    [row] = live.rows(
        """
        SELECT leads.state, life_state, holder_id FROM leads
        JOIN lead_statuses ON lead_statuses.id = status_id WHERE leads.id = :id
        """,
        id=lead_id,
    )
    return tuple(row)


def test_a_pick_and_a_cancellation_never_both_happen(live):
    [manager] = live.signed_in(make_manager())
    seen = Counter()
    for _ in range(6):
        rep = make_person()
        [tab] = live.signed_in(rep)
        lead_id = make_offered_lead(at=clock.now()).id
        picked, cancelled = at_once(
            partial(tab.post, f"/leads/{lead_id}/pickup"),
            ends(manager, lead_id, "cancel", seen="0", reason="by_mistake"),
        )
        # who saw nobody hold it is asked to look again
        assert (picked.verdict, cancelled.status, *lead_of(live, lead_id)) in {
            (WON, 409, "held", "in_progress", rep.id),
            (GONE, 303, "closed", "cancelled", None),
        }
        assert len(pickups_of(live, lead_id)) == int(picked.verdict == WON)
        assert events_of(live, lead_id, "LeadCancelled") == int(cancelled.status == 303)
        seen[cancelled.status] += 1
    assert_house_in_order(live)


def test_of_the_partners_answer_and_the_vendors_one_ends_a_lead(live):
    [manager] = live.signed_in(make_manager())
    firm = make_partner(capacity=100, rep_capacity=100)
    for number in range(6):
        rep = make_person(firm)
        [tab] = live.signed_in(rep)
        lead_id = make_offered_lead(at=clock.now()).id
        held = hold(live, lead_id, rep, answered=True)
        action, said, life = [
            ("lose", {"reason": "price", "decision_maker": "The board"}, "lost"),
            ("cancel", {"reason": "by_mistake"}, "cancelled"),
        ][number % 2]
        won, ended = at_once(
            partial(tab.post, f"/pickups/{held}/feedback", status="won", value="1000"),
            ends(manager, lead_id, action, seen=str(held), **said),
        )
        assert {won.status, ended.status} == {303, 409}
        state, life_state, _holder = lead_of(live, lead_id)
        assert (state, life_state) == ("closed", "won" if won.status == 303 else life)
        said_so = [
            events_of(live, lead_id, name) for name in ("LeadWon", "LeadLost", "LeadCancelled")
        ]
        assert sum(said_so) == 1
        assert said_so[0] == int(won.status == 303)
    assert_house_in_order(live)


def test_of_eight_who_attach_at_once_as_many_do_as_there_is_room_for(live, monkeypatch):
    monkeypatch.setattr(attachments, "MOST", 2)
    manager, lead = make_manager(), make_lead()

    def attach():
        stored = files.keep(FileStorage(BytesIO(b"%PDF-1.7 a plan"), "plan.pdf"))
        try:
            attachments.attach(
                about(lead.id), stored, shared=False, actor=get_actor(manager.id), at=clock.now()
            )
        except Invalid:
            return False
        return True

    assert Counter(at_once(*[partial(live.do, attach)] * 8)) == {True: 2, False: 6}
    assert live.value("SELECT count(*) FROM attachments WHERE subject_id = :id", id=lead.id) == 2
