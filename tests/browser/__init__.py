"""Pages in a real browser: accessibility, phones, scripts and the lack of them."""
