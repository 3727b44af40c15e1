"""The rule sets that the product ships: data to be read, the same for every practice."""

from app.domain.billing.rules import RuleSet, rule_book
from app.domain.paging import Page, PageRequest


def list_rule_sets(paging: PageRequest) -> Page[RuleSet]:
    """Return one page of the rule sets, the newest first."""
    sets = sorted(rule_book().sets, key=lambda one: one.effective_from, reverse=True)
    return Page(sets[paging.offset :][: paging.page_size], len(sets), paging)
