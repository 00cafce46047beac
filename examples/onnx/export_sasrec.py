"""Trains a small SASRec in plain PyTorch and exports it for CoCo's backbone `onnx`.

    pip install torch onnx onnxscript
    python examples/onnx/export_sasrec.py examples/onnx/interactions.csv examples/onnx

Reads user,item,time; the last item of each user is kept for the test, the one before for validation. Writes

    sasrec.onnx     inputs items [B, T] and lengths [B] (int64); outputs state [B, D] and states [B, T, D];
                    the item table is the initialiser items.weight [V + 1, D]
    vocabulary.csv  id,index: the model's number of each raw id, 0 being padding
    expected.json   what PyTorch finds: Recall@5 on the test items, and states and best items of some histories
"""
import csv
import json
import math
import sys
from pathlib import Path

import onnx
import torch
from torch import nn

DIMENSION, LENGTH, EPOCHS = 8, 12, 60


class SASRec(nn.Module):
    def __init__(self, item_count: int):
        super().__init__()
        self.items = nn.Embedding(item_count + 1, DIMENSION, padding_idx=0)
        self.positions = nn.Parameter(0.02 * torch.randn(LENGTH, DIMENSION))
        self.query = nn.Linear(DIMENSION, DIMENSION, bias=False)
        self.key = nn.Linear(DIMENSION, DIMENSION, bias=False)
        self.value = nn.Linear(DIMENSION, DIMENSION, bias=False)
        self.inner = nn.Linear(DIMENSION, DIMENSION)
        self.outer = nn.Linear(DIMENSION, DIMENSION)
        self.norms = nn.ModuleList(nn.LayerNorm(DIMENSION) for _ in range(3))

    def forward(self, items: torch.Tensor, lengths: torch.Tensor):
        length = items.shape[1]
        place = torch.arange(length, device=items.device)
        x = self.items(items) * math.sqrt(DIMENSION) + self.positions[place]  # [B, T, D]
        normed = self.norms[0](x)
        scores = self.query(normed) @ self.key(x).transpose(1, 2) / math.sqrt(DIMENSION)  # [B, T, T]
        later = place.unsqueeze(0) > place.unsqueeze(1)  # [T, T]
        x = x + torch.softmax(scores + later * -1e9, dim=-1) @ self.value(x)
        x = x + self.outer(torch.relu(self.inner(self.norms[1](x))))
        states = self.norms[2](x)  # [B, T, D]
        last = (lengths - 1).view(-1, 1, 1).expand(-1, 1, DIMENSION)
        return states.gather(1, last).squeeze(1), states


def read_histories(path: Path):
    rows = list(csv.DictReader(path.open()))
    vocabulary = {}
    for row in rows:
        vocabulary.setdefault(row["item"], len(vocabulary) + 1)
    histories = {}
    for row in sorted(rows, key=lambda row: float(row["time"])):
        histories.setdefault(row["user"], []).append(vocabulary[row["item"]])
    return list(histories.values()), vocabulary


def pad(histories):
    kept = [history[-LENGTH:] for history in histories]
    lengths = torch.tensor([len(history) for history in kept])
    width = int(lengths.max())
    return torch.tensor([history + [0] * (width - len(history)) for history in kept]), lengths


def train(model: SASRec, histories):
    inputs, _ = pad([history[:-3] for history in histories if len(history) > 3])
    targets, _ = pad([history[1:-2] for history in histories if len(history) > 3])
    adam = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(EPOCHS):
        _, states = model(inputs, torch.ones(len(inputs), dtype=torch.long))
        logits = states @ model.items.weight.T  # [B, T, V + 1]
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=0)
        adam.zero_grad()
        loss.backward()
        adam.step()


def scores_of(model: SASRec, histories):
    with torch.no_grad():
        states, _ = model(*pad(histories))
        return states, (states @ model.items.weight.T)[:, 1:]  # [B, V]


def expected(model: SASRec, histories, vocabulary):
    raw = {index: item for item, index in vocabulary.items()}
    measured = [history for history in histories if len(history) >= 3]
    _, scores = scores_of(model, [history[:-1] for history in measured])
    target = torch.tensor([history[-1] for history in measured])
    own = scores.gather(1, target[:, None] - 1)
    ranks = (scores >= own).sum(1)  # ties count against the target
    shown = [history[:-1] for history in measured[:6]]
    states, scores = scores_of(model, shown)
    best = scores.topk(5).indices + 1
    return {
        "recall@5": (ranks <= 5).double().mean().item(),
        "histories": [
            {"history": [raw[i] for i in history], "state": state.tolist(), "best": [raw[i] for i in top.tolist()]}
            for history, state, top in zip(shown, states, best)
        ],
    }


def main(interactions: str, folder: str):
    torch.manual_seed(1)
    target = Path(folder)
    histories, vocabulary = read_histories(Path(interactions))
    model = SASRec(len(vocabulary))
    train(model, histories)
    model.eval()
    with (target / "vocabulary.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("id", "index"), *vocabulary.items()])
    (target / "expected.json").write_text(json.dumps(expected(model, histories, vocabulary), indent=2) + "\n")
    batch, length = torch.export.Dim("batch"), torch.export.Dim("length", max=LENGTH)
    torch.onnx.export(
        model,
        pad([[1, 2, 3], [4, 5]]),
        target / "sasrec.onnx",
        input_names=["items", "lengths"],
        output_names=["state", "states"],
        dynamic_shapes={"items": {0: batch, 1: length}, "lengths": {0: batch}},
        external_data=False,
        dynamo=True,
    )
    drop_notes(target / "sasrec.onnx")


def drop_notes(path: Path):
    """The exporter notes where in the sources each node comes from: paths of this machine."""
    model = onnx.load(path)
    for part in [model, model.graph, *model.graph.node, *model.graph.input, *model.graph.output, *model.graph.value_info]:
        del part.metadata_props[:]
    onnx.save(model, path)


if __name__ == "__main__":
    main(*sys.argv[1:])
