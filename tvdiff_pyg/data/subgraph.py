"""What PyG's ``subgraph`` leaves behind: held-out pairs, id maps and titles."""

import torch
from torch import Tensor
from torch_geometric.data.storage import BaseStorage, EdgeStorage

from tvdiff_pyg.data.id_map import IdMap
from tvdiff_pyg.sparse.checks import check_ids
from tvdiff_pyg.sparse.shapes import check_tensor

_LABEL = "edge_label"


def kept_nodes(subset: Tensor | None, side: str, num_nodes: int) -> Tensor:
    """Returns which nodes are kept, ascending.

    Args:
        subset (Tensor, optional): Positions, or a boolean for each node; ``None``
            keeps all.
        side (str): The node type, for messages.
        num_nodes (int): How many there are.

    Raises:
        ValueError: If positions are out of range or do not ascend, or a mask does not
            fit: pairs are in the order of the nodes.

    Example:
        >>> kept_nodes(torch.tensor([False, True, True]), "user", 3)
        tensor([1, 2])
    """
    if subset is None:
        return torch.arange(num_nodes)
    check_tensor(side, subset)
    if subset.dtype == torch.bool:
        if subset.shape != (num_nodes,):
            raise ValueError(
                f"'{side}' needs a mask of shape [{num_nodes}] "
                f"(got {list(subset.shape)})"
            )
        return subset.nonzero().view(-1)
    kept = check_ids(side, subset.view(-1), num_nodes)
    if not bool((kept[1:] > kept[:-1]).all()):
        raise ValueError(f"'{side}' needs nodes that ascend (got others)")
    return kept


def all_kept(subset_dict: dict[str, Tensor], size: dict[str, int]) -> list[Tensor]:
    """Returns which nodes of each type are kept; see :func:`kept_nodes`.

    Args:
        subset_dict (dict): The nodes to keep of a type; all of those not named.
        size (dict): How many nodes each type has.

    Raises:
        ValueError: If it is no dict, or there is no such type.
    """
    if not isinstance(subset_dict, dict) or not subset_dict.keys() <= size.keys():
        got = list(subset_dict) if isinstance(subset_dict, dict) else subset_dict
        raise ValueError(
            f"'subset_dict' needs to be a dict of nodes by type, {list(size)} "
            f"(got {got!r})"
        )
    return [
        kept_nodes(subset_dict.get(side), side, count) for side, count in size.items()
    ]


def relabel_held_out(rates: EdgeStorage, kept: list[Tensor], size: list[int]) -> None:
    """Numbers the held-out pairs anew, without those that have lost a node.

    Args:
        rates (EdgeStorage): Where they are.
        kept (list): Which users are kept, and which items.
        size (list): How many there were.
    """
    place = [
        torch.full((count,), -1, device=rates.edge_label_index.device) for count in size
    ]
    for new, old in zip(place, kept, strict=True):
        new[old] = torch.arange(old.numel(), device=new.device)
    pairs = torch.stack(
        [new[side] for new, side in zip(place, rates.edge_label_index, strict=True)]
    )
    stays = (pairs >= 0).all(dim=0)
    for name in [key for key in rates if key.startswith(_LABEL)]:
        rates[name] = (pairs if name == "edge_label_index" else rates[name])[..., stays]


def select_ids(globals_: BaseStorage, side: str, kept: Tensor) -> None:
    """Keeps the ids, and the titles, of the nodes that are kept."""
    name, titles = f"{side}_ids", f"{side}_titles"
    globals_[name] = IdMap(globals_[name].ids(kept), globals_[name].name)
    if globals_.get(titles) is not None:
        globals_[titles] = [globals_[titles][node] for node in kept.tolist()]
