"""What the API does by itself."""

from __future__ import annotations

from datetime import datetime

from portal.api import operations
from portal.core.jobs import Payload, job


@job("api.forget_answers", queue="bulk")
def forget_answers(_payload: Payload, at: datetime) -> None:
    """Forget answers that nobody asks for again."""
    operations.forget_answers(at)
