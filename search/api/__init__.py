"""What ``import bitfront`` offers: studies and designs from Python, a thin layer over the other rooms."""
