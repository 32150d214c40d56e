"""The ground the house stands on: settings, database, clock, errors, events, jobs, tokens, mail.

It knows no word of the trade and enters no other room.
"""
