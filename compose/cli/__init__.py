"""The command line `ordertruth`.

Each module here that has a `register(app)` function adds its commands to the application, in the order of
the modules' names. A module imports what its commands need inside them, so that `ordertruth --help` stays quick.
A command reports failure by raising an OrdertruthError, or `typer.Exit(code)` after it has shown its finding itself
(exit status 1: a mismatch); nothing else is caught, so that a defect shows its traceback.
"""

from __future__ import annotations

import signal
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from domain.errors import OrdertruthError

if TYPE_CHECKING:
    from typer._click.core import Context

EXIT_INTERRUPTED = 130
SIGNAL_BASE = 128


class ReportingGroup(TyperGroup):
    """The one place where errors become messages and exit statuses."""

    def invoke(self, ctx: Context) -> Any:
        """Run the command; an OrdertruthError becomes its message, its mend and its exit status."""
        try:
            return super().invoke(ctx)
        except OrdertruthError as error:
            _say("Error", error.message)
            if error.remediation:
                _say("What to do", error.remediation)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            typer.echo("Interrupted.", err=True)
            raise typer.Exit(EXIT_INTERRUPTED) from None


def _say(label: str, text: str) -> None:
    typer.secho(f"{label}: ", err=True, nl=False, bold=True)
    typer.echo(text.rstrip(), err=True)


app = typer.Typer(
    name="ordertruth",
    help="Derives order state, status, drift and billing truth from the events of the systems that own them.",
    cls=ReportingGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _application() -> None:
    """Keep sub-commands even while there is only one of them."""


def _register_all() -> None:
    for module in sorted(iter_modules(__path__), key=lambda found: found.name):
        if not module.name.startswith("_"):
            register = getattr(import_module(f"{__name__}.{module.name}"), "register", None)
            if register is not None:
                register(app)


_register_all()


def main() -> None:
    """The entry point of the command line; ends the process with the exit status.

    SIGTERM unwinds like Ctrl-C does, so that what a command has started is stopped.
    """
    signal.signal(signal.SIGTERM, _terminated)
    app()


def _terminated(number: int, _frame: object) -> None:
    raise SystemExit(SIGNAL_BASE + number)
