"""A first study file for a CSV: ``look`` guesses what it holds, ``write`` makes a study file that runs."""

from search.init.guess import Guess, look
from search.init.writing import Written, write

__all__ = ["Guess", "Written", "look", "write"]
