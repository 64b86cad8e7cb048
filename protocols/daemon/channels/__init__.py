"""The channels of a configuration, opened for as long as something needs them."""
