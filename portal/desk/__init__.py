"""Pages that look into several rooms: this morning, mine, the lead dossier, the board, the jobs.

Reads only: every action belongs to the room that does it. Enters every room below.
"""
