"""What partners' work of the last twelve months comes to: rates, drawn towards those of all.

A firm that won two of two leads is not twice as good as one that won fifty of a hundred: of two
leads little is known. So a rate is what is to be expected of the firm's next lead: that of all
firms, moved by what the firm did, the further the more it did.

Counting stands in `feedback.rates`, which looks into the rooms above; here it becomes rates, and is
kept where it has changed, because whatever changes is remembered for good (`partners.facts`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import Table, func, select
from sqlalchemy.dialects.postgresql import insert

from portal.core.db import session
from portal.partners.models import Partner, PartnerRates, RateMean

FEW = 5
"""Of fewer firms nothing is said of how much they differ."""
STRENGTH = 10
"""How many leads the mean counts for where so little is known."""
LEAST, MOST = 2, 200
AT_ONCE = 1000
TABLE = cast(Table, PartnerRates.__table__)


class Rate(StrEnum):
    """A share of what a firm did: of closed leads won, deadlines met, offers declined."""

    CONVERSION = "conversion"
    PUNCTUALITY = "punctuality"
    DECLINES = "declines"


@dataclass(frozen=True, slots=True)
class Work:
    """What a firm did within twelve months, counted.

    `closed` are leads that ended in its hands, but for what counts against the source; `met` of
    `deadlines` were kept. Medians and means are None where nothing was measured.
    """

    offers_seen: int = 0
    declined: int = 0
    picked: int = 0
    closed: int = 0
    won: int = 0
    deadlines: int = 0
    met: int = 0
    minutes_to_pick: int | None = None
    minutes_to_contact: int | None = None
    deal_days: float | None = None
    deal_value: float | None = None
    volume: int = 0
    brought: int = 0
    months_brought: int = 0
    campaigns: int = 0

    def of(self, rate: Rate) -> tuple[int, int]:
        """Return how many of how many a rate is made of."""
        match rate:
            case Rate.CONVERSION:
                return self.won, self.closed
            case Rate.PUNCTUALITY:
                return self.met, self.deadlines
            case Rate.DECLINES:
                return self.declined, self.offers_seen


@dataclass(frozen=True, slots=True)
class Mean:
    """The rate of all firms, and for how many cases it counts in the rate of one (`strength`)."""

    mean: float
    strength: int
    firms: int


def mean_of(counted: Iterable[tuple[int, int]]) -> Mean | None:
    """Return what is known of the rates of all firms, each given as (hits, cases); None: nothing.

    The firms' true rates are taken to follow a Beta distribution with mean m and strength s = a + b
    (the prior). m is the share of all cases; s comes from how much the firms' rates differ more
    than chance makes them (method of moments for the beta-binomial: J. C. Kleinman, "Proportions
    with extraneous variance: single and independent samples", JASA 68, 1973, weights n). With
    S = sum n (p - m)^2, N = sum n and F firms:

        g = (S / (m (1 - m)) - (F - 1)) / (N - sum n^2 / N - (F - 1)),    s = 1 / g - 1

    Firms that don't differ more than chance makes them give the greatest strength. Both are
    rounded, the mean to whole per cent, so that a firm's rate changes by what the firm does and
    not a little each night by what all others do.
    """
    cases = [(hits, of) for hits, of in counted if of > 0]
    if not cases:
        return None
    total = sum(of for _hits, of in cases)
    mean = sum(hits for hits, _of in cases) / total
    firms, strength = len(cases), float(STRENGTH)
    chance = mean * (1 - mean)
    spread = total - sum(of * of for _hits, of in cases) / total - (firms - 1)
    if firms >= FEW and chance > 0 and spread > 0:
        squares = sum(of * (hits / of - mean) ** 2 for hits, of in cases)
        more = (squares / chance - (firms - 1)) / spread
        strength = 1 / more - 1 if more > 0 else MOST
    return Mean(round(mean, 2), round(min(max(strength, LEAST), MOST)), firms)


def shrink(hits: int, of: int, known: Mean | None) -> float | None:
    """Return the rate to expect of a firm that had `hits` in `of` cases; None: nothing is known.

    The mean of the Beta posterior, (hits + m s) / (of + s): between the raw rate and the mean, the
    nearer to the raw rate the more cases there were (B. Efron, C. Morris, "Stein's Paradox in
    Statistics", Scientific American 236, 1977; G. Casella, "An Introduction to Empirical Bayes Data
    Analysis", The American Statistician 39, 1985).
    """
    if known is None:
        return None
    return (hits + known.mean * known.strength) / (of + known.strength)


def read_means() -> Mapping[Rate, Mean]:
    """Return what was last known of the rates of all firms."""
    return {
        Rate(row.rate): Mean(row.mean, row.strength, row.firms)
        for row in session().scalars(select(RateMean))
    }


def find_rates(organisation_id: int) -> PartnerRates | None:
    """Return what a partner's work comes to; None before it was counted."""
    return session().get(PartnerRates, organisation_id)


def list_partner_ids() -> Sequence[int]:
    """Return all partners, in the order of their ids."""
    ids = select(Partner.organisation_id).order_by(Partner.organisation_id)
    return session().scalars(ids).all()


def lock() -> None:
    """Have one count at a time until the transaction ends, so that the latest count stands."""
    session().execute(select(func.pg_advisory_xact_lock(func.hashtext("partner_rates"))))


def keep_means(works: Collection[Work], at: datetime) -> Mapping[Rate, Mean]:
    """Keep what all firms' rates come to, and return it."""
    for rate in Rate:
        known = mean_of(work.of(rate) for work in works)
        if known is not None:
            values = {"mean": known.mean, "strength": known.strength, "firms": known.firms}
            session().merge(RateMean(rate=rate, at=at, **values))
    session().flush()
    return read_means()


def keep(works: Mapping[int, Work], means: Mapping[Rate, Mean], at: datetime) -> int:
    """Keep what these firms' work comes to, where it has changed. Return of how many it has."""
    changed = 0
    ids = sorted(works)
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        before = {
            row.organisation_id: dict(row._mapping)
            for row in session().execute(select(TABLE).where(TABLE.c.organisation_id.in_(some)))
        }
        rows = [{"organisation_id": one, "at": at, **_values(works[one], means)} for one in some]
        rows = [row for row in rows if _says_else(before.get(row["organisation_id"]), row)]
        changed += len(rows)
        if rows:
            adding = insert(TABLE)
            new = {name: adding.excluded[name] for name in rows[0] if name != "organisation_id"}
            session().execute(
                adding.on_conflict_do_update(index_elements=["organisation_id"], set_=new), rows
            )
    session().expire_all()
    return changed


def _values(work: Work, means: Mapping[Rate, Mean]) -> dict[str, Any]:
    shares = {rate.value: shrink(*work.of(rate), means.get(rate)) for rate in Rate}
    return {
        **{name: getattr(work, name) for name in Work.__slots__},
        **{name: None if share is None else round(share, 4) for name, share in shares.items()},
    }


def _says_else(before: Mapping[str, Any] | None, row: Mapping[str, Any]) -> bool:
    return before is None or any(before[name] != row[name] for name in row if name != "at")
