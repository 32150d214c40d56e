"""Which numbers with decimals the database takes."""

from __future__ import annotations

from decimal import Decimal

MOST_PLACES = 20


def fits(amount: Decimal) -> bool:
    """Say whether a number is one, and is written with few enough places behind the point.

    Something as small as 1e-20000 passes every bound of size, and no column takes it.
    """
    exponent = amount.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -MOST_PLACES
