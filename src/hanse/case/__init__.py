"""The case: should we found this consortium, on these terms? Members, rivals and chance, simulated from a charter."""
