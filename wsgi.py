"""What gunicorn and the flask command load."""

import gc

gc.disable()  # nothing that is made while loading is garbage: looking for some costs a sixth of the start

from app import create_app  # noqa: E402
from app.web.collector import leave_what_is_loaded  # noqa: E402
from config import Settings  # noqa: E402

app = create_app(Settings.from_environment())

leave_what_is_loaded()
gc.enable()
