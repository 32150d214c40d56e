"""What the columns of a list mean: kept with the import, and for the next list of its source."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from portal.core.db import session
from portal.imports.models import KnownMapping, LeadImport
from portal.leads import own_fields
from portal.leads.intake.mapping import (
    FIELD_NAMES,
    Mapping,
    Proposal,
    TargetField,
    dump_mapping,
    load_mapping,
    own_targets,
    propose_mapping,
)


def mapping_data(mapping: Mapping) -> dict[str, Any]:
    """Return a mapping as it is kept."""
    data: dict[str, Any] = json.loads(dump_mapping(mapping))
    return data


def mapping_of(row: LeadImport) -> Mapping:
    """Return the mapping that is kept with an import, its columns in the file's order."""
    kept = load_mapping(json.dumps(row.mapping))
    ordered = {name: kept.columns[name] for name in headers_of(row) if name in kept.columns}
    return Mapping(kept.source_system, ordered, kept.constants)


def headers_of(row: LeadImport) -> list[str]:
    """Return the file's headers in order."""
    return [str(name) for name in row.report.get("headers", [])]


def propose(headers: Sequence[str]) -> Proposal:
    """Return what the columns mean: as the last list with the same headers, or by their names."""
    known = find_mappings(headers)
    own = own_targets(own_fields.in_use())
    if known:
        return Proposal(mapping_from(known[0], headers, own), known[0].source_system)
    return propose_mapping(headers, own=own)


def find_mappings(headers: Sequence[str]) -> Sequence[KnownMapping]:
    """Return the kept mappings of lists with the same headers, the last used first."""
    return (
        session()
        .scalars(
            select(KnownMapping)
            .where(KnownMapping.headers_key == headers_key(headers))
            .order_by(KnownMapping.used_at.desc(), KnownMapping.id.desc())
            .limit(10)
        )
        .all()
    )


def mapping_from(
    known: KnownMapping, headers: Sequence[str], own: Iterable[TargetField]
) -> Mapping:
    """Return a kept mapping for these headers, without what no longer is a field."""
    fields = FIELD_NAMES | {target.name for target in own}
    columns = {name: known.columns[name] for name in headers if known.columns.get(name) in fields}
    constants = {name: str(value) for name, value in known.constants.items()}
    return Mapping(known.source_system, columns, constants)


def keep_mapping(mapping: Mapping, headers: Sequence[str], by: int | None, at: datetime) -> None:
    """Keep what a source's columns mean for its next list with the same headers."""
    values = {
        "columns": mapping.columns,
        "constants": mapping.constants,
        "used_at": at,
        "used_by": by,
    }
    statement = insert(KnownMapping).values(
        source_system=mapping.source_system.strip(), headers_key=headers_key(headers), **values
    )
    session().execute(
        statement.on_conflict_do_update(
            index_elements=["headers_key", "source_system"], set_=values
        )
    )


def headers_key(headers: Sequence[str]) -> str:
    """Return by what headers are known again, in whatever order they stand."""
    said = "\x1f".join(sorted(headers))
    return hashlib.blake2b(said.encode("utf-8", "replace"), digest_size=16).hexdigest()
