"""`hanse family`: several sizes of one model from one plan, each trained alone or taught, each in the formats that are served."""
