"""Replays that take a while, gone through by a worker."""

from __future__ import annotations

from datetime import datetime

from portal.core import clock
from portal.core.db import session, unit_of_work
from portal.core.jobs import Payload, long_job
from portal.matching import replays
from portal.matching.models import Replay
from portal.matching.replaying import Tally

REPLAY = "matching.replay"


@long_job(REPLAY)
def replay(payload: Payload, at: datetime) -> None:
    """Go through one replay, or through those that nobody goes through."""
    with unit_of_work():
        ids = [int(payload["id"])] if "id" in payload else list(replays.waiting(at))
    for replay_id in ids:
        go_through(replay_id)


def go_through(replay_id: int) -> None:
    """Go through a replay batch by batch, so that who waits sees how far it is."""
    with unit_of_work():
        found = replays.begin_again(replay_id, clock.now())
        if found is None:
            return
        cases = replays.list_cases(found)
    tally = Tally()
    for batch in replays.batches(cases):
        with unit_of_work():
            found = session().get(Replay, replay_id)
            if found is None:
                # its rule was deleted meanwhile
                return
            replays.go_through(found, batch, tally, clock.now())
    with unit_of_work():
        if found := session().get(Replay, replay_id):
            replays.finish(found, tally, clock.now())
