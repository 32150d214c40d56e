"""YAML that people can read, keep and bring back: plain data, written alike every time. No I/O.

Not here: what a file may say (the room whose it is).
"""

from __future__ import annotations

import json
from typing import Any

import yaml
from flask_babel import gettext as _

from portal.core.errors import Invalid

FILE = "file"
"""The place of what is wrong with a file as a whole."""


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # the library has no types
    """Writes lists of plain words in one line, so that a file reads like a table."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)


def _list(dumper: _Dumper, data: list[Any]) -> yaml.SequenceNode:
    plain = all(not isinstance(one, dict | list) for one in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=plain)


_Dumper.add_representer(list, _list)


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads plain data only. Refuses a name that stands twice in one place, and references.

    With references a small file can stand for more than any memory holds.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(
                problem="a reference", problem_mark=self.peek_event().start_mark
            )
        return super().compose_node(parent, index)


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen = set()
    for name, _value in node.value:
        said = name.value if isinstance(name, yaml.ScalarNode) else None
        if said in seen:
            raise yaml.MarkedYAMLError(problem="twice", problem_mark=name.start_mark)
        seen.add(said)
    found: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return found


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def write(data: dict[str, Any]) -> str:
    """Return data as a file; the same data always give the same file."""
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100))


def read(file: bytes) -> Any:
    """Return the data of a file. Raises `Invalid` with a sentence at `FILE`."""
    try:
        # the loader makes nothing but plain data
        data = yaml.load(file.decode("utf-8-sig"), Loader=_Loader)  # noqa: S506
        # half a character can be written in YAML, but neither kept nor shown
        json.dumps(data, ensure_ascii=False, default=str).encode()
    except UnicodeDecodeError as error:
        raise Invalid({FILE: _("This file is no text in UTF-8.")}) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        said = (
            _("Line %(line)d: this name stands there twice.", line=line)
            if error.problem == "twice"
            else _("Line %(line)d can’t be understood: this is no YAML.", line=line)
        )
        raise Invalid({FILE: said}) from error
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        raise Invalid({FILE: _("This file can’t be understood: it is no YAML.")}) from error
    return data
