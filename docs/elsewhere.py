"""Where others document what our pages name: PyTorch, PyG, Python, Lightning, NumPy.

Sphinx's own way reads the inventories of those sites, which takes the internet. What is
named here is few things of few kinds, so that their addresses follow from their names.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

PYG = "https://pytorch-geometric.readthedocs.io/en/stable"
TORCH = "https://docs.pytorch.org/docs/stable"
# PyG documents these packages on a page each; elsewhere, a class has a page of its own.
PYG_PAGES = "loader", "sampler", "transforms", "utils"
TORCH_PAGES = {
    "torch.Tensor": "tensors",
    "torch.device": "tensor_attributes",
    "torch.dtype": "tensor_attributes",
    "torch.optim.Optimizer": "optim",
}
# What has no page at such an address.
WITHOUT = (
    "numpy.float64",
    "torch.distributed",
    "torch.linalg.LinAlgError",
    "torch_geometric.data.storage.EdgeStorage",
)
# What is not to be imported from where it is documented.
SAID_OTHERWISE = {
    "Tensor": "torch.Tensor",
    "HeteroData": "torch_geometric.data.HeteroData",
    "torch._C.Generator": "torch.Generator",
}


def in_pyg(name: str) -> str:
    """Return the address of a class of PyG."""
    package = name.split(".")[1]
    if package in PYG_PAGES:
        return f"{PYG}/modules/{package}.html#{name}"
    return f"{PYG}/generated/{name}.html"


def in_torch(name: str) -> str:
    """Return the address of a class of PyTorch."""
    if name.startswith("torch.utils.data."):
        return f"{TORCH}/data.html#{name}"
    if name in TORCH_PAGES:
        return f"{TORCH}/{TORCH_PAGES[name]}.html#{name}"
    return f"{TORCH}/generated/{name}.html"


def in_lightning(name: str) -> str:
    """Return the address of a class of Lightning, which names it anew there."""
    name = name.replace("pytorch_lightning", "lightning.pytorch")
    return f"https://lightning.ai/docs/pytorch/stable/api/{name}.html"


def in_numpy(name: str) -> str:
    """Return the address of a class of NumPy."""
    return f"https://numpy.org/doc/stable/reference/generated/{name}.html"


def in_python(name: str) -> str:
    """Return the address of a class of the standard library."""
    module = name.rpartition(".")[0]
    return f"https://docs.python.org/3/library/{module}.html#{name}"


SITES: dict[str, Callable[[str], str]] = {
    "torch_geometric": in_pyg,
    "torch": in_torch,
    "pytorch_lightning": in_lightning,
    "numpy": in_numpy,
    **dict.fromkeys(("abc", "collections", "os", "pathlib"), in_python),
}


def address_of(target: str) -> str | None:
    """Return where a class is documented.

    Args:
        target: Its name, also by the file that defines it.
    """
    target = SAID_OTHERWISE.get(target, target)
    package = target.partition(".")[0]
    if package not in SITES or "._" in target or target in WITHOUT:
        return None
    return SITES[package](public(target))


def public(target: str) -> str:
    """Return the shortest name by which a package offers a class; of nn, PyG's own.

    Args:
        target: The name by the file that defines it, or already the public one.
    """
    path, _, name = target.rpartition(".")
    if path.startswith(("collections", "pytorch_lightning")):
        return target
    found: Any = getattr(import_module(path), name, None)
    parts = path.split(".")
    least = 3 if target.startswith("torch_geometric.nn.") else 1
    for depth in range(least, len(parts)):
        module = ".".join(parts[:depth])
        if found is not None and getattr(import_module(module), name, None) is found:
            return f"{module}.{name}"
    return target


def link(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, shown: nodes.Element
) -> nodes.reference | None:
    """Link a reference that leads to none of our pages."""
    address = address_of(node["reftarget"]) if node.get("refdomain") == "py" else None
    if address is None:
        return None
    return nodes.reference("", "", shown, internal=False, refuri=address)


def setup(app: Sphinx) -> None:
    app.connect("missing-reference", link)
