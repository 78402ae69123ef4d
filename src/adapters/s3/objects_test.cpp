// The contract over stores that speak as S3 does: our own endpoint, which is everywhere, and those of others
// where they are installed.
#include "adapters/s3/objects.hpp"

#include <gtest/gtest.h>

#include "adapters/memory/objects.hpp"
#include "adapters/s3/presigner.hpp"
#include "contract/object_store_contract.hpp"
#include "net/client.hpp"
#include "net/server.hpp"
#include "s3api/s3api.hpp"
#include "support/stand_in.hpp"

namespace hoist::contract {
namespace {

using testing::StandIn;
using testing::StandInKind;

// The only ones that ministack checks presigned URLs with.
constexpr auto stand_in_key = "test";
constexpr auto own_key = "AKIDHOIST";
constexpr auto own_secret = "0123456789abcdefghijklmnopqrstuvwxyzABCD";
constexpr auto region = "us-east-1";

// A store at `url`, with its buckets made.
class S3Subject : public ObjectStoreSubject {
 public:
  S3Subject(std::string const& url, std::string key, std::string secret)
      : account_{{{"AWS_ACCESS_KEY_ID", std::move(key)}, {"AWS_SECRET_ACCESS_KEY", std::move(secret)}},
                 clock_,
                 metrics_},
        objects_{*s3::Objects::open(options(url), account_)},
        presigner_{*s3::Address::parse(url, true), region} {
    auto admin = s3::Client{*s3::Address::parse(url, true), region, account_, {}};
    for (auto const* bucket : {"bucket", "quarantine"})
      EXPECT_TRUE(run_to_end<net::Response>([&] {
        return admin.send({.method = "PUT"}, {bucket, ""}, "CreateBucket", "CreateBucket", soon());
      }));
    EXPECT_TRUE(run_to_end<void>([&] { return presigner_.renew(account_, soon()); }));
  }
  s3::Objects& store() override { return *objects_; }
  Multiparts& multiparts() override { return *objects_; }
  // By a URL, as a client does.
  Async<std::string> send_part(ObjectRef ref, std::string upload_id, int number, std::string bytes) override {
    auto wanted = PresignRequest{.method = "PUT", .ref = std::move(ref)};
    wanted.headers = {{"content-length", std::to_string(bytes.size())}};
    wanted.query = {{"partNumber", std::to_string(number)}, {"uploadId", std::move(upload_id)}};
    auto client = net::Client{};
    auto request = net::ClientRequest{.method = "PUT"};
    request.url = presigner_.presign(wanted, clock_.now()).url;
    request.body = std::move(bytes);
    CO_TRY(auto const answer, co_await client.send(std::move(request), soon()));
    if (answer.status != 200) co_return fail(Error{Code::forbidden}.with_cause(answer.body));
    auto const etag = answer.headers.get("ETag");
    co_return std::string{etag.substr(1, etag.size() - 2)};
  }

 private:
  static s3::Options options(std::string const& url) {
    return {.endpoint = url, .region = region, .path_style = true};
  }
  static Deadline soon() { return deadline_in(std::chrono::seconds{30}); }

  SystemClock clock_;
  Metrics metrics_;
  aws::Account account_;
  std::unique_ptr<s3::Objects> objects_;
  s3::Presigner presigner_;
};

// Our own endpoint over a store in memory.
class Endpoint {
 public:
  Endpoint() {
    runtime_.start();
    server_ = *net::Server::open({.name = "objects", .port = 0}, runtime_, api_, metrics_);
    server_->start();
  }
  ~Endpoint() {
    server_.reset();
    runtime_.stop();
  }
  Endpoint(Endpoint const&) = delete;
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }

