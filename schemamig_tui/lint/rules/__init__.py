"""Our own rules: what squawk has no rule for, or one that knows neither database nor settings."""
