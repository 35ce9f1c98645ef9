# The alarms: what is wrong, with figure and target, and what it means. Grafana fills it in when the alarm goes off.
alarm-longest-wait = Longest wait above target
alarm-longest-wait-summary = { $cluster }: somebody has been waiting for { $seconds }, the target is { $norm_seconds }.
alarm-longest-wait-about = For at least half a minute a caller has waited longer than the target. Add an agent.

alarm-average-wait = Average wait above target
alarm-average-wait-summary = { $cluster }: an average wait of { $seconds } over 15 minutes, the target is { $norm_seconds }.
alarm-average-wait-about = Based on at least five answered calls: a busy period, not one unlucky caller.

alarm-desk-wait = Wait at the desk above target
alarm-desk-wait-summary = { $cluster }: visitors wait { $seconds } on average over an hour, the target is { $norm_seconds }.
alarm-desk-wait-about = Of at least three visitors with an appointment, from the planned start. The schedule is running late.

alarm-service-level-hour = Too many slow answers this hour
alarm-service-level-hour-summary = { $cluster }: slow answers are using up the target's allowance { $times } times too fast (target { $norm_percent }).
alarm-service-level-hour-about = Over the last hour and still over the last quarter of an hour, of at least twenty calls.

alarm-service-level-month = The month misses the target for speed
alarm-service-level-month-summary = { $cluster }: slow answers are using up the target's allowance { $times } times too fast (target { $norm_percent }).
alarm-service-level-month-about = This month until now, and today too. See on the Team dashboard at which hours it goes wrong.

alarm-missed-calls-hour = Too many abandoned calls this hour
alarm-missed-calls-hour-summary = { $cluster }: abandoned calls are using up the target's allowance { $times } times too fast (target { $norm_percent } at most).
alarm-missed-calls-hour-about = Over the last hour and still over the last quarter of an hour, of at least twenty calls.

alarm-missed-calls-year = The year misses the target for abandoned calls
alarm-missed-calls-year-summary = { $cluster }: abandoned calls are using up the target's allowance { $times } times too fast (target { $norm_percent } at most).
alarm-missed-calls-year-about = This year until now, and today too. The Month dashboard shows how many may still be abandoned.

alarm-feed-silent = Feed silent
alarm-feed-silent-summary = For { $seconds } no message has come from the exchange or the desks.
alarm-feed-silent-about = This can happen at quiet times. If it stays silent, the figures on the wall are no longer right.

alarm-feed-lost = Feed lost
alarm-feed-lost-summary = Topic { $topic }: no message for { $seconds }, far longer than is plausible at this call volume.
alarm-feed-lost-about = The wall shows old figures: a silent feed looks as if nobody were waiting. Look at the source.

alarm-monitor-down = Wachtmonitor does not answer
alarm-monitor-down-summary = No figures come: Prometheus reaches no worker, or does not answer itself.
alarm-monitor-down-about = The wall in Grafana stands still, other alarms are silent. Restart the workers or Prometheus.

alarm-partitions-without-worker = A part of the calls is not read
alarm-partitions-without-worker-summary = Partitions of topic { $topic } without a worker: { $count }.
alarm-partitions-without-worker-about = All figures are too low. After a failure another worker takes them over within ten seconds.

alarm-monitor-behind = Wachtmonitor is behind
alarm-monitor-behind-summary = Unread messages on topic { $topic } for the last minute: at least { $count }.
alarm-monitor-behind-about = The figures are old. A worker reads thousands a second, so something holds it up.

alarm-checkpoint-overdue = Wachtmonitor cannot write its state
alarm-checkpoint-overdue-summary = Topic { $topic }: the last checkpoint is { $seconds } old.
alarm-checkpoint-overdue-about = The figures are right, but after a restart the worker reads everything again. Look at Kafka.

alarm-source-refused = A source is refused
alarm-source-refused-summary = Most of what comes in on topic { $topic } is refused; messages refused in 15 minutes: { $count }.
alarm-source-refused-about = It is counted nowhere: the figures are too low. The workers' wall and /health say why and what to do.

alarm-feed-faulty = Topic at fault
alarm-feed-faulty-summary = Topic { $topic } on Kafka: { $fault }.
alarm-feed-faulty-about = Figures may be wrong. The workers' wall, /health and wachtmonitor check say what to do.
alarm-fault-keys-split = sources place keys differently, contacts may count twice
alarm-fault-partitions-raised = more partitions than before, contacts that had begun may count twice
alarm-fault-transaction-hangs = a source's transaction does not end, nothing after it is read
alarm-fault-topic-anew = made anew, or brokers lost records: nothing is counted
alarm-fault-offsets-set = its offsets were set by hand, which moves nothing and makes no figure wrong

alarm-source-away = Source away
alarm-source-away-summary = Source { $source } is not connected, or nobody follows it.
alarm-source-away-about = What happens there is not in the figures meanwhile. The workers' wall and /health say why, and so does /health of its follower.

alarm-records-rejected = Messages refused
alarm-records-rejected-summary = Messages on topic { $topic } refused in 15 minutes: { $count }.
alarm-records-rejected-about = They count nowhere. The reason is with each message on the topic dead-letters.

alarm-records-lost = Messages lost
alarm-records-lost-summary = Messages on topic { $topic } deleted before anybody read them: { $count }.
alarm-records-lost-about = Kafka did not keep them long enough. They are missing from every figure, including the month's.

alarm-partitions-doubled = Prometheus counts calls twice
alarm-partitions-doubled-summary = Partitions of topic { $topic } that Prometheus reads from two places: { $count }.
alarm-partitions-doubled-about = The figures in Grafana are too high. The workers' own wall and the report are right.

alarm-labels-renamed = Prometheus renames labels
alarm-labels-renamed-summary = Series that Prometheus keeps under other labels than the workers show: at least { $count }.
alarm-labels-renamed-about = Grafana mixes up the clusters. The workers' own wall and the report are right.

# What is in each message.
alarm-severity-critical = Alarm
alarm-severity-warning = Warning
alarm-severity-info = Notice
alarm-over = Resolved
alarm-where = : { $place }
alarm-since = Since { $begin }.
alarm-lasted = Resolved{ $where }, from { $begin } to { $end }.
alarm-wall = Wall:
alarm-runbook = Runbook:
alarm-section = section
