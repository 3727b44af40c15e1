"""What gunicorn and the flask command load."""

import gc

gc.disable()  # nothing that is made while loading is garbage: looking for some costs a sixth of the start

from app import create_app  # noqa: E402
from config import Settings  # noqa: E402

app = create_app(Settings.from_environment())

# What was loaded stays: the collector need not look at it again, nor be called as often.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 50)
gc.enable()
