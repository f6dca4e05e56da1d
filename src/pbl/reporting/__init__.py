"""What validate, score, tune, compare and the run logs say, as one self-contained page; it judges nothing itself."""
