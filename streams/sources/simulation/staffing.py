"""How many agents a rate of calls needs: the Erlang-A queue in its steady state.

Palm's M/M/n queue with impatient callers, as in Garnett, Mandelbaum and Reiman, "Designing a Call Center with
Impatient Customers" (M&SOM 4, 2002).
"""

from typing import Final

_NEGLIGIBLE: Final = 1e-12
"""A number of calls this much less likely than those summed before it ends the sum."""


def agents_needed(load: float, impatience: float, accepted_ratio: float) -> int:
    """The fewest agents with whom no more than the accepted share (> 0) of callers hangs up; at least 1.

    `load` is calls a second times mean seconds a call (> 0), in agents; `impatience` is the mean length of a call
    over the mean patience. Without a queue at all n agents serve at most n / load of the callers, so the search
    starts where that would suffice.
    """
    agents = max(1, int(load * (1 - accepted_ratio)))
    while hang_up_ratio(load, impatience, agents) > accepted_ratio:
        agents += 1
    return agents


def hang_up_ratio(load: float, impatience: float, agents: int) -> float:
    """The share of callers who hang up, by the steady-state chances of each number of calls in the system.

    Time is counted in mean calls. The chances are taken relative to that of the likeliest number, so that none
    overflows, and summed downwards and upwards from there.
    """

    def leaving_rate(calls: int) -> float:
        return min(calls, agents) + max(0, calls - agents) * impatience

    likeliest = int(load) if load <= agents else agents + int((load - agents) / impatience)
    total, mean_queue = 1.0, float(max(0, likeliest - agents))
    chance, calls = 1.0, likeliest
    while calls > 0 and chance > _NEGLIGIBLE * total:
        chance, calls = chance * leaving_rate(calls) / load, calls - 1
        total, mean_queue = total + chance, mean_queue + chance * max(0, calls - agents)
    chance, calls = 1.0, likeliest
    while chance > _NEGLIGIBLE * total:
        chance, calls = chance * load / leaving_rate(calls + 1), calls + 1
        total, mean_queue = total + chance, mean_queue + chance * max(0, calls - agents)
    return impatience * mean_queue / (load * total)
