"""The command line: ``parkner clean|label|train|evaluate|predict|convert|export|suggest`` (tier 4).

One module a command; each imports what it needs when it runs, so that ``parkner --help`` stays fast.
Exit codes: 0 done; 1 a gate or some inputs failed (the rest is done); 2 wrong usage or configuration, before any work.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click
import typer

from parkner.runtime import set_up_logging
from parkner.spans import ParknerError, UsageError

app = typer.Typer(
    name="parkner",
    help="Organisations, parks, industries, amounts and dates from Chinese news about industrial parks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# Order is the order of the work, and of --help.
for _command in ("clean", "label", "train", "evaluate", "predict", "convert", "export", "suggest"):
    try:
        _module = import_module(f"parkner.cli.{_command}")
    except ModuleNotFoundError as error:
        if error.name != f"parkner.cli.{_command}":
            raise
        continue
    app.command(_command)(getattr(_module, f"{_command}_command"))


def main(arguments: list[str] | None = None) -> int:
    """Runs one command.

    Args:
        arguments: Command line without the program's name; ``sys.argv`` by default.

    Returns:
        The exit code (also raised as SystemExit by the installed ``parkner`` script).
    """
    set_up_logging()
    try:
        code = app(args=arguments, standalone_mode=False)
    except click.exceptions.Abort:
        return _say("interrupted", 130)
    except click.ClickException as error:
        error.show()
        return 2
    except UsageError as error:
        return _say(str(error), 2)
    except ParknerError as error:
        return _say(str(error), 1)
    except KeyboardInterrupt:
        return _say("interrupted", 130)
    except BrokenPipeError:
        # The reader of our output went away (``parkner ... | head``): not an error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return int(code or 0)


def _say(message: str, code: int) -> int:
    print(f"parkner: {message}", file=sys.stderr)
    return code
