"""Sockets of systemd with the services that they start: systemd.socket(5), systemd.service(5) and others."""
