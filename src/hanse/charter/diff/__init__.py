"""Two charters side by side: `compare` finds what changes for whom, `words` says it, `rights` is what a member may do."""
