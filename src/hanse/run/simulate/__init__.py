"""The simulator: N sites, bucket, clock and network as one seeded, single-threaded program over the real agent."""