 private:
  static s3api::AccessKeys keys() { return *s3api::AccessKeys::make({{own_key, own_secret, "", true}}); }
  SystemClock clock_;
  Metrics metrics_;
  Runtime runtime_{1};
  memory::Objects objects_{std::vector<std::string>{}, clock_};
  s3api::AccessKeys keys_ = keys();
  s3api::S3Api api_{objects_, keys_, {.region = region}, clock_, metrics_};
  std::unique_ptr<net::Server> server_;
};

class OwnEndpoint final : private Endpoint, public S3Subject {
 public:
  OwnEndpoint() : S3Subject{url(), own_key, own_secret} {}
};

class ForeignStore final : public ObjectStoreSubject {
 public:
  explicit ForeignStore(StandIn stand_in)
      : stand_in_{std::move(stand_in)}, subject_{stand_in_.url(), stand_in_key, stand_in_key} {}
  ObjectStore& store() override { return subject_.store(); }
  Multiparts& multiparts() override { return subject_.multiparts(); }
  Async<std::string> send_part(ObjectRef ref, std::string upload_id, int number, std::string bytes) override {
    return subject_.send_part(std::move(ref), std::move(upload_id), number, std::move(bytes));
  }

 private:
  StandIn stand_in_;
  S3Subject subject_;
};

// A stand-in that is not installed skips the suite; one that does not start fails it.
ObjectStoreUnderTest on(StandInKind const& kind, bool tells_tags) {
  auto make = [kind]() -> std::unique_ptr<ObjectStoreSubject> {
    auto const program = testing::find_stand_in(kind);
    if (!program) return nullptr;
    auto stand_in = StandIn::start(kind, *program);
    if (stand_in) return std::make_unique<ForeignStore>(*std::move(stand_in));
    ADD_FAILURE() << kind.name << " does not start";
    return nullptr;
  };
  return {.name = kind.name, .make = std::move(make), .tells_tags = tells_tags};
}

ObjectStoreUnderTest own_endpoint() {
  return {.name = "OwnEndpoint", .make = [] { return std::make_unique<OwnEndpoint>(); }};
}

INSTANTIATE_TEST_SUITE_P(S3, ObjectStoreContract,
                         ::testing::Values(own_endpoint(), on(testing::ministack, false),
                                           on(testing::versitygw, true)),
                         [](auto const& info) { return info.param.name; });

TEST(S3Address, HasItsBucketInTheHostOrInThePath) {
  auto const hosted = *s3::Address::parse("https://s3.eu-west-1.amazonaws.com", false);
  EXPECT_EQ(hosted.origin("hoist"), "https://hoist.s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(hosted.path({"hoist", "a b"}), "/a b");
  auto const in_path = *s3::Address::parse("http://127.0.0.1:9000", true);
  EXPECT_EQ(in_path.origin("hoist"), "http://127.0.0.1:9000");
  EXPECT_EQ(in_path.path({"hoist", "a b"}), "/hoist/a b");
  for (auto const* wrong : {"", "s3.amazonaws.com", "https://host/path", "https://host/", "ftp://host"})
    EXPECT_FALSE(s3::Address::parse(wrong, true)) << wrong;
}

class S3Presigner : public ::testing::Test {
 protected:
  std::string presign(aws::Environment environment) {
    auto account = aws::Account{std::move(environment), clock_, metrics_};
    auto presigner = s3::Presigner{*s3::Address::parse("https://s3.eu-west-1.amazonaws.com", false), region};
    auto const renewed =
        run_to_end<void>([&] { return presigner.renew(account, deadline_in(std::chrono::seconds{5})); });
    if (!renewed) return renewed.error().to_string();
    return presigner.presign({.method = "PUT", .ref = {"hoist", "acme/p/uploads/1"}}, clock_.now()).url;
  }
  ManualClock clock_{SystemClock{}.now()};
  Metrics metrics_;
};

TEST_F(S3Presigner, NamesTheBucketsHostAndCarriesTheSessionOfARole) {
  auto const url = presign(
      {{"AWS_ACCESS_KEY_ID", "ASIAX"}, {"AWS_SECRET_ACCESS_KEY", "s"}, {"AWS_SESSION_TOKEN", "a session"}});
  EXPECT_TRUE(url.starts_with("https://hoist.s3.eu-west-1.amazonaws.com/acme/p/uploads/1?X-Amz-Algorithm="))
      << url;
  EXPECT_NE(url.find("&X-Amz-Security-Token=a%20session&"), url.npos) << url;
}

TEST_F(S3Presigner, WithoutCredentialsThereAreNoUrls) {
  EXPECT_NE(presign({{"AWS_EC2_METADATA_DISABLED", "true"}, {"HOME", "/nonexistent"}}).find("credentials"),
            std::string::npos);
}

}  // namespace
}  // namespace hoist::contract
