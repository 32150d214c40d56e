"""People and firms as administrators see them: the list, who leaves or moves, the tree of firms.

Offers: pages only. What they do stands in accounts, partners and pickup, which this room enters.
"""
