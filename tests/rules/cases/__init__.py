"""Named cases: what each condition means at each of its edges. Every engine must give each answer.

NOON is a Monday; the clocks of Berlin went forward on the 29th of March and go back on the 25th of October."""
