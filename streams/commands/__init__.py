"""What people type: one click command in each module, and nothing that another package needs."""
