"""A study as one page: ``gather`` reads what a study holds, ``render`` turns it into HTML without network."""

from search.report.content import Content, gather
from search.report.page import render

__all__ = ["Content", "gather", "render"]
