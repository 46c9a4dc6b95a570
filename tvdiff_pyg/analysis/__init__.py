r"""Instruments for studies of oversmoothing, entropy and energy.

All read plain tensors, the embeddings or factors of any model, and interactions in any
format of PyG: a ``HeteroData``, pairs, an ``EdgeIndex``, or a sparse matrix that is
transposed to ``[num_items, num_users]``, as PyG has them. Energies, distances and
frequencies of embeddings are there for a homogeneous graph, too, a ``Data``. None
stores all scores, none needs gradients; what is not defined, such as the mean of
nothing, is ``nan``.

.. list-table::
   :header-rows: 1

   * - Instrument
     - What it tells
     - Its limits
   * - :func:`dirichlet_energy`
     - How much embeddings differ along edges; 0 where all is smoothed away.
     - Grows with the scale of embeddings: normalise to compare models.
   * - :func:`mean_average_distance`
     - The mean angle between neighbours, whatever their norms.
     - Blind to norms; a node of degree 1 counts as much as a hub.
   * - :func:`score_smoothness`
     - Whether similar users get similar scores, and similar items.
     - Popularity alone is smooth; in single precision exact to 1e-6.
   * - :func:`singular_values`, :func:`effective_rank`
     - How many directions embeddings or scores really use.
     - Sensitive to many small singular values: noise raises the rank.
   * - :func:`frequency_energy`, :func:`frequency_share`
     - Which graph frequencies a signal holds, from smooth to rough.
     - Exact up to 4096 nodes; beyond, blurred at the edges of bands.
   * - :func:`frequency_response`
     - Which graph frequencies a model keeps, damps or amplifies.
     - A ratio of energies: no phases, and worthless where the source is empty.
   * - :func:`detection_limit`
     - Below what a response cannot be told from none.
     - Of what leaks from the smoothest band, not of the blur between neighbours.
   * - :func:`score_signal`, :func:`interaction_signal`
     - Scores and interactions, for the three above.
     - The first is exact, the second a random estimate.
   * - :func:`row_entropy`, :func:`data_entropy`, :func:`entropy_change`
     - How widely scores spread a user's interest, against the data.
     - Depends on how rows are normalised: never mix two ways in one table.
   * - :func:`observed_energy`, :func:`occupied_energy`, :func:`energy_change`
     - How much of the interactions a reconstruction keeps.
     - Training interactions: what is kept may be what is memorised.
   * - :func:`degree_alignment`, :func:`degree_anisotropy`
     - Whether length and direction of embeddings follow popularity.
     - Correlation only; equal degrees make uneven quantiles.
"""

from tvdiff_pyg.analysis.change import Change
from tvdiff_pyg.analysis.degree import (
    DegreeAlignment,
    DegreeAnisotropy,
    degree_alignment,
    degree_anisotropy,
)
from tvdiff_pyg.analysis.detection import detection_limit
from tvdiff_pyg.analysis.energy import (
    EnergyMeasure,
    energy_change,
    observed_energy,
    occupied_energy,
)
from tvdiff_pyg.analysis.entropy import data_entropy, entropy_change, row_entropy
from tvdiff_pyg.analysis.frequency import (
    FrequencyMethod,
    band_edges,
    frequency_energy,
    frequency_response,
    frequency_share,
)
from tvdiff_pyg.analysis.probability import RowNormalization, row_probability
from tvdiff_pyg.analysis.signals import interaction_signal, score_signal
from tvdiff_pyg.analysis.smoothness import (
    ScoreSmoothness,
    dirichlet_energy,
    mean_average_distance,
    score_smoothness,
)
from tvdiff_pyg.analysis.spectrum import effective_rank, singular_values

__all__ = [
    "Change",
    "DegreeAlignment",
    "DegreeAnisotropy",
    "EnergyMeasure",
    "FrequencyMethod",
    "RowNormalization",
    "ScoreSmoothness",
    "band_edges",
    "data_entropy",
    "degree_alignment",
    "degree_anisotropy",
    "detection_limit",
    "dirichlet_energy",
    "effective_rank",
    "energy_change",
    "entropy_change",
    "frequency_energy",
    "frequency_response",
    "frequency_share",
    "interaction_signal",
    "mean_average_distance",
    "observed_energy",
    "occupied_energy",
    "row_entropy",
    "row_probability",
    "score_signal",
    "score_smoothness",
    "singular_values",
]
