"""Doing something once per idempotency key, and taking signals in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, select, text

from portal.accounts.api_tokens import Bearer
from portal.api.models import ApiAnswer
from portal.capture.rows import read_moment
from portal.core.db import session
from portal.core.errors import DomainError, Invalid, NotFound
from portal.leads.models import Lead
from portal.leads.signals import add_signal

KEPT = timedelta(days=30)
LONGEST_KEY = 200
IN_LINE = text("SELECT pg_advisory_xact_lock(hashtext('api answers'), hashtext(:its))")


class KeyUsedOtherwise(DomainError):
    """The idempotency key came before with something else."""

    code = "idempotency_key_reused"
    status = 422


class OddKey(DomainError):
    """The idempotency key can't be kept."""

    code = "idempotency_key_odd"
    status = 400


def once(
    bearer: Bearer, key: str, asked: bytes, at: datetime, do: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Do something and return its answer; under the same key the same answer, and nothing done.

    Without a key it is done each time. Who comes with the same key meanwhile waits. Raises
    `KeyUsedOtherwise`, `OddKey`, and whatever doing it raises.
    """
    if not key:
        return do()
    if len(key) > LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise OddKey(_("An idempotency key has up to %(most)d plain characters.", most=LONGEST_KEY))
    session().execute(IN_LINE, {"its": f"{bearer.token_id} {key}"})
    fingerprint = hashlib.sha256(asked).digest()
    before = session().scalar(
        select(ApiAnswer).where(ApiAnswer.token_id == bearer.token_id, ApiAnswer.key == key)
    )
    if before is not None:
        if before.asked != fingerprint:
            raise KeyUsedOtherwise(_("This idempotency key came before with something else."))
        return before.answer
    answer = do()
    session().add(
        ApiAnswer(token_id=bearer.token_id, key=key, asked=fingerprint, answer=answer, at=at)
    )
    session().flush()
    return answer


def forget_answers(at: datetime) -> int:
    """Forget what was answered long ago; return how many answers."""
    gone = delete(ApiAnswer).where(ApiAnswer.at < at - KEPT).returning(ApiAnswer.id)
    return len(session().scalars(gone).all())


def take_signals(
    lead_id: int, given: Sequence[Any], source: str, at: datetime
) -> list[dict[str, Any]]:
    """Note what a customer did and return what became of each. Raises `NotFound`."""
    lead = session().get(Lead, lead_id)
    if lead is None:
        raise NotFound()
    results = []
    for index, one in enumerate(given):
        try:
            signal = add_signal(
                lead.merged_into or lead.id,
                *_signal(one, at),
                source=source,
                now=at,
                weight=_weight(one),
            )
        except Invalid as refusal:
            errors = {name: str(words) for name, words in refusal.errors.items()}
            results.append({"index": index, "status": "refused", "id": None, "errors": errors})
        else:
            results.append({"index": index, "status": "created", "id": signal.id})
    return results


def _signal(one: Any, at: datetime) -> tuple[str, datetime]:
    if not isinstance(one, dict):
        raise Invalid({"signal": str(_("Please give an object."))})
    said = one.get("at")
    moment = at if said in (None, "") else read_moment(said)
    if moment is None:
        words = _("Please give a moment of the past, as 2026-11-30T09:00:00Z.")
        raise Invalid({"at": str(words)})
    return str(one.get("kind", ""))[:40], moment


def _weight(one: Any) -> int | None:
    weight = one.get("weight")
    if weight is not None and (isinstance(weight, bool) or not isinstance(weight, int)):
        raise Invalid({"weight": str(_("Please give a whole number."))})
    return weight
