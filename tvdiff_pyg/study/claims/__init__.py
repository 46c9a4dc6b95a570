"""What the paper claims, as functions from the cells of a study to a verdict."""
