"""How designs are proposed: Optuna samplers, and the policy made for this problem."""
