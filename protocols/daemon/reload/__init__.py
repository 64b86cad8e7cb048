"""A configuration in the place of another: what of it differs, and the user's code anew."""
