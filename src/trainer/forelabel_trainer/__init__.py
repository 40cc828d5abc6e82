"""Forelabel's trainer: trains, evaluates and exports FCOS models with MMDetection.

Each module that can be run (`train`, `export`, `evaluate`, `predict`) takes one JSON job file and
writes JSON Lines events to stdout. It knows nothing of HTTP, of the relay or of Label Studio.
"""
