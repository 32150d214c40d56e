"""Plain functions that make things for tests, through the operations wherever there is one.

Every function works in the open application context, or opens one of the application that
`work_in` named; what it returns is detached and may be read afterwards.
"""

from __future__ import annotations

from flask import Flask

_app: Flask | None = None


def work_in(app: Flask | None) -> None:
    """Name the application whose database the factories write to."""
    global _app
    _app = app
