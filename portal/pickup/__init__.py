"""The first-come claim, the gate, give back. Owns `Pickup`.

Offers `operations.claim`, `operations.give_back`, `queries.gate_of`, `rules.may_pick`; enters
offers and everything below.
"""
