"""What every test can count on."""

from hypothesis import settings

# A shared machine pauses at any moment: a slow example says nothing about the code. A failure prints how to replay it.
settings.register_profile("pbl", deadline=None, print_blob=True)
settings.load_profile("pbl")
