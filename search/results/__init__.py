"""What a study came to: its front, designs chosen from it, exported and checked."""
