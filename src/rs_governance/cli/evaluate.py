"""`rsg evaluate`."""


def evaluate() -> None:
    """x"""
