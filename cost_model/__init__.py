"""What a design point costs on a device, before anything is trained or synthesised."""

from cost_model.calibration import Calibration, load
from cost_model.component import Component, Counts
from cost_model.devices import DEVICES, Device, device
from cost_model.estimates import Estimate, estimate, estimate_many
from cost_model.resolution import resolve, resolve_many

__all__ = [
    "DEVICES",
    "Calibration",
    "Component",
    "Counts",
    "Device",
    "Estimate",
    "device",
    "estimate",
    "estimate_many",
    "load",
    "resolve",
    "resolve_many",
]
