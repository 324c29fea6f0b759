"""Whether tests reach a service: always."""


def is_live() -> bool:
    return True


def is_live_and_not_recording() -> bool:
    return True
