"""The HTTP kit: commit boundary, access marks, error pages, htmx, forms, filters, paging, assets.

Knows no word of the trade; enters core only.
"""
