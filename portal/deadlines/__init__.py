"""Deadline policies, their versions, and due-date arithmetic. No reminders: those are others'.

A policy says what is expected and when. Its rows never change what they say: a change is the next
version. Offers `queries.ruling` (which one holds for a lead), `telling` (what is expected, in
words), `operations.save`; enters catalog, timeline, accounts, web and core.
"""
