"""What people look at while something runs."""
