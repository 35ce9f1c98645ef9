"""What it means: facts become contacts, contacts measurements, measurements tallies.

Pure: no clock, no environment, no input or output, no Kafka and no Faust. Time comes in as a parameter.
"""
