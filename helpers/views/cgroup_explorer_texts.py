"""The sentences of the control group explorer, for its front end and its text equivalent."""

from __future__ import annotations

from helpers.text import _


def columns() -> list[str]:
    """Return what of a group a table has, besides the time."""
    return [
        *("name", "cores", "allowed", "throttled", "memory", "max", "anon", "inactive"),
        *("pids", "most", "some cpu", "some memory", "some io", "read", "written"),
        *("killed", "refused"),
    ]


def texts() -> dict[str, str]:
    """Return the front end's sentences."""
    return _of_the_picture() | _of_the_form() | _in_words() | _heads()


def _of_the_picture() -> dict[str, str]:
    return {
        "tree": _("Control groups"),
        "cpu card": _("CPU (cores)"),
        "memory card": _("Memory (MiB)"),
        "pids card": _("Processes and threads"),
        "pressure card": _("Pressure: time in which somebody waited (%)"),
        "io card": _("Disk (MiB a second)"),
        "used": _("used {value}"),
        "limit": _("limit {value}"),
        "allowed": _("allowed {value}"),
        "throttled": _("throttled {value} % of periods"),
        "anon": _("anon {value}"),
        "memory": _("usage {value}"),
        "high": _("high {value}"),
        "some cpu": _("CPU {value}"),
        "some memory": _("memory {value}"),
        "some io": _("disk {value}"),
        "read": _("read {value}"),
        "written": _("written {value}"),
        "no limit": _("none"),
        "of": _("{value} of {limit}"),
        "of free": _("{value}, no limit"),
        "badge throttled": _("throttled {count} %"),
        "badge killed": _("killed {count}"),
        "badge refused": _("refused {count}"),
        "badge slowed": _("slowed {count}"),
        "meter cpu": _("CPU"),
        "meter memory": _("Memory"),
        "meter pids": _("Processes"),
        "gone": _("gone"),
        "files": _("The kernel's files"),
    }


def _of_the_form() -> dict[str, str]:
    return {
        "set": _("Set"),
        "which": _("Limit of {name}"),
        "to": _("to"),
        "kind cpus": _("CPU (cores)"),
        "kind memory": _("memory (MiB)"),
        "kind pids": _("processes"),
        "kind weight": _("CPU shares"),
        "no setting": _("To set limits from here, run this page's notebook: this is a recording."),
        "ended": _("To set limits from here, run the cell again: nobody answers any more."),
        "asked": _("Asked. The answer comes once the cell that runs now has ended."),
    }


def _in_words() -> dict[str, str]:
    return {
        "unknown": _("not known"),
        "says nothing": _("No container of this lab runs."),
        "says at": _("At {at} s:"),
        "says group": _("{parts}."),
        "says cpu": _("{name} uses {used} of {limit} cores"),
        "says cpu free": _("{name} uses {used} cores (no limit)"),
        "says memory": _("{used} of {limit} MiB of memory"),
        "says memory free": _("{used} MiB of memory (no limit)"),
        "says pids": _("process count {used} of {limit}"),
        "says pids free": _("process count {used} (no limit)"),
        "says throttled": _("throttled in {count} % of its periods"),
        "says killed": _("killed for memory: {count}"),
        "says refused": _("new processes refused: {count}"),
        "says slowed": _("slowed at memory.high: {count}"),
        "says some": _(
            "Somebody in it waited for CPU {cpu} %, memory {memory} %, disk {io} % of the time."
        ),
    }


def _heads() -> dict[str, str]:
    return {
        "head at": _("seconds"),
        "head name": _("group"),
        "head cores": _("cores"),
        "head allowed": _("quota, cores"),
        "head throttled": _("throttled, %"),
        "head memory": _("memory, MiB"),
        "head max": _("limit, MiB"),
        "head anon": _("anon, MiB"),
        "head inactive": _("inactive file, MiB"),
        "head pids": _("processes"),
        "head most": _("limit"),
        "head some cpu": _("waits for CPU, %"),
        "head some memory": _("waits for memory, %"),
        "head some io": _("waits for disk, %"),
        "head read": _("read, MiB/s"),
        "head written": _("written, MiB/s"),
        "head killed": _("killed"),
        "head refused": _("refused"),
    }
