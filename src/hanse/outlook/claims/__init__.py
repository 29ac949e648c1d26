"""Fourteen claims about open models, put to the test: `verdict` says what a finding is, `questions` lists the claims in
order, and the other modules hold one test per claim, by subject."""
