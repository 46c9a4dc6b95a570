"""The colours of the four words, as people see them who cannot tell some apart."""

import itertools
import re
from importlib.resources import files

import numpy as np
import pytest

# Machado, Oliveira and Fernandes (2009), the whole of each deficiency, on linear RGB.
SEEN = {
    "all": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = [
    [0.4124, 0.3576, 0.1805],
    [0.2126, 0.7152, 0.0722],
    [0.0193, 0.1192, 0.9505],
]
WHITE = [0.9505, 1.0, 1.089]


def colours() -> dict[str, np.ndarray]:
    """Return the background of each word, in linear RGB."""
    css = (files("tvdiff_pyg.grid") / "templates" / "page.css").read_text()
    named = dict(re.findall(r"--(\w+): #(\w{6})", css))
    words = dict(re.findall(r"\.(\w+) \{ background: var\(--(\w+)\)", css))
    found = {}
    for word, name in words.items():
        srgb = np.array([int(named[name][i : i + 2], 16) / 255 for i in (0, 2, 4)])
        linear = ((srgb + 0.055) / 1.055) ** 2.4
        found[word] = np.where(srgb <= 0.04045, srgb / 12.92, linear)
    return found


def lab(linear: np.ndarray) -> np.ndarray:
    """Compute CIELAB, in which equal distances look about equal."""
    ratio = TO_XYZ @ linear / WHITE
    x, y, z = np.where(ratio > 216 / 24389, np.cbrt(ratio), ratio * 841 / 108 + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SEEN)
def test_no_word_is_taken_for_another(sight: str) -> None:
    found = colours()
    assert set(found) == {"holds", "fails", "undecided", "indistinguishable"}
    seen = {
        word: lab(np.clip(SEEN[sight] @ linear, 0, 1)) for word, linear in found.items()
    }
    for one, other in itertools.combinations(seen, 2):
        distance = np.linalg.norm(seen[one] - seen[other])
        assert distance > 20, (sight, one, other, distance)


def test_letters_can_be_read() -> None:
    """Contrast of 4.5, as WCAG 2.2 asks: white letters, and black ones on the light."""
    for word, linear in colours().items():
        luminance = float(np.dot(TO_XYZ[1], linear))
        ratio = 1.05 / (luminance + 0.05)
        if word == "indistinguishable":
            ratio = (luminance + 0.05) / 0.05
        assert ratio >= 4.5, word
