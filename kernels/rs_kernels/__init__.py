"""Compiled pixel kernels: NumPy arrays in, NumPy arrays out, on the CPU's threads or on a CUDA device.

Every function has a slow twin of the same name in `rs_kernels.reference`, which is its specification.
Arrays that are not C-contiguous are copied first. An argument that does not fit raises `ValueError` or `TypeError`.
"""

from rs_kernels._block_merge import BlockBorder, BlockMerger, MergedObjects
from rs_kernels._change_vector import change_vector, compiles_anew, kernels_compiled
from rs_kernels._context_score import context_score
from rs_kernels._device import Device, DeviceUnavailable, device_name, resolve_device, threading_layer
from rs_kernels._histogram import histogram
from rs_kernels._indices import band_index, index_difference
from rs_kernels._label import label_listed
from rs_kernels._levels import levels_halo, levels_reached
from rs_kernels._local_norm import local_mean, local_norm
from rs_kernels._mad import mad_score
from rs_kernels._mean_difference import mean_difference
from rs_kernels._object_stats import ObjectStats, object_stats
from rs_kernels._outline import Edges, listed_edges
from rs_kernels._rings import Rings, link_rings, smooth_rings
from rs_kernels._translate import translate

__all__ = [
    "BlockBorder",
    "BlockMerger",
    "Device",
    "DeviceUnavailable",
    "Edges",
    "MergedObjects",
    "ObjectStats",
    "Rings",
    "band_index",
    "change_vector",
    "compiles_anew",
    "context_score",
    "device_name",
    "histogram",
    "index_difference",
    "kernels_compiled",
    "label_listed",
    "levels_halo",
    "levels_reached",
    "link_rings",
    "listed_edges",
    "local_mean",
    "local_norm",
    "mad_score",
    "mean_difference",
    "object_stats",
    "resolve_device",
    "smooth_rings",
    "threading_layer",
    "translate",
]
