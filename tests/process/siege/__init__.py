"""Attacks on a server that runs: clients that do what no library would do, byte by byte (`lines`),
and what must hold of the server meanwhile and afterwards (`target`).
"""
