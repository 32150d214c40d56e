"""Forms of the portal, filled in on a page behind a link; these pages set no cookie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from werkzeug.datastructures import MultiDict

from portal.core.errors import Invalid
from portal.inbound.page import Reader
from portal.web.forms import Form

AnyForm = TypeVar("AnyForm", bound=Form)
NO_COOKIE: Mapping[str, Any] = {"meta": {"csrf": False}}
"""With it the link's own sign stands in for the cookie's."""


def fresh(form: type[AnyForm], **held: Any) -> AnyForm:
    """Return a form in which nothing was typed yet, filled with what holds."""
    return form(formdata=None, **NO_COOKIE, **held)


def fill(form: type[AnyForm], reader: Reader) -> AnyForm:
    """Return a form as it was typed, with what was refused at its fields."""
    filled = form(formdata=MultiDict(reader.typed), **NO_COOKIE)
    filled.take(Invalid(dict(reader.errors)))
    return filled


def check(form: Form) -> None:
    """Raise `Invalid` by field for what can't be read in a form."""
    if not form.validate():
        raise Invalid({name: str(errors[0]) for name, errors in form.errors.items() if name})
