"""Benches: how fast this machine is with this tree, from outside. `make bench` runs `bench.first`.

They look at the house as its users do, and are imported by nothing. They assert that answers are
right, never that they are quick.
"""
