// TLS to a real server, with certificates made for the test.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "tests/integration/real_client.h"

namespace mse {
namespace {

using namespace testing_support;

void run(const std::string& command) {
  const auto all = "( " + command + " ) >/dev/null 2>&1";
  ASSERT_EQ(std::system(all.c_str()), 0) << command;  // NOLINT(concurrency-mt-unsafe)
}

// Certificates in the server's data directory, owned by its account.
class TlsPostgres : public testing::Test {
 protected:
  void SetUp() override {
    data_ = variable("PGTEST_PRIMARY_DATA");
    ASSERT_FALSE(data_.empty());
    for (const std::string ca : {"ca", "other"}) {
      run("cd " + data_ +
          " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
          "-keyout " +
          ca + ".key -out " + ca + ".pem -days 2 -subj /CN=" + ca);
    }
  }

  void TearDown() override {
    admin_.must("ALTER SYSTEM RESET ssl");
    reload("off");
  }

  // The server presents a certificate for `host` from now on, made by `ca`.
  void present(const std::string& host, const std::string& ca, const std::string& validity) {
    run("cd " + data_ +
        " && rm -f index.txt* serial* && touch index.txt && echo 01 > serial && "
        "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout s.key -out s.csr "
        "-subj /CN=" +
        host +
        " && printf '[ca]\\ndefault_ca=d\\n[d]\\ndir=.\\ndatabase=index.txt\\n"
        "serial=serial\\nnew_certs_dir=.\\npolicy=p\\ndefault_md=sha256\\n[p]\\ncommonName="
        "supplied\\n"
        "[e]\\nsubjectAltName=DNS:" +
        host +
        "\\n' > ca.cnf && openssl ca -batch -config ca.cnf "
        "-extensions e -cert " +
        ca + ".pem -keyfile " + ca + ".key -in s.csr -out s.pem -notext " + validity);
    own("s.key");
    own("s.pem");
    admin_.must("ALTER SYSTEM SET ssl_cert_file = 's.pem'");
    admin_.must("ALTER SYSTEM SET ssl_key_file = 's.key'");
    admin_.must("ALTER SYSTEM SET ssl = on");
    reload("on");
  }

  Polled<Rows> ask(PostgresSettings settings) {
    RealClient real(std::move(settings), primary_address("pg.test"));
    return real.query("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
  }

  PostgresSettings verifying() {
    auto settings = plain_settings();
    settings.tls = PostgresTls::verify_full;
    settings.ca_file = data_ + "/ca.pem";
    return settings;
  }

  void expect_tls_failure(const std::string& words) {
    const auto rows = ask(verifying());
    ASSERT_FALSE(rows) << "a certificate was believed";
    EXPECT_EQ(name(rows.error().reason), name(Reason::tls));
    EXPECT_NE(rows.error().text.find(words), std::string::npos) << rows.error().text;
    EXPECT_NE(rows.error().text.find("tls: {"), std::string::npos) << "names the key to set";
  }

 private:
  void own(const std::string& file) {
    struct stat owner{};
    const auto path = data_ + "/" + file;
    ASSERT_EQ(stat(data_.c_str(), &owner), 0);
    ASSERT_EQ(chown(path.c_str(), owner.st_uid, owner.st_gid), 0);
    ASSERT_EQ(chmod(path.c_str(), S_IRUSR | S_IWUSR), 0);
  }

  // The postmaster reloads when it likes; a new session shows that it has.
  void reload(const std::string& ssl) {
    const auto before = Direct(Where::primary, "app").value("SELECT pg_conf_load_time()");
    admin_.must("SELECT pg_reload_conf()");
    wait_until("the server reloads", [&] {
      Direct fresh(Where::primary, "app");
      return fresh.value("SHOW ssl") == ssl && fresh.value("SELECT pg_conf_load_time()") != before;
    });
  }

  std::string data_;
  Direct admin_{Where::primary, "app"};
};

const std::string kValid = "-days 2";
const std::string kExpired = "-startdate 20200101000000Z -enddate 20200102000000Z";

TEST_F(TlsPostgres, AGoodCertificateIsVerifiedInFull) {
  present("pg.test", "ca", kValid);
  const auto rows = ask(verifying());
  ASSERT_TRUE(rows) << rows.error().text;
  EXPECT_EQ(rows->rows.at(0).at(0).value_or("").substr(0, 4), "TLSv");
}

TEST_F(TlsPostgres, AnExpiredCertificateIsTls) {
  present("pg.test", "ca", kExpired);
  expect_tls_failure("certificate verify failed");
}

TEST_F(TlsPostgres, ACertificateOfAnotherHostIsTlsAndVerifyCaIsContentWithIt) {
  present("other.test", "ca", kValid);
  expect_tls_failure("does not match host name");
  auto lenient = verifying();
  lenient.tls = PostgresTls::verify_ca;
  EXPECT_TRUE(ask(lenient));
}

TEST_F(TlsPostgres, ACertificateOfAnotherAuthorityIsTls) {
  present("pg.test", "other", kValid);
  expect_tls_failure("certificate verify failed");
}

TEST_F(TlsPostgres, AServerWithoutTlsIsTls) {
  expect_tls_failure("does not support SSL");
}

TEST_F(TlsPostgres, AnAuthorityFileThatIsMissingIsTls) {
  present("pg.test", "ca", kValid);
  auto settings = verifying();
  settings.ca_file = "/no/such/file.pem";
  const auto rows = ask(settings);
  ASSERT_FALSE(rows);
  EXPECT_EQ(name(rows.error().reason), name(Reason::tls)) << rows.error().text;
}

TEST_F(TlsPostgres, AReplyOverItsBudgetIsTooLarge) {
  present("pg.test", "ca", kValid);
  auto settings = verifying();
  settings.reply_budget = 1U << 20U;
  RealClient real(settings, primary_address("pg.test"));
  EXPECT_EQ(name(real.failure("SELECT repeat('x', 1000) FROM generate_series(1, 100000)").reason),
            name(Reason::too_large));
  EXPECT_EQ(name(real.failure("SELECT repeat('x', 100000000)").reason), name(Reason::too_large));
  EXPECT_EQ(real.value("SELECT 1"), "1");
}

}  // namespace
}  // namespace mse
