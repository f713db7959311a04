"""`loyalty-host`, but its intake calls every item taken and forgets it.

What is left between this and the host is the price of deciding and of "committed to disk".
"""

from __future__ import annotations

from collections.abc import Sequence

from host.cli.main import main
from host.intake.intake import Intake
from host.intake.items import TAKEN, Item, Verdict


async def forget(self: Intake, items: Sequence[Item]) -> list[Verdict]:
    """Instead of `Intake.take`."""
    return [TAKEN] * len(items)


if __name__ == "__main__":
    Intake.take = forget  # type: ignore[method-assign]
    main()
