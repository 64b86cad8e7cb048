"""Resources of twisted.web."""
