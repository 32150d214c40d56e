"""What is known of partners, in one line each: now, and as it was when a round was matched.

Both have the same columns, so that one query reads either. `partner_facts` is a view on profile,
firm, certifications, absences, groups and rates; `partner_facts_kept` has what it said before.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    FromClause,
    MetaData,
    Table,
    Text,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DATEMULTIRANGE, JSONB
from sqlalchemy.types import Boolean, DateTime, Float, Integer

from portal.core.db import session
from portal.partners.models import PartnerFactsKept

__all__ = ["NOW", "as_of", "last_kept", "lay_out"]

NUMBERS = ARRAY(BigInteger)

NOW = Table(
    "partner_facts",
    # a view: not among the tables that migrations are compared with
    MetaData(),
    Column("organisation_id", BigInteger, primary_key=True),
    Column("kind", Text),
    Column("active", Boolean),
    Column("parent_id", BigInteger),
    Column("timezone", Text),
    Column("joined_at", DateTime(timezone=True)),
    Column("country", Text),
    Column("subdivision", Text),
    Column("latitude", Float(53)),
    Column("longitude", Float(53)),
    Column("territories", ARRAY(Text)),
    Column("level_id", BigInteger),
    Column("brand_ids", NUMBERS),
    Column("product_ids", NUMBERS),
    Column("specialisation_ids", NUMBERS),
    Column("industry_ids", NUMBERS),
    Column("size_band_ids", NUMBERS),
    Column("languages", ARRAY(Text)),
    Column("people", Integer),
    Column("capacity", Integer),
    Column("suspended_until", DateTime(timezone=True)),
    Column("custom", JSONB),
    Column("certification_ids", NUMBERS),
    Column("certified_until", ARRAY(Date)),
    Column("away_on", DATEMULTIRANGE),
    Column("group_ids", NUMBERS),
    Column("offers_seen", Integer),
    Column("picked", Integer),
    Column("closed", Integer),
    Column("conversion", Float(53)),
    Column("punctuality", Float(53)),
    Column("declines", Float(53)),
    Column("minutes_to_pick", Integer),
    Column("minutes_to_contact", Integer),
    Column("deal_days", Float(53)),
    Column("deal_value", Float(53)),
    Column("volume", BigInteger),
    Column("brought", Integer),
    Column("months_brought", Integer),
    Column("campaigns", Integer),
)


def last_kept() -> int:
    """Return the number of the last entry that was kept, 0 where there is none."""
    return session().scalar(select(func.coalesce(func.max(PartnerFactsKept.id), 0))) or 0


AS_OF = text(
    """
    SELECT known.* FROM (
      SELECT DISTINCT ON (organisation_id) facts FROM partner_facts_kept WHERE id <= :upto
      ORDER BY organisation_id, id DESC
    ) AS kept, LATERAL jsonb_populate_record(NULL::partner_facts, kept.facts) AS known
    """
)


LAY_OUT = text(f"CREATE TEMP TABLE partner_facts_then ON COMMIT DROP AS {AS_OF.text}")


def as_of(upto: int) -> FromClause:
    """Return what was known of every partner up to an entry, with the columns of `NOW`.

    What is known only since that entry is NULL in it.
    """
    columns = [Column(column.name, column.type) for column in NOW.columns]
    return AS_OF.bindparams(upto=upto).columns(*columns).subquery("partner_facts")


def lay_out(upto: int) -> FromClause:
    """Return the same for who asks it of many leads: written out once, until the transaction ends.

    It stands in for what was laid out before. Only where the transaction may write.
    """
    session().execute(text("DROP TABLE IF EXISTS partner_facts_then"))
    session().execute(LAY_OUT, {"upto": upto})
    session().execute(text("ANALYZE partner_facts_then"))
    return NOW.to_metadata(MetaData(), name="partner_facts_then").alias("partner_facts")
