"""Reading arguments strictly: JSON only, a body where one is needed, no query parameter that nobody reads."""

import math
from typing import Any, NoReturn

from flask import Request
from marshmallow import Schema, ValidationError
from webargs.core import missing
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from app.domain.errors import ValidationFailed
from app.web import strict_json
from app.web.errors import flat_messages

_JSON = "application/json"


class StrictParser(FlaskParser):
    """Answers 400 with the fields that are wrong, never 422, and never guesses a content type."""

    DEFAULT_VALIDATION_STATUS = 400
    DEFAULT_UNKNOWN_BY_LOCATION = {}  # the schemas decide, and they refuse

    def load_json(self, req: Request, schema: Schema) -> Any:
        """Read the body; none at all is an empty object for schemas of actions that need none."""
        if getattr(schema, "may_be_left_out", False) and not req.get_data(cache=True):
            return {}
        return super().load_json(req, schema)

    def _raw_load_json(self, req: Request) -> Any:
        """Parse the body strictly; an empty one is an error, another content type 415."""
        data = req.get_data(cache=True)
        if not data:
            raise ValidationFailed({}, "A JSON body is required.")
        if len(data) >= (req.max_content_length or math.inf):
            raise RequestEntityTooLarge  # in chunks, without a length: werkzeug cuts it off and says nothing
        if req.mimetype != _JSON or req.mimetype_params.get("charset", "utf-8").lower() != "utf-8":
            raise UnsupportedMediaType
        try:
            body = strict_json.loads(data)
        except strict_json.JsonRefused as refusal:
            raise ValidationFailed({}, str(refusal)) from refusal
        return missing if body is missing else body

    def handle_error(self, error: ValidationError, req: Request, schema: Schema, **_: Any) -> NoReturn:
        """Turn marshmallow's messages into the house's refusal."""
        inner = error.messages
        if isinstance(inner, dict) and len(inner) == 1:
            inner = next(iter(inner.values()))
        raise ValidationFailed(flat_messages(inner))
