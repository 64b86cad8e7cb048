"""The route that serves the files of a folder."""
