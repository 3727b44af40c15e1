"""Every shape has a name of its own in the document: two of one name would be told apart by a number only."""

import re

from flask.testing import FlaskClient


def test_no_shape_is_named_by_a_number(client: FlaskClient) -> None:
    """`Void1` would say that there are two shapes named Void."""
    names = set(client.get("/api/v1/openapi.json").json["components"]["schemas"])
    twins = [name for name in names if re.fullmatch(r"(.*\D)\d+", name) and re.sub(r"\d+$", "", name) in names]
    assert twins == []
