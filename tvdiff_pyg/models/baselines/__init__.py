"""The models that TV-Diff is compared with."""
