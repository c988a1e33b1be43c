"""The command `gwae`: thin commands over the Python interface, heavy imports inside them."""

from gwae_core.cli.commands import app

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line."""
    app(prog_name="gwae")
