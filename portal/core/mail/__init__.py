"""Outgoing mail: the row, rendering (one directory per kind), the drain, transport, the catcher."""
