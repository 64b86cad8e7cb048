"""Templates of the files that ``polyport init`` writes."""
