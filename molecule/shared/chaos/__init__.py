"""Random faults: a table of them, sequences that a seed draws, clients that number their requests, and what must always
be true."""
