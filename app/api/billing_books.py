"""What a practice bills by (`/api/v1/billing/payers/`, `policies/`, `fee-schedules/`, `rule-sets/`)."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.billing.books import NewFeeSchedule, NewPayer, NewPolicy, ScheduleQuery
from app.domain.billing.fees import Fee
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.schemas.base import PageOnlySchema, page_of
from app.schemas.billing_books import (
    BillingPayerSchema,
    BillingPolicySchema,
    NewPayerSchema,
    NewPolicySchema,
    PayerChangesSchema,
    PolicyChangesSchema,
    RuleSetSchema,
)
from app.schemas.fee_schedules import (
    FeeScheduleChangesSchema,
    FeeScheduleSchema,
    NewFeeScheduleSchema,
    NewFeeSchema,
    ScheduleQuerySchema,
)
from app.services.billing.fee_schedules import (
    ShownSchedule,
    add_fee,
    create_fee_schedule,
    get_fee_schedule,
    list_fee_schedules,
    update_fee_schedule,
)
from app.services.billing.payers import create_payer, get_payer, list_payers, update_payer
from app.services.billing.policies import create_policy, get_policy, list_policies, update_policy
from app.services.billing.rule_sets import list_rule_sets
from app.web.responses import etag, expected_version, page_body
from app.web.security import actor, requires

billing_books = EndpointGroup("billing-books", __name__, path="billing", description="Payers, policies, fees, rules")

_POLICIES = page_of(BillingPolicySchema)


def _shown(row: Any) -> tuple[Any, dict[str, str]]:
    return row, etag(row.version)


def _schedule(shown: ShownSchedule) -> tuple[ShownSchedule, dict[str, str]]:
    return shown, etag(shown.row.version)


@billing_books.route("/payers/")
class Payers(MethodView):
    """Who pays."""

    @requires(Permission.READ_BILLING)
    @billing_books.arguments(PageOnlySchema, location="query")
    @billing_books.response(200, page_of(BillingPayerSchema))
    def get(self, paging: PageRequest) -> Any:
        """List payers by name."""
        return page_body(list_payers(actor(), paging))

    @requires(Permission.WRITE_BILLING)
    @billing_books.arguments(NewPayerSchema)
    @billing_books.response(201, BillingPayerSchema)
    def post(self, new: NewPayer) -> Any:
        """Add a payer."""
        return _shown(create_payer(actor(), new))


@billing_books.route("/payers/<uuid:payer_id>/")
class OnePayer(MethodView):
    """One payer."""

    @requires(Permission.READ_BILLING)
    @billing_books.response(200, BillingPayerSchema)
    def get(self, payer_id: UUID) -> Any:
        """Return a payer."""
        return _shown(get_payer(actor(), payer_id))

    @requires(Permission.WRITE_BILLING)
    @billing_books.arguments(PayerChangesSchema)
    @billing_books.response(200, BillingPayerSchema)
    def patch(self, changes: dict[str, Any], payer_id: UUID) -> Any:
        """Change a payer; lines that exist keep the name they have."""
        return _shown(update_payer(actor(), payer_id, changes, expected_version()))


@billing_books.route("/payers/<uuid:payer_id>/policies/")
class PayerPolicies(MethodView):
    """A payer's policies."""

    @requires(Permission.READ_BILLING)
    @billing_books.arguments(PageOnlySchema, location="query")
    @billing_books.response(200, _POLICIES)
    def get(self, paging: PageRequest, payer_id: UUID) -> Any:
        """List a payer's policies, the newest first."""
        return page_body(list_policies(actor(), payer_id, paging))

    @requires(Permission.WRITE_BILLING)
    @billing_books.arguments(NewPolicySchema)
    @billing_books.response(201, BillingPolicySchema)
    def post(self, new: NewPolicy, payer_id: UUID) -> Any:
        """Add a policy; lines that are out stay as they are."""
        return _shown(create_policy(actor(), payer_id, new))


