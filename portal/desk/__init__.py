"""Pages that look into several rooms: this morning, mine, the lead dossier, the board, the jobs,
lists of leads, the search.

Reads only: every action belongs to the room that does it. Its own are the views that people save of
the lists. Enters every room below.
"""
