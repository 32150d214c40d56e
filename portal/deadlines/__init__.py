"""Deadline policies, their versions, and due-date arithmetic. No reminders: those are others'.

A policy says what is expected and when. Its rows never change what they say: a change is the next
version. Offers `queries.ruling` (which one holds for a type of lead), `operations.save`,
`rules.next_due`; enters catalog, accounts, web and core.
"""
