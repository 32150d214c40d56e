"""A version of the lead definition as a file that people can read, keep and bring back. Pure."""

from __future__ import annotations

from flask_babel import gettext as _

from portal.core import plain_yaml
from portal.core.errors import Invalid
from portal.core.plain_yaml import FILE
from portal.leads.definition import LONGEST_NAME, Content, from_data, to_data

FORMAT = "firstcome lead definition 1"
MOST_BYTES = 1_000_000


def write(name: str, content: Content) -> str:
    """Return the file of a version; the same version always gives the same file."""
    data = {"format": FORMAT, "name": name, **to_data(content)}
    return plain_yaml.write(data)


def read(file: bytes) -> tuple[str, Content]:
    """Return the name and the content that a file holds.

    Raises `Invalid` with a sentence per place that can't be understood; then nothing of it is used.
    """
    if len(file) > MOST_BYTES:
        raise Invalid({FILE: _("This file is too large to be a lead definition.")})
    data = plain_yaml.read(file)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise Invalid(
            {FILE: _("This is no lead definition: “format: %(format)s” is missing.", format=FORMAT)}
        )
    name = data.pop("name", "")
    data.pop("format")
    if not isinstance(name, str) or len(name) > LONGEST_NAME or "\x00" in name:
        raise Invalid(
            {"name": _("A name of at most %(most)d characters fits here.", most=LONGEST_NAME)}
        )
    return name.strip(), from_data(data)
