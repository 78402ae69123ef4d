// A PostgreSQL server of this test program's own (postgres.sh), with an owner and an application role as in
// production. Started at its first use, it ends with the program.
#pragma once

#include <string>

namespace hoist::testing {

class PostgresServer {
 public:
  static PostgresServer& shared();
  PostgresServer();
  ~PostgresServer();
  PostgresServer(PostgresServer const&) = delete;

  [[nodiscard]] bool installed() const { return installed_; }
  // Of `role` ("owner", "app", "admin", who may all) in the database `name`.
  [[nodiscard]] std::string url(std::string const& role, std::string const& name) const;
  // Makes a database whose tables are there, and removes one.
  [[nodiscard]] std::string new_database();
  void drop(std::string const& name);
  void stop();
  void start();

 private:
  void make_template();

  std::string folder_;
  int pid_ = -1;
  int keep_ = -1;  // the server runs as long as this is open
  bool installed_ = false;
  int made_ = 0;
};

}  // namespace hoist::testing
