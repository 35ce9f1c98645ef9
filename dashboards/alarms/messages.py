"""What people are told of an alarm, in a language: texts in which Grafana fills in labels and figures.

Annotations are templates that Grafana renders at each evaluation; the messages that hold them are templates of its
Alertmanager.
"""

from typing import Final

from streams.live.faults import Fault
from streams.words import Words

_BEGIN: Final = '{{ .StartsAt.Local.Format "02/01/2006 15:04:05" }}'
_END: Final = '{{ .EndsAt.Local.Format "15:04:05" }}'


def title(uid: str, words: Words) -> str:
    """The name of an alarm, which its section of the runbook has too."""
    return words(f"alarm-{uid}")


def summary(uid: str, words: Words) -> str:
    """What is wrong, with figure and norm: `$values.figure` and `$values.norm` of the rule."""
    return words(f"alarm-{uid}-summary", **_figures(words))


def description(uid: str, words: Words) -> str:
    """What it means and what to do first."""
    return words(f"alarm-{uid}-about")


def _figures(words: Words) -> dict[str, str]:
    """What a summary may ask for, with the decimal sign and the percent sign of the language."""
    times, percent = '(printf "%.1f" $values.figure.Value)', "(humanizePercentage $values.norm.Value)"
    if (decimal := words.number(0.5, 1)[1]) != ".":
        times, percent = f'reReplaceAll "[.]" "{decimal}" {times}', f'reReplaceAll "[.]" "{decimal}" {percent}'
    else:
        times, percent = times.strip("()"), percent.strip("()")
    return {
        "cluster": "{{ $labels.cluster }}",
        "topic": "{{ $labels.topic }}",
        "source": "{{ $labels.source }}",
        "fault": _fault(words),
        "seconds": '{{ printf "%.0f" $values.figure.Value }} s',
        "norm_seconds": '{{ printf "%.0f" $values.norm.Value }} s',
        "count": '{{ printf "%.0f" $values.figure.Value }}',
        "times": f"{{{{ {times} }}}}",
        "norm_percent": f"{{{{ {percent} }}}}",
    }


def _fault(words: Words) -> str:
    """What is wrong with a topic, by the label of the alert."""
    said = {fault.value: words(f"alarm-fault-{fault.value.replace('_', '-')}") for fault in Fault}
    cases = [f'eq $labels.fault "{fault}" }}}}{text}' for fault, text in said.items()]
    return "{{ if " + "{{ else if ".join(cases) + "{{ end }}"


def templates(words: Words) -> str:
    """The templates that contact points are made of, by their names. Times are those of the TZ that Grafana has."""
    where = _where(words)
    critical, warning, info = (words(f"alarm-severity-{each}") for each in ("critical", "warning", "info"))
    severity = (
        f'{{{{ if eq . "critical" }}}}{critical}{{{{ else if eq . "warning" }}}}{warning}'
        f"{{{{ else }}}}{info}{{{{ end }}}}"
    )
    state = (
        '{{ if eq .Status "firing" }}{{ template "wachtmonitor.severity" .CommonLabels.severity }}'
        f"{{{{ else }}}}{words('alarm-over')}{{{{ end }}}}"
    )
    lasted = words("alarm-lasted", where='{{ template "wachtmonitor.where" .Labels }}', begin=_BEGIN, end=_END)
    title = f"[{state}] {{{{ .CommonLabels.alertname }}}}\n"
    message = (
        "{{ range .Alerts.Firing -}}\n{{ .Annotations.summary }}\n"
        f"{words('alarm-since', begin=_BEGIN)}\n{{{{ .Annotations.description }}}}\n{{{{ end -}}}}\n"
        f"{{{{ range .Alerts.Resolved -}}}}\n{lasted}\n{{{{ end -}}}}\n"
    )
    return "\n".join(
        [
            _define("severity", f"{severity}\n"),
            _define("where", f"{where}\n"),
            _define("title", f'{title}{{{{- template "wachtmonitor.where" .CommonLabels }}}}\n'),
            f'{{{{ define "wachtmonitor.message" -}}}}\n{message}{{{{ end }}}}\n',
            *(_define(name, f"{words(f'alarm-{name}')}\n") for name in ("wall", "runbook", "section")),
        ]
    )


def _where(words: Words) -> str:
    labels = ("cluster", "topic", "source")
    cases = [f"if .{label} }}}}{words('alarm-where', place=f'{{{{ .{label} }}}}')}" for label in labels]
    return "{{ " + "{{ else ".join(cases) + "{{ end }}"


def _define(name: str, text: str) -> str:
    return f'{{{{ define "wachtmonitor.{name}" -}}}}\n{text}{{{{- end }}}}\n'
