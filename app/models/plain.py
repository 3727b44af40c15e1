"""Rows read to be shown or counted, not to be changed: plain attributes, typed as their model.

A mapped instance watches each of its attributes, which on the hot paths costs more than the question to the database.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, cast

from app.crypto.columns import Encrypted

Model = TypeVar("Model")


def plain(model: type[Model], values: Mapping[str, Any]) -> Model:
    """Return an object with these attributes and the model's own properties; reading any other is an error."""
    row = object.__new__(_class_of(cast("Any", model)))
    row.__dict__.update(values)
    return cast(Model, row)


@cache
def _class_of(model: type[Any]) -> type[Any]:
    kept = {
        name: value
        for of in reversed(model.__mro__)
        for name, value in vars(of).items()
        if name == "__tablename__" or isinstance(value, property | Encrypted)
    }
    return type(f"Plain{model.__name__}", (), kept)
