"""One site's part in a run: train, publish one update, merge, sign; killable at any instruction."""
