"""``polyport cert``: a certificate authority for development, and a certificate signed by it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from protocols.daemon.command.certificate_folder import CertificateFolder
    from protocols.daemon.command.development_ca import Pair

FAILED = 1
"""Exit status when the folder cannot be used."""

CERTIFICATE_DAYS = 397
"""Days a certificate is valid unless said otherwise: browsers refuse more than 398."""

DEFAULT_NAMES = ("localhost", "127.0.0.1", "::1")

EPILOG = """\
\b
Files, in the folder of --out:
  ca.pem             the authority's certificate: what clients have to trust
  ca.key             its key: whoever has it can pose as any server to those who trust ca.pem
  <first name>.pem   the certificate, good for a server and for a client
  <first name>.key   its key
  ca.crl, <first name>.ocsp
                     say that no certificate has been revoked

\b
Examples:
  polyport cert
  polyport cert --out /etc/polyport/tls orders.example.test '*.orders.example.test' 10.0.0.7
  polyport send --ca tls/ca.pem tls://localhost:7443 hello
  curl --cacert tls/ca.pem https://localhost:8443/
  polyport cert dev7          # a client's, for tls: {client: tls/ca.pem}; its common name is dev7
  polyport send --ca tls/ca.pem --certificate tls/dev7.pem --key tls/dev7.key tls://localhost:7443 hello
"""


@click.command("cert", short_help="Make a certificate for development.", epilog=EPILOG)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default="tls",
    show_default=True,
    help="The folder for the files.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 3650),
    default=CERTIFICATE_DAYS,
    show_default=True,
    help="How long the certificate is valid; browsers refuse more than 398.",
)
@click.option("--force", is_flag=True, help="Make the certificate anew if there is one.")
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...], out: Path, days: int, force: bool) -> None:
    """Make a certificate for NAMEs: host names, *.wildcards and IP addresses; or one name of a client.

    Without a NAME it is for localhost, 127.0.0.1 and ::1. The authority that signs it is made once,
    for ten years, and used again. This is for development: a public server needs a certificate of a
    public authority.
    """
    from protocols.daemon.command.certificate_folder import CertificateFolder, FolderError
    from protocols.daemon.command.standard_output import complain

    names = names or DEFAULT_NAMES
    folder = CertificateFolder(out)
    try:
        folder.check_names(names)
        folder.files_for(names[0])
    except FolderError as error:
        raise click.UsageError(str(error)) from None
    try:
        _make(folder, names, days, force)
    except FolderError as error:
        complain(str(error))
        ctx.exit(FAILED)
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}")
        ctx.exit(FAILED)
    _say_how_to_use(folder, names[0])


def _make(folder: CertificateFolder, names: tuple[str, ...], days: int, force: bool) -> None:
    authority, is_new = folder.authority()
    verb = "made" if is_new else "using"
    click.echo(f"{verb} the authority {folder.ca_certificate} (valid until {_end(authority)})")
    certificate, key = folder.files_for(names[0])
    kept = None if force else folder.existing(names[0])
    if kept is not None:
        folder.confirm(authority, names[0], kept)
        click.echo(f"kept {certificate} for {_names(kept)} (valid until {_end(kept)}); --force makes it anew")
        return
    made = folder.make(authority, names, days)
    folder.confirm(authority, names[0], made)
    click.echo(f"made {certificate} and {key} for {_names(made)} (valid until {_end(made)})")


def _say_how_to_use(folder: CertificateFolder, name: str) -> None:
    certificate, key = folder.files_for(name)
    host = f"[{name}]" if ":" in name else name.replace("*", "www")
    ca = folder.ca_certificate
    click.echo(
        f"\nServe with it:\n"
        f"  polyport listen --echo --certificate {certificate} --key {key} tls://:7443\n"
        f"Trust it:\n"
        f"  polyport send --ca {ca} tls://{host}:7443 hello\n"
        f"  curl --cacert {ca} https://{host}:8443/\n"
        f"Show it, as a client, where certificates of {ca} are asked for:\n"
        f"  polyport send --ca {ca} --certificate {certificate} --key {key} tls://localhost:7443 hello"
    )


def _end(pair: Pair) -> str:
    return f"{pair.certificate.not_valid_after_utc:%Y-%m-%d}"


def _names(pair: Pair) -> str:
    from cryptography import x509

    extension = pair.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return ", ".join(str(name.value) for name in extension.value)
