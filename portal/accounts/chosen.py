"""What accounts take from the settings of this process."""

from __future__ import annotations

from collections.abc import Collection

from flask import current_app

from portal.accounts.permissions import ROLES
from portal.core.config import Settings, SettingsMissing


def settings() -> Settings:
    """Return the settings of the running application."""
    found: Settings = current_app.config["SETTINGS"]
    return found


def programme_name() -> str:
    """Return what the programme calls itself."""
    return settings().programme_name


def secret_key() -> str:
    """Return what keys are made of."""
    return settings().secret_key


def demands_second_step(roles: Collection[str]) -> bool:
    """Tell whether somebody with these roles must have a second step at sign-in."""
    demanded = settings().second_step_roles
    return "all" in demanded or not demanded.isdisjoint(roles)


def check_settings(found: Settings) -> None:
    """Raise `SettingsMissing` for a setting that says nothing here: a typo must not open a door."""
    unknown = found.second_step_roles - ROLES.keys() - {"all"}
    if unknown:
        raise SettingsMissing(
            f"SECOND_STEP_ROLES names no role of ours: {', '.join(sorted(unknown))}. "
            f"There are: all, {', '.join(ROLES)}."
        )
