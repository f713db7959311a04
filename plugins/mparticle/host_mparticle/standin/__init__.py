"""A destination that behaves, and misbehaves, like mParticle: for the demo and for tests."""

from host_mparticle.standin.app import create_app
from host_mparticle.standin.far_side import StandIn
from host_mparticle.standin.misbehaviour import Misbehaviour

__all__ = ["Misbehaviour", "StandIn", "create_app"]
