"""Run pbl as a program: `pbl` or `python -m pbl`.

`cli.app` has the commands; here are the process's signals, streams and exit code.
"""

from __future__ import annotations

import codecs
import contextlib
import gc
import importlib
import os
import re
import select
import signal
import sys
import threading
import warnings
from typing import NoReturn

_STARVED = "pbl: out of memory; give it more, or close what else is running"
_UNMAPPED = re.compile("failed to map segment|cannot allocate memory|cannot map", re.IGNORECASE)
_EXITS = {signal.SIGINT: 130, signal.SIGTERM: 143} | ({signal.SIGHUP: 129} if hasattr(signal, "SIGHUP") else {})

_GARBAGE = 100_000
"""Objects that are made before garbage is collected. Python's 700 slows a start by 5 %: modules are no garbage."""
_ending = threading.Event()
"""Whether a signal is ending the process."""


def main() -> NoReturn:
    """Run the command line, and exit with its code; an interrupt ends it within a second, with nothing half done."""
    gc.set_threshold(_GARBAGE)
    _watch()
    code = _run() if _streams() else 2
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = code or 2
    except OSError as error:
        code = _say(f"pbl: standard output: {error.strerror}")
    try:
        sys.stderr.flush()
    except OSError:
        code = code or 2
    if _ending.is_set():
        threading.Event().wait()  # for the other thread to end all this; an error may be of its making
    # Tearing the engines down takes time, and one of them talks while it does.
    os._exit(code)


def _streams() -> bool:
    """Make sure that no file opened later takes a standard stream's place; say whether there is a standard output."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:  # noqa: PLR2004 - stdin, stdout, stderr
        pass
    os.close(number)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - for as long as the process lives
    if sys.stdout is None:
        _say("pbl: standard output is closed")
        sys.stdout = sys.stderr
        return False
    return True


def _run() -> int:
    try:
        for name in [n for n in os.environ if n.startswith(("PANDERA_", "POLARS_"))]:
            del os.environ[name]
        for stream in (sys.stdout, sys.stderr):
            # A terminal that is said to know ASCII only shows what it was typed: UTF-8, nearly always.
            encoding = "utf-8" if codecs.lookup(stream.encoding).name == "ascii" else None
            stream.reconfigure(encoding=encoding, errors="backslashreplace")  # type: ignore[union-attr] # they are text files here
        warnings.filterwarnings("ignore", "Polars binary is missing")  # pbl prints its own message
        from pbl.cli import absent
        from pbl.cli.app import app

        absent.hide("numpy", "pandas")
        app(prog_name="pbl")
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else 2 if exit_.code else 0
    except BrokenPipeError:
        return 2
    except OSError as error:
        if not error.filename:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the rest of the output would fail, and be reported, again
        return _say(f"pbl: {error.filename or 'standard output'}: {error.strerror or error}")
    except BaseException as error:  # noqa: BLE001 - whatever is a bug keeps its traceback, and never looks like a finding
        if _is_out_of_memory(error):
            return _say(_STARVED)
        import traceback

        with contextlib.suppress(OSError):
            traceback.print_exc()
        return 2
    return 0


def _is_out_of_memory(error: BaseException) -> bool:
    """Say whether memory ran out, perhaps while a library was loaded.

    polars goes on without its engine then, and fails at the first name that it lacks: only the engine tells why.
    """
    if isinstance(error, NameError) and "polars" in sys.modules:
        for build in ("32", "64", "compat"):
            for name in ("_polars_runtime", f"_polars_runtime_{build}"):
                try:
                    importlib.import_module(f"_polars_runtime_{build}.{name}")
                except ModuleNotFoundError:
                    continue
                except (ImportError, MemoryError) as why:
                    error = why
    if isinstance(error, SystemError):  # a library that failed to load without a reason
        return "without exception set" in str(error) and _while_importing(error)
    return isinstance(error, MemoryError) or (isinstance(error, ImportError) and bool(_UNMAPPED.search(str(error))))


def _while_importing(error: BaseException) -> bool:
    step = error.__traceback__
    while step and step.tb_next:
        step = step.tb_next
    return step is not None and step.tb_frame.f_code.co_filename.startswith("<frozen importlib")


def _say(message: str) -> int:
    with contextlib.suppress(OSError):
        sys.stderr.write(message + "\n")
    return 2


def _watch() -> None:
    """Wait for signals in a thread of their own, so that no call of an engine, however long, delays them."""
    if not hasattr(signal, "pthread_sigmask"):
        return
    wanted = {s for s in _EXITS if signal.getsignal(s) is not signal.SIG_IGN}
    signal.pthread_sigmask(signal.SIG_BLOCK, _EXITS)  # those that are ignored too: polars would hear them

    def wait() -> None:
        number = signal.sigwait(wanted)
        _ending.set()
        talk = os.dup(2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        from pbl.storage.temporary import resumable, sweep

        left = b"nothing half done is left" if sweep() else b"what is half done is being removed"
        if resumable:
            left = b"what is done is kept in " + os.fsencode(resumable[-1]) + b"; the same command goes on from there"
        if number == signal.SIGINT and select.select([], [talk], [], 0)[1]:  # else whoever reads it has stopped reading
            with contextlib.suppress(OSError):
                os.write(talk, b"\npbl: interrupted; " + left + b"\n")
        os._exit(_EXITS[signal.Signals(number)])

    if wanted:
        threading.Thread(target=wait, name="signals", daemon=True).start()


if __name__ == "__main__":
    main()
