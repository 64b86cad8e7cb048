"""What passes requests on to other HTTP servers, the *origins* (RFC 9110, section 3.6: a gateway)."""
