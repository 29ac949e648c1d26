"""The hedge's record: every step from the locked model to the file that is served, signed and chained, in one file.

`made` says what a step is, `line` how it is printed, `chain` reads and appends, `status` draws what follows from it.
"""
