"""Scripts that answer by the Common Gateway Interface (RFC 3875)."""
