"""The rendered API documentation, from files shipped with the application."""

from flask import Blueprint, render_template

from app.api.base import BASE
from app.web.security import public

docs = Blueprint("docs", __name__, url_prefix=f"{BASE}/docs")


@docs.get("/")
@public
def page() -> str:
    """Show the OpenAPI document as a page."""
    return render_template("docs.html")
