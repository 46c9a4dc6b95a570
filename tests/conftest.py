"""Settings of all tests."""

from hypothesis import settings

# No deadline: how long an example takes says more about the machine than the code.
settings.register_profile("tvdiff", deadline=None)
settings.load_profile("tvdiff")
