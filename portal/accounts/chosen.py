"""What accounts take from the settings of this process."""

from __future__ import annotations

from flask import current_app

from portal.core.config import Settings


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
