"""Recommend from an exported run, without tvdiff_pyg: FOLDER ITEM [ITEM ...]"""

import json
import os
import sys

import numpy as np
import onnxruntime
from scipy.sparse import load_npz

folder, *history = sys.argv[1:]
with open(f"{folder}/items.json", encoding="utf-8") as file:
    ids = [str(one) for one in json.load(file)["ids"]]
met = [ids.index(item) for item in history]
tower = onnxruntime.InferenceSession(f"{folder}/user_tower.onnx")
[[factor]] = tower.run(["factor"], {"history": np.array([met])})
score = np.load(f"{folder}/item_factor.npy") @ factor
if os.path.exists(f"{folder}/linear.npz"):  # of a linear model blended in
    score += np.asarray(load_npz(f"{folder}/linear.npz")[met].sum(axis=0)).ravel()
if os.path.exists(f"{folder}/item_bias.npy"):  # of popularity blended in
    score += np.load(f"{folder}/item_bias.npy")
score[met] = -np.inf
for item in np.argsort(-score)[:20]:
    print(ids[item], score[item], sep="\t")
