"""What a browser would send of a page: the fields of its forms as they are shown."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any


class Shown(HTMLParser):
    """The forms of a page by their action: each field with what is typed, ticked or chosen."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, list[str]]] = {}
        self._fields: dict[str, list[str]] = {}
        self._select, self._first, self._text = "", False, ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        said = dict(attrs)
        name = said.get("name", "")
        if tag == "form":
            self._fields = self.forms.setdefault(said.get("action", ""), {})
        elif tag == "input" and name:
            boxes = said.get("type") in ("checkbox", "radio")
            if said.get("type") not in ("submit", "file") and ("checked" in said or not boxes):
                self._fields.setdefault(name, []).append(said.get("value", "on"))
        elif tag == "select":
            self._select, self._first = name, True
        elif tag == "option" and self._select and (self._first or "selected" in said):
            # of a list without a choice the first one is sent
            self._first = False
            self._fields[self._select] = [said.get("value", "")]
        elif tag == "textarea":
            self._text = name
            self._fields[name] = [""]

    def handle_data(self, data: str) -> None:
        if self._text:
            self._fields[self._text][0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._fields = {}
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._text = ""


def as_shown(html: str, action: str) -> dict[str, list[str]]:
    """Return what pressing the button of a form sends where nobody changed anything."""
    forms = Shown(html).forms
    # one without an action is sent to the page's own address
    return forms.get(action) or forms[""]
