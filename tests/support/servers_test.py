"""The private servers do what tests rely on: links are cut, processes end, nothing is left behind."""
import os
import pathlib
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "deploy" / "demo"))
from process import ServerError, alive, wait_until  # noqa: E402
from servers import Pair, running_pair  # noqa: E402

WITH_POSTGRES = pathlib.Path(__file__).with_name("with_postgres")


class PairTest(unittest.TestCase):
    def setUp(self) -> None:
        self.directory, self.pair = self.enterContext(running_pair())
        self.primary, self.standby = self.pair.primary, self.pair.standby

    def test_a_cut_link_ends_streaming_until_it_is_healed(self) -> None:
        self.standby.link.cut()
        wait_until("the standby has lost its link", lambda: not self.standby.streams())
        self.primary.psql("CREATE TABLE written_meanwhile ()", db="app")
        self.assertFalse(self.standby.caught_up_with(self.primary))
        self.standby.link.heal()
        wait_until("the standby has caught up", lambda: self.standby.caught_up_with(self.primary))

    def test_a_killed_primary_starts_again(self) -> None:
        pid = self.primary.pid
        self.primary.kill()
        self.assertFalse(self.primary.accepts())
        self.primary.start()
        self.assertNotEqual(self.primary.pid, pid)
        wait_until("the standby streams again", self.standby.streams)

    def test_a_promoted_standby_takes_writes(self) -> None:
        self.standby.promote()
        self.assertEqual(self.standby.psql("SELECT pg_is_in_recovery()"), "f")

    def test_only_processes_of_the_server_can_be_frozen_and_stop_ends_frozen_ones(self) -> None:
        self.assertRaises(ServerError, self.primary.freeze, os.getpid())
        self.standby.freeze(self.standby.walreceiver())
        self.pair.stop()
        self.assertFalse(self.standby.server.running())

    def test_a_session_holds_its_lock_until_it_is_closed(self) -> None:
        self.primary.psql("CREATE TABLE held (a int)", db="app")
        session = self.primary.session("app")
        self.addCleanup(session.close)
        self.assertEqual(session.run("BEGIN; LOCK TABLE held; SELECT 1"), "1")
        with self.assertRaisesRegex(ServerError, "lock timeout"):
            self.primary.psql("SET lock_timeout = '50ms'; SELECT * FROM held", db="app")
        session.close()
        wait_until("the lock is gone", lambda: self.primary.psql("TABLE held", db="app") == "")

    def test_the_role_of_the_exporter_has_no_grants(self) -> None:
        with self.assertRaisesRegex(ServerError, "permission denied"):
            self.primary.psql("SELECT * FROM pg_hba_file_rules", user=Pair.ROLE)


class WithPostgresTest(unittest.TestCase):
    def start(self, script: str) -> subprocess.Popen[str]:
        return subprocess.Popen([WITH_POSTGRES, "bash", "-c", script], stdout=subprocess.PIPE, text=True)

    def test_the_exit_code_is_the_commands_and_nothing_is_left(self) -> None:
        with self.start("echo $PGTEST_DIR $PGTEST_PRIMARY_PID; exit 7") as run:
            folder, pid = run.stdout.read().split()
        self.assertEqual(run.returncode, 7)
        self.assertFalse(pathlib.Path(folder).exists())
        self.assertFalse(alive(int(pid)))

    def test_sigterm_stops_everything(self) -> None:
        with self.start("echo $PGTEST_DIR $PGTEST_PRIMARY_PID; exec sleep 600") as run:
            folder, pid = run.stdout.readline().split()
            run.send_signal(signal.SIGTERM)
            self.assertEqual(run.wait(30), 128 + signal.SIGTERM)
        self.assertFalse(pathlib.Path(folder).exists())
        self.assertFalse(alive(int(pid)))

    def test_servers_end_even_when_their_owner_is_killed(self) -> None:
        with self.start("echo $PGTEST_DIR $PGTEST_PRIMARY_PID; exec sleep 600") as run:
            folder, pid = run.stdout.readline().split()
            command = int(pathlib.Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()[-1])
            run.kill()
            os.kill(command, signal.SIGTERM)
            wait_until("the primary has ended", lambda: not alive(int(pid)))
        subprocess.run(["rm", "-r", folder], check=True)


if __name__ == "__main__":
    unittest.main()
