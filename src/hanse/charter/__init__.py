"""The agreement as data: who the members are, which keys speak for them, how many must agree."""
