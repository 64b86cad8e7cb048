"""``files``."""

from __future__ import annotations

from protocols.daemon.routes.context import RouteContext
from protocols.daemon.spec.files import FilesSpec
from protocols.http import FilesRoute, Route


def files(spec: FilesSpec, context: RouteContext) -> Route:
    route = FilesRoute(
        spec.folder,
        spec.index,
        reactor=context.reactor,
        listing=spec.listing,
        symlinks=spec.symlinks,
        dotfiles=spec.dotfiles,
        cache_control=spec.cache_control,
        precompressed=spec.precompressed,
        compress=spec.compress,
        memory=spec.memory,
    )
    context.stops.append(route.stop)
    return route
