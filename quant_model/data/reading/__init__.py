"""Files as people have them, read into times and numbers; nothing here guesses what may be meant."""
