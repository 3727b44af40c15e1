"""The Flask extensions, unbound and without logic; the factory binds them."""

from flask_jwt_extended import JWTManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect

from app.audit.hook import AuditedSession
from app.database import connections

__all__ = ["connections", "csrf", "db", "jwt", "migrate"]  # the first watches over all connections

db = SQLAlchemy(session_options={"class_": AuditedSession, "expire_on_commit": False})
migrate = Migrate()
jwt = JWTManager()
csrf = CSRFProtect()
