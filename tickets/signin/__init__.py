"""Signing in: the password, the second step of those who have set one up, and the sessions somebody has open."""
