"""The estimate on a command line, without the site: for a job script that asks before it starts.

    python -m calculator.estimation llama-3.1-8b --method qlora --gpu 24GB && sbatch train.sh

Exit status: 0 where every method that was asked about fits (or no GPU was stated, so that there is
nothing to fit into), 1 where one does not, 2 where the question is wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from calculator.estimation.command.arguments import read_arguments
from calculator.estimation.command.asking import answer
from calculator.estimation.command.report import as_json, print_report
from calculator.estimation.errors import InputError

FITS, DOES_NOT_FIT, WRONG_USE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Answer the command line. Returns the exit status; argparse exits with 2 by itself."""
    asked = read_arguments(arguments)
    try:
        found = answer(asked)
    except InputError as error:
        for each in error.errors:
            sys.stderr.write(f"{each.field.replace('_', '-')}: {each.message}\n")
        return WRONG_USE
    if asked.wants_json:
        sys.stdout.write(as_json(found))
    else:
        print_report(found)
    return FITS if found.fits else DOES_NOT_FIT
