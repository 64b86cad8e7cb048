"""What answers: the kinds of route."""
