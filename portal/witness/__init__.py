"""The customer as witness: told who calls and by when, asked once whether anybody did.

Off unless the deadline policy of a pickup says otherwise. What the customer says is kept beside
what the holder says, and never in its place.
"""
