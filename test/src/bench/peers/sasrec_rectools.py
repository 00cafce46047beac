"""SASRec of RecTools: a part of a training epoch, the ranking of all items for each validation target, or a training until
validation is good enough.

Defaults of RecTools but for width, blocks, length and loss.
"""

import glob
import os

import numpy as np
import pandas as pd
from pytorch_lightning import Callback, Trainer

from peer_run import Race, StepTimes, read_settings, repeat, write_answer
from rectools import Columns
from rectools.dataset import Dataset
from rectools.metrics import NDCG, HitRate, calc_metrics
from rectools.models import SASRecModel

ks = (5, 10)


def leave_one_out(folder):
    """Interactions for training, and the last but one of each user as the validation target."""
    (path,) = glob.glob(os.path.join(folder, "*.inter"))
    frame = pd.read_csv(path, sep="\t", dtype={"user_id:token": str, "item_id:token": str})
    frame = pd.DataFrame(
        {
            Columns.User: frame["user_id:token"],
            Columns.Item: frame["item_id:token"],
            Columns.Weight: 1.0,
            Columns.Datetime: pd.to_datetime(frame["timestamp:float"], unit="s"),
        }
    ).sort_values(Columns.Datetime, kind="stable")
    from_end = frame.groupby(Columns.User).cumcount(ascending=False)
    return frame[from_end > 1], frame[from_end == 1]


class TimedSteps(Callback):
    def __init__(self, times):
        self.times = times

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_index):
        self.times.step(len(batch["x"]))


def model_of(settings, steps, callbacks=()):
    """A model that trains for so many steps."""
    model = SASRecModel(
        n_factors=settings["dimension"],
        n_blocks=settings["numLayers"],
        session_max_len=settings["maxLength"],
        loss=settings.get("loss", "softmax"),
        n_negatives=settings.get("negatives", 1),
    )
    # As RecTools makes it itself, but for the number of steps.
    model._trainer = Trainer(
        max_steps=steps,
        max_epochs=-1,
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
        logger=False,
        enable_checkpointing=False,
        callbacks=list(callbacks),
    )
    return model


def time_epoch(settings, train):
    counts = train.groupby(Columns.User).size()
    times = StepTimes(settings, int((counts > 1).sum()))
    model = model_of(settings, times.last, [TimedSteps(times)])
    model.fit(Dataset.construct(train))
    # The model trained with a copy.
    times = model.fit_trainer.callbacks[0].times
    work = "the same work, but padded to the full length"
    if settings["loss"] == "sampled_softmax":
        work += f", and with {model.n_negatives} negatives a position instead of a step"
    return times.figure(model.batch_size, work)


def time_evaluation(settings, train, targets):
    model = model_of(settings, 1)
    dataset = Dataset.construct(train)
    model.fit(dataset)
    metrics = {f"{metric.__name__}@{k}": metric(k) for metric in (NDCG, HitRate) for k in ks}
    users = targets[Columns.User].unique()

    def evaluate():
        found = model.recommend(users, dataset, k=max(ks), filter_viewed=False)
        calc_metrics(metrics, found, interactions=targets)

    times = repeat(settings, evaluate)
    return times.figure(f"the same work: recommend and calc_metrics for {len(users)} users")


def time_training(settings, train, targets):
    model = model_of(settings, -1)
    dataset = Dataset.construct(train)
    users = targets[Columns.User].unique()

    def score():
        found = model.recommend(users, dataset, k=5, filter_viewed=False)
        hits = found.merge(targets[[Columns.User, Columns.Item]])
        return float((1 / np.log2(hits[Columns.Rank] + 1)).sum() / len(users))

    race = Race(settings)
    while not race.over:
        race.epoch(lambda: model.fit_partial(dataset, min_epochs=1, max_epochs=1), score)
    return race.figure("its defaults: 128 users a step, learning rate .001, dropout .2")


def main():
    settings = read_settings()
    train, targets = leave_one_out(settings["data"])
    if settings["task"] == "evaluation":
        figure = time_evaluation(settings, train, targets)
    elif settings["task"] == "training":
        figure = time_training(settings, train, targets)
    else:
        figure = time_epoch(settings, train)
    write_answer("rectools", [figure])


main()
