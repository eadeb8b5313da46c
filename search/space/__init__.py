"""What designs a study may propose, what each costs, and whether it fits."""
