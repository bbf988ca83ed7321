"""The parts of the main screen. Each knows its keys and messages; the screens wire them."""
