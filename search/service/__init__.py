"""Processes that keep a study going: workers, dashboard, proxy; what happens when one dies."""
