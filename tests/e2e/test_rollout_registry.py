"""What rollouts leave in the registry: stages, against other services and whoever holds the registry up, and reasons as tags."""
import contextlib
import sqlite3
import time

from rollouts import GOOD, OTHER, Shop, project_of_shop, trained, wait_until  # noqa: F401
from watching import Watched

AT_ONCE = ["--strategy", "blue-green", "--set", "deployment.blue_green.watch_seconds=0.2"]


def stages_of(shop):
    return {version["registry_version"]: version["status"] for version in shop.call("models", "list", "--output", "json").last}


@contextlib.contextmanager
def registry_held_up(shop):
    """Somebody else writes to the registry, and does not come to an end."""
    database = sqlite3.connect(shop.up.parent / "registry.db", isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        database.execute("ROLLBACK")
        database.close()


def test_who_holds_up_the_registry_holds_up_no_rollout_and_stages_follow_what_serves(project_of_shop):
    shop = Shop(project_of_shop, "production")
    shop.deploy(GOOD, *AT_ONCE)
    wait_until(lambda: stages_of(shop)[1] == "production", "version 1 in production")
    log = shop.up / "controller/controller/log"
    with registry_held_up(shop):
        shop.deploy(OTHER, "--detach", *AT_ONCE)
        wait_until(lambda: shop.status()["phase"] == "completed", "version 2 is stable")
        begun = time.monotonic()
        shop.rollout("undo")
        wait_until(lambda: shop.version() == "1", "version 1 again", seconds=5)
        assert time.monotonic() - begun < 5, "the controller waited for the registry"
        wait_until(lambda: "stage is tried again later" in log.read_text(), "an attempt that failed", seconds=30)
    # What is tried again moves nothing: its version is not the stable one any more.
    wait_until(lambda: log.read_text().count("tried again later") and not pending(shop), "all is done", seconds=30)
    assert stages_of(shop)[1] == "production"
    assert stages_of(shop)[2] != "production"


def pending(shop):
    """What is still to be done in the registry."""
    with contextlib.closing(sqlite3.connect(shop.up / "rollouts.db")) as database:
        return database.execute("SELECT count(*) FROM effects WHERE kind IN ('stage', 'tag')").fetchone()[0]


def test_staging_takes_nothing_from_production(project_of_shop):
    production, staging = Shop(project_of_shop, "production"), Shop(project_of_shop, "staging")
    production.deploy(GOOD, *AT_ONCE)
    wait_until(lambda: stages_of(production)[1] == "production", "version 1 in production")
    staging.deploy(GOOD, *AT_ONCE)
    wait_until(lambda: not pending(staging), "the stage of version 1")
    assert stages_of(production)[1] == "production"
    report = staging.call("rollout", "report", staging.name, "--format", "markdown", "--to", "-").out
    assert f"{GOOD} keeps its stage in the registry, production: {production.name} serves it" in report.replace("\\", "")
    staging.deploy(OTHER, *AT_ONCE)
    wait_until(lambda: stages_of(production)[2] == "staging", "version 2 in staging")
    assert stages_of(production)[1] == "production"
    # And production takes from staging what it serves; what served before serves nowhere.
    production.deploy(OTHER, *AT_ONCE)
    wait_until(lambda: stages_of(production)[2] == "production", "version 2 in production")
    assert stages_of(production)[1] == "archived"


def test_an_abort_and_an_undo_leave_their_reasons_and_are_told(project_of_shop):
    shop = Watched(project_of_shop)
    with contextlib.closing(shop.webhook), contextlib.closing(shop.slack):
        shop.configure({})
        shop.deploy(GOOD)
        shop.deploy(OTHER, "--detach")
        shop.rollout("abort", "--reason", "customers complain")
        shop.rollout("watch", expect=1)
        assert "customers complain" in shop.told("rolled back").json["text"]
        wait_until(lambda: f"{shop.name} revision 2: aborted by" in shop.call("models", "show", OTHER).out, "the reason of the abort")
        shop.deploy(OTHER, *AT_ONCE)
        shop.rollout("undo", "--reason", "wrong for new customers")
        assert shop.rollout("watch")["stable"]["version"] == 1
        wait_until(lambda: f"{shop.name} revision 3: wrong for new customers" in shop.call("models", "show", OTHER).out, "the reason of the undo")
        wait_until(lambda: len(shop.webhook.of("rolled back")) == 2, "both are told")
        assert shop.webhook.of("rolled back")[1].json["text"] == "wrong for new customers"
