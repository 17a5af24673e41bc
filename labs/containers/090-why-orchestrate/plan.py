"""What is to be done? Half of a plan: it only ever adds."""


def plan(wanted, seen):
    """Return steps, ("start", service) or ("remove", container), from what runs to what should.

    wanted: {"till": 3, ...}. seen: containers, each with .name, .service and .running.
    """
    steps = []
    for service, copies in wanted.items():
        there = [each for each in seen if each.service == service]
        steps += [("start", service)] * (copies - len(there))
    return steps
