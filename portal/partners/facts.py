"""What is known of partners, in one line each: now, and as it was when a round was matched.

Both have the same columns, so that one query reads either. `partner_facts` is a view on profile,
firm, certifications, absences, groups, rates and referring; `partner_facts_kept` has what it said
before. How many leads a firm holds changes with each pick, so that is kept apart, in
`partner_held_kept`; the entries of both are numbered in one line.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    FromClause,
    MetaData,
    Table,
    Text,
    bindparam,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import (
    ARRAY,
    DATEMULTIRANGE,
    INT8MULTIRANGE,
    JSONB,
    Range,
)
from sqlalchemy.types import Boolean, DateTime, Float, Integer

from portal.core.db import session

__all__ = ["LAST_KEPT", "NOW", "UNSEEN", "as_of", "go_on", "last_kept", "lay_out"]

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
    Column("only_refers", Boolean),
)
HELD = "held"
"""How many leads a firm held: what `as_of` and `lay_out` have beside the columns of `NOW`."""

LAST_KEPT = (
    text(
        """
        SELECT greatest((SELECT max(id) FROM partner_facts_kept),
                        (SELECT max(id) FROM partner_held_kept), 0) AS upto
        """
    )
    .columns(upto=BigInteger)
    .scalar_subquery()
)
"""The number of the last entry that the reading statement sees; 0 where there is none."""

# what a transaction under way has written is numbered, but nobody sees it before it is done
UNSEEN = (
    text(
        """
        SELECT coalesce(range_agg(int8range(before, id, '()')), '{}') AS unseen
        FROM (
          SELECT id, lag(id) OVER (ORDER BY id) AS before
          FROM (
            (SELECT id FROM partner_facts_kept ORDER BY id DESC LIMIT 500)
            UNION ALL
            (SELECT id FROM partner_held_kept ORDER BY id DESC LIMIT 500)
            ORDER BY id DESC LIMIT 500
          ) AS latest
        ) AS pairs
        WHERE id - before > 1
        """
    )
    .columns(unseen=INT8MULTIRANGE)
    .scalar_subquery()
)
"""The numbers before the last entry that the reading statement doesn't see, and others may later.

Looked for among the last 500 entries that it sees.
"""


def last_kept() -> int:
    """Return the number of the last entry that was kept, 0 where there is none."""
    return session().scalar(select(LAST_KEPT)) or 0


_AS_OF = """
    SELECT known.*, coalesce((
      SELECT then_held.held FROM partner_held_kept AS then_held
      WHERE then_held.organisation_id = kept.organisation_id
        AND then_held.id <= :held_upto AND NOT then_held.id <@ :unseen
      ORDER BY then_held.id DESC LIMIT 1), 0) AS held
    FROM (
      SELECT DISTINCT ON (organisation_id) organisation_id, facts FROM partner_facts_kept
      WHERE id <= :upto AND NOT id <@ :unseen {of_whom}
      ORDER BY organisation_id, id DESC
    ) AS kept, LATERAL jsonb_populate_record(NULL::partner_facts, kept.facts) AS known
"""
_UNSEEN = bindparam("unseen", type_=INT8MULTIRANGE)
AS_OF = text(_AS_OF.format(of_whom="")).bindparams(_UNSEEN)
AS_OF_SOME = text(_AS_OF.format(of_whom="AND organisation_id = ANY(:firms)")).bindparams(
    _UNSEEN, bindparam("firms", type_=NUMBERS)
)

LAY_OUT = text(f"CREATE TEMP TABLE partner_facts_then ON COMMIT DROP AS {AS_OF.text}").bindparams(
    bindparam("unseen", [], type_=INT8MULTIRANGE)
)


def as_of(
    upto: int, unseen: Sequence[Range[int]] = (), firms: Collection[int] | None = None
) -> FromClause:
    """Return what was known of every partner up to an entry, or of these `firms` alone.

    It has the columns of `NOW` and `held`. `unseen` are entries before that one which were not to
    be seen yet. What is known only since that entry is NULL in it.
    """
    # who is asked for stands inside: from outside nothing gets into what is read out of JSON
    asked = AS_OF if firms is None else AS_OF_SOME.bindparams(firms=list(firms))
    columns = [Column(column.name, column.type) for column in NOW.columns]
    return (
        asked.bindparams(upto=upto, held_upto=upto, unseen=list(unseen))
        .columns(*columns, Column(HELD, Integer))
        .subquery("partner_facts")
    )


def lay_out(upto: int, held_upto: int | None = None) -> FromClause:
    """Return the same for who asks it of many leads: written out once, until the transaction ends.

    What firms held is that of another entry where `held_upto` names one. It stands in for what was
    laid out before. Only where the transaction may write.
    """
    session().execute(text("DROP TABLE IF EXISTS partner_facts_then"))
    held = upto if held_upto is None else held_upto
    session().execute(LAY_OUT, {"upto": upto, "held_upto": held})
    session().execute(text("ANALYZE partner_facts_then"))
    then = NOW.to_metadata(MetaData(), name="partner_facts_then")
    then.append_column(Column(HELD, Integer))
    return then.alias("partner_facts")


GO_ON = text(
    """
    UPDATE partner_facts_then AS laid_out SET held = since.held
    FROM (
      SELECT DISTINCT ON (organisation_id) organisation_id, held FROM partner_held_kept
      WHERE id > :before AND id <= :upto ORDER BY organisation_id, id DESC
    ) AS since
    WHERE since.organisation_id = laid_out.organisation_id
    """
)


def go_on(before: int, upto: int) -> None:
    """Have what is laid out say what firms held at an entry, where it said that of one before."""
    session().execute(GO_ON, {"before": before, "upto": upto})
