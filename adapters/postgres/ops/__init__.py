"""Operations: migrations, leases, heartbeats, lag, rebuild locks."""
