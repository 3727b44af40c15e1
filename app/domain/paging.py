"""Slices of long lists."""

from dataclasses import dataclass
from typing import Generic, TypeVar

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
