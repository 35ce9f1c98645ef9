"""The peers: the same hopping window in other engines, each a program that times itself.

They run in an environment of their own and must not import anything of the monitor's.
"""
