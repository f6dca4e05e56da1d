"""What validate, score, tune, compare and the run logs say, as one page that needs nothing else; never judged twice."""
