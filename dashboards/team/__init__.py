"""The day of the contact centre and the desks."""
