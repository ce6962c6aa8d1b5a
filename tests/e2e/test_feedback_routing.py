"""What customers say of predictions reaches the replica that predicted, whichever of them the splitter asks."""
import collections
import http.client
import json
import urllib.request

import pandas as pd
from rollouts import FEATURES, GOOD, OTHER, project_of_shop, shop, trained, wait_until  # noqa: F401

# Three replicas of the one version, two of the other, and no customer stays with either.
SEVERAL = ["--set", "deployment.scaling_config.min_replicas=3", "--set", "deployment.canary.sticky.header=", "--set",
           "deployment.canary.stages=[50,100]", "--set", "deployment.canary.stage_seconds=120", "--set",
           "deployment.monitoring_config.log_predictions=true"]


class Client:
    """One connection, on which answers are held against what is said afterwards."""

    def __init__(self, shop):
        self.connection = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=20)
        table = shop.table.astype(object).where(shop.table.notna(), None)
        self.rows = [([row[name] for name in FEATURES], int(row["target"])) for row in table.to_dict("records")]
        self.told = collections.Counter()   # By version: labels, and those that were predicted.
        self.right = collections.Counter()
        self.asked = 0

    def post(self, page, body, headers=None):
        self.connection.request("POST", page, json.dumps(body), headers or {})
        answer = self.connection.getresponse()
        text = json.loads(answer.read())
        assert answer.status == 200, text
        return text

    def ask(self, rows=1, request_id=None):
        """A request, and the feedback that is due for it."""
        chosen = [self.rows[(self.asked + i) % len(self.rows)] for i in range(rows)]
        self.asked += rows
        body = {"features": chosen[0][0]} if rows == 1 else {"instances": [row for row, _ in chosen]}
        answer = self.post("/predict", body, {"X-Request-Id": request_id} if request_id else None)
        labels = [label for _, label in chosen]
        predicted = [answer["prediction"]] if rows == 1 else answer["predictions"]
        self.told[answer["version"]] += rows
        self.right[answer["version"]] += sum(str(label) == str(one) for label, one in zip(labels, predicted, strict=True))
        assert request_id in (None, answer["request_id"])
        about = {"label": labels[0]} if rows == 1 else {"labels": labels}
        return {"request_id": answer["request_id"], **about}

    def tell(self, feedback, labels=1):
        assert self.post("/feedback", feedback) == {"accepted": labels}


def metrics_of(shop):
    """What each replica says of itself."""
    found = {}
    for log in (shop.up / shop.name / "replicas").glob("*/log"):
        url = next(event["url"] for event in map(json.loads, log.read_text().splitlines()) if event["event"] == "listening")
        with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
            found[log.parent.name] = json.load(answer)
    return found


def joined(shop):
    """By version, over its replicas: labels that met their prediction, and the right ones."""
    matched, right = collections.Counter(), collections.Counter()
    for metrics in metrics_of(shop).values():
        for score in metrics["feedback"]:
            matched[score["version"]] += score["matched"]
            right[score["version"]] += score["correct"]
    return matched, right


def test_labels_reach_the_replica_that_predicted(shop):
    shop.deploy(GOOD, *SEVERAL)
    shop.deploy(OTHER, "--detach", *SEVERAL)
    wait_until(lambda: shop.status()["weight"] == 50, "half of the traffic", seconds=30)
    client = Client(shop)
    for number in range(200):
        # Every third id is the client's own, and says nothing of a replica.
        client.tell(client.ask(request_id=f"order-{number}" if number % 3 == 0 else None))
    # Much later and all together, of whichever replicas they are.
    many = [client.ask(request_id=f"late-{number}" if number % 2 else None) for number in range(100)]
    client.tell(many, 100)
    client.tell([client.ask(rows=5) for _ in range(20)], 100)
    wait_until(lambda: joined(shop) == (client.told, client.right), f"{client.told} labels, {client.right} of them right")
    assert sum(client.told.values()) == 400 and min(client.told.values()) > 150, client.told
    # Of what nobody has predicted nothing is said to be known, or to have been lost by one of them.
    client.tell({"request_id": "nobody", "label": 1})
    seen = metrics_of(shop)
    assert len(seen) == 5 and all(len(metrics["feedback"]) == 1 for metrics in seen.values()), seen.keys()
    wait_until(lambda: sum(metrics["feedback_count"] for metrics in metrics_of(shop).values()) == 401, "each label counted once")
    # A label of a replica's own that it does not know any more is its loss, whoever answers.
    own = sorted(seen)[0]
    for number in range(10):
        client.tell({"request_id": f"{own}.{number:016x}", "label": 1})
    wait_until(lambda: metrics_of(shop)[own]["feedback_unmatched"] == 10, "ten unmatched labels")
    assert sum(metrics["feedback_unmatched"] for metrics in metrics_of(shop).values()) == 10
    assert joined(shop) == (client.told, client.right)
    # All is kept once, by whoever answered.
    assert shop.call("down").code == 0
    wait_until(lambda: not shop.replicas(), "the end of the replicas", seconds=20)
    kept = pd.read_parquet(shop.project.folder / ".slipway/predictions/ml-classifier/feedback")
    assert len(kept) == 411 and not kept.duplicated(["request_id", "row"]).any()


def test_a_client_cannot_pass_for_the_splitter(shop):
    shop.deploy(GOOD, *SEVERAL)
    client = Client(shop)
    feedback = [client.ask() for _ in range(12)]
    for one in feedback:
        client.post("/feedback", one, {"Slipway-Feedback": "copy"})
    wait_until(lambda: joined(shop) == (client.told, client.right), "all labels")
    assert sum(metrics["feedback_count"] for metrics in metrics_of(shop).values()) == 12
