"""The mParticle module of Loyalty Host: partner feed, server to server, Events API version 2."""
