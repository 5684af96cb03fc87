"""What people answer: the guiding side first, so that nobody ever sees a refusal they did not need to see."""
