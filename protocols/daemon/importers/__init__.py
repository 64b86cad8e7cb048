"""From the configuration of xinetd, inetd, systemd's sockets and websocketd to Polyport's YAML.

Each source has a package: a parser, from text to what stands in it and where, and a mapping from that to
:class:`~protocols.daemon.importers.imported.ImportedService`, which all of them share.  Nothing that a source
says is dropped in silence: it is carried over, or there is a
:class:`~protocols.daemon.importers.imported.NotCarriedOver` for it.
"""
