"""Services that programs answer, from their specification to what serves them."""
