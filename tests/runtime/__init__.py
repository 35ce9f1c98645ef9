"""The runtime on real brokers: nothing lost, nothing counted twice."""
