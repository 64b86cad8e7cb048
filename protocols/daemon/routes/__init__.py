"""From the routes of the YAML to the site that serves them."""

from protocols.daemon.routes.context import RouteContext
from protocols.daemon.routes.site import site_for
from protocols.daemon.routes.table import ROUTES

__all__ = ["ROUTES", "RouteContext", "site_for"]
