"""xinetd.conf(5): a ``defaults`` section, ``service`` entries, and files that are included."""
