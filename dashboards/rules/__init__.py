"""The recording rules of Prometheus: sums that follow from the catalogue, and what is written by hand of them.

`figures.yml` and `months.yml` beside this file are what is written by hand: averages, shares and judgements.
Prometheus evaluates the rules of a group in their order, and groups beside each other; in a group of its own a sum
could be older than an average of it, or older than another sum. So each file that is written is one group, in which
the sums stand before all else.
"""
