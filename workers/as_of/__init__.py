"""Folds whole read models for a moment, and keeps snapshots of them to fold from."""
