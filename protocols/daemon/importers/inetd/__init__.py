"""inetd.conf(5), as OpenBSD (and Debian's openbsd-inetd), FreeBSD and GNU inetutils have it."""
