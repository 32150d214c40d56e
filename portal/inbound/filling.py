"""Forms of the portal, filled in on a page behind a link."""

from __future__ import annotations

from typing import TypeVar

from werkzeug.datastructures import MultiDict

from portal.core.errors import Invalid
from portal.inbound.page import Reader
from portal.web.forms import Form

AnyForm = TypeVar("AnyForm", bound=Form)


def fill(form: type[AnyForm], reader: Reader) -> AnyForm:
    """Return a form as it was typed, with what was refused at its fields.

    The link's own sign stands in for the cookie's.
    """
    filled = form(formdata=MultiDict(reader.typed), meta={"csrf": False})
    filled.take(Invalid(dict(reader.errors)))
    return filled


def check(form: Form) -> None:
    """Raise `Invalid` by field for what can't be read in a form."""
    if not form.validate():
        raise Invalid({name: str(errors[0]) for name, errors in form.errors.items() if name})
