"""Diagnosis codes that are looked up while they are typed."""

from app.schemas.base import Body
from app.schemas.fields import Text


class CodesQuerySchema(Body):
    """The codes as they stand in the field."""

    conditions = Text(load_default="", blank=True, longest=500)
