"""What a configuration offers, in the words of OpenAPI and AsyncAPI: from the same annotations that check
messages."""
