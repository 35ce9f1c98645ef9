"""The Grafana dashboards as code: `python -m dashboards` writes the JSON in `json/` that Grafana reads.

A folder for each dashboard, with what it asks of Prometheus (`queries`) apart from what it shows (`panels`); one for
the alarms and one for the runbook. What they share: `queries` says how something is asked and judged, `panels` and
`columns` how it is drawn, `layout` where it stands, and `grafana` what is Grafana's own. Panels are plain
dictionaries in the shape of Grafana's dashboard JSON (the classic model, which Grafana 10 to 13 read alike): so they
look like what Grafana shows under "JSON model", and the tests hold every key against Grafana's own types. What people
read stands in `streams/words` and `runbook/`, by keys: a dashboard is built once, and `language` says it in each
language. No norm, opening hour or reported year is written here: they are metrics, made from the settings.
"""
