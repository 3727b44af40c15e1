"""The pages of payers and their policies by date, and of the rules that policies bend."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query
from app.admin.forms import NO_REFUSAL, Refusal, attempt, filled_in, listed, ticked, version_seen, whole
from app.domain.billing.policy import MODES, PolicySettings
from app.domain.paging import MAX_PAGE_SIZE, PageRequest
from app.domain.roles import Permission
from app.schemas.base import PageOnlySchema
from app.schemas.billing_books import (
    NewPayerSchema,
    NewPolicySchema,
    PayerChangesSchema,
    PolicyChangesSchema,
)
from app.services.billing.payers import create_payer, get_payer, list_payers, update_payer
from app.services.billing.policies import create_policy, get_policy, list_policies, update_policy
from app.services.billing.rule_sets import list_rule_sets
from app.web.security import actor

_ALL = PageRequest(page_size=MAX_PAGE_SIZE)
_FLAGS = (
    "require_period_closed", "one_practitioner_all_rpm", "exclude_em_day_for_99091", "exclude_em_day_for_99457",
    "allow_99091_with_99457", "allow_99458_with_99470",
)  # fmt: skip
_CHOICES, _COUNTS = ("double_tag_winner", "time_service_day"), ("min_days_99453", "mue_99458")
_LISTS = ("covered_dx_prefixes", "not_covered_codes")


@console_page("/billing/payers", Permission.READ_BILLING)
def billing_payers() -> ResponseReturnValue:
    """List payers, with the policy for all others and the rule sets."""
    return _payers_page(load_query(PageOnlySchema()))


@console_page("/billing/payers", Permission.WRITE_BILLING, methods=("POST",))
def add_billing_payer() -> ResponseReturnValue:
    """Add a payer."""
    body = filled_in("name", "claim_payer_id")
    done = attempt("payer", lambda: create_payer(actor(), NewPayerSchema().load(body)).id)
    if isinstance(done, Refusal):
        return _payers_page(PageRequest(), done)
    return redirect(url_for("admin.billing_payer", payer_id=done), 303)


@console_page("/billing/payers/<uuid:payer_id>", Permission.READ_BILLING)
def billing_payer(payer_id: UUID) -> ResponseReturnValue:
    """Show a payer with its policies."""
    return _payer_page(payer_id)


@console_page("/billing/payers/<uuid:payer_id>", Permission.WRITE_BILLING, methods=("POST",))
def change_billing_payer(payer_id: UUID) -> ResponseReturnValue:
    """Change a payer's name or number."""
    done = attempt("payer", lambda: _change(payer_id))
    if isinstance(done, Refusal):
        return _payer_page(payer_id, done)
    flash("Payer saved.")
    return redirect(url_for("admin.billing_payer", payer_id=payer_id), 303)


@console_page("/billing/payers/<uuid:payer_id>/policies", Permission.WRITE_BILLING, methods=("POST",))
def add_payer_policy(payer_id: UUID) -> ResponseReturnValue:
    """Add a policy of a payer."""
    return _added(payer_id)


@console_page("/billing/policies", Permission.READ_BILLING)
def default_policies() -> ResponseReturnValue:
    """Show the policies for all who have none of their own."""
    return _policies_page()


@console_page("/billing/policies", Permission.WRITE_BILLING, methods=("POST",))
def add_default_policy() -> ResponseReturnValue:
    """Add a policy for all who have none of their own."""
    return _added(None)


@console_page("/billing/policies/<uuid:policy_id>/end", Permission.WRITE_BILLING, methods=("POST",))
def end_policy(policy_id: UUID) -> ResponseReturnValue:
    """Say until which day a policy holds."""
    payer_id = get_policy(actor(), policy_id).payer_id
    done = attempt(f"end-{policy_id}", lambda: _end(policy_id))
    return _of_payer(payer_id, done) if isinstance(done, Refusal) else _saved(payer_id)


def _payers_page(paging: PageRequest, refusal: Refusal = NO_REFUSAL) -> ResponseReturnValue:
    page = render_template(
        "admin/billing_payers.html",
        page=list_payers(actor(), paging),
        rule_sets=list_rule_sets(_ALL),
        refusal=refusal,
    )
    return page, refusal.status


def _payer_page(payer_id: UUID, refusal: Refusal = NO_REFUSAL) -> ResponseReturnValue:
    return _shown(get_payer(actor(), payer_id), payer_id, refusal)


def _policies_page(refusal: Refusal = NO_REFUSAL) -> ResponseReturnValue:
    return _shown(None, None, refusal)


def _shown(payer: Any, payer_id: UUID | None, refusal: Refusal) -> ResponseReturnValue:
    policies = list_policies(actor(), payer_id, _ALL)
    page = render_template(
        "admin/billing_payer.html", payer=payer, policies=policies, refusal=refusal, flags=_FLAGS, modes=MODES,
        defaults=PolicySettings().as_json(),
    )  # fmt: skip
    return page, refusal.status


def _of_payer(payer_id: UUID | None, refusal: Refusal) -> ResponseReturnValue:
    return _policies_page(refusal) if payer_id is None else _payer_page(payer_id, refusal)


def _added(payer_id: UUID | None) -> ResponseReturnValue:
    done = attempt("policy", lambda: create_policy(actor(), payer_id, NewPolicySchema().load(_policy())).id)
    return _of_payer(payer_id, done) if isinstance(done, Refusal) else _saved(payer_id)


def _saved(payer_id: UUID | None) -> ResponseReturnValue:
    flash("Policy saved. Pending lines follow it at the next run; lines that went out stay.")
    if payer_id is None:
        return redirect(url_for("admin.default_policies"), 303)
    return redirect(url_for("admin.billing_payer", payer_id=payer_id), 303)


def _policy() -> dict[str, Any]:
    settings: dict[str, Any] = {**ticked(*_FLAGS), **filled_in(*_CHOICES)}
    settings |= {name: whole(text) for name, text in filled_in(*_COUNTS).items()}
    settings |= {name: listed(request.form.get(name, "")) for name in _LISTS}
    settings["interactive_modes"] = request.form.getlist("interactive_modes")
    return {**filled_in("effective_from", "effective_to"), "settings": settings}


def _change(payer_id: UUID) -> UUID:
    given = filled_in("name", "claim_payer_id")
    changes = PayerChangesSchema().load({"claim_payer_id": None, "name": "", **given})
    return update_payer(actor(), payer_id, changes, version_seen()).id


def _end(policy_id: UUID) -> UUID:
    changes = PolicyChangesSchema().load({"effective_to": filled_in("effective_to").get("effective_to")})
    return update_policy(actor(), policy_id, changes, version_seen()).id
