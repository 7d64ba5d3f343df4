"""What relative dates lean on: the publication date and the dates named before."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from parkner.values.intervals import DateInterval, DatePartError, Grain


@dataclass(frozen=True, slots=True)
class Anchors:
    """What relative dates lean on; as the arguments of ``parse_date``."""

    reference: dt.date | None
    context: tuple[DateInterval, ...]
    future: bool

    def need_reference(self) -> dt.date:
        """The publication date.

        Raises:
            DatePartError: If there is none.
        """
        if self.reference is None:
            raise DatePartError("relative or without its year, and there is no reference date")
        return self.reference

    def last(self, *grains: Grain, days: int = 366) -> DateInterval:
        """The last date named before, of one of the grains, not longer than so many days.

        Raises:
            DatePartError: If there is none.
        """
        for interval in reversed(self.context):
            if (not grains or interval.grain in grains) and (interval.end - interval.start).days < days:
                return interval
        raise DatePartError("points back at a date, and none was named before")
