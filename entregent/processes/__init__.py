"""Plans of action: processes that people design as data, their running plans, steps, deadlines and actions."""
