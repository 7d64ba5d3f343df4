"""The command line: ``parkner clean|label|train|evaluate|predict|convert|export|suggest`` (tier 4).

One module a command; each imports what it needs when it runs, so that ``parkner --help`` stays fast.
Exit codes: 0 done; 1 a gate or some inputs failed (the rest is done); 2 wrong usage or configuration, before any work.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import ParamSpec

import typer

from parkner.cli.clean import clean_command
from parkner.cli.convert import convert_command
from parkner.cli.evaluate import evaluate_command
from parkner.cli.export import export_command
from parkner.cli.label import label_command
from parkner.cli.predict import predict_command
from parkner.cli.suggest import suggest_command
from parkner.cli.train import train_command
from parkner.errors import ParknerError, UsageError
from parkner.runtime import set_up_logging, share_the_cores

P = ParamSpec("P")

INTERRUPTED = 130  # 128 + SIGINT, as shells report it

app = typer.Typer(
    name="parkner",
    help="Organisations, parks, industries, amounts and dates from Chinese news about industrial parks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _with_exit_code(command: Callable[P, int]) -> Callable[P, None]:
    """Turns what a command returns or raises into an exit code and, for errors, one line."""

    @functools.wraps(command)
    def run(*arguments: P.args, **options: P.kwargs) -> None:
        try:
            code = command(*arguments, **options)
        except UsageError as error:
            code = _say(str(error), 2)
        except ParknerError as error:
            code = _say(str(error), 1)
        except KeyboardInterrupt:
            code = _say("interrupted", INTERRUPTED)
        except BrokenPipeError:
            # The reader of our output went away (``parkner ... | head``): not an error of ours.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 0
        raise typer.Exit(code)

    return run


# Order is the order of the work, and of --help.
for _name, _command in (
    ("clean", clean_command),
    ("label", label_command),
    ("train", train_command),
    ("evaluate", evaluate_command),
    ("predict", predict_command),
    ("convert", convert_command),
    ("export", export_command),
    ("suggest", suggest_command),
):
    app.command(_name)(_with_exit_code(_command))


def main(arguments: list[str] | None = None) -> int:
    """Runs one command.

    Args:
        arguments: Command line without the program's name; ``sys.argv`` by default.

    Returns:
        The exit code; the installed ``parkner`` script ends with it.
    """
    set_up_logging()
    share_the_cores()
    try:
        app(args=arguments, prog_name="parkner")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    return 0


def _say(message: str, code: int) -> int:
    print(f"parkner: {message}", file=sys.stderr)
    return code
