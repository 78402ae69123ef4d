// Whole commands, as a terminal runs them, against a server that answers what a test says.
#include "bin/cli/commands.hpp"

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/json_members.hpp"
#include "base/mutex.hpp"
#include "bin/cli/events.hpp"
#include "bin/cli/tasks.hpp"
#include "net/server.hpp"
#include "support/allow_gate.hpp"

namespace hoist::cli {
namespace {

namespace fs = std::filesystem;

int exit_code_of(Code code) {
  return info(code).cli_exit;
}

class Commands : public ::testing::Test {
 protected:
  using Answer = std::function<net::Response(net::Request const&)>;

  void SetUp() override {
    fs::create_directories(folder);
    fs::current_path(folder);
    ::setenv("XDG_STATE_HOME", (folder / "state").c_str(), 1);
    ::setenv("HOIST_TOKEN", "token", 1);
  }
  void TearDown() override {
    server.reset();
    runtime.stop();
    fs::current_path(before);
    for (auto const* name : {"XDG_STATE_HOME", "HOIST_TOKEN", "HOIST_SERVER"}) ::unsetenv(name);
    fs::remove_all(folder);
  }

  // Before serve().
  void on(std::string method, std::string pattern, Answer answer) {
    auto route = net::Route{std::move(method), std::move(pattern)};
    route.reads_query = true;
    router.add(std::move(route),
               [this, answer = std::move(answer)](net::Request& request) -> Async<net::Response> {
                 auto const lock = Lock{mutex};
                 requests.push_back(request.method + " " + request.target);
                 co_return answer(request);
               });
  }
  void on(std::string method, std::string pattern, std::string body) {
    on(std::move(method), std::move(pattern),
       [body = std::move(body)](auto const&) { return net::json_text_response(200, body); });
  }
  void serve() {
    runtime.start();
    auto opened = net::Server::open({.name = "api"}, runtime, router, metrics);
    ASSERT_TRUE(opened);
    server = *std::move(opened);
    server->start();
    address = "http://127.0.0.1:" + std::to_string(server->port());
    ::setenv("HOIST_SERVER", address.c_str(), 1);
  }
  std::vector<std::string> asked() {
    auto const lock = Lock{mutex};
    return requests;
  }

  // The exit code. What the command said stands in `printed` and `complained`.
  int run(std::string const& line) {
    auto app = CLI::App{};
    auto exit_code = -1;
    add_client_commands(app, exit_code);
    add_task_commands(app, exit_code);
    add_events_commands(app, exit_code);
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    app.parse(line);
    printed = ::testing::internal::GetCapturedStdout();
    complained = ::testing::internal::GetCapturedStderr();
    return exit_code;
  }
  std::vector<json::object> lines() const {
    auto all = std::vector<json::object>{};
    for (auto rest = std::string_view{printed}; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1))
      all.push_back(parse_json(rest.substr(0, rest.find('\n'))).value().as_object());
    return all;
  }
  static void write(std::string const& name, std::string const& text) { std::ofstream{name} << text; }
  static std::string read(std::string const& name) {
    auto file = std::ifstream{name};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  fs::path const before = fs::current_path();
  fs::path const folder = fs::temp_directory_path() / ("hoist-commands-" + std::to_string(::getpid()));
  std::string address;
  std::string printed;
  std::string complained;
  Mutex mutex;
  std::vector<std::string> requests;
  Metrics metrics;
  hoist::testing::AllowGate gate;
  net::Router router{net::Router::Options{}, gate, metrics};
  Runtime runtime{1};
  std::unique_ptr<net::Server> server;
};

TEST_F(Commands, AListAsksForNoMoreThanItsLimit) {
  on("GET", "/uploads", R"({"uploads": [{"id": "one"}, {"id": "two"}], "next_cursor": "more"})");
  serve();
  EXPECT_EQ(run("ls --limit 2"), 0);
  EXPECT_EQ(asked(), std::vector<std::string>{"GET /uploads?limit=2"});
  EXPECT_TRUE(printed.contains("There are more"));
}

TEST_F(Commands, AnAnswerThatIsNoObjectIsAnError) {
  on("GET", "/projects", "[]");
  serve();
  EXPECT_EQ(run("projects"), exit_code_of(Code::internal));
}

TEST_F(Commands, ADownloadReplacesNoFileThatOnlyTheUploaderNamed) {
  on("GET", "/uploads/{id}",
     R"({"id": "1", "filename": "plan.jpg", "checksum": {"sha256": ")" + hex(sha256("theirs")) + "\"}}");
  on("GET", "/uploads/{id}/content", [&](auto const&) { return net::redirect(address + "/bytes"); });
  on("GET", "/bytes", [](auto const&) { return net::text_response(200, "theirs"); });
  serve();
  write("plan.jpg", "mine");
  EXPECT_EQ(run("get 1"), exit_code_of(Code::conflict));
  EXPECT_EQ(run("get 1 -o " + folder.string()), exit_code_of(Code::conflict));
  EXPECT_EQ(read("plan.jpg"), "mine");
  EXPECT_EQ(run("get 1 -o plan.jpg"), 0);
  EXPECT_EQ(read("plan.jpg"), "theirs");
}

TEST_F(Commands, EventsAreListedAsTheServerOrdersThem) {
  on("GET", "/events", R"({"events": [{"sequence": 2}, {"sequence": 1}]})");
  serve();
  EXPECT_EQ(run("events ls --json"), 0);
  ASSERT_EQ(lines().size(), 2U);
  EXPECT_EQ(lines()[0].at("sequence"), 2);
  EXPECT_TRUE(asked().at(0).contains("order=desc"));
}

TEST_F(Commands, ARedriveNamesItsDeadLettersOrSaysAll) {
  on("POST", "/dead-letters/redrive", R"({"redriven": 1, "plan": []})");
  serve();
  EXPECT_EQ(run("task redrive"), exit_code_of(Code::invalid));
  EXPECT_TRUE(asked().empty());
  for (auto const* line : {"task redrive some-id", "task redrive --all", "task redrive --dry-run"})
    EXPECT_EQ(run(line), 0) << line;
}

TEST_F(Commands, FollowingAGroupUntilItIsIdleReadsAllOfIt) {
  on("GET", "/groups/{group}/tasks", [](net::Request const& request) {
    auto const whole_page = request.query_value("after") == "0";
    auto tasks = json::array{};
    for (auto i = whole_page ? 1 : 201; i <= (whole_page ? 200 : 201); ++i)
      tasks.push_back({{"sequence", i}, {"status", "done"}});
    return net::json_response(200, {{"tasks", std::move(tasks)}});
  });
  serve();
  EXPECT_EQ(run("task follow --after 0 --until-idle --json"), 0);
  EXPECT_EQ(lines().size(), 201U);
}

class PutCommand : public Commands {
 protected:
  PutCommand() {
    on("GET", "/uploads", [this](auto const& request) { return uploads(request); });
  }
  // The only batch; what is granted is sent to /bytes/{name}.
  void announce_as(std::function<std::string()> items) {
    on("POST", "/batches", [items = std::move(items)](auto const&) {
      return net::json_text_response(200, R"({"batch": {"id": "b"}, "items": [)" + items() + "]}");
    });
  }
  std::string granted(std::string const& index, std::string const& name) const {
    return R"({"index": )" + index + R"(, "action": "upload", "upload": {"id": ")" + name +
           R"("}, "transfer": )" + transfer(name) + "}";
  }
  std::string transfer(std::string const& name) const {
    return R"({"method": "PUT", "url": ")" + address + "/bytes/" + name + "\"}";
  }

  Answer uploads = [](auto const&) { return net::json_text_response(200, R"({"uploads": []})"); };
};

