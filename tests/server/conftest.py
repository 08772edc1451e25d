"""What tests of the process share: a demo that is served."""

from tests.demo_server import demo_server

__all__ = ["demo_server"]
