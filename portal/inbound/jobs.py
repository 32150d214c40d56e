"""What is done with mail that came in."""

from __future__ import annotations

from datetime import datetime

from portal.core.jobs import Payload, job, sweep
from portal.core.mail import standing
from portal.inbound import pipeline


@job("inbound.read_mail", queue="mail")
def read_mail(payload: Payload, at: datetime) -> None:
    """Take one mail apart and in."""
    pipeline.read_message(int(payload["id"]), at)


@sweep("inbound.read_waiting", pipeline.list_waiting, queue="mail")
def read_waiting(message_id: int, at: datetime) -> None:
    """Take up a mail that the queue has lost."""
    pipeline.read_message(message_id, at)


@job("inbound.forget_mails", queue="bulk")
def forget_mails(_payload: Payload, at: datetime) -> None:
    """Forget mails as they came, and what came back long ago."""
    pipeline.forget_mails(at)
    standing.forget(at)
