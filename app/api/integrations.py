"""Connections to other systems (`/api/v1/integrations/`)."""

from typing import Any

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.emr import EmrSettings
from app.domain.roles import Permission
from app.schemas.emr import ConnectionTestSchema, EmrConnectionSchema, EmrSettingsSchema
from app.services.emr.connection import check_connection, get_connection, save_connection
from app.web.security import actor, requires

integrations = EndpointGroup("integrations", __name__, description="Connections to other systems")


@integrations.route("/emr/")
class EmrConnectionSettings(MethodView):
    """The medical record system."""

    @requires(Permission.MANAGE_INTEGRATIONS)
    @integrations.response(200, EmrConnectionSchema)
    def get(self) -> Any:
        """Return the connection's settings, without its secret."""
        return get_connection(actor())

    @requires(Permission.MANAGE_INTEGRATIONS)
    @integrations.arguments(EmrSettingsSchema)
    @integrations.response(200, EmrConnectionSchema)
    def put(self, settings: EmrSettings) -> Any:
        """Replace the connection's settings."""
        return save_connection(actor(), settings)


@integrations.route("/emr/test/")
class EmrConnectionTest(MethodView):
    """Whether it works."""

    @requires(Permission.MANAGE_INTEGRATIONS)
    @integrations.response(200, ConnectionTestSchema)
    def post(self) -> Any:
        """Ask the medical record system what it is."""
        return check_connection(actor())
