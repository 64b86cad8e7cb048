"""``cgi``: programs."""

from __future__ import annotations

from protocols.daemon.routes.context import RouteContext
from protocols.daemon.spec.cgi import CgiSpec
from protocols.http import CgiRoute, Route
from protocols.http.routes.cgi.script import OneProgram, ScriptFolder, Scripts


def cgi(spec: CgiSpec, context: RouteContext) -> Route:
    scripts: Scripts
    if spec.folder is not None:
        scripts = ScriptFolder(spec.folder, spec.interpreters)
    else:
        assert spec.program is not None
        scripts = OneProgram(spec.program)
    route = CgiRoute(
        scripts,
        reactor=context.reactor,
        journal=context.journal,
        documents=spec.documents,
        environment=spec.environment,
        authorization=spec.authorization,
        words=spec.words,
        timeout=spec.timeout,
        processes=spec.processes,
        queue=spec.queue,
    )
    context.starts.append(route.runner.prepare)
    context.stops.append(route.stop)
    return route
