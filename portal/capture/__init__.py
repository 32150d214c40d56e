"""Ways in for an inquiry: taken down by hand, brought by a partner, by another system, by a folder.

Offers `rows.read_row`, what a delivered inquiry is, and `operations.take_rows`, which takes many of
them. All of them call `duplicates.entrance.take_in`. Enters imports and everything below.
"""
