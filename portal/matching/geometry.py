"""Distances on the globe."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

EARTH_KM = 6371.0088


def distance_km(
    latitude: float, longitude: float, other_latitude: float, other_longitude: float
) -> float:
    """Return the great-circle distance in km (haversine); degrees in."""
    north = radians(other_latitude - latitude) / 2
    east = radians(other_longitude - longitude) / 2
    part = sin(north) ** 2 + cos(radians(latitude)) * cos(radians(other_latitude)) * sin(east) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(part)))
