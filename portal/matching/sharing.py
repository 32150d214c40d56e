"""What sharing out leads is called where it is kept: why a firm was left out, or was drawn."""

from __future__ import annotations

from enum import StrEnum

DRAWN = "drawn"
"""The kind of the part that says of a partner that his place was drawn; it has no points."""


class Share(StrEnum):
    """Why a firm that suits is left out. Codes as `OfferRound.excluded` counts them."""

    OFFERS = "cap.offers"
    HOT_OFFERS = "cap.hot_offers"
    PICKS = "cap.picks"
    HOT_PICKS = "cap.hot_picks"
    COOLING = "cooling"
