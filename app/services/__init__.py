"""Every rule and every write: functions of a session and a clock; never Flask."""
