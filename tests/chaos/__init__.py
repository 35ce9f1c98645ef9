"""Faults against workers, brokers and sources while events flow, and every figure compared afterwards with SQL.

`make chaos` runs seeded scenarios (`scenario.py`) on a real Apache Kafka; `test_chaos.py` is the short form. A seed
decides what is published (`events.py`), by whom it is counted (`crew.py`) and what strikes (`faults.py`). `judge.py`
says what differs.
"""
