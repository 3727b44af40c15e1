"""Two-factor sign-in (`/api/v1/auth/2fa/`)."""

from typing import Any

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.roles import Permission
from app.schemas.auth import (
    CodeSchema,
    EnrolmentSchema,
    PasswordSchema,
    RecoveryCodesSchema,
    SecondFactorRemovalSchema,
)
from app.services.accounts.second_factor import end_enrolment, finish_enrolment, start_enrolment
from app.web.security import actor, requires

second_factor = EndpointGroup("second_factor", __name__, path="auth/2fa", description="Two-factor sign-in")


@second_factor.route("/setup/")
class TotpSetup(MethodView):
    """The first half of turning it on."""

    @requires(Permission.OWN_ACCOUNT, is_replayable=False)
    @second_factor.arguments(PasswordSchema)
    @second_factor.response(200, EnrolmentSchema)
    def post(self, body: dict[str, str]) -> Any:
        """Get a secret for an authenticator app; nothing changes until a code of it is verified."""
        return start_enrolment(actor(), body["password"])


@second_factor.route("/verify/")
class TotpVerify(MethodView):
    """The second half."""

    @requires(Permission.OWN_ACCOUNT, is_replayable=False)
    @second_factor.arguments(CodeSchema)
    @second_factor.response(200, RecoveryCodesSchema)
    def post(self, body: dict[str, str]) -> Any:
        """Turn two-factor sign-in on with a code of the app; answers ten recovery codes, shown this once."""
        return {"recovery_codes": finish_enrolment(actor(), body["code"])}


@second_factor.route("/disable/")
class TotpDisable(MethodView):
    """The way back."""

    @requires(Permission.SIGNED_IN, is_replayable=False)
    @second_factor.arguments(SecondFactorRemovalSchema)
    @second_factor.response(204)
    def post(self, body: dict[str, Any]) -> None:
        """Turn two-factor sign-in off; not for roles that must use it."""
        end_enrolment(actor(), body["password"], body["proof"])
