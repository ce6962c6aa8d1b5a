"""Versions that predict a number: what they predict is compared by the same buckets, and copies within a tolerance."""
import pytest
from conftest import basic_config, number_table
from rollouts import DEPLOYMENT, Shop, that_ends

SHADOW = ["--set", "deployment.canary.shadow.seconds=2"]


@pytest.fixture
def prices(tmp_path):
    """The service of two versions that learnt the same prices by other draws, and of a third that learnt higher ones."""
    with that_ends(tmp_path / "project") as project:
        table = number_table(missing=0)
        table["target"] = 1000 + 100 * table["feature1"] + 50 * table["feature2"]
        project.write_table(table)
        project.write_table(table.assign(target=table["target"] + 300), "data/higher.csv")
        project.write_config(basic_config(deployment=DEPLOYMENT, model__training_config={}, model__performance_thresholds={}))
        project.run()
        project.run("--set", "model.hyperparameters.random_state=1")
        project.run("--data", "data/higher.csv")
        shop = Shop(project)
        shop.table = table
        yield shop


def told_of(events):
    return " ".join(event["text"] for event in events if "text" in event)


@pytest.mark.parametrize(("settings", "reason"), [
    (["--set", "deployment.canary.dry_run=[accuracy]"], "predictions differ by > 10 points: yes"),
    ([], "mean absolute error worse by > 10 %: yes"),
])
def test_equal_prices_are_promoted_and_higher_ones_are_not(prices, settings, reason):
    prices.deploy("ml-classifier:1")
    with prices.customers() as customers:
        *_, last = prices.deploy("ml-classifier:2", *settings)
        assert last["phase"] == "completed"
        *events, last = prices.deploy("ml-classifier:3", *settings, expect=1)
    assert last["phase"] == "rolled back" and reason in told_of(events), told_of(events)
    assert not customers.failures


def test_copies_may_differ_by_the_tolerance(prices):
    prices.deploy("ml-classifier:1")
    with prices.customers():
        *events, last = prices.deploy("ml-classifier:2", *SHADOW, expect=1)
        assert last["phase"] == "rolled back" and "disagreement" in told_of(events), told_of(events)
        *events, last = prices.deploy("ml-classifier:2", *SHADOW, "--set", "deployment.canary.shadow.relative_tolerance=0.2")
    assert last["phase"] == "completed" and "shadow: pass" in told_of(events), told_of(events)
