"""The transport to one OpenAI-compatible relay: no models, no views, no Django."""
