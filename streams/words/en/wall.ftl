# The screen on the wall.
wall-title = { product-name }: waiting times at this moment
wall-connecting = connecting…
wall-connecting-notice = Connecting to the monitor…
wall-unreachable = No connection to the monitor. Trying again…
wall-needs-script = This page needs JavaScript.
wall-demo = Demo: not live figures

# Whether the figures are those of now.
wall-live = ● live
wall-closed = ■ closed
wall-closed-today = ■ closed today
wall-catching-up = ▲ catching up
wall-lost = ✕ no connection
wall-problem = ✕ { $problem }
wall-age = data from { $duration } ago
wall-age-to-read = data from { $duration } ago · { $lag } still to read
wall-behind = { $duration } behind · { $lag } still to read
wall-no-data-yet = no data received yet

# For those who hear the screen.
wall-says-problem = { $problem }.
wall-says-stale = The data are out of date.
wall-says-above = Above target: { $clusters }.
wall-says-none-above = No average wait above target.

# About the pages, where not everything fits on one.
wall-above = Above target: { $count } of { $total }
wall-page = page { $page } of { $pages }
wall-part = { $first }–{ $last } of { $total }

# Norms.
wall-norm-below = target < { $norm }
wall-norm-at-most = target ≤ { $norm }
wall-norm-at-least = target ≥ { $norm }
wall-norm-within = ≥ { $norm } within { $bound }
wall-within-norm = ✓ within target
wall-norm-reached = ✓ target met
wall-above-norm = ▲ above target
wall-below-norm = ▼ below target

wall-closed-window = closed
wall-nothing = –

# The telephone.
wall-phone-title = telephone
wall-phone-place = line
wall-phone-waiting = waiting now
wall-phone-longest = longest wait now
wall-phone-average = average { $minutes } min
wall-phone-within = within { $bound } today
wall-phone-in-time = in time today
wall-phone-missed = abandoned today
wall-phone-answered-count = { $count } answered
wall-phone-missed-count = { $count ->
    [one] { $count } call
   *[other] { $count } calls
}
wall-phone-without-short = without short: { $share }
wall-phone-none = no calls
wall-phone-none-answered = no answered calls

# The desks.
wall-desk-title = Desks
wall-desk-place = desk
wall-staff-free = { $free } free of { $count }
wall-desks-open = { $count ->
    [one] { $count } desk open
   *[other] { $count } desks open
}
wall-desk-waiting = waiting
wall-desk-longest = longest wait now
wall-desk-average = average { $minutes } min
wall-desk-average-today = average today
wall-desk-visits = today { $served } with an appointment, { $walkins ->
    [one] { $walkins } walk-in
   *[other] { $walkins } walk-ins
}, { $noshows ->
    [one] { $noshows } no-show
   *[other] { $noshows } no-shows
}
wall-desk-none = no visitors
wall-desk-no-appointments = no appointments
