"""What a naive exporter gets wrong (traps P1 to P10), on real servers: its formula, then our answer.

The numbers are those of the measured traps: an idle pair, a cut link, a paused replay, an underprivileged role.
"""
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from fleet import KNOWN_WITHIN, RECOVERED_WITHIN, FleetCase, grant  # noqa: E402
from monitoring import Metrics  # noqa: E402
from process import wait_until  # noqa: E402

THREE_MEGABYTES = "INSERT INTO filler SELECT repeat('x', 1000) FROM generate_series(1, 3200)"
RESOLUTION = 0.1  # position_interval
NAIVE_AGE = "SELECT extract(epoch FROM now() - pg_last_xact_replay_timestamp())"
# postgres_exporter's collector/pg_replication.go
NAIVE_LAG = ("SELECT CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0 "
             "ELSE extract(epoch FROM now() - pg_last_xact_replay_timestamp()) END")


class LagTraps(FleetCase):
    def setUp(self) -> None:
        self.addCleanup(self.back_to_streaming)

    def back_to_streaming(self) -> None:
        self.standby.link.heal()
        if self.standby.psql("SELECT pg_is_wal_replay_paused()") == "t":
            self.standby.psql("SELECT pg_wal_replay_resume()")
        wait_until("the standby has caught up", lambda: self.standby.caught_up_with(self.primary))
        self.eventually("lag is 0 again", lambda metrics: self.lag(metrics) == 0, RECOVERED_WITHIN)

    def lag(self, metrics: Metrics) -> float | None:
        return metrics.value("replica_lag_seconds", service="pair", node="pg-2")

    def lag_bytes(self, metrics: Metrics) -> float | None:
        return metrics.value("replica_lag_bytes", service="pair", node="pg-2")

    def link(self, metrics: Metrics) -> float | None:
        return metrics.value("replication_link_up", service="pair", node="pg-2")

    def idle(self, seconds: float) -> None:
        """Until nothing has been replayed for so long."""
        self.primary.psql("CREATE TABLE IF NOT EXISTS ping (); DROP TABLE ping", db="app")
        wait_until(f"nothing is replayed for {seconds} s",
                   lambda: float(self.standby.psql(NAIVE_AGE)) >= seconds, seconds + 10)

    def assert_no_lag(self) -> None:
        """None, or that of a record which the primary itself wrote between the two reads of a round."""
        lag = self.lag(self.exporter.metrics())
        self.assertIsNotNone(lag)
        self.assertLessEqual(lag, RESOLUTION)

    def cut_and_write(self) -> None:
        self.standby.link.cut()
        wait_until("the walreceiver is gone", lambda: not self.standby.streams())
        self.primary.psql(THREE_MEGABYTES, db="app")

    def test_p1_an_idle_pair_has_no_lag_though_the_last_transaction_ages(self) -> None:
        self.idle(5)
        self.assertGreaterEqual(float(self.standby.psql(NAIVE_AGE)), 5)
        self.assert_no_lag()
        self.eventually("no byte is missing", lambda metrics: self.lag_bytes(metrics) == 0)

    def test_p2_a_standby_three_megabytes_behind_a_cut_link_lags_more_and_more(self) -> None:
        self.cut_and_write()
        self.assertEqual(float(self.standby.psql(NAIVE_LAG)), 0)
        self.eventually("the bytes are seen", lambda metrics: (self.lag_bytes(metrics) or 0) > 3_000_000)
        first = self.lag(self.exporter.metrics())
        self.assertGreater(first, 0)
        self.eventually("lag grows", lambda metrics: self.lag(metrics) > first + 1)
        self.assertEqual(float(self.standby.psql(NAIVE_LAG)), 0)

    def test_p3_a_row_that_vanished_from_the_primary_is_not_no_lag(self) -> None:
        self.cut_and_write()
        self.assertEqual(self.primary.psql("SELECT count(*) FROM pg_stat_replication"), "0")
        self.eventually("lag is seen", lambda metrics: (self.lag(metrics) or 0) > 0)

    def test_p4_the_link_is_down_where_the_walreceiver_is_gone(self) -> None:
        self.eventually("the link is up", lambda metrics: self.link(metrics) == 1)
        self.cut_and_write()
        self.assertEqual(self.standby.psql("SELECT count(*) FROM pg_stat_wal_receiver"), "0")
        self.eventually("the link is down", lambda metrics: self.link(metrics) == 0)

    def test_p5_bytes_behind_agree_with_what_the_slot_retains(self) -> None:
        self.cut_and_write()
        retained = float(self.primary.psql(
            "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) FROM pg_replication_slots WHERE NOT active"))
        self.assertGreater(retained, 3_000_000)
        self.eventually("the bytes are those retained",
                        lambda metrics: abs((self.lag_bytes(metrics) or 0) - retained) < 100_000)
        self.eventually("the slot is inactive and retains them", lambda metrics:
                        metrics.value("replication_slot_active", node="pg-1", slot="standby") == 0
                        and metrics.value("replication_slot_retained_bytes", node="pg-1", slot="standby") > 3_000_000)

    def test_p6_a_pause_after_idling_counts_from_the_first_missing_write(self) -> None:
        self.idle(5)
        self.standby.psql("SELECT pg_wal_replay_pause()")
        wait_until("replay is paused",
                   lambda: self.standby.psql("SELECT pg_get_wal_replay_pause_state()") == "paused")
        paused = time.monotonic()
        self.primary.psql("INSERT INTO filler VALUES ('behind')", db="app")
        self.eventually("lag has grown to 2 s", lambda metrics: (self.lag(metrics) or 0) >= 2)
        truth = time.monotonic() - paused
        self.assertGreaterEqual(float(self.standby.psql(NAIVE_AGE)), 5 + 2)
        self.assertLessEqual(self.lag(self.exporter.metrics()), truth + 1)
        self.assertLessEqual(truth, 2 + KNOWN_WITHIN)

    def test_p7_no_lag_reported_by_an_idle_walsender_is_0_only_by_position(self) -> None:
        self.idle(5)
        # Now and then the server writes a snapshot of its own, and has a lag to tell for a moment.
        wait_until("the walsender tells no lag", lambda: self.primary.psql(
            "SELECT write_lag, flush_lag, replay_lag FROM pg_stat_replication") == "||")
        self.assert_no_lag()

    def test_p8_a_heartbeat_row_is_as_old_as_its_interval_though_nothing_lags(self) -> None:
        self.primary.psql("CREATE TABLE IF NOT EXISTS heartbeat (ts timestamptz);"
                          "INSERT INTO heartbeat VALUES (clock_timestamp())", db="app")
        wait_until("the heartbeat is 2 s old", lambda: float(self.standby.psql(
            "SELECT coalesce(extract(epoch FROM clock_timestamp() - max(ts)), 0) FROM heartbeat", db="app")) >= 2)
        self.assert_no_lag()

    def test_an_idle_pair_stays_at_0_for_a_while_and_says_how_exact_that_is(self) -> None:
        end = time.monotonic() + 4
        while time.monotonic() < end:
            wait_until("another snapshot", self.another_snapshot())
            self.assert_no_lag()
        resolution = self.exporter.metrics().all("replica_lag_resolution_seconds", service="pair")
        self.assertEqual([value for _, value in resolution], [RESOLUTION])

    def another_snapshot(self):
        before = self.exporter.metrics().value("snapshot_timestamp_seconds")
        return lambda: self.exporter.metrics().value("snapshot_timestamp_seconds") != before


