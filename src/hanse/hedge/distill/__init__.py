"""`hanse distill`: a large model teaches a small one, through its distributions or through its answers, and the report says what
that was worth against the same student alone."""
