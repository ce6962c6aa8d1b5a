"""A shadow whose customers ask by the Open Inference Protocol: labels are compared, not only those of /predict."""
import http.client
import threading

from rollouts import FEATURES, GOOD, OTHER, SWAPPED, ask, project_of_shop, shop, trained  # noqa: F401

INFER = "/v2/models/ml-classifier/infer"
SHADOW = ["--set", "deployment.canary.shadow.seconds=8", "--set", "deployment.canary.shadow.max_disagreement=0.3"]


class TensorCustomers:
    """Ask about one row after the other, in the background, and see who answers."""

    def __init__(self, shop):
        table = shop.table[FEATURES].dropna()
        self.port, self.rows = shop.port, table.head(200).to_dict("records")
        self.versions, self.failures = set(), []
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._come)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ends.set()
        self._thread.join()

    def _come(self):
        count = 0
        while not self._ends.is_set():
            row = self.rows[count % len(self.rows)]
            inputs = [{"name": name, "shape": [1], "datatype": "FP64", "data": [float(row[name])]} for name in FEATURES]
            try:
                status, answer = ask(self.port, {"inputs": inputs}, INFER, f"c{count}")
                if status == 200:
                    self.versions.add(answer["model_version"])
                else:
                    self.failures.append((status, answer))
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.failures.append(repr(error))
            count += 1


def test_a_shadow_sees_what_tensors_say(shop):
    shop.deploy(GOOD)
    with TensorCustomers(shop) as customers:
        *events, last = shop.deploy(SWAPPED, *SHADOW, expect=1)
    told = " ".join(event["text"] for event in events)
    assert last["phase"] == "rolled back" and "disagree" in told, told
    assert customers.versions == {"1"} and not customers.failures
    # How sure a model is differs with any other: that is no disagreement. How the canary goes on is told elsewhere.
    with TensorCustomers(shop) as customers:
        answer = shop.call("deploy", OTHER, "--env", "development", "--output", "json", "--set", f"deployment.port={shop.port}", *SHADOW)
    told = " ".join(event["text"] for event in answer.lines if "text" in event)
    assert "shadow: pass" in told and "agrees with the stable version" in told, told
    assert not customers.failures
