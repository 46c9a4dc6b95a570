"""What a model does not read, and how that is said where it is given."""

from tvdiff_pyg.config import Config


class Unread(Config):
    """Part of the settings of a model that says what there is no use in giving it."""

    @property
    def label(self) -> str:
        """What the model is called."""
        raise NotImplementedError

    @property
    def unweighted(self) -> str | None:
        """What of it would pass over the weights of interactions, in words, so that it
        is refused to fit it to them; ``None`` if it reads them in full.
        """
        return self.label

    @property
    def unfeatured(self) -> str | None:
        """What of it passes over features of users and items, in words; ``None`` if it
        reads them.
        """
        return self.label

    @property
    def fixed_items(self) -> str | None:
        """What of it ranks only the items that it was fitted to, in words; ``None`` if
        new ones can be folded in.
        """
        return self.label

    def check_weights(self, given: str) -> None:
        """Raise if interactions are weighed, and this model does not read weights.

        Args:
            given: What says that they are, in words.

        Raises:
            ValueError: If it does not.
        """
        _refuse(given, self.unweighted, "reads no weights")

    def check_features(self, given: str) -> None:
        """Raise if features are given, and this model does not read any.

        Args:
            given: What gives them, in words.

        Raises:
            ValueError: If it does not.
        """
        _refuse(given, self.unfeatured, "reads no features")

    def check_new_items(self, given: str) -> None:
        """Raise if new items are given, and this model cannot fold them in.

        Args:
            given: What gives them, in words.

        Raises:
            ValueError: If it cannot.
        """
        known = "ranks only the items that it was fitted to"
        _refuse(given, self.fixed_items, known)


def _refuse(given: str, who: str | None, why: str) -> None:
    if who is not None:
        raise ValueError(f"'{given}' has no use with {who}, which {why}")
