"""Jobs: whoever is new or changed is compared with all others, batch by batch."""

from __future__ import annotations

import time
from datetime import datetime

from portal.core.db import unit_of_work
from portal.core.jobs import Payload, long_job
from portal.duplicates import pairs

SECONDS = 240.0
"""So long one run goes on; the next one takes it up where it was left."""


@long_job("duplicates.check", timeout=900)
def check(_payload: Payload, at: datetime) -> None:
    began = time.monotonic()
    while time.monotonic() - began < SECONDS:
        with unit_of_work():
            if not pairs.check(at):
                return
