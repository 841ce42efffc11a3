"""What holds for all tests, whoever runs them and wherever: what is compiled is kept.

Each process that a test starts imports all of Triptych, and each process of pytest all tests. Where
the environment forbids Python to keep what it has compiled, as in many containers, that is done
anew some two hundred times, and is a sixth of the time that `make test` takes.
"""

import os
import sys

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
