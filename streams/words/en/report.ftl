# The report of a month or a year: text, page and spreadsheet.
report-title = Waiting times { $period }
report-title-provisional = { $title } (provisional)
report-file-name = waiting-times-{ $month }
report-year-subtitle = { $months ->
    [one] { $months } month
   *[other] { $months } months
} with figures, of which { $closed } closed.

report-caption = { $caption }:
report-all = all together
report-all-phone = all together: calls
report-all-desk = all together: visits
report-all-of = all together: { $feed }
report-channel = { CAPITAL($feed) }
report-yes = yes
report-no = no
report-no-norm = no target
report-no-figure = no figure
report-none = none
report-period-to = { $first } to { $last }

unit-seconds = { $number } s
unit-minutes = { $number } min
unit-workdays = { $form ->
    [one] { $number } working day
   *[other] { $number } working days
}
unit-within = { $norm } { $within }

# The indicators.
indicator-visitor-wait = Visitors' waiting time by activity cluster
indicator-visitor-wait-text = Start of the appointment minus its planned start. Every minute after the planned start counts; whoever is served early counts as 0. The average over all visitors with an appointment who were served.
indicator-call-wait = Average speed of answer
indicator-call-wait-text = From dialling in until an agent answers. Answered calls only.
indicator-service-level = Service level: answered calls by speed category
indicator-service-level-text = Share of the answered calls in each category of waiting time. A category includes its upper bound. The target applies to the share that was answered within the target for speed.
indicator-missed-share = Abandonment rate
indicator-missed-share-text = Unanswered calls divided by all calls, of the calls that came in during opening hours. By a fault in its software the exchange also records calls before and after opening hours as abandoned: these are not counted and are listed apart, with the reason.
indicator-lead-time = Lead time of an appointment
indicator-lead-time-text = Working days between the request for an appointment and the day for which it is planned. Weekends, public holidays and closing days are no working days. The average over all appointments requested in the period. The target of the action plan is one for the city: all clusters together.
indicator-of-month = month
indicator-of-year = year
contacts-of-visitor-wait = { $count ->
    [one] { $count } visitor
   *[other] { $count } visitors
}
contacts-of-call-wait = { $count } answered
contacts-of-service-level = { $count } answered
contacts-of-missed-share = { $count ->
    [one] { $count } call
   *[other] { $count } calls
}
contacts-of-lead-time = { $count ->
    [one] { $count } request
   *[other] { $count } requests
}

report-indicators = Indicators
report-indicator = Indicator
report-cluster = Cluster
report-figure = Figure
report-norm = Target
report-norm-met = Target met?
report-made-from = Based on
report-year-norm = { $indicator }: the target is for the year, and the figure that of January up to and including { $month }.
report-month-norms = The other indicators have a target for the month: the figure of the year is there for comparison, the verdict by month stands below.
report-norms-by-month = Targets by month
report-norms-by-month-text = Beside each figure stands whether the target of that month was met.
report-months-met = target met
report-met-of = { $met } of { $judged }
report-in-workdays = { $indicator }, in working days

# The telephone.
report-seconds-category = { $category } s
report-answered = answered
report-answered-by-wait = Answered calls by waiting time in seconds ({ $cluster })
report-answered-later = answered later
report-within-bound = within { $bound } s
report-within-own-bound = within the line's bound
report-after-bound = after { $bound } s
report-after-own-bound = after the line's bound
report-formulas = Service level by other formulas
report-formulas-text = Several formulas are in use among contact centres. The city's official one is the first.
report-formula = Formula
report-official = official
report-share = Share
report-calls = Calls
formula-answered = answered { $within } / answered
formula-offered = answered { $within } / (answered + abandoned)
formula-short-abandoned-good = (answered + abandoned { $within }) / (answered + abandoned)
formula-short-abandoned-left-out = answered { $within } / (answered + abandoned { $after })
report-short-abandons = Abandoned calls without short abandons
report-short-abandons-text = Who hangs up within { $bound } s is a short abandon. The official abandonment rate counts these calls; this second figure leaves them out, of the abandoned calls and of all calls. Where there is none, part of the calls was counted before the settings named the bound.
report-official-share = rate (official)
report-short-abandons-count = short abandons
report-without-short = abandoned without these
report-share-without-short = rate without these
report-callbacks = Callbacks, and answers that came too late
report-callbacks-text = Who asked to be called back while waiting is neither answered nor abandoned. Answered too late are abandoned calls with an answer after the caller had hung up: if there are many, the source says it wrongly.
report-callbacks-requested = callbacks asked for
report-called-back = called back
report-called-back-after = called back after, on average
report-answered-too-late = answered too late

# The desks.
report-desks = At the desks
report-desks-punctuality = Punctuality is the average of actual minus planned start, where early counts as negative.
report-desks-experienced = The experienced wait runs from the later of arrival and planned start, if the arrival is known.
report-served = served
report-punctuality = punctuality
report-experienced = experienced wait
report-walk-ins = walk-ins
report-walk-in-wait = walk-ins' wait
report-walk-ins-left = left
report-no-shows = no-shows
report-cancelled = cancelled
report-requests = requests
report-within-norm = within target
report-beyond = Left the hall, or sent on to another desk
report-beyond-text = Who left the hall had an appointment, and waited from the later of arrival and planned start until leaving, if the arrival is known. Who was sent on with the same ticket waits a second time, in the row of the second desk, from the arrival there or else from when the first desk was done.
report-left = left the hall
report-left-wait = waited until then
report-onward = sent on
report-onward-wait = wait there
report-onward-left = left there

