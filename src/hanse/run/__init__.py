"""Joint training of one run: update codecs, the exact merge, and the state whose digest members agree on."""
