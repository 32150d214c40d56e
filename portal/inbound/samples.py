"""What the mail of this room is shown of to who writes its words: as if his own address failed."""

from __future__ import annotations

from datetime import datetime

from portal.accounts.actor import Actor
from portal.inbound.bounces import LINK_LASTS
from portal.wording.samples import Sample, shows


@shows("address_check")
def to_himself(kind: str, actor: Actor, at: datetime) -> Sample | None:
    """Show the mail to the reader; its button leads nowhere."""
    context = {"name": actor.name, "path": "/", "until": at + LINK_LASTS}
    return Sample(context, actor.name, actor.timezone)
