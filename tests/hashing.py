"""Password hashes for tests that are about something else."""

from __future__ import annotations

import argon2
import argon2.profiles

from host.accounts.hashing import Hashing


def quick() -> Hashing:
    """Hashes that take no time: how long the real ones take is the library's business."""
    return Hashing(argon2.PasswordHasher.from_parameters(argon2.profiles.CHEAPEST))
