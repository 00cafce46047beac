"""SASRec of RecBole: a part of a training epoch, the ranking of all items for each validation target, or a training until
validation is good enough.

Defaults of RecBole but for width, blocks and length; its loss "CE" is a full softmax.
"""

import glob
import os
import shutil

from peer_run import Race, StepTimes, read_settings, repeat, write_answer
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.trainer import Trainer
from recbole.utils import get_model, init_seed

name = "data"


class TimedSteps:
    """The batches of a loader, until enough steps are timed."""

    def __init__(self, loader, times):
        self.loader, self.times = loader, times

    def __iter__(self):
        while True:  # a small file has fewer batches than are wanted
            for batch in self.loader:
                yield batch
                self.times.step(len(batch))
                if self.times.count == self.times.last:
                    return


def config_of(settings):
    # RecBole wants the file in a folder of its name, and writes its logs beside it: into the folder that we run in.
    (path,) = glob.glob(os.path.join(settings["data"], "*.inter"))
    os.makedirs(os.path.join("dataset", name))
    shutil.copyfile(path, os.path.join("dataset", name, f"{name}.inter"))
    return Config(
        model="SASRec",
        dataset=name,
        config_dict={
            "hidden_size": settings["dimension"],
            "n_layers": settings["numLayers"],
            "MAX_ITEM_LIST_LENGTH": settings["maxLength"],
            "loss_type": "CE",
            "train_neg_sample_args": None,
            "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
            "eval_args": {"split": {"LS": "valid_and_test"}, "group_by": "user", "order": "TO", "mode": "full"},
            "topk": [5, 10],
            "metrics": ["NDCG", "Hit"],
            "valid_metric": "NDCG@10",
            "use_gpu": False,
            "show_progress": False,
        },
    )


def main():
    settings = read_settings()
    config = config_of(settings)
    init_seed(config["seed"], config["reproducibility"])
    train, validation, _ = data_preparation(config, create_dataset(config))
    trainer = Trainer(config, get_model("SASRec")(config, train.dataset))
    if settings["task"] == "evaluation":
        times = repeat(settings, lambda: trainer.evaluate(validation, load_best_model=False))
        figure = times.figure(f"the same work: Trainer.evaluate for {len(validation.dataset)} users")
    elif settings["task"] == "training":
        race = Race(settings)

        def score():
            return trainer.evaluate(validation, load_best_model=False)["ndcg@5"]

        while not race.over:
            race.epoch(lambda: trainer._train_epoch(train, race.epochs), score)
        figure = race.figure("its defaults: one sample a prefix, 2,048 a step, learning rate .001, dropout .5")
    else:
        times = StepTimes(settings, len(train.dataset))
        trainer._train_epoch(TimedSteps(train, times), 0)
        work = f"other work: one sample a prefix, {len(train.dataset)} in all"
        figure = times.figure(config["train_batch_size"], work)
    write_answer("recbole", [figure])


main()
