"""``polyport completion``: what makes a shell complete the command line."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

VARIABLE = "_POLYPORT_COMPLETE"
"""The environment variable by which the script asks the program what fits."""

EPILOG = """\
\b
To install it, for bash (4.4 or newer):
  mkdir -p ~/.local/share/bash-completion/completions
  polyport completion bash > ~/.local/share/bash-completion/completions/polyport

\b
for zsh (with ~/.zfunc in fpath, before compinit):
  polyport completion zsh > ~/.zfunc/_polyport

\b
for fish:
  polyport completion fish > ~/.config/fish/completions/polyport.fish
"""


@click.command("completion", short_help="Print the completion script for a shell.", epilog=EPILOG)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print what makes SHELL complete commands, options, addresses and framings of polyport."""
    completion = get_completion_class(shell)
    assert completion is not None
    click.echo(completion(ctx.find_root().command, {}, "polyport", VARIABLE).source())
