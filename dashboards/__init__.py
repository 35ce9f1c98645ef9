"""The Grafana dashboards as code: `python -m dashboards` writes the JSON in `json/` that Grafana reads.

`queries` says what is asked of Prometheus, `panels` how something is drawn, `layout` where it stands, and each other
module makes one dashboard of the three. Panels are plain dictionaries in the shape of Grafana's dashboard JSON (the
classic model, which Grafana 10 to 13 read alike): so they look like what Grafana shows under "JSON model", and the
tests hold every key against Grafana's own types. Screens speak Dutch. No norm, opening hour or reported year is
written here: they are metrics, made from the settings.
"""
