"""The search: study files, the design space, Optuna storage and samplers, workers, and the command line."""
