"""Self-contained HTML pages: what every page of this package is drawn with, whatever it is about.

`svg` draws, `table` folds figures away, `values` reads untrusted results, `document` puts a page around its parts in the
looks of `stylesheet`. Nothing here knows a stage, fetches anything or runs a script in the reader's browser.
"""
