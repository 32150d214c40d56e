"""Where facts about partners are read: as they are now, or as they were kept.

Both answer the same questions. What stands in tables beside the profile is asked of these now, as
a set that is hashed once for all partners, and of what was kept for each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    FromClause,
    Select,
    SQLColumnExpression,
    and_,
    cast,
    column,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.types import NullType

from portal.accounts.models import PARTNER_KINDS, Organisation
from portal.partners import facts
from portal.partners.models import (
    Absence,
    PartnerCertification,
    PartnerFigures,
    PartnerGroupMember,
)

# referring is a matter of the programme, a room above: its table is named here and not its model
ONLY_REFER = text(
    """
    SELECT organisation_id FROM referral_partners
    WHERE only_refers AND joined_at <= :at AND (left_at IS NULL OR left_at > :at)
    """
)


def only_refers(firm: SQLColumnExpression[int], at: datetime) -> ColumnElement[bool]:
    """Say of a column of firms whether they only refer leads, and are offered none of others."""
    found = ONLY_REFER.bindparams(at=at).columns(column("organisation_id", BigInteger))
    return firm.in_(found)


class Source:
    """Facts about partners as they are now; `c` are the columns of `partners.facts`."""

    def __init__(self, table: FromClause, at: datetime) -> None:
        self.table = table
        self.c = table.c
        self.at = at

    def takes_part(self) -> ColumnElement[bool]:
        """Tell which are partners' firms in the programme.

        Asked by who is none, who are few: so no firm is looked up for each of them.
        """
        none = or_(~Organisation.active, Organisation.kind.not_in(PARTNER_KINDS))
        return self.c.organisation_id.not_in(select(Organisation.id).where(none))

    def certified(self, ids: Sequence[int]) -> ColumnElement[bool]:
        """Tell who holds one of these certifications; one is good through its last day."""
        held = self._held(ids, PartnerCertification.organisation_id)
        return self.c.organisation_id.in_(held)

    def certifications(self, ids: Sequence[int]) -> ColumnElement[Any]:
        """Return which of these certifications a partner holds."""
        held = self._held(ids, PartnerCertification.certification_id).where(
            PartnerCertification.organisation_id == self.c.organisation_id
        )
        held = held.order_by(PartnerCertification.certification_id)
        return func.array(held.scalar_subquery(), type_=NullType())

    def away(self) -> ColumnElement[bool]:
        """Tell which firms are away on their own calendar day."""
        return self.c.organisation_id.in_(
            select(Absence.organisation_id).where(
                Absence.user_id.is_(None),
                Absence.starts_on <= (self.at + timedelta(days=1)).date(),
                Absence.ends_on >= (self.at - timedelta(days=1)).date(),
                func.daterange(Absence.starts_on, Absence.ends_on, "[]").bool_op("@>")(
                    self._day_at(Absence.organisation_id)
                ),
            )
        )

    def in_group(self, group_id: int) -> ColumnElement[bool]:
        """Tell who belongs to a group."""
        members = select(PartnerGroupMember.organisation_id).where(
            PartnerGroupMember.group_id == group_id
        )
        return self.c.organisation_id.in_(members)

    def held(self) -> ColumnElement[int]:
        """Return how many leads a firm holds."""
        held = select(PartnerFigures.open_pickups).where(
            PartnerFigures.organisation_id == self.c.organisation_id
        )
        return func.coalesce(held.scalar_subquery(), 0)

    def only_refers(self) -> ColumnElement[bool]:
        """Tell which firms only refer leads and are offered none of others."""
        return only_refers(self.c.organisation_id, self.at)

    def _held(self, ids: Sequence[int], what: Any) -> Select[Any]:
        expires = PartnerCertification.expires_on
        return select(what).where(
            PartnerCertification.certification_id.in_(ids),
            or_(
                expires.is_(None),
                and_(
                    # cheap first: no zone is further than a day from UTC
                    expires >= (self.at - timedelta(days=1)).date(),
                    expires >= self._day_at(PartnerCertification.organisation_id),
                ),
            ),
        )

    def _day_at(self, organisation_id: Any) -> ColumnElement[Any]:
        firm = Organisation.__table__.alias()
        day = cast(func.timezone(firm.c.timezone, self.at), Date)
        return select(day).where(firm.c.id == organisation_id).scalar_subquery()


class KeptSource(Source):
    """Facts about partners as they were kept."""

    def takes_part(self) -> ColumnElement[bool]:
        """Tell which were partners' firms in the programme."""
        return and_(self.c.active, self.c.kind.in_(PARTNER_KINDS))

    def certified(self, ids: Sequence[int]) -> ColumnElement[bool]:
        """Tell who held one of these certifications."""
        return self._good(ids).exists()

    def certifications(self, ids: Sequence[int]) -> ColumnElement[Any]:
        """Return which of these certifications a partner held."""
        held = self._good(ids)
        held = held.order_by(*held.selected_columns)
        return func.array(held.scalar_subquery(), type_=NullType())

    def away(self) -> ColumnElement[bool]:
        """Tell which firms were away on their own calendar day."""
        return func.coalesce(self.c.away_on.bool_op("@>")(self._day()), False)

    def in_group(self, group_id: int) -> ColumnElement[bool]:
        """Tell who belonged to a group."""
        belonged: ColumnElement[bool] = self.c.group_ids.contains([group_id])
        return belonged

    def held(self) -> ColumnElement[int]:
        """Return how many leads a firm held."""
        held: ColumnElement[int] = self.c[facts.HELD]
        return held

    def only_refers(self) -> ColumnElement[bool]:
        """Tell which firms only referred leads."""
        return func.coalesce(self.c.only_refers, False)

    def _good(self, ids: Sequence[int]) -> Select[Any]:
        each = func.unnest(self.c.certification_ids, self.c.certified_until)
        both = each.table_valued(column("id", BigInteger), column("until", Date)).render_derived()
        return select(both.c.id).where(both.c.id.in_(ids), both.c.until >= self._day())

    def _day(self) -> ColumnElement[Any]:
        return cast(func.timezone(self.c.timezone, self.at), Date)


def open_source(table: FromClause, at: datetime) -> Source:
    """Return how to ask `partners.facts.NOW`, or what `as_of` returned, at a moment."""
    return Source(table, at) if table is facts.NOW else KeptSource(table, at)
