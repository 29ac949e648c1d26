"""Voting power: `formula` who has how many votes, `outcome` what they carry, `coalition` who passes and who blocks,
`table` all of that for every kind of decision on every day on which it changes."""
