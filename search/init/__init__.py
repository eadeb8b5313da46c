"""A first study file for a file of data: ``look`` guesses what it holds, ``write`` writes one that runs."""

from search.init.guess import Guess, look
from search.init.pictures import PictureGuess, are_pictures, look_at_pictures, write_for_pictures
from search.init.wishes import Wishes
from search.init.writing import Written, write

__all__ = [
    "Guess",
    "PictureGuess",
    "Wishes",
    "Written",
    "are_pictures",
    "look",
    "look_at_pictures",
    "write",
    "write_for_pictures",
]
