"""The figures of a simulated day, each with its meaning, unit and reason."""

import msgspec


class SimulationPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How busy a day is and how it is staffed.

    The defaults are assumptions, chosen so that a day looks like a contact centre of a city of Lier's size in which
    some norms are met and others are not; no figure was measured there.
    """

    calls_per_day: float = 600.0
    """Expected calls within opening hours, over all phone clusters: about 100 an hour when open for six."""

    agents: int | None = None
    """Employees who answer calls of every phone cluster; None takes as many as the next figure asks for."""

    accepted_hang_up_ratio: float = 0.22
    """Share of the callers in the busiest five minutes that may hang up in the queue, at most; decides the agents.

    High enough for the norms on the phone to be both met and missed, which is what a wall for waits should show.
    """

    lunch_away_ratio: float = 0.25
    """Share of the agents at lunch at once: one in four, so that the lunch dip in calls is felt as no relief."""

    lunch_minutes: tuple[int, int] = (12 * 60, 13 * 60)
    """When lunch begins and ends, in minutes since local midnight."""

    menu_seconds: tuple[float, float] = (4.0, 12.0)
    """Shortest and longest stay in the voice menu, in seconds; the caller waits there as in the queue."""

    handle_mean_seconds: float = 240.0
    """Mean length of a conversation, in seconds: a question to a city takes longer than an order."""

    handle_variation: float = 0.8
    """Standard deviation of the conversation over its mean: most are short, some are very long."""

    patience_mean_seconds: float = 300.0
    """Mean time until a caller hangs up if nobody answers, in seconds from dialling.

    With exponential patience the share that gives up is the mean wait over this, so 40 s of waiting costs 13 %.
    """

    outside_calls_per_day: float = 12.0
    """Expected calls that the exchange registers, without an answer, while the centre is closed."""

    outside_margin_minutes: int = 90
    """How long before opening and after closing such calls come, in minutes: people who misread the hours."""

    outside_message_seconds: tuple[float, float] = (5.0, 30.0)
    """Shortest and longest time that such a caller listens to the closing message, in seconds."""

    desks_staffed: tuple[int, ...] = (4, 2, 2)
    """Desks staffed; the first desk cluster takes the first figure and so on, starting over at the end."""

    grid_minutes: tuple[int, ...] = (10, 20, 15)
    """Minutes between the planned starts of a desk's appointments; dealt out to the clusters as the desks are."""

    booked_ratio: float = 0.85
    """Share of the planned starts that somebody books: well used, with room for what overruns."""

    service_ratio: float = 0.85
    """Mean visit at a desk over the minutes planned for it: somewhat short of the grid, or the day never recovers."""

    service_variation: float = 0.45
    """Standard deviation of a visit over its mean: steadier than calls, since the subject is known beforehand."""

    walk_in_ratio: float = 0.12
    """Visitors without an appointment over appointments booked: desks that work by appointment still help some."""

    walk_in_patience_mean_minutes: float = 45.0
    """Mean time until a waiting walk-in leaves, in minutes."""

    no_show_ratio: float = 0.06
    """Share of the appointments whose visitor does not come."""

    no_show_after_minutes: float = 15.0
    """How long after the planned start a visitor is given up as a no-show, in minutes; nobody comes later."""

    cancelled_ratio: float = 0.04
    """Share of the appointments that are called off before they start."""

    arrival_offset_minutes: tuple[float, float] = (-4.0, 5.0)
    """Mean and standard deviation of arrival minus planned start, in minutes: early as a rule, late one in five."""

    lead_mean_days: float = 4.0
    """Mean working days between the request and the appointment, at least 1; about a quarter takes more than 5."""
