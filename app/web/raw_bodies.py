"""Bodies that are taken to the byte, whatever they are: webhooks."""

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from app.services.gateways.receiving import Incoming


def incoming(path_secret: str) -> Incoming:
    """Return the request as it came; raises RequestEntityTooLarge."""
    raw = request.get_data(cache=False, parse_form_data=False)
    limit = request.max_content_length
    if limit is not None and len(raw) >= limit:  # in chunks, without a length: werkzeug cuts it off and says nothing
        raise RequestEntityTooLarge
    return Incoming(
        raw, request.content_type or "", dict(request.headers.items()), request.remote_addr or "", path_secret
    )