class ConfigTraps(FleetCase):
    def test_p9_a_role_that_sees_fewer_settings_makes_a_node_unknown_never_equal(self) -> None:
        rows = "SELECT count(*) FROM pg_settings"
        self.eventually("all is canonical", lambda metrics: self.is_canonical(metrics, "pg-1"), RECOVERED_WITHIN)
        full = int(self.primary.psql(rows))
        self.primary.psql("REVOKE pg_monitor, pg_read_all_settings FROM mixed_state")
        self.addCleanup(grant, self.primary, self.config)
        seen = int(self.primary.psql(rows, user="mixed_state"))
        self.assertLess(seen, full)
        for node in ("pg-1", "pg-2"):
            self.eventually(f"{node} is unknown in config",
                            lambda metrics, node=node: self.statuses(metrics, node)["config"] == 2, RECOVERED_WITHIN)
        self.assertGreater(self.errors(self.exporter.metrics(), "permission"), 0)

    def test_p10_a_standby_differs_in_settings_that_are_its_own_yet_nothing_drifts(self) -> None:
        settings = "SELECT name || '=' || coalesce(setting, '') FROM pg_settings ORDER BY 1"
        mine, other = (set(server.psql(settings).splitlines()) for server in (self.primary, self.standby))
        naive = {line.partition("=")[0] for line in mine ^ other}
        self.assertLessEqual({"port", "data_directory", "in_hot_standby", "primary_conninfo",
                              "transaction_read_only"}, naive)
        self.eventually("no node diverges", lambda metrics: all(
            self.is_canonical(metrics, node) for node in ("pg-1", "pg-2")), RECOVERED_WITHIN)


if __name__ == "__main__":
    unittest.main()
