"""What happens to customers. Ids and codes only: names and addresses stay where they are."""

from __future__ import annotations

from dataclasses import dataclass

from portal.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerMade(Event):
    """A customer is new; `lead_id` is the lead that it was made of, None by hand."""

    customer_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersExported(Event):
    """Somebody took a copy of the customers; `filters` are the names of what narrowed it.

    Which ones it showed is said by `CustomersShown`.
    """

    kind: str
    filters: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerChanged(Event):
    """`fields` names what changed, never the values."""

    customer_id: int
    user_id: int
    fields: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerLinked(Event):
    """A lead is a customer's; `by_win` where its win found or made that one."""

    customer_id: int
    user_id: int
    by_win: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerUnlinked(Event):
    """A lead is no customer's any more."""

    customer_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRemoved(Event):
    """A customer that a win had made is gone with it; nobody had touched it."""

    customer_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersMerged(Event):
    """`gone_id` turned out to be `customer_id`, who has its leads and addresses now."""

    customer_id: int
    gone_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersShown(Event):
    """Somebody was shown who these customers are."""

    user_id: int
    customer_ids: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerPolicyChanged(Event):
    """`fields` names what the programme wants differently now."""

    user_id: int
    fields: list[str]
