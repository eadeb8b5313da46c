"""A first study file for a file of data: ``look`` guesses what it holds, ``write`` writes one that runs."""

from search.init.guess import Guess, look
from search.init.wishes import Wishes
from search.init.writing import Written, write

__all__ = ["Guess", "Wishes", "Written", "look", "write"]