# The spread.
report-spread = Spread of the waits
report-spread-text = Half waited no longer than the median, 90% no longer than the 90th percentile. Unlike an average they do not depend on a few very long waits. There is no target for them.
report-spread-error = They are accurate to within { $error } of their value.
report-spread-phone = Answered calls
report-spread-desk = Visitors with an appointment
report-spread-by-month = { $of }, { $quantile } by month
report-spread-from = based on
report-median = median
report-percentile = { $percent }th percentile

# The months and the years.
report-months = The months of { $year }
report-month = Month
report-month-calls = calls
report-month-missed = abandoned
report-month-wait = average wait
report-month-visitors = visitors
report-month-desk-wait = wait at the desks
report-missed-by-month = Abandonment rate by month, { $year }
report-wait-by-month = Average speed of answer by month, { $year }
report-norm-for-year = target for the year { $norm }
report-norm-is = target { $norm }
report-history = Abandoned calls through the years
report-history-chart = Abandonment rate by year
report-year = Year
report-source = Source
report-missed = Abandoned
report-out-of = Out of
report-measured = measured
report-reported = reported
report-month-count = { $count ->
    [one] { $count } month
   *[other] { $count } months
}
report-budget = Budget and accounts of the action plan
report-budget-chart = Expenses of the action plan in euro
report-kind = Kind
report-expenses = Expenses
report-balance = Operating balance
budget-accounts = accounts
budget-budget = budget

# What the figures rest on.
report-excluded = Not counted
report-excluded-text = These calls and visits are in no other figure of this report.
report-impossible-requests = Requests with a planned day before the day of the request: { $count }.
report-reused-ids = Ids of { $contacts } that were used again: { $count }. Each contact counts on its own.
report-unclear-ids = Ids of { $contacts } that may be those of more than one contact, which cannot be told: { $count }. Each counts as one contact; let the source give every contact an id of its own, such as the day and the number.
report-together = total
exclusion-outside-opening-hours = outside opening hours
exclusion-closing-day = on a public holiday or closing day
exclusion-unresolved = outcome unknown
exclusion-implausible = impossible times

report-coverage = Coverage
report-coverage-unknown = When events came in was not recorded for this period.
report-coverage-text = An hour of the clock in which not a single event fell is silent: the feed may have been disturbed.
report-silent = Silent hours of the { $feed }: { $hours }.
report-silent-more = Silent hours of the { $feed }: { $hours } and { $more ->
    [one] { $more } other time
   *[other] { $more } other times
}.
report-feed = Feed
report-opening-hours = opening hours
report-silent-hours = silent hours
report-silent-opening-time = opening time in them (h)
feed-phone = calls
feed-desk = tickets

report-closing = Closing and late facts
report-month-status = { CAPITAL($month) }: { $status }
report-status-open = Not closed yet: the figures are provisional.
report-status-reopened = Reopened: the figures are provisional until the month is closed again.
report-status-otherwise = Note: still counted by other targets, hours or rules than those that the figures are judged by here: { $sources }.
report-status-closed = Closed on { $moment } (definitions version { $version }).
report-status-behind = { $count ->
    [one] At that moment { $count } record had not been processed: it is missing.
   *[other] At that moment { $count } records had not been processed: they are missing.
}
report-late-facts = Facts about this month that came in afterwards, repeated ones too, not counted: { $count }.
report-step-closed-itself = { CAPITAL($month) } was closed automatically on { $moment }
report-step-closed-by = { CAPITAL($month) } was closed on { $moment } by { $by }
report-step-reopened-itself = { CAPITAL($month) } was reopened automatically on { $moment }
report-step-reopened-by = { CAPITAL($month) } was reopened on { $moment } by { $by }
report-step-why = { $step }: { $why }
report-step-end = { $step }.

report-late = Late facts, not counted
report-partition = Partition
report-facts = Facts
report-late-difference = Difference from the closed figures
report-no-difference = no difference
difference-unbounded = { $what } unbounded
difference-up-to = { $what } { $seconds } s
difference-reason = { $what } ({ $reason })

# What the totals of a month count.
count-answered = answered
count-missed = abandoned
count-missed-wait-ms = wait of abandoned
count-answered-too-late = answered too late
count-callbacks-requested = callbacks asked for
count-called-back = called back
count-called-back-after-ms = time until called back
count-wait-ms = wait
count-within-norm = within the target
count-speed-categories = answered up to
count-missed-categories = abandoned up to
count-missed-short = abandoned within
count-missed-long = abandoned after
count-excluded = not counted
count-reused-ids = ids used again
count-unclear-ids = ids that may be of several
count-served = served
count-signed-ms = punctuality
count-experienced = with a known arrival
count-experienced-ms = experienced wait
count-walk-ins = walk-ins
count-walk-in-wait-ms = walk-ins' wait
count-walk-ins-left = left
count-no-shows = no-shows
count-cancelled = cancelled
count-left = left the hall
count-left-arrived = left the hall, arrival known
count-left-wait-ms = wait of who left the hall
count-onward = received after being sent on
count-onward-wait-ms = wait after being sent on
count-onward-left = left after being sent on
count-requests = requests
count-lead-days = working days
count-requests-within-norm = requests within the target
count-implausible-requests = requests with an impossible day

# The settings.
report-settings = Definitions and settings that counted
report-definition-version = Version of the definitions: { $versions }. Time zone: { $zones }.
report-closing-days = Public holidays and closing days: { $days }.
report-no-days = none
report-definition = Definition
report-definition-period = Period
report-day = Day
report-hours = Opening hours
report-hours-of-line = { $day }, { $line }
report-closed = closed
report-norms-changed = Targets that changed in the course of the year
report-norm-of-cluster = { $indicator } ({ $cluster })