TEST_F(PutCommand, ABatchThatIsRefusedForItsFilesSaysWhyOfEach) {
  on("POST", "/batches", [](auto const&) {
    return net::problem(
        Error{Code::invalid, "No file can be taken."}.with_fields(
            {{"files[0].content_type", "must be an image"}, {"files[1].size", "is too large"}}),
        "1");
  });
  serve();
  write("a.exe", "a");
  write("b.jpg", "b");
  EXPECT_EQ(run("put --json a.exe b.jpg"), 1);
  ASSERT_EQ(lines().size(), 3U);
  EXPECT_EQ(lines()[0].at("error").at("message"), "content_type must be an image.");
  EXPECT_EQ(lines()[1].at("error").at("message"), "size is too large.");
}

TEST_F(PutCommand, ABatchThatIsRefusedForItsProjectIsARefusedCommand) {
  on("POST", "/batches",
     [](auto const&) { return net::problem(invalid_field("project_id", "is odd").error(), "1"); });
  serve();
  write("a.jpg", "a");
  EXPECT_EQ(run("put --json a.jpg"), exit_code_of(Code::invalid));
  EXPECT_TRUE(complained.contains("project_id is odd"));
}

TEST_F(PutCommand, ARefusedFileCarriesTheServersCode) {
  announce_as([] {
    return R"({"index": 0, "action": "refused", "error": {"code": "type_not_allowed", "message": "No."}})";
  });
  serve();
  write("a.exe", "a");
  EXPECT_EQ(run("put --json a.exe"), 1);
  EXPECT_EQ(lines()[0].at("error"), (json::value{{"code", "type_not_allowed"}, {"message", "No."}}));
}

TEST_F(PutCommand, AnUrlThatHasExpiredIsAskedForAgain) {
  announce_as([&] { return granted("0", "u"); });
  on("POST", "/uploads/{id}/parts",
     [&](auto const&) { return net::json_text_response(200, R"({"transfer": )" + transfer("u") + "}"); });
  on("PUT", "/bytes/{name}", [expired = true](auto const&) mutable {
    if (std::exchange(expired, false))
      return net::text_response(403, "<Message>Request has expired</Message>");
    return net::Response{};
  });
  serve();
  write("a.jpg", "a");
  EXPECT_EQ(run("put --json --no-wait a.jpg"), 0);
  EXPECT_EQ(lines()[0].at("outcome"), "uploaded");
}

TEST_F(PutCommand, ARunThatStopsTellsWhatBecameOfTheFilesItSent) {
  uploads = [](auto const&) {
    return net::json_text_response(200, R"({"uploads": [{"id": "a", "status": "COMPLETED"},
                                                        {"id": "b", "status": "PENDING"}]})");
  };
  announce_as([&] { return granted("0", "a") + "," + granted("1", "b"); });
  on("PUT", "/bytes/{name}", [](net::Request const& request) {
    return request.param("name") == "a" ? net::Response{} : net::problem(Error{Code::storage_full}, "1");
  });
  serve();
  write("a.jpg", "a");
  write("b.jpg", "b");
  EXPECT_EQ(run("put --json --parallel 1 a.jpg b.jpg"), exit_code_of(Code::storage_full));
  ASSERT_EQ(lines().size(), 3U);
  EXPECT_EQ(lines()[0].at("outcome"), "completed");
  EXPECT_EQ(lines()[1].at("outcome"), "not_sent");
}

}  // namespace
}  // namespace hoist::cli
