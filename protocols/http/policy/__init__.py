"""What wraps a route: fields of every answer, CORS, rates and logins.

A policy takes a :class:`~protocols.http.Route` and is one, so it is asked before the content of a request
comes.  From the outside in: :class:`~protocols.http.policy.headers.HeadersRoute`,
:class:`~protocols.http.policy.cors.CORSRoute`, :class:`~protocols.http.policy.rate.RateRoute`,
:class:`~protocols.http.policy.auth.AuthRoute`, and
:class:`~protocols.http.policy.collecting.CollectingRoute` around a route that wants its content whole.
"""
