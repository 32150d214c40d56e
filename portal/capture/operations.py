"""Taking in what other systems deliver, row by row, each for itself and once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, tuple_
from sqlalchemy.exc import DBAPIError, IntegrityError

from portal.capture.models import DeliveredRow
from portal.capture.rows import Delivered, as_delivered, read_row
from portal.core.db import session
from portal.core.errors import DomainError, Invalid
from portal.duplicates import entrance
from portal.leads.models import Lead
from portal.leads.queries import get_definition


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a row: `status` is created, unchanged or refused."""

    index: int
    status: str
    lead_id: int | None = None
    number: str | None = None
    errors: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return what the other system is told."""
        told: dict[str, Any] = {"index": self.index, "status": self.status, "id": self.lead_id}
        if self.number:
            told["number"] = self.number
        if self.errors:
            told["errors"] = dict(self.errors)
        return told


def take_rows(rows: Sequence[Any], system: str, at: datetime) -> list[Result]:
    """Take in rows of another system and return what became of each, in their order.

    A number that came before makes nothing twice: `unchanged` where it says the same, else refused
    with the lead's id. One refused row keeps no other from coming in.
    """
    results: dict[int, Result] = {}
    read: list[tuple[int, Delivered]] = []
    types = list(get_definition().types.values())
    for index, row in enumerate(rows):
        try:
            read.append((index, read_row(row, system, at, types)))
        except Invalid as refusal:
            results[index] = Result(index, "refused", errors=refusal.errors)
    # two deliveries at once wait for each other at the same number first
    read.sort(key=lambda one: (one[1].draft.external_id or "", one[0]))
    known = _find_known([one.draft.external_id for _index, one in read], system)
    for index, delivered in read:
        results[index] = _take(index, delivered, rows[index], system, known, at)
    return [results[index] for index in range(len(rows))]


@dataclass(frozen=True, slots=True)
class _Before:
    """What is known of a number that came before; no digest where a list brought it."""

    lead_id: int
    number: str
    digest: str | None


def _find_known(external_ids: Sequence[str | None], system: str) -> dict[str, _Before]:
    asked = sorted({one for one in external_ids if one})
    if not asked:
        return {}
    listed = session().execute(
        select(Lead.external_id, Lead.id, Lead.number).where(
            Lead.source_system == system, Lead.external_id.in_(asked)
        )
    )
    known = {row.external_id or "": _Before(row.id, row.number, None) for row in listed}
    delivered = session().execute(
        select(DeliveredRow.external_id, Lead.id, Lead.number, DeliveredRow.digest)
        .join(Lead, Lead.id == DeliveredRow.lead_id)
        .where(
            tuple_(DeliveredRow.system, DeliveredRow.external_id).in_(
                [(system, one) for one in asked]
            )
        )
    )
    known |= {row.external_id: _Before(row.id, row.number, row.digest) for row in delivered}
    return known


def _take(
    index: int,
    delivered: Delivered,
    row: Any,
    system: str,
    known: dict[str, _Before],
    at: datetime,
) -> Result:
    external_id = delivered.draft.external_id
    if external_id in known:
        return _again(index, known[external_id], delivered)
    try:
        with session().begin_nested():
            lead = entrance.take_in(delivered.draft, at).lead
            if external_id:
                session().add(
                    DeliveredRow(
                        system=system,
                        external_id=external_id,
                        lead_id=lead.id,
                        digest=delivered.digest,
                        at=at,
                    )
                )
    except Invalid as refusal:
        return Result(index, "refused", errors=as_delivered(refusal.errors, row))
    except DomainError as refusal:
        words = refusal.message or str(_("This can't be taken in."))
        return Result(index, "refused", errors={"lead": words})
    except IntegrityError:
        # somebody else has delivered it at this very moment
        before = _find_known([external_id], system).get(external_id or "")
        if before is None:
            raise
        return _again(index, before, delivered)
    except DBAPIError as trouble:
        if trouble.connection_invalidated or not _is_about_the_data(trouble):
            raise
        return Result(index, "refused", errors={"lead": str(_("This can't be kept."))})
    if external_id:
        known[external_id] = _Before(lead.id, lead.number, delivered.digest)
    return Result(index, "created", lead.id, lead.number)


def _is_about_the_data(trouble: DBAPIError) -> bool:
    state = getattr(trouble.orig, "sqlstate", None) or ""
    return state.startswith("22")


def _again(index: int, before: _Before, delivered: Delivered) -> Result:
    if before.digest in (None, delivered.digest):
        return Result(index, "unchanged", before.lead_id, before.number)
    words = _("%(number)s has this number already and says something else.", number=before.number)
    return Result(
        index, "refused", before.lead_id, before.number, errors={"external_id": str(words)}
    )
