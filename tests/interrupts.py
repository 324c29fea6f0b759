"""Interrupts as a person's shell has them, for all that is started from here."""

import signal


def take_interrupts() -> None:
    """Undo what a shell does to what runs in its background: it has interrupts ignored, by all that is started there too.

    The engine ends its plugins with an interrupt, and waits five seconds for those that ignore it.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
