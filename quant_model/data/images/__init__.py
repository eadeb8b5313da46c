"""Pictures in, windows out: folders, IDX and NPZ; what is checked, how they are divided."""

from quant_model.data.images.image_dataset import make_image_dataset
from quant_model.data.images.packing import pack_pictures
from quant_model.data.images.pictures import Pictures, load_pictures
from quant_model.data.images.wanted import COLOURS, Colour, Listing, Wanted

__all__ = [
    "COLOURS",
    "Colour",
    "Listing",
    "Pictures",
    "Wanted",
    "load_pictures",
    "make_image_dataset",
    "pack_pictures",
]
