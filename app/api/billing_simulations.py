"""The what-if simulator (`/api/v1/billing/simulate/`)."""

from dataclasses import replace
from typing import Any

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.billing.insight import WhatIf
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.schemas.base import PageOnlySchema
from app.schemas.billing_simulations import SimulationRequestSchema, SimulationSchema
from app.services.billing.simulator import run_simulation
from app.web.responses import page_body
from app.web.security import actor, requires

billing_simulations = EndpointGroup("billing_simulations", __name__, path="billing", description="What-if simulator")


@billing_simulations.route("/simulate/")
class BillingSimulation(MethodView):
    """The real month beside another one."""

    @requires(Permission.READ_BILLING)
    @billing_simulations.arguments(SimulationRequestSchema, required=False)
    @billing_simulations.arguments(PageOnlySchema, location="query")
    @billing_simulations.response(200, SimulationSchema)
    def post(self, asked: WhatIf, paging: PageRequest) -> Any:
        """Compare a month with what it would be under other rules, fees or facts; nothing is written."""
        found = run_simulation(actor(), asked, paging)
        flips: Any = page_body(found.flips)
        return replace(found, flips=flips)
