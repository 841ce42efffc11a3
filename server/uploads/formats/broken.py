"""The one thing that any format's reader has to say against a file."""


class Broken(Exception):
    """The file is not of its format, or not of a form that we read. The message is for us, not for
    the client."""
