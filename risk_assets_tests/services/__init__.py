"""Real servers that tests start on 127.0.0.1 and end themselves: nothing is shared, nothing is left behind."""
