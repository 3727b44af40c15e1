"""Slices of long lists."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any, Generic, TypeVar

T = TypeVar("T")

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 100
MAX_PAGE = 1_000_000


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which slice is wanted: pages count from 1."""

    page: int = 1
    page_size: int = DEFAULT_PAGE_SIZE

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.page - 1) * self.page_size


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One slice and how long the whole list is."""

    items: list[T]
    count: int
    request: PageRequest

    @property
    def has_next(self) -> bool:
        """Say whether rows follow this page."""
        return self.request.offset + len(self.items) < self.count and bool(self.items)


class Counted(Generic[T]):
    """Things that are counted as they pass by."""

    def __init__(self, things: Iterable[T]) -> None:
        self._things = things
        self.count = 0

    def __iter__(self) -> Iterator[T]:
        for thing in self._things:
            self.count += 1
            yield thing


def sorted_page(ranks: Iterable[Any], paging: PageRequest) -> Page[Any]:
    """Return one page of things that come in any order, sorted; no more are kept than the page and those before it."""
    passing = Counted(ranks)
    first = nsmallest(paging.offset + paging.page_size, passing)
    return Page(first[paging.offset :], passing.count, paging)


def page_in_order(things: Iterable[T], paging: PageRequest) -> Page[T]:
    """Return one page of things that come in their order; none is kept but the page's."""
    passing, until = Counted(things), paging.offset + paging.page_size
    kept = [thing for number, thing in enumerate(passing) if paging.offset <= number < until]
    return Page(kept, passing.count, paging)
