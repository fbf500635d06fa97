"""What every route shares: requests, answers, security, documentation and live updates."""