@billing_books.route("/policies/")
class Policies(MethodView):
    """Policies for everybody who has none of their own."""

    @requires(Permission.READ_BILLING)
    @billing_books.arguments(PageOnlySchema, location="query")
    @billing_books.response(200, _POLICIES)
    def get(self, paging: PageRequest) -> Any:
        """List the policies for all other payers, the newest first."""
        return page_body(list_policies(actor(), None, paging))

    @requires(Permission.WRITE_BILLING)
    @billing_books.arguments(NewPolicySchema)
    @billing_books.response(201, BillingPolicySchema)
    def post(self, new: NewPolicy) -> Any:
        """Add a policy for all other payers."""
        return _shown(create_policy(actor(), None, new))


@billing_books.route("/policies/<uuid:policy_id>/")
class OnePolicy(MethodView):
    """One policy, of a payer or of all others."""

    @requires(Permission.READ_BILLING)
    @billing_books.response(200, BillingPolicySchema)
    def get(self, policy_id: UUID) -> Any:
        """Return a policy."""
        return _shown(get_policy(actor(), policy_id))

    @requires(Permission.WRITE_BILLING)
    @billing_books.arguments(PolicyChangesSchema)
    @billing_books.response(200, BillingPolicySchema)
    def patch(self, changes: dict[str, Any], policy_id: UUID) -> Any:
        """End a policy that is in force, or change one of the future."""
        return _shown(update_policy(actor(), policy_id, changes, expected_version()))


@billing_books.route("/fee-schedules/")
class FeeSchedules(MethodView):
    """What codes pay, by date, locality and payer."""

    @requires(Permission.READ_BILLING)
    @billing_books.arguments(ScheduleQuerySchema, location="query")
    @billing_books.response(200, page_of(FeeScheduleSchema))
    def get(self, query: ScheduleQuery) -> Any:
        """List fee schedules, the newest first."""
        return page_body(list_fee_schedules(actor(), query))

    @requires(Permission.WRITE_BILLING)
    @billing_books.arguments(NewFeeScheduleSchema)
    @billing_books.response(201, FeeScheduleSchema)
    def post(self, new: NewFeeSchedule) -> Any:
        """Add a schedule; of those in force the newest that prices a code holds."""
        return _schedule(create_fee_schedule(actor(), new))


@billing_books.route("/fee-schedules/<uuid:schedule_id>/")
class OneFeeSchedule(MethodView):
    """One schedule."""

    @requires(Permission.READ_BILLING)
    @billing_books.response(200, FeeScheduleSchema)
    def get(self, schedule_id: UUID) -> Any:
        """Return a schedule with its lines."""
        return _schedule(get_fee_schedule(actor(), schedule_id))

    @requires(Permission.WRITE_BILLING)
    @billing_books.arguments(FeeScheduleChangesSchema)
    @billing_books.response(200, FeeScheduleSchema)
    def patch(self, changes: dict[str, Any], schedule_id: UUID) -> Any:
        """Rename a schedule, end it, or take it out of use."""
        return _schedule(update_fee_schedule(actor(), schedule_id, changes, expected_version()))


@billing_books.route("/fee-schedules/<uuid:schedule_id>/fees/")
class Fees(MethodView):
    """Lines of a schedule."""

    @requires(Permission.WRITE_BILLING)
    @billing_books.arguments(NewFeeSchema)
    @billing_books.response(201, FeeScheduleSchema)
    def post(self, fee: Fee, schedule_id: UUID) -> Any:
        """Price a code that the schedule does not price yet."""
        return _schedule(add_fee(actor(), schedule_id, fee, expected_version()))


@billing_books.route("/rule-sets/")
class RuleSets(MethodView):
    """The rules by service date."""

    @requires(Permission.READ_BILLING)
    @billing_books.arguments(PageOnlySchema, location="query")
    @billing_books.response(200, page_of(RuleSetSchema))
    def get(self, paging: PageRequest) -> Any:
        """List the rule sets that the product knows, each with the hash that lines name."""
        return page_body(list_rule_sets(paging))
