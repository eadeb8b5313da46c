"""What a design point costs on a device, before anything is trained or synthesised."""

from cost_model.batch import DesignArrays
from cost_model.calibration import Calibration, load
from cost_model.component import Component, Counts
from cost_model.devices import DEVICES, Device, device
from cost_model.estimates import Estimate, estimate
from cost_model.many import Estimates, estimate_many
from cost_model.resolution import can_use_dsp, resolve

__all__ = [
    "DEVICES",
    "Calibration",
    "Component",
    "Counts",
    "DesignArrays",
    "Device",
    "Estimate",
    "Estimates",
    "can_use_dsp",
    "device",
    "estimate",
    "estimate_many",
    "load",
    "resolve",
]
