"""What people see of a running study in the dashboard: notes and plots."""
