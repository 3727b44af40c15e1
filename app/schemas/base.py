"""The manners of all shapes: unknown names are refused, lists come in one envelope, errors in another."""

from collections.abc import Callable
from functools import cache, cached_property
from operator import attrgetter
from typing import Any

from marshmallow import RAISE, Schema, fields, post_load, validate

from app.crypto.damage import tolerated
from app.domain.errors import IntegrityViolated
from app.domain.paging import DEFAULT_PAGE_SIZE, MAX_PAGE, MAX_PAGE_SIZE, PageRequest
from app.schemas.fields import Day, Instant, in_utc

_AS_THEY_ARE = (fields.String, fields.Integer, fields.Boolean, fields.UUID, fields.Dict, fields.Raw, Day)
Reader = Callable[[Any], Any]


class Row(Schema):
    """An answer made from a row or a dataclass, by the shortest path: a page reads hundreds of attributes.

    Each field is read as its dotted name says. What JSON writes by itself (texts, numbers, ids) goes as it is, times
    are brought to UTC first, and a field of any other kind is asked as marshmallow would.
    """

    def dump(self, obj: Any, *, many: bool | None = None) -> Any:
        """Return the answer, or a list of answers."""
        if self.many if many is None else many:
            return [self._answer(one) for one in obj]
        return self._answer(obj)

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Read an attribute, or one of a part by its dotted name."""
        return _getter(attr)(obj)

    def _answer(self, obj: Any) -> dict[str, Any]:
        return {name: read(obj) for name, read in self._readers}

    @cached_property
    def _readers(self) -> list[tuple[str, Reader]]:
        return [(field.data_key or name, self._reader(name, field)) for name, field in self.dump_fields.items()]

    def _reader(self, name: str, field: fields.Field[Any]) -> Reader:
        if type(field) in _AS_THEY_ARE:
            return _getter(field.attribute or name)
        if type(field) is Instant:
            moment_of = _getter(field.attribute or name)
            return lambda obj: in_utc(moment_of(obj))
        return lambda obj: field.serialize(name, obj, accessor=self.get_attribute)


@cache
def _getter(path: str) -> Callable[[object], Any]:
    return attrgetter(path)


class Body(Schema):
    """A request body: what it does not know, it refuses by name."""

    class Meta:
        unknown = RAISE


class NothingSchema(Body):
    """An action that needs no word; the body may be left out."""

    may_be_left_out = True


class QueryNumber(fields.Integer):
    """A whole number in a query string: plain digits only."""

    longest = 9

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not (isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= self.longest):
            raise self.make_error("invalid")
        return int(value)


class UserIdQuery(QueryNumber):
    """A user's id in a query string."""

    longest = 10


class PageQuery(Body):
    """Which page of a list."""

    page = QueryNumber(
        load_default=1, validate=validate.Range(1, MAX_PAGE), metadata={"description": "Pages count from 1."}
    )
    page_size = QueryNumber(load_default=DEFAULT_PAGE_SIZE, validate=validate.Range(1, MAX_PAGE_SIZE))


class FileQuery(Body):
    """How a CSV file is wanted; `csv_response` writes it so."""

    bom = fields.Boolean(
        truthy={"true"},
        falsy={"false"},
        metadata={"description": "Begin with a byte order mark, by which Excel knows the file for UTF-8."},
    )


def contents_of(query: dict[str, Any]) -> dict[str, Any]:
    """Return what a file's query asks for, without how the file is written."""
    return {name: value for name, value in query.items() if name != "bom"}


def paging_of(query: dict[str, Any]) -> PageRequest:
    """Take the paging out of a loaded query."""
    return PageRequest(query.pop("page"), query.pop("page_size"))


class PageOnlySchema(PageQuery):
    """Which page of a list that has no filters."""

    @post_load
    def _paging(self, data: dict[str, Any], **_: Any) -> PageRequest:
        return paging_of(data)


class Items(fields.List[Any]):
    """The items of a page. One with a damaged value does not hide the others: the value comes as a mark, or null."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> list[Any] | None:
        try:
            return super()._serialize(value, attr, obj, **kwargs)
        except IntegrityViolated:
            with tolerated():
                return super()._serialize(value, attr, obj, **kwargs)


def page_of(item: type[Schema]) -> type[Schema]:
    """Return the envelope of a page of such items."""
    return type(
        f"{item.__name__.removesuffix('Schema')}Page",
        (Schema,),
        {
            "count": fields.Integer(required=True, metadata={"description": "Items over all pages."}),
            "next": fields.Url(required=True, allow_none=True),
            "previous": fields.Url(required=True, allow_none=True),
            "results": Items(fields.Nested(item), required=True),
        },
    )
