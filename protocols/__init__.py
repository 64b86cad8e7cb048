"""Polyport's protocols: framings, carriers and handlers for Twisted programs.

* *framing* says how bytes become messages (:mod:`protocols.framing`);
* a *carrier* moves framed messages (:mod:`protocols.stream`, :mod:`protocols.datagram`,
  :mod:`protocols.http`);
* a *handler* answers them (:mod:`protocols.handlers`);
* :mod:`protocols.daemon` puts the three together from one YAML file.  Nothing outside it knows YAML,
  a command line or ``twistd``.
"""

__version__ = "0.1.0"
