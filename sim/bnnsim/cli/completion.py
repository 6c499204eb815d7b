"""`bnnsim completion`: the script that teaches a shell to complete verbs, options and names."""

from __future__ import annotations

import click

_INSTALL = {
    "bash": 'eval "$(bnnsim completion bash)"     # in ~/.bashrc',
    "zsh": 'eval "$(bnnsim completion zsh)"      # in ~/.zshrc',
    "fish": "bnnsim completion fish > ~/.config/fish/completions/bnnsim.fish",
}


@click.command(
    "completion",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="\b\nInstall it:\n" + "\n".join(f"  {line}" for line in _INSTALL.values()),
)
@click.argument("shell", type=click.Choice(list(_INSTALL)))
def command(shell: str) -> None:
    """Print the completion script for SHELL: verbs, options and the names of extensions, cores and so on."""
    from click.shell_completion import get_completion_class

    from bnnsim.cli.main import cli

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"this version of click has no completion for {shell}")
    click.echo(kind(cli, {}, "bnnsim", "_BNNSIM_COMPLETE").source())
