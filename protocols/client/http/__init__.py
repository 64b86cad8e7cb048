"""Clients of HTTP, over httpx2, the maintained fork of httpx.  Importing this imports that."""

from protocols.client.http.client import AsyncHTTPClient, HTTPClient
from protocols.client.http.cookie_file import CookieFile
from protocols.client.http.upload import Progress, Upload

__all__ = ["AsyncHTTPClient", "CookieFile", "HTTPClient", "Progress", "Upload"]
