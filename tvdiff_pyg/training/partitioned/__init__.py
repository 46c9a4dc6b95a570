"""Training in parts: each process holds the rows of its users, and all items."""
